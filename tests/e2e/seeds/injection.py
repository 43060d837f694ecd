# ruff: noqa
# fmt: off
from asynction import AsynctionAsyncServer as AsyncServer  # asynction
from tests.e2e.seeds.typed import app, router  # asynction
from asynction.inject import (  # asynction
    SocketID,    # Connection ID
    Environ,     # WSGI/ASGI environ
    Auth,        # Auth data (connect handler only)
    Reason,      # Disconnect reason (disconnect handler only)
    Data,        # Raw event data
    Event,       # Event name
)

@router.on("example")
async def example_handler(
    sid: SocketID,
    server: AsyncServer,
    environ: Environ,
    data: Data,
    event: Event
):
    print(f"Event {event} from {sid}: {data}")
