"""Servers of both kinds that take events by HTTP, and requests to them without a network."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

import flask
import httpx
import pytest

from asynction import AsynctionAsyncServer, AsynctionSocketIO

KINDS = ("flask", "asgi")
both = pytest.mark.parametrize("kind", KINDS)
JSON = {"Content-Type": "application/json"}


class Ack:
    """What came back."""

    def __init__(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status, self.headers, self.body = status, httpx.Headers(headers), body

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def problem(self) -> Any:
        """The problem, which says the same as the status."""
        assert self.headers["Content-Type"] == "application/problem+json"
        assert self.json["status"] == self.status
        return self.json


class Served:
    """A server and its application."""

    def __init__(self, kind: str, spec: Any, **options: Any) -> None:
        options.setdefault("http", True)
        self.kind = kind
        self.asio: Any
        if kind == "flask":
            self.app = flask.Flask("test")
            self.asio = AsynctionSocketIO.from_spec(spec, app=self.app, async_mode="threading", **options)
        else:
            self.asio = AsynctionAsyncServer.from_spec(spec, **options)

    def on(self, event: str, handler: Callable[..., Any], namespace: str = "/") -> Served:
        """Bind a handler."""
        if self.kind == "flask":
            self.asio.on(event, namespace)(handler)
        else:
            self.asio.on(event, handler, namespace)
        return self

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        address: str = "127.0.0.1",
    ) -> Ack:
        """Send a request from an address."""
        if self.kind == "flask":
            client = self.app.test_client(use_cookies=False)
            environ = {"REMOTE_ADDR": address}
            got = client.open(path, method=method, data=body, headers=headers, environ_base=environ)
            return Ack(got.status_code, list(got.headers), got.data)
        return asyncio.run(self.asked(method, path, body, headers, address))

    async def asked(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        address: str = "127.0.0.1",
    ) -> Ack:
        """Send a request to an async server, where a loop runs."""
        transport = httpx.ASGITransport(self.asio.asgi_app(), client=(address, 50000))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            got = await client.request(method, path, content=body, headers=headers)
        return Ack(got.status_code, got.headers.multi_items(), got.content)

    def post(self, path: str, value: Any = ..., **headers: str) -> Ack:
        """Post a value as JSON, or nothing."""
        body = None if value is ... else json.dumps(value).encode()
        return self.request("POST", path, body, {**(JSON if value is not ... else {}), **headers})
