# ruff: noqa
# fmt: off
# mypy: ignore-errors
from asynction.client import SocketClient, LogLevel  # asynction
client = SocketClient(
    socket_url="ws://localhost:3000",  # Socket服务器地址
    http_url="http://localhost:3000/api/call",  # HTTP降级地址（可选）
    callback_url="http://localhost:8000/api/callback",  # HTTP回调地址（可选）
    options={
        "log_level": LogLevel.INFO,  # 日志级别
        "max_concurrent": 10,  # 回调同时执行最大并发数
        "reconnection": True,  # 是否自动重连
        "reconnection_attempts": 3  # 重连尝试次数
    }
)
async def handle_response(data: dict):
        print(f"收到响应数据: {data}")
client.register_callback("api_name", handle_response)
import asyncio  # asynction
async def main():  # asynction
# 连接服务器
    await client.connect_to_server()

    # 发送请求
    result = await client.call_api(
        api="api_name",           # API名称
        data={"param": "value"},  # 请求参数
        callback_func="api_name"  # 回调处理函数名称
    )
    
    # 断开连接
    await client.disconnect()

async def refused():  # asynction
    try:
        result = await client.call_api(...)
    except ConnectionError as e:
        print("连接失败:", e)
    except ValueError as e:
        print("参数错误:", e)
    except Exception as e:
        print("其他错误:", e)
asyncio.run(main())  # asynction
asyncio.run(refused())  # asynction
