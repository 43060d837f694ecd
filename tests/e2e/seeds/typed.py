# ruff: noqa
# fmt: off
from pydantic import BaseModel
from asynction.compat.fastsio import (  # asynction
    AsyncServer, RouterSIO, SocketID,
    Environ, Auth, ASGIApp
)

router = RouterSIO()

class Message(BaseModel):
    text: str
    room: str

class JoinRoom(BaseModel):
    room: str

@router.on("connect")
async def on_connect(
    sid: SocketID,
    environ: Environ,
    auth: Auth,
    server: AsyncServer
):
    """Connection with automatic dependency injection"""
    print(f"Connection: {sid}, auth: {auth}")
    return True

@router.on("join_room")
async def on_join_room(
    sid: SocketID,
    server: AsyncServer,
    data: JoinRoom  # Automatic Pydantic validation
):
    """Join room with data validation"""
    await server.enter_room(sid, data.room)
    await server.emit("joined", {"room": data.room}, to=sid)

@router.on("send_message")
async def on_send_message(
    sid: SocketID,
    server: AsyncServer,
    data: Message
):
    """Send message with validation"""
    await server.emit(
        "new_message",
        data.model_dump(),
        room=data.room
    )

# Create server and attach router
sio = AsyncServer(async_mode="asgi", cors_allowed_origins="*")
sio.add_router(router)

app = ASGIApp(sio)
