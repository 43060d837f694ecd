"""Events with a request of their own, on wires without connections: who sends them is asked first."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import pytest

from asynction import load
from asynction.contract import Contract, Handshake
from asynction.exceptions import BindingsValidationException, SecurityException
from asynction.inject import Environ
from asynction.runtime import Context, MalformedEvent, drive
from asynction.security import Request, SecurityInfo
from asynction.validation import JsonArgs
from tests.runtime.support import Bench, contract, event, schema

HERE = __name__


def check(token: str, *_: object) -> dict[str, object] | None:
    """Accept Ann, who may write, and Bob, who may not."""
    known = {"ann": "read write", "bob": "read"}
    return {"sub": token, "scope": known[token]} if token in known else None


FLOWS = {"implicit": {"authorizationUrl": "https://a.example", "scopes": {"read": "", "write": ""}}}
SCHEME = {"type": "oauth2", "flows": FLOWS, "x-tokenInfoFunc": f"{HERE}.check"}
OTHER = {"type": "httpApiKey", "in": "header", "name": "Key", "x-apiKeyInfoFunc": f"{HERE}.check"}


def demanding(of_namespace: Any = (), of_event: Any = (), namespace: str = "/") -> Contract:
    """A contract of one event with these requirements."""
    message = {"name": "say", "payload": {"type": "string"}}
    return load(
        {
            "asyncapi": "2.6.0",
            "info": {"title": "T", "version": "1"},
            "channels": {
                namespace: {
                    "x-security": list(of_namespace),
                    "publish": {"security": list(of_event), "message": message},
                }
            },
            "components": {"securitySchemes": {"token": SCHEME, "key": OTHER}},
        }
    )


def request(token: str | None = None, key: str | None = None) -> Request:
    headers = {"Authorization": token and f"Bearer {token}", "Key": key}
    return Request("POST", headers=tuple((name, text) for name, text in headers.items() if text))


def say(data: str, environ: Environ, info: SecurityInfo | None = None) -> object:
    return [data, info and info["sub"], environ["HOST"]]


class Wire:
    """A wire without connections that sends one event."""

    def __init__(self, made: Contract, *, is_async: bool = False, **options: Any) -> None:
        self.bench = Bench(made, is_async=is_async, **options)
        self.reads = 0
        self.args: tuple[object, ...] | Exception = ("a",)

    def read(self) -> Generator[tuple[Callable[..., object], tuple[object, ...]], object, JsonArgs]:
        self.reads += 1
        if isinstance(self.args, Exception):
            raise self.args
        return JsonArgs((yield tuple, (self.args,)))  # type: ignore[arg-type]  # a driver gives it back

    def context(self, name: str = "say", namespace: str = "/") -> Context:
        return self.bench.service.request_context(namespace, name, {"HOST": "h"})

    def send(self, sent: Request, name: str = "say") -> Any:
        made = self.context(name)
        return self.bench.closed(self.bench.service.receive_request(made, sent, self.read), made)

    def status(self, sent: Request, name: str = "say") -> int:
        (body,) = self.send(sent, name)
        found: int = body["error"]["status"]
        return found


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def is_async(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def test_a_request_has_neither_a_connection_nor_a_sender_yet() -> None:
    wire = Wire(demanding())
    made = wire.context()
    assert made.server is wire.bench.server
    assert (made.namespace, made.pattern, made.event, made.sid, made.args) == ("/", "/", "say", None, ())
    assert made.identity is None
    assert made.environ == {"HOST": "h"}


def test_the_event_of_a_request_is_handled(is_async: bool) -> None:
    wire = Wire(demanding(), is_async=is_async)
    wire.bench.on("say", say)
    assert wire.send(request()) == (["a", None, "h"],)
    wire.args = (7,)
    assert wire.status(request()) == 400
    assert wire.status(request(), "nothing") == 404


def test_the_handler_knows_who_sends_a_request(is_async: bool) -> None:
    wire = Wire(demanding([{"token": []}]), is_async=is_async)
    wire.bench.on("say", say)
    assert wire.send(request("ann")) == (["a", "ann", "h"],)
    assert wire.send(request("bob")) == (["a", "bob", "h"],)
    assert wire.bench.service.identities == {}


def test_args_of_a_request_are_not_walked_again() -> None:
    wire = Wire(demanding())
    seen: list[Context] = []

    def middleware(context: Context, call_next: Callable[[Context], object]) -> object:
        seen.append(context)
        return call_next(context)

    wire.bench.on("say", say).service.add_middleware(middleware)
    wire.send(request())
    assert seen[0].args == ("a",)
    assert seen[0].args is seen[0].json_args
    assert seen[0].contract is not None
    assert seen[0].contract.name == "say"


TOKEN: dict[str, list[str]] = {"token": []}
WRITE = {"token": ["write"]}
KEY: dict[str, list[str]] = {"key": []}


@pytest.mark.parametrize(
    ("of_namespace", "of_event", "sent", "status", "reads"),
    [
        ([TOKEN], [], request(), 401, 0),
        ([TOKEN], [], request("eve"), 401, 0),
        ([TOKEN], [], request("bob"), None, 1),
        ([], [TOKEN], request(), 401, 0),
        ([], [TOKEN], request("eve"), 401, 0),
        ([], [TOKEN], request("bob"), None, 1),
        ([], [WRITE], request("bob"), 403, 1),
        ([], [WRITE], request("ann"), None, 1),
        ([TOKEN], [KEY], request("ann"), 401, 0),
        ([TOKEN], [KEY], request("ann", "ann"), None, 1),
        ([], [KEY, TOKEN], request("ann"), None, 1),
        ([], [KEY, TOKEN], request(key="ann"), None, 1),
        ([], [{**KEY, **TOKEN}], request("ann"), 401, 0),
        ([], [{**KEY, **TOKEN}], request("ann", "ann"), None, 1),
        ([TOKEN], [{}], request("bob"), None, 1),
        ([], [TOKEN, {}], request(), None, 1),
    ],
)
def test_credentials_come_before_the_body(
    of_namespace: Any, of_event: Any, sent: Request, status: int | None, reads: int
) -> None:
    wire = Wire(demanding(of_namespace, of_event))
    wire.bench.on("say", say)
    if status is None:
        assert wire.send(sent)[0][0] == "a"
    else:
        assert wire.status(sent) == status
    assert wire.reads == reads


def test_a_connection_lacks_what_a_request_would_be_asked_for() -> None:
    """Its credentials came with the handshake, so the answer is 403, not 401: by `receive`."""
    service = Wire(demanding([], [TOKEN])).bench.service
    for sid, is_asked in ((None, True), ("sid", False)):
        made = service.request_context("/", "say", {})
        made.sid = sid
        flow = service.authenticate(made, request(), ("/",))
        if is_asked:
            with pytest.raises(SecurityException) as caught:
                drive(flow)
            assert caught.value.status == 401
        else:
            drive(flow)
            assert made.user is None


def test_a_sender_that_is_known_stays_known_where_nothing_is_demanded() -> None:
    wire = Wire(demanding([TOKEN]))
    made = wire.context()
    wire.bench.run(wire.bench.service.authenticate(made, request("ann"), ("/", "/open")))
    assert made.user == "ann"
    with pytest.raises(SecurityException):
        wire.bench.run(wire.bench.service.authenticate(wire.context(), request(), ("/open", "/")))


@pytest.mark.parametrize(("error", "status"), [(MalformedEvent("no JSON"), 400), (LookupError(), 500)])
def test_a_body_that_cannot_be_read_is_answered(error: Exception, status: int, is_async: bool) -> None:
    wire = Wire(demanding(), is_async=is_async)
    wire.bench.on("say", say)
    wire.args = error
    assert wire.status(request()) == status


def test_an_error_handler_answers_a_request_that_is_refused(is_async: bool) -> None:
    wire = Wire(demanding([TOKEN]), is_async=is_async)
    wire.bench.on("say", say).service.add_exception_handler(SecurityException, lambda error: ["who?"])
    assert wire.send(request()) == (["who?"],)


def test_no_request_is_served_before_all_is_bound() -> None:
    wire = Wire(demanding())
    assert wire.status(request()) == 500
    assert wire.reads == 0
    wire.bench.service.allow_missing_handlers()
    assert wire.status(request()) == 404
    assert wire.reads == 1


HELD = contract(event("say"), handshake=Handshake("POST", auth=schema({"type": "string"})))


@pytest.mark.parametrize(
    ("sent", "namespace", "fault"),
    [
        (Request("POST", auth="a"), "/", None),
        (Request("GET", auth="a"), "/", "the method must be POST"),
        (Request("POST", auth=1), "/", "auth: "),
        (Request("GET", auth=1), "/other", None),
    ],
)
def test_a_request_is_held_to_the_handshake(sent: Request, namespace: str, fault: str | None) -> None:
    service = Bench(HELD).service
    if fault is None:
        service.check_handshake(namespace, sent)
    else:
        with pytest.raises(BindingsValidationException, match=fault):
            service.check_handshake(namespace, sent)
