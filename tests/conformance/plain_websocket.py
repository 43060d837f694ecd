"""The cases over a plain WebSocket: one payload each way, which a tuple schema spreads into args."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

import pytest
import websocket

from asynction._http_exceptions import phrase
from asynction.runtime import ContractSchemas
from asynction.server._websocket.frames import NO_UUID
from asynction.server.websocket import SocketRouter
from asynction.testing import serve_asgi
from tests.conformance.cases import Case, document, json_text, namespace_of
from tests.serving import DEADLINE


class PlainWebSocket:
    """A real server, and a client of each channel."""

    def __init__(self, url: str, router: SocketRouter) -> None:
        assert router.contract is not None
        self.url = url.replace("http", "ws", 1)
        self.schemas = ContractSchemas(router.contract)
        self.clients: dict[str, websocket.WebSocket] = {}

    def send(self, case: Case) -> list[Any] | None:
        namespace, event = case.namespace or namespace_of(case), case.event
        route = case.name if event is None else event
        text = self._frame(case, namespace, route)
        if namespace not in self.clients:
            try:
                self.clients[namespace] = websocket.create_connection(self.url + namespace, timeout=DEADLINE)
            except websocket.WebSocketBadStatusException as refused:
                return None if refused.status_code == HTTPStatus.FORBIDDEN else []
        self.clients[namespace].send(text)
        answer = json.loads(self.clients[namespace].recv())
        if answer["uuid"] != case.name:  # a text that is not JSON has none that could be read
            assert (answer["uuid"], answer["status"]) == (NO_UUID, HTTPStatus.BAD_REQUEST)
        return self._ack(case, namespace, route, answer)

    def close(self) -> None:
        for client in self.clients.values():
            client.close(timeout=0)

    def _frame(self, case: Case, namespace: str, route: str) -> str:
        schemas = self.schemas.receives.get(namespace, {}).get(route)
        frame: dict[str, Any] = {"uuid": case.name, "route": route, "headers": None}
        if self._spreads(namespace, route):
            frame["payload"] = case.send
        elif len(case.send) == 1:
            frame["payload"] = case.send[0]
        elif case.send or (schemas is not None and schemas.args is not None):
            pytest.skip("a request has one payload: only a tuple schema makes several args, or none, of it")
        try:
            json.dumps(case.expect.ack)
            return json_text(frame)
        except TypeError:
            pytest.skip("JSON has no bytes")

    def _spreads(self, namespace: str, route: str) -> bool:
        schemas = self.schemas.receives.get(namespace, {}).get(route)
        return schemas is not None and schemas.args is not None and schemas.args.is_tuple

    def _ack(self, case: Case, namespace: str, route: str, answer: dict[str, Any]) -> list[Any]:
        payload, status = answer["payload"], answer["status"]
        if status != HTTPStatus.OK and isinstance(payload, dict) and "Message" in payload:
            details = {name: value for name, value in payload.items() if name != "Message"}
            if "pointer" in details and not self._spreads(namespace, route):
                details["pointer"] = "/0" + details["pointer"]  # of the only arg
            return [{"error": {"status": status, "title": phrase(status), **details}}]
        expected = case.expect.ack
        if payload is None and expected in ([], [None]):
            return list(expected)  # null says both
        schemas = self.schemas.receives[namespace].get(route)
        is_tuple = schemas is not None and schemas.ack is not None and schemas.ack.is_tuple
        several = expected is not None and len(expected) > 1
        return list(payload) if isinstance(payload, list) and (is_tuple or several) else [payload]


@contextmanager
def plain_websocket(cases: Sequence[Case]) -> Iterator[PlainWebSocket]:
    """Serve all cases, each channel at its own path."""
    router = SocketRouter.from_spec(document(cases))
    with serve_asgi(router) as url:
        wire = PlainWebSocket(url, router)
        try:
            yield wire
        finally:
            wire.close()
