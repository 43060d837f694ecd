"""The names of fastapi_observable_socket, as its users write them."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.websockets import WebSocket

from asynction.compat.observable import (
    HandlerResult,
    MessageData,
    RouteOptions,
    SocketRouter,
    Status,
)
from tests.server.websocket.support import Client, answer, refused, scope, talk


async def is_allowed(ws: WebSocket) -> bool:
    return ws.headers.get("x-key") == "open"


async def has_numbers(message: MessageData, local: dict[str, Any]) -> bool:
    local["value"] = message.payload
    return isinstance(message.payload, list)


async def doubled(payload: Any) -> Any:
    return [2 * number for number in payload]


OPTIONS: RouteOptions = {"data_check": has_numbers, "hydrate": None, "dehydrate": doubled}


def test_a_route_has_hooks() -> None:
    router = SocketRouter()

    @router.route("numbers", options=OPTIONS)
    async def numbers(local: dict[str, Any]) -> HandlerResult:
        return {"status": Status.OK, "payload": local["value"]}

    assert answer(router, "numbers", [1, 2]) == (Status.OK, [2, 4])
    assert answer(router, "numbers", "no")[0] == Status.BAD_REQUEST


@pytest.mark.parametrize("form", ["position", "name"])
def test_a_router_may_have_a_check_of_connections(form: str) -> None:
    router = SocketRouter(is_allowed) if form == "position" else SocketRouter(access_logic=is_allowed)

    @router.route("numbers")
    async def numbers(ws: Any, headers: Any, payload: Any) -> HandlerResult:
        return {"payload": payload}

    async def body(client: Client) -> None:
        assert await client.call("numbers", 1) == (Status.OK, 1)

    talk(router, body, scope(x_key="open"))
    assert refused(router)["code"] == 1008
