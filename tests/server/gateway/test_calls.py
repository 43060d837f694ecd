"""Calls by name, on both servers and both ways in: what runs, what is answered, and how often."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import product
from threading import Event, Lock
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from asynction import EventException
from asynction.inject import Depends
from asynction.runtime import Context
from tests.server.gateway.support import KINDS, Results, Served, asked, call, serving_gateway
from tests.server.support import INTEGER, STRING, channel, document, message, pair
from tests.serving import DEADLINE

USER = {"type": "object", "required": ["id"], "properties": {"id": INTEGER}, "additionalProperties": False}

SPEC = document(
    {
        "/": channel(
            [
                message("user.get", USER, {"type": "object"}),
                message("echo"),
                message("slow", INTEGER, INTEGER),
                message("pair", pair(INTEGER, STRING)),
                message("nothing", {"type": "array", "items": [{}], "maxItems": 0}),
                message("wrong ack", INTEGER, INTEGER),
                message("refuse"),
                message("fail"),
                message("bytes"),
                message("unhandled"),
            ]
        ),
        "/rooms/{id}": channel([message("enter", STRING)], parameters={"id": {"schema": INTEGER}}),
        "/users": channel([message("sid"), message("any")]),
    }
)


class Handlers:
    """Handlers of all events, that count their runs."""

    def __init__(self) -> None:
        self.runs: list[str] = []
        self.started = Event()
        self.release = Event()
        self._lock = Lock()

    def counted(self, name: str) -> None:
        with self._lock:
            self.runs.append(name)

    def register(self, asio: Any) -> None:
        def slow(data: int) -> int:
            self.counted("slow")
            self.started.set()
            assert self.release.wait(DEADLINE)
            return data * 2

        def refuse(data: object) -> None:
            raise EventException(409, "not now")

        def fail(data: object) -> None:
            raise RuntimeError("secret")

        def get(data: Any) -> Any:
            self.counted("user.get")
            return {"name": "Ada", **data}

        handlers: dict[str, Callable[..., Any]] = {
            "user.get": get,
            "echo": lambda data: data,
            "slow": slow,
            "pair": lambda first, second: (second, first),
            "nothing": lambda: None,
            "wrong ack": lambda data: "no number",
            "refuse": refuse,
            "fail": fail,
            "bytes": lambda data: {"data": b"bytes"},
        }
        for name, handler in handlers.items():
            asio.on(name)(handler)


@pytest.fixture
def handlers() -> Handlers:
    return Handlers()


OPTIONS: dict[str, Any] = {"server_options": {"strict": False}}


@contextmanager
def served(kind: str, handlers: Handlers, **options: Any) -> Iterator[Served]:
    with serving_gateway(kind, SPEC, handlers.register, **{**OPTIONS, **options}) as found:
        yield found


kinds = pytest.mark.parametrize("kind", KINDS)


@kinds
def test_an_answer_is_the_request_with_the_result_as_its_data(kind: str, handlers: Handlers) -> None:
    with served(kind, handlers) as gateway, gateway.client() as client:
        request = call("user.get", {"id": 1}, callback_func="shown", more=["kept"])
        client.sio.emit("api", request)
        assert client.next_event() == ("apiResponse", ({**request, "data": {"name": "Ada", "id": 1}},))


@kinds
def test_results_errors_and_what_is_no_call_are_all_answered(kind: str, handlers: Handlers) -> None:
    table: list[tuple[object, object, object]] = [
        ("user.get", {"id": 1}, {"name": "Ada", "id": 1}),
        ("echo", None, None),
        ("echo", [1, "x"], [1, "x"]),
        ("pair", [1, "x"], ["x", 1]),
        ("nothing", {}, None),
        ("nothing", None, None),
        ("pair", [1], 400),
        ("pair", 7, 400),
        ("nothing", 7, 400),
        ("user.get", {"id": "1"}, 400),
        ("user.get", None, 400),
        ("wrong ack", 1, 500),
        ("refuse", 1, 409),
        ("fail", 1, 500),
        ("bytes", 1, 500),
        ("unhandled", 1, 404),
        ("nobody knows", 1, 404),
        ("api", 1, 404),
        (7, 1, 400),
    ]
    with served(kind, handlers) as gateway, gateway.client() as client:
        for api, data, wanted in table:
            got = asked(client, api, data)["data"]
            if isinstance(wanted, int):
                assert got["error"]["status"] == wanted, (api, data, got)
                assert "secret" not in json.dumps(got)
            else:
                assert got == wanted, (api, data)


NO_CALLS: list[tuple[dict[str, Any], int]] = [
    ({"callback_type": "carrier pigeon"}, 400),
    ({"callback_type": 7}, 400),
    ({"callback_url": 7}, 400),
    ({"callback_func": 7}, 400),
    ({"request_id": 7}, 400),
    ({"request_id": "x" * 201}, 400),
    ({"server_id": 7}, 400),
    ({"server_id": "of another"}, 409),
    ({"client_key": 7}, 400),
    ({"client_key": "easy to guess"}, 400),
    ({"client_key": "x" * 201}, 400),
    ({"callback_type": "http"}, 400),
    ({"callback_type": "http", "callback_url": "http://localhost:1/"}, 403),
]


@kinds
def test_what_cannot_be_run_is_answered_and_not_run(kind: str, handlers: Handlers) -> None:
    with served(kind, handlers) as gateway, gateway.client() as client:
        for fields, status in NO_CALLS:
            answer = asked(client, "user.get", {"id": 1}, **fields)
            assert answer["data"]["error"]["status"] == status, fields
        no_calls: list[tuple[Any, ...]] = [(), (7,), ({}, {}), ([],)]
        for no_call in no_calls:
            client.sio.emit("api", no_call)
            event, (answer,) = client.next_event()
            assert (event, answer["data"]["error"]["status"]) == ("apiResponse", 400)
    assert handlers.runs == []


@kinds
def test_a_client_that_asks_for_an_ack_gets_a_receipt(kind: str, handlers: Handlers) -> None:
    with served(kind, handlers) as gateway, gateway.client() as client:
        (hello,) = client.call("apiHello")
        (receipt,) = client.call("api", call("echo", 1, request_id="a"))
        assert receipt == {
            "success": True,
            "message": "the call is accepted",
            "request_id": "a",
            "server_id": hello["server_id"],
        }
        (receipt,) = client.call("api", call("nobody knows"))
        assert receipt["success"] is False
        assert receipt["error"]["status"] == 404


@kinds
def test_a_repeated_request_is_run_once_and_answered_as_often(kind: str, handlers: Handlers) -> None:
    with served(kind, handlers) as gateway:
        request: dict[str, Any] = {"request_id": "same", "server_id": None, "client_key": "k" * 22}
        answers = [gateway.ask("user.get", {"id": 1}, **request) for _ in range(3)]
        assert answers == [{"name": "Ada", "id": 1}] * 3
        other = gateway.ask("user.get", {"id": 2}, **request)
        assert other["error"]["status"] == 409
    assert handlers.runs == ["user.get"]


@kinds
def test_requests_that_come_together_share_one_run(kind: str, handlers: Handlers) -> None:
    with served(kind, handlers) as gateway, gateway.client() as ada, gateway.client() as bob:
        request = call("slow", 21, client_key="k" * 22)
        ada.sio.emit("api", request)
        assert handlers.started.wait(DEADLINE)
        for client in (ada, bob):  # receipts say that they have come in
            assert client.call("api", request)[0]["success"] is True
        handlers.release.set()
        for client in (ada, bob):
            assert client.next_event()[1][0]["data"] == 42
            assert asked(client, "echo", "next")["data"] == "next"  # nothing came twice
    assert handlers.runs == ["slow"]


@kinds
def test_without_a_request_id_every_call_is_one_of_its_own(kind: str, handlers: Handlers) -> None:
    with served(kind, handlers) as gateway:
        for id in (None, ""):
            for _ in range(2):
                assert gateway.ask("user.get", {"id": 1}, request_id=id) == {"name": "Ada", "id": 1}
    assert handlers.runs == ["user.get"] * 4


@kinds
def test_other_namespaces_patterns_and_wildcards_are_called_as_well(kind: str) -> None:
    def register(asio: Any) -> None:
        def enter(data: str, context: Context) -> str:
            return f"{data} to {context.parameters['id']}"

        def other(*args: Any) -> Any:
            return {"event": args[0], "data": args[-1]}

        for namespace, event, handler in (("/rooms/{id}", "enter", enter), ("/users", "*", other)):
            asio.on(event, namespace=namespace)(handler)

    apis = {"enter": ("/rooms/7", "enter"), "any": ("users", "any"), "echo": "echo"}
    with serving_gateway(kind, SPEC, register, apis=apis, **OPTIONS) as gateway:
        assert gateway.ask("enter", "welcome") == "welcome to 7"
        assert gateway.ask("any", 3) == {"event": "any", "data": 3}
        assert gateway.ask("user.get", {"id": 1})["error"]["status"] == 404


@kinds
def test_middleware_and_dependencies_are_the_named_events(kind: str) -> None:
    log: list[str] = []

    def register(asio: Any) -> None:
        def around(context: Any, call_next: Any) -> Any:
            log.append(context.event)
            return call_next(context)

        async def around_later(context: Any, call_next: Any) -> Any:
            log.append(context.event)
            return await call_next(context)

        def session() -> Iterator[str]:
            try:
                yield "session"
            except EventException:
                log.append("rolled back")
                raise
            else:
                log.append("committed")

        def echo(data: Any, session: str = Depends(session)) -> str:
            if data == "refuse":
                raise EventException(409)
            return session

        asio.on("echo")(echo)
        asio.add_middleware(around if kind == "flask" else around_later)

    with (
        Results() as results,
        serving_gateway(kind, SPEC, register, allowed_origins=[results.origin], **OPTIONS) as gateway,
    ):
        assert gateway.ask("echo", 1) == "session"
        assert gateway.ask("echo", "refuse")["error"]["status"] == 409
        posted(gateway, results, "echo", 1)
        assert results.next()["data"] == "session"
    assert log == ["echo", "committed", "echo", "rolled back", "echo", "committed"]


# By HTTP -------------------------------------------------------------------------------------------


def post(gateway: Served, body: Any, **headers: str) -> requests.Response:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {"Content-Type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}}
    return requests.post(f"{gateway.url}/api/call", raw, headers=sent, timeout=DEADLINE)


def posted(gateway: Served, results: Results, api: str, data: object, **fields: Any) -> dict[str, Any]:
    """POST a call; returns the answer."""
    response = post(gateway, call(api, data, callback_type="http", callback_url=results.url, **fields))
    assert response.status_code == requests.codes.ok, response.text
    found = response.json()
    assert isinstance(found, dict)
    return found


@kinds
def test_a_call_by_http_is_answered_at_once_and_its_result_sent(kind: str, handlers: Handlers) -> None:
    with Results() as results, served(kind, handlers, allowed_origins=[results.origin]) as gateway:
        answer = posted(gateway, results, "slow", 21, request_id="a")
        assert (answer["success"], answer["request_id"]) == (True, "a")
        handlers.release.set()
        result = results.next()
        assert (result["path"], result["data"], result["request_id"]) == ("/callback", 42, "a")
        assert result["callback_func"] == "slow"
        posted(gateway, results, "user.get", {"id": "x"})
        assert results.next()["data"]["error"]["pointer"] == "/0/id"


@kinds
def test_a_call_by_both_ways_is_run_once_and_told_to_both(kind: str, handlers: Handlers) -> None:
    with Results() as results, served(kind, handlers, allowed_origins=[results.origin]) as gateway:
        request = call("slow", 21, client_key="k" * 22)
        with gateway.client() as client:
            client.sio.emit("api", request)
            assert handlers.started.wait(DEADLINE)
            post(gateway, {**request, "callback_type": "http", "callback_url": results.url})
            client.sio.emit("api", {**request, "callback_type": "http", "callback_url": results.url})
            assert client.call("api", request)[0]["success"] is True
            handlers.release.set()
            assert client.next_event()[1][0]["data"] == 42
        assert results.next()["data"] == 42
        posted(gateway, results, "slow", 21, request_id=request["request_id"], client_key="k" * 22)
        assert results.next()["data"] == 42
    assert handlers.runs == ["slow"]


@kinds
def test_a_result_is_sent_again_until_it_is_taken(kind: str, handlers: Handlers) -> None:
    with (
        Results(503, 500) as results,
        served(kind, handlers, allowed_origins=[results.origin], delay=0.001, delay_max=0.001) as gateway,
    ):
        posted(gateway, results, "echo", 1)
        assert [results.next()["data"] for _ in range(3)] == [1, 1, 1]
    assert results.queue.empty()


@kinds
@pytest.mark.parametrize("status", [302, 307, 404])
def test_no_redirect_is_followed(
    kind: str, handlers: Handlers, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    with Results(status) as results, served(kind, handlers, allowed_origins=[results.origin]) as gateway:
        posted(gateway, results, "echo", 1)
        assert results.next()["path"] == "/callback"
    assert results.queue.empty()
    assert f"was not delivered to localhost: status {status}" in caplog.text


@kinds
def test_what_is_no_call_is_refused(kind: str, handlers: Handlers) -> None:
    table: list[tuple[Any, dict[str, str], int]] = [
        (b"{", {}, 400),
        (b"\xff", {}, 400),
        (b"[" * 100_000, {}, 400),
        (b"7", {}, 400),
        (b"", {}, 400),
        (b"{}", {"Content_Type": "text/plain"}, 415),
        (b"{}", {"Content_Type": "application/x-www-form-urlencoded"}, 415),
        (b" " * 2_000_000, {}, 413),
        (call("nobody knows"), {}, 400),
    ]
    table += [
        (call("echo", **fields), {}, status) for fields, status in NO_CALLS if "http" not in str(fields)
    ]
    with served(kind, handlers) as gateway:
        for body, headers, status in table:
            response = post(gateway, body, **headers)
            found = response.json()
            assert response.status_code == status, body[:100]
            assert (found["success"], found["error"]["status"]) == (False, status)
    assert handlers.runs == []


METHODS = [
    ("GET", 405, "application/json"),
    ("HEAD", 405, "application/json"),
    ("PUT", 405, "application/json"),
    ("DELETE", 405, "application/json"),
    ("OPTIONS", 204, None),
]


@kinds
def test_a_method_that_is_not_post_is_told_which_are_allowed(kind: str, handlers: Handlers) -> None:
    with served(kind, handlers) as gateway:
        for method, status, content_type in METHODS:
            response = requests.request(method, f"{gateway.url}/api/call", timeout=DEADLINE)
            found = response.status_code, response.headers["Allow"], response.headers.get("Content-Type")
            assert found == (status, "OPTIONS, POST", content_type), method
            assert bool(response.content) == (method not in ("HEAD", "OPTIONS")), method


@kinds
def test_a_body_that_ends_early_is_not_a_call(kind: str, handlers: Handlers) -> None:
    with served(kind, handlers) as gateway, socket.create_connection(address(gateway.url)) as wire:
        wire.sendall(
            b"POST /api/call HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\nno chunk\r\n\r\n"
        )
        assert b" 400 " in wire.makefile("rb").readline()
    assert handlers.runs == []


def address(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    return parts.hostname, parts.port


NOT_JSON = {
    "NaN": "NaN",
    "NaN in a list": '[1,{"a":NaN}]',
    "infinity": "-Infinity",
    "a number beyond a double": '{"a":1e999}',
    "an integer of 5000 digits": "9" * 5000,
    "a lone surrogate": r'{"a":"\ud800"}',
    "a lone surrogate in a key": r'[{"\udfff":1}]',
    "lists of 400 levels": "[" * 400 + "]" * 400,
    "objects of 400 levels": '{"a":' * 400 + "1" + "}" * 400,
    "100 000 levels": "[" * 100_000 + "]" * 100_000,
}


@kinds
def test_data_that_is_not_json_is_refused_at_once(kind: str) -> None:
    ran: list[object] = []

    def register(asio: Any) -> None:
        @asio.on("echo")  # type: ignore[untyped-decorator]
        def echo(data: object) -> None:  # no schema describes it
            ran.append(data)

    with (
        Results() as results,
        serving_gateway(kind, SPEC, register, allowed_origins=[results.origin], **OPTIONS) as gateway,
    ):
        for (name, text), key in product(NOT_JSON.items(), ("data", "request_id", "callback_func", "note")):
            body = f'{{"api":"echo","callback_url":"{results.url}","{key}":{text}}}'
            response = post(gateway, body.encode())
            assert (response.status_code, response.json()["success"]) == (400, False), (name, key)
            assert response.json()["error"]["status"] == 400, (name, key)
        posted(gateway, results, "echo", 1)
        assert results.next()["data"] is None
    assert ran == [1]
    assert results.queue.empty()


@kinds
def test_what_could_not_be_sent_back_is_refused_at_once(kind: str, handlers: Handlers) -> None:
    with (
        Results() as results,
        served(kind, handlers, allowed_origins=[results.origin]) as gateway,
        gateway.client() as client,
    ):
        for callback in ({}, {"callback_type": "http", "callback_url": results.url}):
            request = call("user.get", {"id": 1}, note=[b"bytes"], **callback)
            (receipt,) = client.call("api", request)
            assert receipt["error"]["status"] == 400
            assert receipt["error"]["pointer"] == "/0/note/0"
            assert client.next_event()[1][0]["data"] == {"error": receipt["error"]}
    assert handlers.runs == []
    assert results.queue.empty()


@kinds
def test_too_many_calls_by_http_are_refused(kind: str, handlers: Handlers) -> None:
    with (
        Results() as results,
        served(kind, handlers, allowed_origins=[results.origin], max_pending=1) as gateway,
    ):
        posted(gateway, results, "slow", 1)
        request = call("slow", 2, callback_url=results.url)
        assert post(gateway, request).status_code == 503
        handlers.release.set()
        assert results.next()["data"] == 2


@kinds
def test_too_many_calls_at_all_are_refused(kind: str, handlers: Handlers) -> None:
    with served(kind, handlers, window_size=1) as gateway, gateway.client() as client:
        client.sio.emit("api", call("slow", 1))
        assert handlers.started.wait(DEADLINE)
        assert asked(client, "echo", 1)["data"]["error"]["status"] == 503
        handlers.release.set()
        assert client.next_event()[1][0]["data"] == 2


# Who may -------------------------------------------------------------------------------------------


CHALLENGE = 'ApiKey realm="events", in="header", name="X-Key"'


def secured(root: bool) -> dict[str, Any]:
    """A document whose namespace `/admin` demands a key, and `/` if told so."""
    demand: list[Any] = [{"key": []}]
    return document(
        {
            "/": channel([message("echo")], x_security=demand if root else []),
            "/admin": channel([message("who")], x_security=demand),
            "/some": channel([{**message("all")}, {**message("mine")}], x_security=[]),
        },
        components={"securitySchemes": {"key": {"type": "httpApiKey", "in": "header", "name": "X-Key"}}},
    )


def key(value: str, *_: object) -> object:
    return {"sub": value} if value in ("ada", "bob") else None


def register_secured(asio: Any, *namespaces: str) -> None:
    def who(data: Any, context: Context) -> Any:
        return context.user

    for namespace, event in (("/", "echo"), ("/admin", "who"), ("/some", "all"), ("/some", "mine")):
        if not namespaces or namespace in namespaces:
            asio.on(event, namespace=namespace)(who)


SECURED: dict[str, Any] = {"server_options": {"security_functions": {"key": key}}}


@kinds
@pytest.mark.parametrize("root", [False, True])
def test_a_call_needs_what_its_namespace_demands(kind: str, root: bool) -> None:
    with (
        Results() as results,
        serving_gateway(
            kind, secured(root), register_secured, allowed_origins=[results.origin], **SECURED
        ) as gateway,
    ):
        with gateway.client(headers={"X-Key": "ada"}) as client:
            assert asked(client, "admin.who")["data"] == "ada"
            assert asked(client, "echo")["data"] == ("ada" if root else None)
            taken = asked(client, "admin.who", request_id="a")
            assert taken["data"] == "ada"
        with gateway.client(headers={"X-Key": "bob"}) as client:  # who may use the same id
            assert asked(client, "admin.who", request_id="a")["data"] == "bob"
        if not root:
            for headers in ({}, {"X-Key": "eve"}):
                with gateway.client(headers=headers) as client:
                    assert asked(client, "admin.who")["data"]["error"]["status"] == 401
                    assert asked(client, "some.all")["data"] is None
        request = {"callback_type": "http", "callback_url": results.url}
        for name, status, challenge in (("ada", 200, None), ("eve", 401, CHALLENGE)):
            response = post(gateway, call("admin.who", **request), X_Key=name)
            assert response.status_code == status
            assert response.headers.get("WWW-Authenticate") == challenge
        assert results.next()["data"] == "ada"
        assert post(gateway, call("echo", **request)).status_code == (401 if root else 200)


@kinds
@pytest.mark.parametrize("body", [b"[not JSON", b'{"api":"echo"}', b'"' + b"x" * 2000 + b'"', b"\xff"])
def test_the_body_of_a_stranger_is_not_read(kind: str, body: bytes) -> None:
    with serving_gateway(kind, secured(True), register_secured, max_body=1000, **SECURED) as gateway:
        refused, known = post(gateway, body), post(gateway, body, X_Key="ada")
        assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, CHALLENGE)
        assert known.status_code in (400, 413)


@kinds
def test_the_call_itself_may_demand_credentials(kind: str) -> None:
    spec = secured(False)
    demanding = {"security": [{"key": []}], "message": message("api")}
    spec["channels"]["/"] = {"publish": demanding, "x-security": []}

    def register(asio: Any) -> None:
        register_secured(asio, "/admin", "/some")

    with (
        serving_gateway(kind, spec, register, **SECURED) as gateway,
        gateway.client(headers={"X-Key": "ada"}) as ada,
        gateway.client() as anonymous,
    ):
        assert asked(ada, "some.all")["data"] == "ada"  # who has connected to `/`
        assert anonymous.call("api", call("some.all"))[0]["error"]["status"] == 403


@kinds
def test_a_client_that_is_not_let_in_yet_calls_nothing(kind: str) -> None:
    with (
        serving_gateway(kind, secured(True), register_secured, **SECURED) as gateway,
        gateway.client(headers={"X-Key": "ada"}) as client,
    ):
        assert asked(client, "echo")["data"] == "ada"
        assert client.call("apiHello")[0].keys() == {"server_id"}
        gateway.server._service.identities.clear()
        assert asked(client, "echo")["data"]["error"]["status"] == 401
        assert client.call("apiHello")[0]["error"]["status"] == 401
