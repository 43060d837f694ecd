"""What happens on every connection: clients enter, send events and leave."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pydantic
import pytest
from fastapi import HTTPException

from asynction import load
from asynction.contract import Contract, Handshake, Info, Namespace, Schema, Server
from asynction.exceptions import (
    AsynctionException,
    BindingsValidationException,
    DocumentError,
    EventException,
    PayloadValidationException,
    SecurityException,
    UnknownEventException,
)
from asynction.inject import Auth, Environ, Reason
from asynction.runtime import (
    PYTHON_SOCKETIO,
    ConnectionRejected,
    Context,
    EventSchemas,
    MalformedEvent,
    Response,
    _service,
    choose_server,
)
from asynction.security import Request, SecurityInfo
from asynction.validation import DRAFT_07, Validator
from tests.runtime.support import SERVER_ERROR, Bench, args_of, contract, event, handlers, schema

HERE = __name__
EXPIRES = time.time() + 86_400  # longer than any run of the tests


def check(token: str, *_: object) -> dict[str, object] | None:
    """Let Ann and Bob in; Ann may write, and Bob may only read."""
    known = {"ann": ["read", "write"], "bob": ["read"], "ends": ["read"]}
    return {"sub": token, "scopes": known[token], "exp": EXPIRES} if token in known else None


FLOWS = {"implicit": {"authorizationUrl": "https://a.example", "scopes": {"read": "", "write": ""}}}


def closed(security: Any, **document: Any) -> Contract:
    """A contract whose one namespace has an open event, and one that writes."""
    publish = {"message": {"name": "say", "payload": {"type": "string"}}}
    return load(
        {
            "asyncapi": "2.6.0",
            "info": {"title": "T", "version": "1"},
            "channels": {"/": {"x-security": security, "publish": publish}},
            "components": {
                "securitySchemes": {
                    "bearer": {
                        "type": "http",
                        "scheme": "bearer",
                        "x-bearerInfoFunc": f"{HERE}.check",
                        **document,
                    }
                }
            },
        }
    )


def says(data: Any) -> object:
    return data


def raising(error: BaseException) -> Callable[..., Any]:
    def raises(*args: object) -> None:
        raise error

    return raises


def bearer(token: str) -> Request:
    return Request("GET", headers=(("Authorization", f"Bearer {token}"),))


def bound(made: Contract | None, **options: Any) -> Bench:
    """Make a server that has a handler for every event."""
    bench = Bench(made, **options)
    return bench.on("say", says)


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def is_async(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


# Entering ---------------------------------------------------------------------------------------

ONE = contract(event("say", args_of({})))


def test_a_client_enters_and_leaves(is_async: bool) -> None:
    happened: list[object] = []

    def connect(auth: Auth, environ: Environ, reason: Reason) -> object:
        happened.append([auth, environ, reason])
        return True

    def disconnect(reason: Any) -> None:
        happened.append(reason)

    bench = Bench(ONE, is_async=is_async).on("say", says).on("connect", connect).on("disconnect", disconnect)
    assert bench.enter({"token": 1}) is True
    bench.leave("transport close")
    assert happened == [[{"token": 1}, {"sid": "sid", "namespace": "/"}, None], "transport close"]


def test_without_handlers_anybody_may_come_and_go(is_async: bool) -> None:
    bench = Bench(ONE, is_async=is_async).on("say", says)
    assert bench.enter() is None
    assert bench.leave() is None


def test_a_handler_may_say_no(is_async: bool) -> None:
    bench = Bench(ONE, is_async=is_async).on("say", says).on("connect", lambda: False)
    assert bench.enter() is False


def test_a_client_may_have_left_before_it_is_let_in() -> None:
    bench = bound(closed([{"bearer": []}]))
    bench.open = False
    assert bench.enter(request=bearer("ann")) is False
    assert bench.service.identities == {}


@dataclass
class ParentsRefusal(Exception):
    """What the parent of a server refuses with."""

    reason: str = "no"


@pytest.mark.parametrize(
    ("error", "reason", "status"),
    [
        (SecurityException(), "not authenticated", 401),
        (SecurityException(403), "not allowed", 403),
        (EventException(429, "too many"), "too many", 429),
        (HTTPException(401, "log in first"), "log in first", 401),
        (HTTPException(401, {"log": "in"}), "Unauthorized", 401),
        (HTTPException(503, "the reason"), "Service Unavailable", 503),
        (PayloadValidationException("of what it emitted"), "Internal Server Error", 500),
        (LookupError("secret"), "Internal Server Error", 500),
        (TypeError("secret"), "Internal Server Error", 500),
        (StopIteration("secret"), "Internal Server Error", 500),
    ],
)
def test_what_a_handler_raises_refuses(error: Exception, reason: str, status: int, is_async: bool) -> None:
    bench = Bench(ONE, is_async=is_async).on("say", says).on("connect", raising(error))
    with pytest.raises(ConnectionRejected, match=reason) as caught:
        bench.enter()
    assert caught.value.reason == reason
    assert caught.value.body["status"] == status
    assert "secret" not in str(caught.value.body)


def test_the_parents_refusal_goes_through_as_it_is(is_async: bool, caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(ONE, is_async=is_async, refusals=(ParentsRefusal,))
    bench.on("say", says).on("connect", raising(ParentsRefusal()))
    with pytest.raises(ParentsRefusal):
        bench.enter()
    (record,) = caplog.records
    assert record.getMessage() == "403 event 'connect' in '/': refused, because ''"


def test_nobody_enters_before_all_is_bound() -> None:
    bench = Bench(ONE)
    with pytest.raises(ConnectionRejected) as caught:
        bench.enter()
    assert isinstance(caught.value.__cause__, DocumentError)
    bench.on("say", says)
    assert bench.enter() is None
    unbound = Bench(ONE, bind=False).on("say", says)
    with pytest.raises(ConnectionRejected, match="Internal Server Error"):
        unbound.enter()


@pytest.mark.parametrize("strict", [True, False])
def test_a_namespace_that_there_is_none_of(strict: bool) -> None:
    bench = Bench(ONE, strict=strict).on("say", says)
    if not strict:
        assert bench.enter(namespace="/chat") is None
        bench.leave(namespace="/chat")
        return
    with pytest.raises(ConnectionRejected, match="no namespace `/chat`") as caught:
        bench.enter(namespace="/chat")
    assert caught.value.body["status"] == 404


def test_a_connection_that_cannot_be_read() -> None:
    with pytest.raises(ConnectionRejected) as caught:
        Bench(ONE).on("say", says).enter(MalformedEvent("no JSON"))
    assert caught.value.body == {"status": 400, "title": "Bad Request", "detail": "no JSON"}


@pytest.mark.parametrize("validation", [True, False])
def test_the_handshake_is_held_to_its_binding(validation: bool) -> None:
    made = contract(handshake=Handshake(method="POST"))
    bench = Bench(made, validation=validation)
    if validation:
        with pytest.raises(ConnectionRejected, match="the method must be POST") as caught:
            bench.enter()
        assert isinstance(caught.value.__cause__, BindingsValidationException)
    else:
        assert bench.enter() is None


# Who it is --------------------------------------------------------------------------------------


def test_who_entered_is_known_until_it_leaves(is_async: bool) -> None:
    seen: list[object] = []
    bench = bound(closed([{"bearer": []}]), is_async=is_async, conventions=PYTHON_SOCKETIO)

    def ask(data: Any, info: SecurityInfo) -> object:
        return info["sub"]

    bench.on("say", ask).on("disconnect", lambda *, user: seen.append(user))
    assert bench.status("say", "x") == 401
    bench.enter(request=bearer("ann"))
    assert bench.send("say", "x") == ("ann",)
    bench.leave()
    assert seen == ["ann"]
    assert bench.status("say", "x") == 401


def test_a_wrong_credential_is_refused(is_async: bool) -> None:
    bench = bound(closed([{"bearer": []}]), is_async=is_async)
    with pytest.raises(ConnectionRejected, match="not authenticated"):
        bench.enter(request=bearer("eve"))
    assert bench.service.identities == {}


def test_who_is_refused_by_the_handler_is_forgotten(is_async: bool) -> None:
    bench = bound(closed([{"bearer": []}]), is_async=is_async).on("connect", raising(LookupError()))
    with pytest.raises(ConnectionRejected):
        bench.enter(request=bearer("ann"))
    assert bench.service.identities == {}


def test_the_end_of_a_credential_is_told() -> None:
    bench = bound(closed([{"bearer": []}], **{"x-enforceExpiry": True}))
    bench.enter(request=bearer("ends"))
    assert bench.expiries == [("sid", "/", EXPIRES)]
    quiet = bound(closed([{"bearer": []}]))
    quiet.enter(request=bearer("ends"))
    assert quiet.expiries == []


def test_an_event_may_come_from_nobody_where_nothing_is_demanded() -> None:
    bench = bound(closed([]))
    bench.enter()
    assert bench.send("say", "x") == ("x",)
    assert bench.on("say", lambda data, info=None: data).send("say", "x") == ("x",)


def test_an_event_may_demand_more_than_its_namespace() -> None:
    made = load(
        {
            "asyncapi": "2.6.0",
            "info": {"title": "T", "version": "1"},
            "channels": {"/": {"publish": {"security": [{"oauth": ["write"]}], "message": {"name": "say"}}}},
            "components": {
                "securitySchemes": {
                    "oauth": {"type": "oauth2", "flows": FLOWS, "x-tokenInfoFunc": f"{HERE}.check"}
                }
            },
        }
    )
    bench = Bench(made).on("say", says)
    for token, expected in [("ann", None), ("bob", 403)]:
        bench.enter(request=bearer(token), sid=token)
        sent = bench.send("say", 1, sid=token)
        assert sent == (1,) if expected is None else sent[0]["error"]["status"] == expected
    bench.enter(sid="nobody")
    assert bench.status("say", 1, sid="nobody") == 403


# Events -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("guarded", [True, False])
def test_an_event_that_there_is_none_of(guarded: bool, is_async: bool) -> None:
    bench = bound(closed([{"bearer": []}] if guarded else []), is_async=is_async)
    assert bench.send("nothing", 1) == (
        {"error": {"status": 404, "title": "Not Found", "detail": "no event `nothing` in `/`"}},
    )
    assert bench.status("say", 1, namespace="/chat") == 404


def test_what_is_no_event_is_refused(is_async: bool) -> None:
    bench = Bench(ONE, is_async=is_async)
    at = bench.service.context("/", "(malformed)", "sid")
    (body,) = bench.run(bench.service.reject(at, MalformedEvent("no name")))
    assert body["error"]["status"] == 400


def test_handlers_know_what_the_contract_says_of_the_event() -> None:
    seen: list[Context] = []
    made = contract(
        event("say", args_of({})), namespace="/rooms/{id}", parameters={"id": schema({"type": "integer"})}
    )
    bench = Bench(made).on("say", lambda data, *, id: id, "/rooms/{id}")

    def sees(context: Context, call_next: Callable[[Context], Any]) -> Any:
        seen.append(context)
        return call_next(context)

    bench.service.add_middleware(sees)
    assert bench.send("say", 1, namespace="/rooms/7") == (7,)
    (at,) = seen
    assert at.contract is made.namespaces["/rooms/{id}"].receives["say"]
    assert (at.namespace, at.pattern, at.parameters) == ("/rooms/7", "/rooms/{id}", {"id": 7})
    assert at.server is bench.server
    assert bench.status("say", 1, namespace="/rooms/x") == 404


# Who answers exceptions -------------------------------------------------------------------------


def answers(error: Exception) -> str:
    return "contract"


ERRORS = contract(event("fail", args_of({})), handlers=handlers(error=f"{HERE}.answers"))


@pytest.mark.parametrize(
    ("own", "default", "expected"),
    [
        (None, None, "contract"),
        (None, lambda error: "default", "contract"),
        (lambda error: "own", lambda error: "default", "own"),
    ],
)
def test_the_namespaces_error_handler_answers(own: Any, default: Any, expected: str, is_async: bool) -> None:
    bench = Bench(ERRORS, is_async=is_async, errors=lambda namespace: (own, default))
    bench.on("fail", raising(LookupError()))
    assert bench.send("fail", 1) == (expected,)
    assert bench.send("unknown", 1) == (expected,)


def test_the_default_error_handler_answers_where_there_is_no_other() -> None:
    bench = Bench(errors=lambda namespace: (None, lambda error: "default"))
    assert bench.on("fail", raising(LookupError())).send("fail") == ("default",)


def test_exceptions_may_be_let_through(is_async: bool) -> None:
    bench = Bench(propagates=lambda: True, is_async=is_async).on("fail", raising(LookupError("why")))
    with pytest.raises(LookupError):
        bench.send("fail")
    bench.on("connect", raising(LookupError())).on("disconnect", raising(TypeError("why")))
    with pytest.raises(LookupError):
        bench.enter()
    with pytest.raises(AsynctionException, match="the disconnect handler raised TypeError"):
        bench.leave()


def test_a_refusal_is_an_answer_even_while_testing(is_async: bool) -> None:
    bench = Bench(propagates=lambda: True, is_async=is_async).on("connect", raising(SecurityException()))
    with pytest.raises(ConnectionRejected):
        bench.enter()


@pytest.mark.parametrize("propagates", [True, False])
def test_an_error_handler_hears_of_a_connection_that_failed(propagates: bool, is_async: bool) -> None:
    heard: list[str] = []
    bench = Bench(propagates=lambda: propagates, is_async=is_async)
    bench.service.add_exception_handler(LookupError, lambda error: heard.append(type(error).__name__))
    bench.on("connect", raising(LookupError())).on("disconnect", raising(KeyError()))
    with pytest.raises(ConnectionRejected):
        bench.enter()
    bench.leave()
    assert heard == ["LookupError", "KeyError"]


def test_a_disconnect_handler_that_fails_is_logged(is_async: bool, caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(is_async=is_async).on("disconnect", raising(LookupError()))
    bench.leave()
    assert [record.getMessage() for record in caplog.records] == [
        "500 event 'disconnect' in '/': LookupError"
    ]


@pytest.mark.parametrize("kind", [KeyboardInterrupt, GeneratorExit])
def test_what_ends_the_process_goes_through(kind: type[BaseException], is_async: bool) -> None:
    bench = bound(closed([{"bearer": []}]), is_async=is_async).on("connect", raising(kind()))
    with pytest.raises(kind):
        bench.enter(request=bearer("ann"))
    assert bench.service.identities == {}


# Sending ----------------------------------------------------------------------------------------

INTEGER = schema({"type": "integer"})


def sending() -> Contract:
    sends = {"told": event("told", args_of({"type": "string"}), {"type": "integer"})}
    names = ["/", "/rooms/{id}"]
    parameters = {"/rooms/{id}": {"id": INTEGER}}
    return Contract(
        Info("T", "1"),
        {},
        {name: Namespace(name, {}, sends, parameters=parameters.get(name, {})) for name in names},
        {},
    )


@pytest.mark.parametrize(
    ("name", "current", "expected"),
    [
        (None, None, "/"),
        (None, "/rooms/1", "/"),
        ("chat", None, "/chat"),
        ("/rooms/7", None, "/rooms/7"),
        ("/rooms/{id}", "/rooms/1", "/rooms/1"),
    ],
)
def test_a_pattern_means_the_namespace_of_the_event(
    name: str | None, current: str | None, expected: str
) -> None:
    assert Bench(sending()).service.address(name, current) == expected


@pytest.mark.parametrize("current", [None, "/", "/rooms/x", "/nowhere"])
def test_a_pattern_needs_a_namespace(current: str | None) -> None:
    with pytest.raises(UnknownEventException, match="has parameters: name one of its namespaces"):
        Bench(sending()).service.address("/rooms/{id}", current)


def test_unknown_events_are_not_logged_for_ever(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_service, "_MOST_UNCHECKED", 3)
    service = Bench(sending(), strict=False).service

    for number in [*range(5), *range(5)]:
        assert service.sending(f"made-up-{number}", "/")[1] is None

    assert len(caplog.messages) == 3


def test_what_is_sent_has_rules(caplog: pytest.LogCaptureFixture) -> None:
    service = Bench(sending()).service
    schemas = service.sending("told", "/rooms/7")[1]
    assert schemas is not None
    assert schemas.namespace == "/rooms/{id}"
    with pytest.raises(UnknownEventException):
        service.sending("tolled", "/")[1]
    assert Bench(sending(), strict=False).service.sending("tolled", "/")[1] is None
    assert caplog.records[-1].getMessage().endswith("it is sent unchecked")
    assert Bench().service.sending("anything", "/")[1] is None


@pytest.mark.parametrize(
    ("value", "more", "expected"),
    [
        ("a", (), ("a",)),
        (None, (), ()),
        (("a", 1), (), ("a", 1)),
        ("a", (1,), ("a", 1)),
        (("a", "b"), (1,), (["a", "b"], 1)),
    ],
)
def test_what_is_emitted_is_args(value: object, more: tuple[object, ...], expected: object) -> None:
    assert Bench(sending()).service.outgoing(None, value, more) == expected


@dataclass
class Point:
    x: int


def test_what_is_emitted_is_held_to_the_contract() -> None:
    service = Bench(sending()).service
    schemas = service.sending("told", "/")[1]
    assert service.outgoing(schemas, "a") == ("a",)
    with pytest.raises(PayloadValidationException):
        service.outgoing(schemas, 1)
    with pytest.raises(PayloadValidationException):
        service.outgoing(schemas, "a", ("b",))
    assert Bench(sending()).service.outgoing(None, Point(1), (Point(2),)) == ({"x": 1}, {"x": 2})
    null = EventSchemas("/", event("e"), Validator(Schema({"type": "null"}, DRAFT_07)), None)
    assert service.outgoing(null, None) == (None,)


class Loop(pydantic.BaseModel):
    inner: Loop | None = None


def test_what_cannot_be_converted_is_named_with_its_place() -> None:
    loop = Loop()
    loop.inner = loop
    service = Bench(sending()).service
    for schemas in (None, service.sending("told", "/")[1]):
        with pytest.raises(PayloadValidationException, match="/0/a: cannot be converted") as caught:
            service.outgoing(schemas, {"a": loop})
        assert caught.value.path == (0, "a")
        assert caught.value.__context__ is None


def test_the_users_json_module_is_asked() -> None:
    class Own:
        @staticmethod
        def dumps(value: object, **options: object) -> str:
            return '"own"'

    service = Bench(sending()).service
    for json, wanted in ((Own, "own"), (None, "1970-01-01")):
        service.write_with(json)
        assert service.outgoing(None, [date(1970, 1, 1)]) == ([wanted],)


def test_an_acknowledgement_of_a_client_is_checked(is_async: bool, caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(sending(), is_async=is_async)
    schemas = bench.service.sending("told", "/rooms/7")[1]
    assert schemas is not None
    got: list[object] = []

    def acknowledge(callback: Callable[..., Any], *args: object) -> object:
        return bench.run(bench.service.client_ack(schemas, "/rooms/7", callback, args))

    assert acknowledge(got.append, 1) == ()
    assert not caplog.records
    acknowledge(got.append, "wrong")
    assert acknowledge(raising(LookupError()), 1) == SERVER_ERROR
    assert got == [1]
    assert ["/rooms/7" in record.getMessage() for record in caplog.records] == [True, True]


def test_an_error_handler_sees_whose_acknowledgement_failed(is_async: bool) -> None:
    bench = Bench(sending(), is_async=is_async)
    schemas = bench.service.sending("told", "/rooms/7")[1]
    assert schemas is not None
    seen: list[Context] = []

    def sees(error: Exception, context: Context) -> None:
        seen.append(context)

    bench.service.add_exception_handler(LookupError, sees)
    bench.run(bench.service.client_ack(schemas, "/rooms/7", raising(LookupError()), (1,)))

    (context,) = seen
    assert (context.namespace, context.pattern, context.event) == ("/rooms/7", "/rooms/{id}", "told")


def servers(*names: str) -> Contract:
    made = {name: Server(name, "h", "ws", None) for name in names}
    return Contract(Info("T", "1"), made, {}, {}, files=("spec.yaml",) if len(names) > 1 else ())


@pytest.mark.parametrize(
    ("names", "spec", "found"),
    [((), None, None), (("a",), None, "a"), (("a", "b"), None, None), (("a", "b"), "b", "b")],
)
def test_a_sole_server_needs_no_name(names: tuple[str, ...], spec: str | None, found: str | None) -> None:
    server = choose_server(servers(*names), spec)
    assert (server.name if server is not None else None) == found


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("main", "other"), "spec.yaml.* the document has no server `mian`; did you mean `main`"),
        ((), "<mapping>.* the document has no server `mian`"),
    ],
)
def test_a_server_that_there_is_none_of(names: tuple[str, ...], said: str) -> None:
    with pytest.raises(DocumentError, match=said):
        choose_server(servers(*names), "mian")


# Events of an adapter's own ---------------------------------------------------------------------


def greets(context: Context) -> Response:
    """Answer as a flow: with what a function, which may be a coroutine function, makes of the args."""
    if context.args == ("fail",):
        raise EventException(409, "no")
    return (yield str.upper, (" ".join(map(str, context.args)),))


def test_an_event_is_bound_to_a_flow(is_async: bool) -> None:
    bench = Bench(contract(event("e")), is_async=is_async)
    bench.service.bind_flow("/", "hello", greets)
    assert bench.send("hello", "a", 1) == ("A 1",)
    assert bench.send("hello") == ("",)
    assert bench.status("hello", "fail") == 409
    assert bench.service.routes.handles("/", "hello")
    assert bench.registered == []  # the adapter that binds a flow listens by itself


def test_a_flow_is_held_to_the_contract_where_it_has_the_event(is_async: bool) -> None:
    made = contract(event("hello", args_of({"type": "string"}), {"type": "string", "maxLength": 3}))
    bench = Bench(made, is_async=is_async)
    bench.service.bind_flow("/", "hello", greets)
    assert bench.send("hello", "abc") == ("ABC",)
    assert bench.status("hello", 1) == 400
    assert bench.status("hello", "abc", "d") == 400
    assert bench.status("hello", "abcd") == 500
    bench.service.check_complete()


def demanding(*scopes: str) -> Contract:
    """A contract whose event `hello` demands a token, which `/` lets clients show."""
    made = closed([])
    scheme = {"bearer": scopes}
    hello = event("hello", args_of({"type": "string"}), security=(scheme,))
    namespace = Namespace("/", {"hello": hello}, {}, security=())
    return replace(made, namespaces={"/": namespace})


def test_a_flow_decides_about_clients_that_are_not_accepted_yet() -> None:
    bench = Bench(closed([{"bearer": []}]))
    seen: list[object] = []

    def flow(context: Context) -> Response:
        seen.append(context.identity)
        yield from ()
        return None

    bench.service.bind_flow("/", "hello", flow)
    bench.on("say", lambda data: None)
    bench.send("hello")
    bench.enter({"token": "ann"})
    bench.send("hello")
    assert [identity is None for identity in seen] == [True, False]


def test_a_flow_is_not_run_without_what_its_event_demands(is_async: bool) -> None:
    bench = Bench(demanding(), is_async=is_async)
    bench.service.bind_flow("/", "hello", greets)
    assert bench.status("hello", "a") == 401  # not accepted yet
    bench.enter()
    assert bench.status("hello", "a") == bench.status("hello", 1) == 403
    bench.enter({"token": "ann"}, sid="other")
    assert bench.status("hello", 1, sid="other") == 400
    assert bench.send("hello", "a", sid="other") == ("A",)
    bench = Bench(demanding("write"), is_async=is_async)
    bench.service.bind_flow("/", "hello", greets)
    bench.enter({"token": "bob"})
    assert bench.status("hello", "a") == 403
