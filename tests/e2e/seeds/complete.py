# ruff: noqa
# fmt: off
from contextlib import asynccontextmanager
from fastapi import FastAPI
from asynction.compat.opinionated import App  # asynction
from asynction.compat.opinionated import SocketPlugin, SocketEvent, socket_api  # asynction

# Register socket event handlers
@SocketEvent("connect")
async def handle_connect(sid, environ):
    print(f"Client {sid} connected")

@SocketEvent("disconnect")
async def handle_disconnect(sid):
    print(f"Client {sid} disconnected")

@SocketEvent("message")
async def handle_message(sid, data):
    print(f"Received message from {sid}: {data}")
    # Echo the message back to all clients
    await socket_api().emit("response", {"message": data, "from": sid})

# Create your application
app = App.create(title="My API with Socket.IO")

# Enable the Socket plugin
App.enable(
    SocketPlugin(),
    cors_allowed_origins=["*"],
    async_mode="asgi"
)

# Regular FastAPI endpoints
@app.get("/")
async def root():
    return {"message": "FastAPI with Socket.IO"}
