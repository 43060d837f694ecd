"""The cases as calls by name to a gateway: by HTTP with a callback URL, and by the event `api`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from itertools import count
from typing import Any

import pytest
import requests

from asynction import load
from asynction.runtime import ContractSchemas
from asynction.validation import MAX_DEPTH
from tests.conformance.cases import Case, careless_clients, document, has_bytes, json_text, namespace_of
from tests.server.gateway.support import Results, serving_gateway
from tests.serving import DEADLINE, Client

JSON = {"Content-Type": "application/json"}

Call = Callable[[dict[str, Any]], Any]
"""Sends a call and returns its result; `{"error": ...}` where it is refused."""


class GatewayWire:
    """Calls an event by its name, behind that of its namespace."""

    def __init__(self, cases: Sequence[Case], call: Call, *, takes_bytes: bool = False) -> None:
        self._schemas = ContractSchemas(load(document(cases)))
        self._call = call
        self._takes_bytes = takes_bytes
        self._ids = count(1)

    def send(self, case: Case) -> list[Any] | None:
        """Call the event of a case and return the args of its ack."""
        if not case.expect.connected or (case.error and case.event is not None):
            pytest.skip("a call enters no namespace, and a name that leads to no event is in none")
        if has_bytes(case.expect.ack) or (has_bytes(case.send) and not self._takes_bytes):
            pytest.skip("JSON has no bytes")
        prefix, event = namespace_of(case).strip("/"), case.name if case.event is None else case.event
        call = {
            "api": f"{prefix}.{event}" if prefix else event,
            "data": self._data(case),
            "request_id": f"request-{next(self._ids)}",
        }
        result = self._call(call)
        expected = case.expect.ack
        if expected is None or len(expected) == 1:
            return [result]
        return [] if result is None else list(result)

    def _data(self, case: Case) -> Any:
        """Return the one value that stands for the args of a case."""
        schemas = self._schemas.receives[namespace_of(case)].get(case.name)
        max_args = schemas.args.max_args if schemas is not None and schemas.args is not None else 1
        if max_args != 1:
            data: Any = case.send or None if max_args == 0 else case.send
        elif len(case.send) == 1:
            data = case.send[0]
        elif not case.send and (case.event is not None or not _counts_args(case)):
            data = None
        else:
            pytest.skip("the data of a call is one arg: only a tuple schema makes several, or none, of it")
        if _levels(data) == MAX_DEPTH:
            pytest.skip("the call is a level of its own: its data has one less than args may have")
        return data


def _counts_args(case: Case) -> bool:
    return case.args is not ... or case.handler in ("echo", "takes_none", "takes_two", "takes_one_or_two")


def _levels(value: object) -> int:
    if isinstance(value, dict | list):
        return 1 + max(map(_levels, value.values() if isinstance(value, dict) else value), default=0)
    return 0


def _refused(error: dict[str, Any]) -> dict[str, Any]:
    """Return the error of a call that was refused as a whole, with a pointer from its data."""
    pointer = error.get("pointer")
    return {"error": error if pointer is None else {**error, "pointer": pointer.replace("/0/data", "/0", 1)}}


@contextmanager
def by_post(kind: str, cases: Sequence[Case]) -> Iterator[GatewayWire]:
    """Serve a gateway of a kind, and call it by HTTP; results come to a callback URL."""
    with Results() as results, requests.Session() as http:

        def call(message: dict[str, Any]) -> Any:
            text = json_text({**message, "callback_url": results.url})
            got = http.post(f"{served.url}/api/call", text, headers=JSON, timeout=DEADLINE)
            answer = got.json()
            if got.status_code != HTTPStatus.OK:
                assert not answer["success"]
                assert answer["error"]["status"] == got.status_code
                return _refused(answer["error"])
            assert answer["request_id"] == message["request_id"]
            result = results.next()
            assert result["request_id"] == message["request_id"]
            return result["data"]

        with serving_gateway(kind, document(cases), allowed_origins=[results.origin]) as served:
            yield GatewayWire(cases, call)


@contextmanager
def by_event(kind: str, cases: Sequence[Case]) -> Iterator[GatewayWire]:
    """Serve a gateway of a kind, and call it by Socket.IO."""
    with careless_clients(), serving_gateway(kind, document(cases)) as served, served.client() as client:
        yield GatewayWire(cases, _caller(client), takes_bytes=True)


def _caller(client: Client) -> Call:
    def call(message: dict[str, Any]) -> Any:
        (receipt,) = client.call("api", message)
        if "success" not in receipt:  # what Socket.IO cannot carry is no call
            assert receipt["error"]["status"] == HTTPStatus.BAD_REQUEST
            return _refused(receipt["error"])
        event, (answer,) = client.next_event()
        assert (event, answer["request_id"]) == ("apiResponse", message["request_id"])
        if not receipt["success"]:
            assert answer["data"] == {"error": receipt["error"]}
        return answer["data"]

    return call
