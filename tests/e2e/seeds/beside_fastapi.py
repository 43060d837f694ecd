# ruff: noqa
# fmt: off
import uvicorn
from fastapi import FastAPI
from fastapi.responses import FileResponse
import asynction  # asynction
import socketio  # asynction
from asynction.inject import Environ, Auth, SocketID  # asynction

app = FastAPI()
sio = asynction.AsynctionAsyncServer(async_mode="asgi")  # asynction

@app.get("/")
async def index():
    return {"message": "FastAPI + fastsio"}

@sio.event
async def connect(sid: SocketID, environ: Environ, auth: Auth):
    await sio.emit("hello", {"message": "Welcome!"}, to=sid)

# Combine FastAPI and Socket.IO
combined_app = socketio.ASGIApp(sio, app)  # asynction

if __name__ == "__main__":
    uvicorn.run(combined_app, host="127.0.0.1", port=5000)
