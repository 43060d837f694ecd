# ruff: noqa
# fmt: off
from pydantic import BaseModel  # asynction
from asynction.compat.fastsio import RouterSIO  # asynction
from asynction.compat.fastsio import SocketID  # asynction
from tests.e2e.seeds.typed import Message, app, sio  # asynction

class BanRequest(BaseModel):  # asynction
    user: str  # asynction
    minutes: int = 60  # asynction

# Chat router
chat_router = RouterSIO(namespace="/chat")

@chat_router.on("message")
async def chat_message(sid: SocketID, data: Message):
    # Chat logic
    pass

# Admin router
admin_router = RouterSIO(namespace="/admin")

@admin_router.on("user_ban")
async def ban_user(sid: SocketID, data: BanRequest):
    # Ban logic
    pass

# Attach routers
sio.add_router(chat_router)
sio.add_router(admin_router)
