# ruff: noqa
# fmt: off
from typing import Any
from asynction.compat.fastsio import AsyncServer, BaseMiddleware, auth_middleware, logging_middleware  # asynction
from asynction.compat.fastsio import ASGIApp, SocketID  # asynction

# Custom authentication middleware
class AuthMiddleware(BaseMiddleware):
    def __init__(self):
        super().__init__(events=["join_room", "send_message"])

    async def before_event(self, event: str, sid: str, data: Any, environ: dict = None, **kwargs):
        if not environ or not environ.get("HTTP_AUTHORIZATION"):
            raise PermissionError("Authentication required")
        return data

# Create server with middlewares
sio = AsyncServer(async_mode="asgi")

# Add middlewares with different scopes
sio.add_middleware(logging_middleware(), global_middleware=True)  # All events
sio.add_middleware(AuthMiddleware())  # Specific events only
sio.add_middleware(
    logging_middleware(),
    namespace="/admin",
    events=["admin_action"]
)  # Namespace + event specific

@sio.event
async def join_room(sid: SocketID, data: dict):
    # This will go through AuthMiddleware
    return {"status": "joined"}

@sio.on("send_message")  # asynction
@sio.on("leave_room")  # asynction
@sio.on("admin_action", namespace="/admin")  # asynction
@sio.on("admin_look", namespace="/admin")  # asynction
async def done(sid, data):  # asynction
    return {"status": "done"}  # asynction

app = ASGIApp(sio)  # asynction
