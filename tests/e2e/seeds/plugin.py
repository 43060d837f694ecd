# ruff: noqa
# fmt: off
from asynction.compat.opinionated import App  # asynction
from asynction.compat.opinionated import SocketPlugin  # asynction

app = App.create() # FastAPI Factory

App.enable(
    SocketPlugin(),
    async_mode="asgi",
    cors_allowed_origins=["*"],
    ping_interval=25,
    ping_timeout=5,
    socketio_path="socket.io"
)

from asynction.compat.opinionated import SocketEvent  # asynction

@SocketEvent("connect")
async def handle_connect(sid, environ):
    print(f"Client {sid} connected")

@SocketEvent("disconnect")
async def handle_disconnect(sid):
    print(f"Client {sid} disconnected")

@SocketEvent("message")
async def handle_message(sid, data):
    print(f"Received message from {sid}: {data}")
    # Broadcast to all clients
    await socket_api().emit("response", f"Echo: {data}")

@SocketEvent("message", namespace="/chat")
async def handle_chat_message(sid, data):
    print(f"Received chat message from {sid}: {data}")
    # Broadcast to all clients in the /chat namespace
    await socket_api().emit("response", f"Chat Echo: {data}", namespace="/chat")

from asynction.compat.opinionated import socket_api  # asynction

@app.get("/notify")  # asynction
async def notify(sid: str):  # asynction
    await socket_api().enter_room(sid, "room_id")  # asynction
    await socket_api().enter_room(sid, "client_sid")  # asynction
    # Emit an event to all connected clients
    await socket_api().emit("notification", {"message": "Hello, everyone!"})

    # Emit an event to a specific room
    await socket_api().emit("notification", {"message": "Hello, room!"}, room="room_id")

    # Emit an event to a specific client
    await socket_api().emit("private", {"message": "Hello, client!"}, to="client_sid")
