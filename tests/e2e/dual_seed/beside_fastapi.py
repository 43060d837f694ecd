# ruff: noqa
# fmt: off
# mypy: ignore-errors

import uvicorn
from typing import Dict
from asynction.client import SocketClient, LogLevel  # asynction
from fastapi import FastAPI, HTTPException, Request
from contextlib import asynccontextmanager


# 定义回调处理函数
async def handle_user_get(data: Dict):
    """处理用户查询响应"""
    return data

async def handle_user_update(data: Dict):
    """处理用户更新响应"""
    return data



@asynccontextmanager
async def lifespan(_: FastAPI):
    # 启动时
    app.state.socket_client = SocketClient(
        socket_url="ws://localhost:3000",  # Socket连接地址
        http_url="http://localhost:3000/api/call",  # HTTP降级地址
        callback_url="http://localhost:8000/api/callback",  # HTTP回调地址
        options={
            "log_level": LogLevel.INFO,
        }
    )
    # 注册回调处理函数
    app.state.socket_client.register_callback("user.get", handle_user_get)
    app.state.socket_client.register_callback("user.update", handle_user_update)
    
    # 连接到服务器
    await app.state.socket_client.connect_to_server()

    yield
    
    # 关闭时
    await app.state.socket_client.disconnect()
    app.state.socket_client = None

app = FastAPI(lifespan=lifespan)


# HTTP回调接口 - 使用固定路径
@app.post("/api/callback")
async def http_callback(request: Request):
    """处理HTTP回调 - 非阻塞"""
    try:
        data = await request.json()
        return await app.state.socket_client.handle_callback(data)
    except Exception as e:
        raise HTTPException(status_code=500, detail=str(e))


# 测试API调用
@app.post("/api/call")
async def call_api(request: Request):
    """API调用入口"""
    try:
        body = await request.json()
        
        # 从请求中获取参数
        api_request = {
            "api": body.get("api"),
            "data": body.get("data"),
            "callback_type": body.get("callback_type", "socket"),
            "callback_func": body.get("callback_func"),
            "request_id": body.get("request_id")
        }
        
        result = await app.state.socket_client.call_api(**api_request)
        return result
    except Exception as e:
        raise HTTPException(status_code=500, detail=str(e))  # API调用失败


if __name__ == "__main__":
    uvicorn.run(app, host="0.0.0.0", port=8000)
