"""Events by HTTP: on both servers, the same."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from typing import Any, Optional, cast

import flask
import pytest

from asynction import AsynctionSocketIO, Router
from asynction.exceptions import EventException, SecurityException
from asynction.inject import Depends, Environ, SocketID
from asynction.middleware import RateLimitMiddleware
from asynction.runtime import Context
from asynction.server.http import HttpOptions
from tests.server.asgi.support import run
from tests.server.http.support import JSON, Served, both
from tests.server.support import INTEGER, STRING, channel, document, message, of, pair

NO_ARGS = {"type": "array", "items": [{}], "maxItems": 0}
BINARY = {"type": "string", "format": "binary"}


def double(number: int) -> int:
    return number * 2


def echo(*args: Any) -> Any:
    return args


def doubling(kind: str, **options: Any) -> Served:
    return Served(kind, of(message("double", INTEGER, INTEGER)), **options).on("double", double)


# Addresses -----------------------------------------------------------------------------------------


@both
def test_an_event_is_a_post_and_its_ack_the_answer(kind: str) -> None:
    reply = doubling(kind).post("/events/double", 21)
    assert (reply.status, reply.json) == (200, 42)
    assert reply.headers["Content-Type"] == "application/json"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert not [name for name in reply.headers if name.lower().startswith("access-control")]


@both
def test_it_is_off_by_default(kind: str) -> None:
    assert doubling(kind, http=False).post("/events/double", 21).status == 404


@both
@pytest.mark.parametrize(
    ("url", "namespace", "event", "path"),
    [
        ("h", "/", "e", "/events/e"),
        ("h", "/chat", "message", "/events/chat/message"),
        ("h", "/chat/old", "message", "/events/chat/old/message"),
        ("h/socket.io", "/", "e", "/events/e"),
        ("h/api/v1/io", "/", "e", "/api/v1/events/e"),
        ("h", "/", "two words", "/events/two%20words"),
        ("h", "/", "größe", "/events/gr%C3%B6%C3%9Fe"),
        ("h", "/", "a/b", "/events/a%2Fb"),
        ("h", "/", "a//b", "/events/a%2F%2Fb"),
        ("h", "/chat", "a/b/c", "/events/chat/a%2Fb%2Fc"),
        ("h", "/", "what?#", "/events/what%3F%23"),
        ("h", "/", "100%", "/events/100%25"),
        ("h", "/", "line\nbreak", "/events/line%0Abreak"),
    ],
)
def test_the_path_names_the_event(kind: str, url: str, namespace: str, event: str, path: str) -> None:
    servers = {"main": {"url": url, "protocol": "ws"}}
    spec = document({namespace: channel([message(event, STRING, STRING)])}, servers=servers)
    served = Served(kind, spec).on(event, lambda text: text, namespace)
    assert served.post(path, "x").json == "x"


@both
def test_a_namespace_with_parameters_is_matched(kind: str) -> None:
    rooms = channel([message("say", STRING)], parameters={"roomId": {"schema": INTEGER}})
    served = Served(kind, document({"/rooms/{roomId}": rooms}))

    def say(text: str, context: Context, *, room_id: int) -> Any:
        return [text, room_id, context.namespace, context.pattern, context.event]

    served.on("say", say, "/rooms/{roomId}")
    assert served.post("/events/rooms/42/say", "hi").json == ["hi", 42, "/rooms/42", "/rooms/{roomId}", "say"]
    assert served.post("/events/rooms/x/say", "hi").status == 404
    assert served.post("/events/rooms/4%2F2/say", "hi").status == 404


@both
@pytest.mark.parametrize(
    "path",
    [
        "nope",
        "",
        "/double",
        "double/",
        "chat",
        "nowhere/double",
        "connect",
        "*",
        "double/double/double",
        "./x",
    ],
)
def test_what_is_no_event_is_not_found(kind: str, path: str) -> None:
    reply = doubling(kind).post(f"/events/{path}", 1)
    assert (reply.status, reply.problem["title"]) == (404, "Not Found")


@both
def test_an_event_that_has_a_wildcard_handler_is_found(kind: str) -> None:
    served = Served(kind, of(message("e", STRING, STRING)), strict=False)

    def any_event(event: str, *args: Any) -> Any:
        return f"{event} {args}"

    def any_event_async(event: str, sid: Optional[str], *args: Any) -> Any:  # noqa: UP045 - as some write it
        return f"{event} {args}"

    served.on("*", any_event if kind == "flask" else any_event_async)
    assert served.post("/events/e", "x").json == "e ('x',)"
    assert served.post("/events/other", "x").status == 404


@both
def test_an_event_without_a_handler_fails_like_a_connection(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    served = Served(kind, of(message("e", STRING), message("other", STRING))).on("e", echo)
    assert served.post("/events/other", "x").status == 404
    assert served.post("/events/e", "x").status == 500
    assert "the event `other` of `/` has no handler" in caplog.text


# Args ----------------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize(
    ("payload", "body", "args"),
    [
        (INTEGER, b"1", (1,)),
        (INTEGER, b" 1\n", (1,)),
        ({"type": "array"}, b"[1, 2]", ([1, 2],)),
        ({}, b"null", (None,)),
        (pair(INTEGER, STRING), b'[1, "a"]', (1, "a")),
        ({**pair(INTEGER, STRING), "minItems": 1}, b"[1]", (1,)),
        (NO_ARGS, b"[]", ()),
        (NO_ARGS, b"", ()),
        (..., b"[1, 2]", (1, 2)),
        (..., b"", ()),
    ],
)
@pytest.mark.parametrize("validation", [True, False])
def test_the_schema_decides_how_a_body_is_read(
    kind: str, payload: Any, body: bytes, args: Any, validation: bool
) -> None:
    got: list[Any] = []
    served = Served(kind, of(message("e", payload)), validation=validation)
    served.on("e", lambda *given: got.append(given))
    assert served.request("POST", "/events/e", body, JSON).status == 204
    assert got == [args]


@both
def test_without_a_schema_a_handler_of_one_arg_is_given_the_body(kind: str) -> None:
    def one(value: Any) -> Any:
        return {"is": value}

    served = Served(kind, of(message("e"))).on("e", one)
    assert served.post("/events/e", [1]).json == {"is": [1]}


@both
@pytest.mark.parametrize(
    ("payload", "body", "pointer", "detail"),
    [
        (INTEGER, b'"a"', "", "must be integer"),
        ({"properties": {"a/b": INTEGER}}, b'{"a/b": "x"}', "/a~1b", "must be integer"),
        (pair(INTEGER, {"properties": {"a": STRING}}), b'[1, {"a": 1}]', "/1/a", "must be string"),
        (pair(INTEGER, STRING), b"[1]", "", "expected 2 arguments, got 1"),
        (pair(INTEGER, STRING), b"{}", "", "must be an array of the event's args"),
        (pair(INTEGER, STRING), b'"ab"', "", "must be an array of the event's args"),
        (INTEGER, b"", "", "expected 1 argument, got 0"),
        (NO_ARGS, b"[1]", "", "expected 0 arguments, got 1"),
        ({}, b'["\\ud800"]', "/0", "text with a lone surrogate is not Unicode"),
        ({}, b"[" * 200 + b"]" * 200, "", "nested deeper than 128 levels"),
        (..., b'["\\ud800"]', "/0", "text with a lone surrogate is not Unicode"),
        (INTEGER, b"1" * 5000, None, None),
        (INTEGER, b"NaN", None, "the body is not JSON: NaN is not a JSON number"),
        (INTEGER, b"1e999", None, "the body is not JSON: a number is too large"),
        (INTEGER, b"{", None, None),
        (INTEGER, b" ", None, None),
        (INTEGER, b"1 2", None, None),
        (INTEGER, b"\xef\xbb\xbf1", None, None),
        (INTEGER, b'"\xff"', None, "the body is not JSON: the text is not UTF-8"),
        (INTEGER, '"ä"'.encode("utf-16"), None, "the body is not JSON: the text is not UTF-8"),
        (INTEGER, b"[" * 100_000, None, "the body is not JSON: nested deeper than 128 levels"),
    ],
)
def test_a_body_that_breaks_the_contract_is_refused(
    kind: str, payload: Any, body: bytes, pointer: str | None, detail: str | None
) -> None:
    served = Served(kind, of(message("e", payload))).on("e", lambda *args: pytest.fail("it ran"))
    reply = served.request("POST", "/events/e", body, JSON)
    assert (reply.status, reply.problem["title"], reply.problem.get("pointer")) == (
        400,
        "Bad Request",
        pointer,
    )
    assert detail in (None, reply.problem["detail"])


# Acks ----------------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize(
    ("ack", "returned", "status", "body"),
    [
        (..., None, 204, b""),
        (..., 1, 200, b"1"),
        (..., (), 204, b""),
        (..., (None,), 200, b"null"),
        (..., ("a", 1), 200, b'["a",1]'),
        (..., ["a"], 200, b'["a"]'),
        (STRING, "ä", 200, b'"\\u00e4"'),
        ({"type": ["string", "null"]}, None, 200, b"null"),
        (pair(INTEGER, STRING), (1, "a"), 200, b'[1,"a"]'),
        ({"type": "array", "items": [INTEGER]}, (1,), 200, b"[1]"),
        ({"type": "array", "items": [INTEGER], "minItems": 0}, None, 200, b"[]"),
        (NO_ARGS, None, 204, b""),
    ],
)
def test_the_ack_is_the_answer(kind: str, ack: Any, returned: Any, status: int, body: bytes) -> None:
    served = Served(kind, of(message("e", NO_ARGS, ack))).on("e", lambda: returned)
    reply = served.post("/events/e")
    assert (reply.status, reply.body) == (status, body)
    assert ("Content-Type" in reply.headers) == bool(body)


@both
@pytest.mark.parametrize("returned", [{1: 1j}, float("nan"), b"bytes", object()])
def test_an_ack_that_json_cannot_write_is_a_problem(
    kind: str, returned: Any, caplog: pytest.LogCaptureFixture
) -> None:
    served = Served(kind, of(message("e", NO_ARGS))).on("e", lambda: returned)
    reply = served.post("/events/e")
    assert reply.problem == {"status": 500, "title": "Internal Server Error"}
    assert len(caplog.records) == 1


@both
def test_an_ack_that_breaks_the_contract_is_a_problem(kind: str) -> None:
    served = Served(kind, of(message("e", NO_ARGS, INTEGER))).on("e", lambda: "x")
    assert served.post("/events/e").problem == {"status": 500, "title": "Internal Server Error"}


# Errors --------------------------------------------------------------------------------------------


def raising(error: Exception) -> Any:
    def handler() -> None:
        raise error

    return handler


@both
@pytest.mark.parametrize(
    ("error", "status", "detail"),
    [
        (EventException(409, "taken"), 409, "taken"),
        (EventException(503), 503, None),
        (SecurityException(), 401, "not authenticated"),
        (SecurityException(403), 403, "not allowed"),
        (LookupError("internals"), 500, None),
    ],
)
def test_an_exception_is_a_problem_with_its_status(
    kind: str, error: Exception, status: int, detail: str | None
) -> None:
    reply = Served(kind, of(message("e", NO_ARGS))).on("e", raising(error)).post("/events/e")
    assert (reply.status, reply.problem.get("detail")) == (status, detail)


@both
def test_what_an_exception_handler_says_has_the_status_of_the_exception(kind: str) -> None:
    served = Served(kind, of(message("e", STRING), message("odd", NO_ARGS)))
    served.on("e", echo).on("odd", raising(LookupError()))
    said: list[Any] = [{"wrong": 1}, ("a", "b"), None]
    served.asio.exception_handler(Exception)(lambda error: said.pop(0))
    for answer in ({"wrong": 1}, ["a", "b"]):
        reply = served.post("/events/e", 1)
        assert (reply.status, reply.json, reply.headers["Content-Type"]) == (400, answer, "application/json")
    assert served.post("/events/e", 1).problem["pointer"] == ""
    said += [object(), {"found": "not"}, {"odd": True}]
    assert served.post("/events/e", 1).problem["status"] == 400  # of the first error
    assert (served.post("/events/nope", 1).json) == {"found": "not"}
    assert served.post("/events/odd").status == 500


def test_while_testing_only_faults_of_the_server_are_raised() -> None:
    served = Served("flask", of(message("e", STRING), message("odd", NO_ARGS)))
    served.on("e", echo).on("odd", raising(LookupError("mine")))
    served.app.testing = True
    assert served.post("/events/e", 1).problem["detail"] == "must be string"
    assert served.post("/events/nope", 1).status == 404
    with pytest.raises(LookupError, match="mine"):
        served.post("/events/odd")


@both
def test_a_failure_is_logged_without_the_payload(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    doubling(kind).post("/events/double", "MARKER")
    doubling(kind).request("POST", "/events/double", b"{MARKER", JSON)
    assert [record.name for record in caplog.records] == ["asynction"] * 2
    assert "MARKER" not in caplog.text


# Requests ------------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 200),
        ("Application/JSON; charset=UTF-8", 200),
        ('application/json; charset="utf8"; x=y', 200),
        ("application/vnd.mine+json", 200),
        ("application/json; charset=latin-1", 415),
        ("text/plain", 415),
        ("text/json", 415),
        ("application/x-www-form-urlencoded", 415),
        ("", 415),
        (None, 415),
    ],
)
def test_a_body_is_json(kind: str, content_type: str | None, status: int) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    assert doubling(kind).request("POST", "/events/double", b"1", headers).status == status


@both
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 204),
        ({"Content-Type": "text/plain"}, 415),
        ({"Origin": "https://front.example"}, 415),
        ({"Origin": "https://front.example", **JSON}, 204),
        ({"Origin": "https://elsewhere.example", **JSON}, 403),
    ],
)
def test_a_page_cannot_send_an_event_unasked(kind: str, headers: dict[str, str], status: int) -> None:
    """Where there is no body, a browser would send the user's cookies without asking the server first."""
    spec = of(message("e", NO_ARGS))
    served = Served(kind, spec, cors_allowed_origins="https://front.example").on("e", lambda: None)
    assert served.request("POST", "/events/e", None, headers).status == status


@both
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "TRACE", "QUERY", "post"])
def test_other_methods_are_refused(kind: str, method: str) -> None:
    if method == "post" and kind == "asgi":
        method = "Post"  # the client writes it in capitals
    reply = doubling(kind).request(method, "/events/double")
    if method.upper() == "POST":  # servers and clients see to it
        return
    assert reply.status == 405
    assert reply.headers["Allow"] == "OPTIONS, POST"
    assert bool(reply.body) == (method != "HEAD")


@both
def test_options_tell_the_methods(kind: str) -> None:
    reply = doubling(kind).request("OPTIONS", "/events/double", None, {"Origin": "https://elsewhere.example"})
    assert (reply.status, reply.headers["Allow"], reply.body) == (204, "OPTIONS, POST", b"")
    assert "Access-Control-Allow-Origin" not in reply.headers
    assert doubling(kind).request("OPTIONS", "/events/nope").status == 404


@both
def test_a_large_body_is_refused(kind: str) -> None:
    served = Served(kind, of(message("e", STRING))).on("e", lambda text: None)
    assert served.post("/events/e", "x" * (2**20 - 2)).status == 204
    reply = served.post("/events/e", "x" * (2**20 - 1))
    assert (reply.status, reply.problem["detail"]) == (413, "the body has more than 1048576 bytes")


@both
def test_the_bound_can_be_chosen(kind: str) -> None:
    served = doubling(kind, http=HttpOptions(max_body_size=3))
    assert served.post("/events/double", 100).status == 200
    assert served.post("/events/double", 1000).status == 413


# Handlers ------------------------------------------------------------------------------------------


def asks(sid: SocketID) -> None: ...


def optional(sid: SocketID | None) -> str:
    return repr(sid)


def defaulted(sid: SocketID = None) -> str:  # type: ignore[assignment]  # as some write it
    return repr(sid)


def by_context(context: Context) -> str:
    return repr(context.sid)


def needing(sid: SocketID) -> str:
    return sid


def going_without(sid: Optional[SocketID]) -> str:  # noqa: UP045 - as some write it
    return repr(sid)


def depending(sid: str = Depends(needing)) -> None: ...


def depending_deep(text: str = Depends(lambda inner=Depends(needing): inner)) -> None: ...


def depending_without(sid: str = Depends(going_without)) -> str:
    return sid


@both
@pytest.mark.parametrize("handler", [asks, depending, depending_deep])
def test_a_handler_that_needs_a_sid_is_refused(
    kind: str, handler: Any, caplog: pytest.LogCaptureFixture
) -> None:
    spec = of(message("e", NO_ARGS, handler=f"{__name__}.{handler.__name__}"))
    served = Served(kind, spec)
    expected = "the event `e` of `/` cannot be sent by HTTP: its handler takes a `sid`"
    assert expected in caplog.text
    assert served.post("/events/e").status == 404
    assert served.request("OPTIONS", "/events/e").status == 404
    assert served.request("GET", "/docs/openapi.json").json["paths"] == {}
    assert caplog.text.count(expected) == 1


@both
@pytest.mark.parametrize("handler", [optional, defaulted, by_context, depending_without])
def test_a_handler_that_can_do_without_a_sid_gets_none(kind: str, handler: Any) -> None:
    assert Served(kind, of(message("e", NO_ARGS))).on("e", handler).post("/events/e").json == "None"


@pytest.mark.parametrize(
    ("handler", "status"),
    [
        (lambda sid, text: None, 404),
        (lambda *args: None, 204),
        (lambda text: None, 204),
    ],
)
def test_the_sid_that_python_socketio_gives_first_is_a_need(handler: Any, status: int) -> None:
    assert Served("asgi", of(message("e", STRING))).on("e", handler).post("/events/e", "x").status == status


def test_the_sid_that_python_socketio_gives_first_may_be_optional() -> None:
    def handler(sid: str | None, text: str) -> str:
        return f"{sid} {text}"

    assert Served("asgi", of(message("e", STRING))).on("e", handler).post("/events/e", "x").json == "None x"


def test_a_wildcard_handler_that_needs_a_sid_is_refused() -> None:
    served = Served("asgi", of(message("e", STRING)), strict=False).on("*", lambda *args: None)
    assert served.post("/events/e", "x").status == 404


@both
def test_a_dependency_of_a_router_may_need_a_sid(kind: str) -> None:
    router = Router(dependencies=[Depends(needing)])
    router.on("e")(lambda: None)
    served = Served(kind, of(message("e", NO_ARGS)), routers=[router])
    assert served.post("/events/e").status == 404


@both
@pytest.mark.parametrize(
    "fields", [{"payload": BINARY}, {"ack": BINARY}, {"payload": {"properties": {"a": BINARY}}}]
)
def test_an_event_with_binary_data_is_refused(
    kind: str, fields: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    Served(kind, of(message("e", handler="echo", **fields)))
    assert (
        "the event `e` of `/` cannot be sent by HTTP: it has binary data, which JSON does not have"
        in caplog.text
    )


@both
@pytest.mark.parametrize("name", [".", ".."])
def test_an_event_that_no_url_can_name_is_refused(
    kind: str, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    Served(kind, of(message(name, handler="echo")))
    assert f"the event `{name}` of `/` cannot be sent by HTTP: its name cannot be" in caplog.text


@both
def test_an_event_whose_url_is_another_ones_is_refused(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    own = message("a/b", STRING, STRING, handler="echo")
    other = message("b", STRING, STRING, handler="echo")
    Served(kind, document({"/": channel([own]), "/a": channel([other])}))
    assert "the event `a/b` of `/` cannot be sent by HTTP: its URL is that of `b` of `/a`" in caplog.text
    assert "the event `b`" not in caplog.text


@both
def test_a_handler_sees_the_request(kind: str) -> None:
    def handler(environ: Environ, context: Context) -> Any:
        assert context.environ is environ
        return [environ["REQUEST_METHOD"], environ["QUERY_STRING"], environ["HTTP_X_MINE"], context.auth]

    served = Served(kind, of(message("e", NO_ARGS))).on("e", handler)
    assert served.post("/events/e?a=b", **{"X-Mine": "m"}).json == ["POST", "a=b", "m", None]


@both
def test_a_generator_is_closed_after_the_ack(kind: str) -> None:
    steps: list[str] = []

    def resource() -> Iterator[str]:
        steps.append("open")
        try:
            yield "r"
        finally:
            steps.append("closed")

    def handler(text: str = Depends(resource)) -> str:
        steps.append("handled")
        return text

    assert Served(kind, of(message("e", NO_ARGS))).on("e", handler).post("/events/e").json == "r"
    assert steps == ["open", "handled", "closed"]


@both
def test_middleware_is_the_same(kind: str) -> None:
    served = doubling(kind)

    def around(context: Context, call_next: Any) -> Any:
        return call_next(context.replace(args=(cast("int", context.args[0]) + 1,)))

    async def around_async(context: Context, call_next: Any) -> Any:
        return await call_next(context.replace(args=(cast("int", context.args[0]) + 1,)))

    served.asio.add_middleware(around if kind == "flask" else around_async)
    assert served.post("/events/double", 20).json == 42


def test_a_flask_handler_may_use_the_request_but_has_no_sid() -> None:
    served = Served(
        "flask", of(message("e", NO_ARGS), message("to sender", NO_ARGS), sends=[message("told")])
    )
    served.on("e", lambda: [flask.request.path, flask.request.namespace])  # type: ignore[attr-defined]
    served.on("to sender", lambda: served.asio.emit("told", to=flask.request.sid))  # type: ignore[attr-defined]
    assert served.post("/events/e").json == ["/events/e", "/"]
    assert served.post("/events/to%20sender").status == 500  # not: told to everybody


def test_a_class_that_routes_its_events_itself_needs_a_sid() -> None:
    import flask_socketio
    import socketio

    class Mine(flask_socketio.Namespace):  # type: ignore[misc]  # the library has no types
        def trigger_event(self, event: str, *args: object) -> object:
            return event

    class MineAsync(socketio.AsyncNamespace):  # type: ignore[misc]  # the library has no types
        async def trigger_event(self, event: str, *args: object) -> object:
            return event

    served = Served("flask", of(message("e", STRING)))
    served.asio.on_namespace(Mine("/"))
    assert served.post("/events/e", "x").status == 404
    served = Served("asgi", of(message("e", STRING)))
    served.asio.register_namespace(MineAsync("/"))
    assert served.post("/events/e", "x").status == 404


@both
@pytest.mark.parametrize("by", ["sid", "user"])
def test_a_rate_limit_counts_requests_by_address(kind: str, by: str) -> None:
    served = doubling(kind)
    served.asio.add_middleware(RateLimitMiddleware(1, 60, by=by))

    def send(address: str) -> int:
        return served.request("POST", "/events/double", b"21", JSON, address).status

    first, second = "192.0.2.1", "192.0.2.2"
    assert [send(address) for address in (first, first, second, second)] == [200, 429, 200, 429]


# Security ------------------------------------------------------------------------------------------

SCHEMES = {
    "key": {"type": "httpApiKey", "in": "query", "name": "k", "x-apiKeyInfoFunc": f"{__name__}.key"},
    "basic": {"type": "http", "scheme": "basic", "x-basicInfoFunc": f"{__name__}.basic"},
    "token": {
        "type": "oauth2",
        "x-tokenInfoFunc": f"{__name__}.token",
        "flows": {"implicit": {"authorizationUrl": "https://a.example", "scopes": {"read": "", "write": ""}}},
    },
}


def key(text: str, scopes: list[str]) -> Any:
    return {"uid": text} if text == "right" else None


def basic(user: str, password: str, scopes: list[str]) -> Any:
    return {"uid": user}


def token(text: str) -> Any:
    return {"uid": "t", "scopes": text.split(",")}


def who(context: Context) -> Any:
    return context.user


def secured(kind: str, event: Any = (), **fields: Any) -> Served:
    publish = {"message": message("who", NO_ARGS), "security": list(event)}
    spec = document(
        {"/": {"publish": publish, **fields}},
        servers={"main": {"url": "h", "protocol": "ws", "security": [{"key": []}]}},
        components={"securitySchemes": SCHEMES},
    )
    return Served(kind, spec).on("who", who)


@both
def test_credentials_are_looked_at_on_each_request(kind: str) -> None:
    served = secured(kind)
    assert served.post("/events/who?k=right").json == "right"
    for path in ("/events/who", "/events/who?k=wrong"):
        reply = served.post(path)
        assert (reply.status, reply.problem["detail"]) == (401, "not authenticated")
        assert reply.headers["WWW-Authenticate"] == 'ApiKey realm="events", in="query", name="k"'


@both
@pytest.mark.parametrize(
    ("query", "headers", "status"),
    [
        ("?k=right", {"Authorization": "Bearer write"}, 200),
        ("?k=right", {"Authorization": "Bearer read"}, 403),
        ("?k=right", {}, 401),
        ("", {"Authorization": "Bearer write"}, 401),
    ],
)
def test_an_event_may_demand_more_than_its_namespace(
    kind: str, query: str, headers: dict[str, str], status: int
) -> None:
    served = secured(kind, [{"token": ["write"]}])
    reply = served.post(f"/events/who{query}", **headers)
    assert reply.status == status
    challenges = [value.split()[0] for value in reply.headers.get_list("WWW-Authenticate")]
    assert challenges == (["ApiKey", "Bearer"] if status == 401 else [])


@both
def test_an_event_whose_security_is_optional_takes_anybody(kind: str) -> None:
    assert secured(kind, [{"token": []}, {}], **{"x-security": []}).post("/events/who").status == 204


@both
def test_who_is_not_let_in_is_told_so_before_the_body_is_looked_at(kind: str) -> None:
    assert secured(kind).request("POST", "/events/who", b"{", {"Content-Type": "text/plain"}).status == 401


@both
def test_bindings_of_a_connection_are_not_applied(kind: str) -> None:
    query = {"type": "object", "required": ["room"], "properties": {"room": INTEGER}}
    bindings = {"ws": {"query": query}}
    served = Served(kind, of(message("e", NO_ARGS), bindings=bindings, x_auth=INTEGER)).on("e", lambda: None)
    assert served.post("/events/e").status == 204


@both
@pytest.mark.parametrize(("required", "warned"), [([], True), ([{"key": []}], False)])
def test_a_connect_handler_that_alone_keeps_people_out_is_warned_of(
    kind: str, required: Any, warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    fields = {"x-security": required, "x-handlers": {"connect": f"{__name__}.refuses"}}
    spec = document(
        {"/": {**channel([message("e", handler="echo")]), **fields}}, components={"securitySchemes": SCHEMES}
    )
    Served(kind, spec)
    assert ("the connect handler of `/` does not run for HTTP requests" in caplog.text) == warned


def refuses() -> bool:
    return False


def test_a_server_that_is_not_attached_yet_serves_nobody() -> None:
    asio = AsynctionSocketIO.from_spec(of(message("e")), http=True)
    assert not asio.server


@both
def test_the_page_data_and_the_docs_know_of_it(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    page = doubling(kind).request("GET", "/docs/")
    assert b'"http":true' in page.body.replace(b" ", b"")
    without = doubling(kind, http=False)
    assert b'"http":false' in without.request("GET", "/docs/").body.replace(b" ", b"")
    assert without.request("GET", "/docs/openapi.json").status == 404
    assert doubling(kind, docs=False).request("GET", "/docs/openapi.json").status == 404
    with caplog.at_level(logging.INFO):
        assert (
            doubling(kind).request("GET", "/docs/openapi.json").headers["Content-Type"] == "application/json"
        )


# ASGI ----------------------------------------------------------------------------------------------


def test_what_is_cancelled_closes_its_dependencies() -> None:
    ended: list[BaseException] = []

    def resource() -> Iterator[str]:
        try:
            yield "r"
        except GeneratorExit as error:
            ended.append(error)
            raise

    served = Served("asgi", of(message("e", NO_ARGS)))

    async def main() -> None:
        started = asyncio.Event()

        async def handler(text: str = Depends(resource)) -> None:
            started.set()
            await asyncio.Event().wait()

        served.on("e", handler)
        task = asyncio.ensure_future(served.asked("POST", "/events/e"))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(main())
    assert len(ended) == 1


@both
@pytest.mark.parametrize("method", ["POST", "PUT", "OPTIONS"])
def test_a_stranger_does_not_learn_which_events_a_namespace_has(kind: str, method: str) -> None:
    spec = document(
        {"/secret": channel([message("peek", NO_ARGS)], x_security=[{"key": []}])},
        components={"securitySchemes": {"key": {"type": "httpApiKey", "in": "header", "name": "X-Key"}}},
    )
    functions = {"key": lambda value, *_: {"sub": value} if value == "ada" else None}
    served = Served(kind, spec, security_functions=functions).on("peek", lambda: None, "/secret")
    known, unknown = (served.request(method, f"/events/secret/{name}") for name in ("peek", "nope"))
    assert known.status == unknown.status == (204 if method == "OPTIONS" else 401)
    assert known.body == unknown.body
    assert known.headers == unknown.headers
    if method != "OPTIONS":
        ada = {"X-Key": "ada"}
        assert served.request("POST", "/events/secret/peek", None, ada).status == 204
        assert served.request("POST", "/events/secret/nope", None, ada).status == 404
        assert served.request("PUT", "/events/secret/peek", None, ada).status == 405
