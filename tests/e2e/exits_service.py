"""Handlers that raise what is no Exception: `python exits_service.py --port PORT --kind KIND`."""

import argparse
import asyncio
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

sys.path.insert(0, str(Path(__file__).parents[2]))

PLACES = ("handler", "later", "dependency", "closing", "middleware")
SPEC: dict[str, Any] = {
    "asyncapi": "2.6.0",
    "info": {"title": "Exits", "version": "1.0.0"},
    "channels": {
        "/": {
            "publish": {
                "message": {"oneOf": [{"name": place, "payload": {"type": "string"}} for place in PLACES]}
            }
        },
        "/connect": {},
        "/disconnect": {},
    },
}


class Custom(BaseException):
    """One of the application's own."""


def _timeout() -> None:
    import gevent

    with gevent.Timeout(0.01):
        gevent.sleep(60)


def _raise(error: BaseException) -> None:
    raise error


FAULTS: dict[str, Callable[[], object]] = {
    "SystemExit": lambda: sys.exit("bye"),
    "CancelledError": lambda: _raise(asyncio.CancelledError()),
    "Custom": lambda: _raise(Custom()),
    "Timeout": _timeout,
    "KeyboardInterrupt": lambda: _raise(KeyboardInterrupt()),
}


def bind(asio: Any) -> None:
    """Register the handlers."""
    from asynction.inject import Data, Depends

    def fails(data: Data) -> None:
        FAULTS[data]()

    def closing(data: Data) -> Iterator[None]:
        yield
        FAULTS[data]()

    def dependency(name: str, _: Annotated[None, Depends(fails)]) -> None: ...
    def behind(name: str) -> None: ...

    def closes(name: str, _: Annotated[None, Depends(closing)]) -> str:
        return "done"

    def middleware(context: Any, call_next: Any) -> Any:
        FAULTS[context.args[0]]()
        return call_next(context)

    asio.on("handler")(lambda name: FAULTS[name]())
    asio.on("dependency")(dependency)
    asio.on("closing")(closes)
    asio.on("middleware")(behind)
    asio.add_middleware(middleware, events="middleware")
    asio.on("connect", namespace="/connect")(lambda auth: FAULTS[auth]())
    asio.on("disconnect", namespace="/disconnect")(FAULTS["SystemExit"])


def serve_flask(port: int, kind: str) -> None:
    """Serve by threads or gevent."""
    from flask import Flask

    from asynction import AsynctionSocketIO

    app = Flask(__name__)
    asio = AsynctionSocketIO.from_spec(SPEC, app=app, async_mode=kind, http=True)
    bind(asio)
    asio.on("later")(lambda name: FAULTS[name]())
    asio.run(app, host="127.0.0.1", port=port, allow_unsafe_werkzeug=True)


def serve_asgi(port: int) -> None:
    """Serve by uvicorn."""
    import uvicorn

    from asynction import AsynctionAsyncServer

    asio = AsynctionAsyncServer.from_spec(SPEC, http=True)
    bind(asio)

    @asio.on("later")
    async def later(name: str) -> None:
        await asyncio.sleep(0)
        FAULTS[name]()

    uvicorn.run(asio.asgi_app(), port=port, log_level="error", ws="websockets-sansio")


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--kind", required=True)
    options = parser.parse_args()
    if options.kind == "asgi":
        serve_asgi(options.port)
        return
    if options.kind == "gevent":
        from gevent import monkey

        monkey.patch_all()
    serve_flask(options.port, options.kind)


if __name__ == "__main__":
    main()
