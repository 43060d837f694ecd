"""What the log says of a failure, on both servers: whose fault it is, and where that was made."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import flask
import pytest
from socketio.exceptions import ConnectionRefusedError as SocketIORefusal

from asynction import AsynctionAsyncServer, AsynctionSocketIO
from tests.server.asgi.support import run
from tests.server.support import INTEGER, STRING, channel, client_of, document, message

SPEC = document(
    {
        "/": channel(
            [message("say", STRING, INTEGER)],
            [message("said", STRING), message("ask", STRING, INTEGER)],
        )
    }
)
Handlers = Callable[[Any], dict[str, Callable[..., Any]]]


class Party:
    """A server of one kind with the handler of `say`, and what is logged when a client sends it."""

    def __init__(self, kind: str, **options: Any) -> None:
        self.is_async = kind == "asgi"
        if self.is_async:
            self.asio: Any = AsynctionAsyncServer.from_spec(SPEC, docs=False, **options)
        else:
            self.asio = AsynctionSocketIO.from_spec(
                SPEC, app=flask.Flask("test"), docs=False, async_mode="threading", **options
            )

    def say(self, *args: object) -> list[Any]:
        """Connect, send `say`, and return the ack."""
        if not self.is_async:
            return client_of(self.asio).ask("say", *args)

        async def body() -> list[Any]:
            async with self.asio.test_client() as client:
                found: list[Any] = await client.call("say", *args)
                return found

        return run(body())

    def refused(self, namespace: str) -> None:
        """Connect to a namespace, which is refused."""
        if not self.is_async:
            assert not self.asio.test_client(self.asio.app, namespace=namespace).is_connected(namespace)
            return

        async def body() -> None:
            async with self.asio.test_client(namespace) as client:
                assert not client.is_connected(namespace)

        run(body())


def line_of(marker: str) -> str:
    """Return the place of the line of this file that ends with a comment."""
    lines = inspect.getsource(inspect.getmodule(line_of)).splitlines()  # type: ignore[arg-type]
    (number,) = [n for n, line in enumerate(lines, 1) if line.endswith(f"# {marker}")]
    return f"{__file__}:{number}"


def emits_badly(party: Party) -> Any:
    if party.is_async:

        async def handler(data: str) -> int:
            await party.asio.emit("said", ["MARKER"])  # async emit
            return 1
    else:

        def handler(data: str) -> int:  # type: ignore[misc]
            party.asio.emit("said", ["MARKER"])  # sync emit
            return 1

    return handler


def emits_badly_deeper(party: Party) -> Any:
    if party.is_async:

        async def tell() -> None:
            await party.asio.emit("said", data=7)  # async emit in a function

        async def handler(data: str) -> Any:
            await tell()
    else:

        def tell() -> None:  # type: ignore[misc]
            party.asio.emit("said", 7)  # sync emit in a function

        def handler(data: str) -> Any:  # type: ignore[misc]
            tell()  # type: ignore[unused-coroutine]

    return handler


def emits_what_is_unknown(party: Party) -> Any:
    if party.is_async:

        async def handler(data: str) -> Any:
            await party.asio.emit("sayd", data)  # async emit of nothing
    else:

        def handler(data: str) -> Any:  # type: ignore[misc]
            party.asio.emit("sayd", data)  # sync emit of nothing

    return handler


def answers_badly(party: Party) -> Any:
    def handler(data: str) -> Any:  # answer
        return data

    return handler


def answers_badly_when_bound(party: Party) -> Any:
    def handler(prefix: str, data: str) -> Any:  # partial answer
        return prefix + data

    return partial(handler, "x")


CASES = [
    (emits_badly, "{} emit", "payload of `said` in `/`: /0: must be string"),
    (emits_badly_deeper, "{} emit in a function", "payload of `said` in `/`: /0: must be string"),
    (emits_what_is_unknown, "{} emit of nothing", "the contract sends no event `sayd` in `/`"),
    (answers_badly, "answer", "acknowledgement of `say` in `/`: /0: must be integer"),
    (answers_badly_when_bound, "partial answer", "acknowledgement of `say` in `/`: /0: must be integer"),
]
KINDS = ["flask", "asgi"]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in another folder: a file below the working directory is shown with a relative path."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("make", "marker", "text"), CASES)
def test_a_breach_of_our_own_is_an_error_with_its_place(
    make: Any, marker: str, text: str, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    party = Party(kind)
    party.asio.on("say")(make(party))

    ack = party.say("MARKER")

    assert ack[0]["error"] == {"status": 500, "title": "Internal Server Error"}
    (record,) = caplog.records
    place = line_of(marker.format("async" if party.is_async else "sync"))
    assert (record.levelname, record.exc_info) == ("ERROR", None)
    assert record.getMessage().startswith("500 event 'say' in '/': ")
    assert text in record.getMessage()
    assert record.getMessage().endswith(f", in {__name__}.{make.__qualname__}.<locals>.handler, at {place}")
    assert "MARKER" not in caplog.text


@pytest.mark.parametrize("kind", KINDS)
def test_a_middleware_that_emits_badly_is_not_the_fault_of_the_client(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    party = Party(kind)
    if party.is_async:

        async def before(context: Any, call_next: Any) -> Any:
            await party.asio.emit("said", 7)  # async middleware
            return await call_next(context)
    else:

        def before(context: Any, call_next: Any) -> Any:  # type: ignore[misc]
            party.asio.emit("said", 7)  # sync middleware
            return call_next(context)

    party.asio.add_middleware(before)
    party.asio.on("say")(len)

    assert party.say("a")[0]["error"]["status"] == 500
    (record,) = caplog.records
    assert record.levelname == "ERROR"
    assert record.getMessage().endswith(line_of(f"{'async' if party.is_async else 'sync'} middleware"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_middleware_around_a_bad_answer_is_not_its_place(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    party = Party(kind)
    if party.is_async:

        async def around(context: Any, call_next: Any) -> Any:
            return await call_next(context)
    else:

        def around(context: Any, call_next: Any) -> Any:  # type: ignore[misc]
            return call_next(context)

    party.asio.add_middleware(around)
    party.asio.on("say")(answers_badly(party))

    assert party.say("a")[0]["error"]["status"] == 500
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert caplog.messages[0].endswith(f"handler, at {line_of('answer')}")


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_client_breaks_is_a_warning_without_a_place(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    party = Party(kind)
    party.asio.on("say")(len)

    assert party.say(7)[0]["error"]["status"] == 400
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        (
            "WARNING",
            "400 event 'say' in '/': PayloadValidationException"
            " 'payload of `say` in `/`: /0: must be string'",
        )
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_without_strict_each_thing_is_said_once(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    party = Party(kind, strict=False)

    def twice(data: str) -> int:
        return 2

    for namespace in ("/", "/other"):
        for _ in range(2):
            party.asio.on("more", namespace=namespace)(twice)
    party.asio.on("connect", namespace="/other")(lambda *args: None)

    async def body() -> None:
        for _ in range(3):
            for namespace in ("/", "/other", "/third"):
                sending = party.asio.emit("news", 1, namespace=namespace)
                if party.is_async:
                    await sending

    if party.is_async:
        run(body())
    else:
        with pytest.raises(StopIteration):
            body().send(None)

    assert sorted(caplog.messages) == [
        "the contract has no namespace `/other` (event `connect`); it is served unchecked",
        "the contract has no namespace `/other` (event `more`); it is served unchecked",
        "the contract has no namespace `/other` (event `news`); it is sent unchecked",
        "the contract has no namespace `/third` (event `news`); it is sent unchecked",
        "the contract receives no event `more` in `/`; it is served unchecked",
        "the contract sends no event `news` in `/`; it is sent unchecked",
    ]


def refuses_by_false(*_: Any) -> bool:
    return False


def refuses_by_python(*_: Any) -> None:
    raise ConnectionRefusedError("ticket 7 has expired")


def refuses_by_socketio(*_: Any) -> None:
    raise SocketIORefusal("ticket 7 has expired")


REFUSED = "403 event 'connect' in '/': refused, because "


@pytest.mark.parametrize("kind", ["flask", "asgi"])
@pytest.mark.parametrize(
    ("namespace", "handler", "line"),
    [
        ("/", refuses_by_false, REFUSED + "'the connect handler has returned False'"),
        ("/", refuses_by_python, REFUSED + "'ticket 7 has expired'"),
        ("/", refuses_by_socketio, REFUSED + "'ticket 7 has expired'"),
        (
            "/nope",
            None,
            "404 event 'connect' in '/nope': UnknownEventException 'no namespace `/nope`'",
        ),
    ],
)
def test_a_refused_client_is_one_line_with_the_reason(
    kind: str, namespace: str, handler: Any, line: str, caplog: pytest.LogCaptureFixture
) -> None:
    party = Party(kind)
    party.asio.on("say")(lambda *args: 1)
    if handler is not None:
        party.asio.on("connect")(handler)

    party.refused(namespace)

    assert [(r.levelname, r.getMessage()) for r in caplog.records if r.name == "asynction"] == [
        ("WARNING", line)
    ]
