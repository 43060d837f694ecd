"""The mock on ASGI."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from asynction import AsynctionAsyncServer, MockAsynctionAsyncServer, Router, load
from asynction.runtime import ModuleResolver
from asynction.server._asgi.testing import AsyncTestClient
from asynction.testing import serve_asgi
from tests.mock import documents
from tests.mock.support import NEVER
from tests.mock.test_behaviour import AVRO
from tests.server.asgi.support import ask, eventually, refusal, run, talk
from tests.server.support import INTEGER, STRING, message, of
from tests.serving import connected

MANY = 5


def mock(spec: Any, **options: Any) -> MockAsynctionAsyncServer:
    """Return a mock that sends nothing unless a test sets an interval."""
    options.setdefault("interval", NEVER)
    return MockAsynctionAsyncServer.from_spec(spec, **options)


def test_every_event_is_checked_and_acknowledged() -> None:
    asio = mock(of(message("say", STRING, INTEGER), message("bye")))
    assert isinstance(ask(asio, "say", "hello")[0], int)
    assert ask(asio, "say", 1)[0]["error"]["status"] == 400
    assert ask(asio, "bye") == []
    assert ask(asio, "else")[0]["error"]["status"] == 404


def test_no_code_of_the_document_is_imported() -> None:
    asio = mock(documents.coded(), resolver=ModuleResolver("no.such.module"))
    assert isinstance(ask(asio, "say", "hello", query_string="key=1")[0], int)


def test_credentials_are_required_and_any_are_accepted() -> None:
    asio = mock(documents.coded())
    assert refusal(asio) is not None
    assert refusal(asio, query_string="key=any") is None


@pytest.mark.parametrize("is_async", [False, True])
def test_a_function_that_is_given_decides(is_async: bool) -> None:
    def key(value: str, scopes: list[str]) -> dict[str, object] | None:
        return {"sub": "ada"} if value == "right" else None

    async def async_key(value: str, scopes: list[str]) -> dict[str, object] | None:
        return key(value, scopes)

    asio = mock(documents.coded(), security_functions={"key": async_key if is_async else key})
    assert refusal(asio, query_string="key=wrong") is not None
    assert refusal(asio, query_string="key=right") is None


def test_the_chosen_server_says_what_is_demanded() -> None:
    assert refusal(mock(documents.several(), server_name="open")) is None
    assert refusal(mock(documents.several(), server_name="closed")) is not None


def test_the_handshake_is_enforced() -> None:
    asio = mock(documents.handshake())
    assert refusal(asio) is not None
    assert refusal(asio, query_string="token=1") is None


def test_without_validation_nothing_is_checked_but_all_is_answered() -> None:
    asio = mock(of(message("say", STRING, INTEGER)), validation=False)
    assert isinstance(ask(asio, "say", 1, 2)[0], int)
    assert refusal(mock(documents.handshake(), validation=False)) is None


def test_an_answer_waits_and_a_client_is_put_out() -> None:
    asio = mock(of(message("say")), latency=(1, 2), disconnect_rate=1, seed=1)
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    asio.sleep = sleep

    async def body(client: AsyncTestClient) -> None:
        await client.emit("say")
        await eventually(lambda: not client.is_connected())

    talk(asio, body)
    assert len(slept) == 1
    assert 1 <= slept[0] <= 2


def test_an_answer_may_be_an_error() -> None:
    assert ask(mock(of(message("say")), error_rate=1), "say")[0]["error"]["status"] == 503


def test_handlers_of_code_go_before_the_mock() -> None:
    router = Router()

    @router.on("say")
    async def say() -> str:
        return "router"

    asio = mock(of(message("say", ack=STRING), message("ask", ack=STRING)), routers=[router])

    @asio.on("ask")
    async def answer() -> str:
        return "server"

    assert ask(asio, "say") == ["router"]
    assert ask(asio, "ask") == ["server"]


def test_what_is_written_in_another_language_is_reported_and_the_rest_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    asio = mock(documents.foreign(), interval=0.001)

    async def body(client: AsyncTestClient) -> None:
        assert isinstance((await client.call("say", {"any": "thing"}))[0], int)
        assert [(await client.receive())["name"] for _ in range(MANY)] == ["ticked"] * MANY

    talk(asio, body)
    assert [text for text in caplog.messages if AVRO in text and "cannot make a value" in text]


def test_binary_data_is_sent_and_answered() -> None:
    asio = mock(documents.binary(), interval=0.001)

    async def body(client: AsyncTestClient) -> None:
        assert isinstance((await client.call("put", {"data": b"x"}))[0]["data"], bytes)
        assert isinstance((await client.receive())["args"][0]["data"], bytes)

    talk(asio, body)


def test_sending_starts_with_the_first_client_and_ends_with_the_last() -> None:
    asio = mock(of(sends=[message("ticked", {"const": 1})]), interval=0.001)

    def senders() -> set[asyncio.Task[Any]]:
        return {task for task in asio.eio.tasks if getattr(task.get_coro(), "__name__", "") == "adrive"}

    async def main() -> None:
        for _ in range(2):
            async with asio.test_client() as first:
                async with asio.test_client() as second:
                    await first.receive()
                    await second.receive()
                    assert len(senders()) == 1
                await first.receive()
            await eventually(lambda: not senders())

    run(main())


def test_sending_starts_again_after_the_loop_has_ended() -> None:
    asio = mock(of(sends=[message("ticked", {"const": 1})]), interval=0.001)

    async def main() -> None:
        client = asio.test_client()
        await client.connect()
        await client.receive()  # the loop ends while the client is still connected

    for _ in range(2):
        run(main())


def test_a_client_that_is_refused_starts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    asio = mock(documents.coded())
    started: list[object] = []
    monkeypatch.setattr(asio._emitter, "start", started.append)
    assert refusal(asio) is not None
    assert started == []


def test_a_client_that_left_while_it_came_in_starts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def left(*args: object) -> bool:
        return False

    asio = mock(of(sends=[message("ticked")]))
    started: list[object] = []
    monkeypatch.setattr(asio._emitter, "start", started.append)
    monkeypatch.setattr(AsynctionAsyncServer, "_connect_any", left)
    assert asyncio.run(asio._connect_any("/", "sid", {})) is False
    assert started == []


def test_every_namespace_of_a_pattern_is_sent_its_events() -> None:
    asio = mock(documents.big(), interval=0.001, only=["moved"])

    async def body(first: AsyncTestClient, second: AsyncTestClient, other: AsyncTestClient) -> None:
        assert [(await client.receive())["name"] for client in (first, second)] == ["moved"] * 2
        assert (await first.call("make", documents.person(7)))[0]["id"] == 7
        assert other.get_received() == []

    talk(asio, body, "/rooms/1", "/rooms/2", "/")


def test_a_mock_that_is_made_of_a_contract_behaves_as_by_default() -> None:
    assert ask(MockAsynctionAsyncServer(load(of(message("say")))), "say") == []


def test_two_mocks_of_a_seed_say_the_same() -> None:
    first, second = (mock(documents.big(), seed=1) for _ in range(2))
    args = ("x", documents.person(1))
    assert ask(first, "ask", *args) == ask(second, "ask", *args)


def test_a_real_client_is_answered_and_sent_events() -> None:
    asio = mock(documents.big(), interval=0.01, latency=(0.001, 0.002))
    with serve_asgi(asio.asgi_app()) as url, connected(url, "/", "/rooms/1") as client:
        assert isinstance(client.call("ask", "x", documents.person(1))[0], list)
        assert client.call("make", documents.person(9), namespace="/rooms/1")[0]["id"] == 9
        assert client.call("make", 9, namespace="/rooms/1")[0]["error"]["status"] == 400
        found: set[str] = set()
        while found != {"listed", "ticked", "moved"}:
            found.add(client.next_event()[0])
