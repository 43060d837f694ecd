# ruff: noqa
# fmt: off
import uvicorn
from fastapi import FastAPI
from fastapi.responses import FileResponse
from asynction.compat import fastsio  # asynction
from asynction.compat.fastsio import Environ, Auth, SocketID  # asynction

app = FastAPI()
sio = fastsio.AsyncServer(async_mode="asgi")

@app.get("/")
async def index():
    return {"message": "FastAPI + fastsio"}

@sio.event
async def connect(sid: SocketID, environ: Environ, auth: Auth):
    await sio.emit("hello", {"message": "Welcome!"}, to=sid)

# Combine FastAPI and Socket.IO
combined_app = fastsio.ASGIApp(sio, app)

if __name__ == "__main__":
    uvicorn.run(combined_app, host="127.0.0.1", port=5000)
