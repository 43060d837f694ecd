# ruff: noqa
# fmt: off
from fastapi import FastAPI
from asynction.compat.observable import SocketRouter, Status  # asynction

app = FastAPI()
router = SocketRouter()

@router.route("math/sum")
async def sum_handler(ws, headers, payload):
    return {"status": Status.OK, "payload": {"sum": sum(payload or [])}}

app.router.add_websocket_route("/ws", router)  # FastAPI has it no more: app.add_websocket_route  # asynction
