"""The dual-mode client with real servers."""

from __future__ import annotations

import asyncio
import builtins
import gc
import logging
import socket
from functools import partial
from typing import Any

import pytest

from asynction.client import CallError, LogLevel, SocketClient
from asynction.client._dual.calls import Call
from asynction.client._dual.wire import Connection
from asynction.exceptions import NotEnabledError
from tests.client.dual.support import (
    OPTIONS,
    answering,
    connected,
    dead_port,
    eventually,
    foreign,
    lose,
    receiving,
    run,
    served,
)


class Told:
    """A callback and its arguments."""

    def __init__(self) -> None:
        self.answers: asyncio.Queue[Any] = asyncio.Queue()

    async def __call__(self, answer: Any) -> None:
        self.answers.put_nowait(answer)

    async def data(self) -> Any:
        return (await self.answers.get())["data"]


# Arguments -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "urls", [(), (None, "http://localhost/api"), (None, None, "http://localhost/cb"), ("localhost",)]
)
def test_a_client_needs_a_way(urls: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError, match=r"socket_url"):
        SocketClient(*urls)


@pytest.mark.parametrize("callback", [print, lambda data: data, None, 7])
def test_a_callback_must_be_asynchronous(callback: Any) -> None:
    with pytest.raises(ValueError, match="write `async def`"):
        SocketClient("ws://localhost").register_callback("x", callback)


def test_a_callback_may_be_any_asynchronous_callable() -> None:
    client = SocketClient("ws://localhost")
    client.register_callback("object", Told())
    client.register_callback("partial", partial(Told.__call__, Told()))
    client.register_callback("method", Told().__call__)
    with pytest.raises(ValueError, match="name must be a string"):
        client.register_callback("", Told())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"api": None}, "`api` must be a name"),
        ({"api": ""}, "`api` must be a name"),
        ({"callback_type": "pigeon"}, "`callback_type` must be"),
        ({"callback_type": "http"}, "need `http_url` and `callback_url`"),
        ({"callback_func": 7}, "`callback_func` must be a name"),
        ({"callback_func": "dubble"}, "did you mean `double`.*register_callback"),
        ({"request_id": ""}, "`request_id` must be a string"),
        ({"request_id": 7}, "`request_id` must be a string"),
        ({"data": [object()]}, "cannot be written as JSON: payload: /0/0: a object is not"),
    ],
)
def test_wrong_arguments_are_refused(arguments: dict[str, Any], said: str) -> None:
    async def body() -> None:
        client = SocketClient("ws://localhost")
        client.register_callback("double", Told())
        with pytest.raises(ValueError, match=said):
            await client.call_api(**{"api": "double", "data": 1, **arguments})

    run(body())


def test_a_client_that_is_not_connected_says_what_to_do() -> None:
    async def body() -> None:
        client = SocketClient("ws://localhost")
        client.register_callback("double", Told())
        assert client.mode is None
        for _ in range(2):
            with pytest.raises(ConnectionError, match="connect_to_server"):
                await client.call_api("double", 1)
            await client.disconnect()  # nothing to do

    run(body())


# By Socket.IO --------------------------------------------------------------------------------------


def test_the_callback_is_given_the_whole_answer() -> None:
    async def body() -> None:
        with served() as service:
            async with connected(service.socket_url) as client:
                await client.connect_to_server()  # once is enough
                told = Told()
                client.register_callback("double", told)
                client.register_callback("mine", told)
                receipt = await client.call_api("double", 21, request_id="a")
                assert receipt == {"success": True, "message": "the call is sent", "request_id": "a"}
                assert await told.answers.get() == {
                    "api": "double",
                    "data": 42,
                    "callback_type": "socket",
                    "callback_url": None,
                    "callback_func": "double",
                    "request_id": "a",
                }
                first, second = [await client.call_api("double", 1, callback_func="mine") for _ in range(2)]
                assert first["request_id"] != second["request_id"]
                assert await told.data() == await told.data() == 2

    run(body())


def test_a_request_returns_its_result_or_raises_its_error() -> None:
    async def body() -> None:
        with served() as service:
            async with connected(service.socket_url) as client:
                assert await asyncio.gather(*(client.request("double", n) for n in range(50))) == [
                    n * 2 for n in range(50)
                ]
                with pytest.raises(CallError) as caught:
                    await client.request("double", "x")
                assert (caught.value.status, caught.value.pointer) == (400, "/0")
                with pytest.raises(CallError, match="not now"):
                    await client.request("refuse", 1)

    run(body())


def test_a_request_id_that_comes_again_is_run_once() -> None:
    async def body() -> None:
        with served() as service:
            async with connected(service.socket_url) as client:
                assert [await client.request("double", 4, request_id="a") for _ in range(3)] == [8, 8, 8]
                client.register_callback("never", Told())
                await client.call_api("never", 1, request_id="b")
                with pytest.raises(ValueError, match="is still waiting"):
                    await client.call_api("never", 1, request_id="b")
                await eventually(lambda: len(service.runs) == 2)
        assert service.runs == [4, 1]

    run(body())


def test_no_result_in_time_is_an_error() -> None:
    async def body() -> None:
        with served() as service:
            async with connected(service.socket_url, timeout=5) as client:
                with pytest.raises(TimeoutError, match="in time"):
                    await client.request("never", 1, timeout=0.001)
            async with connected(service.socket_url, timeout=0.5) as client:
                told = Told()
                client.register_callback("never", told)
                await client.call_api("never", 1)
                assert (await told.data())["error"]["status"] == 504

    run(body())


def test_a_cancelled_request_waits_no_more(caplog: pytest.LogCaptureFixture) -> None:
    async def body() -> None:
        with served() as service:
            async with connected(service.socket_url) as client:
                request = asyncio.create_task(client.request("never", 1, request_id="a"))
                await eventually(lambda: service.runs)
                request.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await request
                assert await client.handle_callback({"request_id": "a", "data": 1}) == {
                    "success": True,
                    "message": "the result is taken",
                }

    run(body())
    assert "arrived twice" in caplog.text or caplog.text == ""


def test_as_many_callbacks_run_as_may() -> None:
    async def body() -> None:
        most, running, release = 0, 0, asyncio.Event()

        async def callback(_: Any) -> None:
            nonlocal most, running
            running += 1
            most = max(most, running)
            await release.wait()
            running -= 1

        with served() as service:
            async with connected(service.socket_url, max_concurrent=3) as client:
                client.register_callback("double", callback)
                for number in range(10):
                    await client.call_api("double", number)
                await client.request("double", 10)  # its answer is the last
                await eventually(lambda: running == 3)
                release.set()
                await eventually(lambda: not client._running)
        assert most == 3

    run(body())


def test_errors_of_callbacks_are_logged_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    async def callback(answer: Any) -> None:
        raise RuntimeError("of the callback's own")

    async def body() -> None:
        with served() as service:
            async with connected(service.socket_url) as client:
                client.register_callback("double", callback)
                for _ in range(2):
                    await client.call_api("double", 21)
                await eventually(lambda: client.callback_errors == 2)

    run(body())
    assert caplog.text.count("the callback `double` failed") == 2
    assert "of the callback's own" in caplog.text
    assert "42" not in caplog.text


@pytest.mark.parametrize("level", [LogLevel.INFO, LogLevel.WARNING])
def test_the_log_level_decides_what_is_logged(level: LogLevel, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "asynction.client")

    async def body() -> None:
        with served() as service:
            async with connected(service.socket_url, log_level=level):
                pass

    run(body())
    assert ("connected to" in caplog.text) == (level == LogLevel.INFO)


def test_leaving_ends_what_waits_and_lets_callbacks_end(caplog: pytest.LogCaptureFixture) -> None:
    async def body() -> None:
        with served() as service:
            told, ended = Told(), asyncio.Event()

            async def leaves(_: Any) -> None:
                await client.disconnect()  # from a callback: it does not wait for itself
                ended.set()

            async with connected(service.socket_url) as client:
                client.register_callback("never", told)
                client.register_callback("double", leaves)
                await client.call_api("never", 1)
                request = asyncio.create_task(client.request("never", 2))
                await eventually(lambda: len(service.runs) == 2)
                await client.call_api("double", 1)
                with pytest.raises(ConnectionError, match="disconnected"):
                    await request
                assert (await told.data())["error"]["status"] == 503
                await ended.wait()
            await client.connect_to_server()
            assert await client.request("double", 2) == 4
            await client.disconnect()
        gc.collect()  # asyncio would log an error that was never retrieved

    run(body())
    assert "never retrieved" not in caplog.text


def test_a_callback_that_never_ends_is_given_up() -> None:
    cancelled = asyncio.Event()

    async def callback(_: Any) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    async def body() -> None:
        with served() as service:
            async with connected(service.socket_url, timeout=1) as client:
                client.register_callback("double", callback)
                await client.call_api("double", 1)
                await eventually(lambda: client._running)
            assert cancelled.is_set()

    run(body())


# No server, or another -----------------------------------------------------------------------------


def test_no_server_and_no_fallback_is_a_connection_error() -> None:
    async def body() -> None:
        for options in ({"reconnection_attempts": 2}, {"reconnection": False}):
            client = SocketClient(f"ws://127.0.0.1:{dead_port()}", options={**OPTIONS, **options})
            with pytest.raises(ConnectionError, match="cannot connect"):
                await client.connect_to_server()
            assert client.mode is None

    run(body())


def test_a_server_that_does_not_respond_is_a_connection_error() -> None:
    async def body() -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"ws://127.0.0.1:{silent.getsockname()[1]}"
            client = SocketClient(url, options={"timeout": 0.05, "reconnection": False})
            with pytest.raises(ConnectionError):
                await client.connect_to_server()

    run(body())


def test_connecting_may_be_cancelled() -> None:
    async def body() -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            client = SocketClient(f"ws://127.0.0.1:{silent.getsockname()[1]}")
            connecting = asyncio.create_task(client.connect_to_server())
            await eventually(lambda: client._session is not None)
            connecting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await connecting
            assert client.mode is None

    run(body())


def test_a_server_of_the_first_kind_is_understood() -> None:
    async def on_api(sio: Any, sid: str, message: dict[str, Any]) -> None:
        for _ in range(2):  # the second is of no use
            await sio.emit("apiResponse", {**message, "data": "result"}, to=sid)
        await sio.emit("apiResponse", {"callback_func": "x", "data": "pushed"}, to=sid)
        await sio.emit("apiResponse", {"callback_func": "nobody", "data": "lost"}, to=sid)
        await sio.emit("apiResponse", 7, to=sid)
        await sio.emit("apiResponse", to=sid)

    async def body() -> None:
        with foreign(on_api) as url:
            async with connected(url) as client:
                told = Told()
                client.register_callback("x", told)
                await client.call_api("x", {})
                assert [await told.data() for _ in range(2)] == ["result", "pushed"]

    run(body())


def test_the_key_of_a_client_is_one_of_its_own_and_in_no_result() -> None:
    keys: list[str] = []

    async def on_api(sio: Any, sid: str, message: dict[str, Any]) -> None:
        keys.append(message["client_key"])
        await sio.emit("apiResponse", message, to=sid)

    async def body() -> None:
        with foreign(on_api) as url:
            for _ in range(2):
                async with connected(url) as client:
                    told = Told()
                    client.register_callback("x", told)
                    await client.call_api("x", {})
                    await client.call_api("x", {})
                    for _ in range(2):
                        assert "client_key" not in await told.answers.get()

    run(body())
    first, again, other, other_again = keys
    assert first == again != other == other_again
    assert len(first) >= 22


def test_a_call_is_not_repeated_to_a_server_without_an_id() -> None:
    calls: list[str] = []

    async def on_api(sio: Any, sid: str, message: dict[str, Any]) -> None:
        calls.append(message["api"])
        if message["api"] == "leave":
            await sio.disconnect(sid)

    async def body() -> None:
        with foreign(on_api) as url:
            async with connected(url) as client:
                request = asyncio.create_task(client.request("wait", {}))
                told = Told()
                client.register_callback("leave", told)
                await eventually(lambda: calls)
                await client.call_api("leave", {})
                with pytest.raises(ConnectionError, match="unknown whether"):
                    await request
                assert (await told.data())["error"]["status"] == 503
                await eventually(lambda: client.mode == "socket")
        assert calls == ["wait", "leave"]

    run(body())


# By HTTP -------------------------------------------------------------------------------------------


def test_results_of_calls_by_http_come_by_the_callback_url() -> None:
    async def body() -> None:
        with served() as service:
            async with connected(None, *service.http) as client, receiving(client, service.callback_port):
                assert client.mode == "http"
                told = Told()
                client.register_callback("double", told)
                answer = await client.call_api("double", 21, request_id="a")
                assert (answer["success"], answer["request_id"]) == (True, "a")
                assert (await told.answers.get())["data"] == 42
                assert await client.request("double", 4) == 8
                with pytest.raises(CallError, match="must be integer"):
                    await client.request("double", "x")
                with pytest.raises(CallError, match="no api"):
                    await client.call_api("nobody", 1, callback_func="double")

    run(body())


def test_a_call_may_go_by_http_though_there_is_a_connection() -> None:
    async def body() -> None:
        with served() as service:
            urls = (service.socket_url, *service.http)
            async with connected(*urls) as client, receiving(client, service.callback_port) as answers:
                told = Told()
                client.register_callback("double", told)
                await client.call_api("double", 21, callback_type="http")
                assert await told.data() == 42
                assert client.mode == "socket"
                await eventually(lambda: answers)

    run(body())


def test_a_result_is_taken_once_however_often_it_comes() -> None:
    async def body() -> None:
        with served() as service:
            async with connected(None, *service.http) as client, receiving(client, service.callback_port):
                told = Told()
                client.register_callback("double", told)
                await client.call_api("double", 21, request_id="a")
                answer = await told.answers.get()
                assert (await client.handle_callback(answer))["success"] is True
                await eventually(lambda: not client._running)
                assert told.answers.empty()
                await client.handle_callback({**answer, "request_id": "of another process"})
                assert (await told.answers.get())["data"] == 42
                for wrong in (7, {}, {"callback_func": "nobody"}, {"callback_func": 7}):
                    with pytest.raises(ValueError, match=r"a result must be an object|is registered"):
                        await client.handle_callback(wrong)

    run(body())


@pytest.mark.parametrize(
    ("status", "answer", "raised"),
    [
        (500, "<html>", CallError),
        (302, {"success": True}, CallError),
        (200, "[]", CallError),
        (200, "no JSON", CallError),
        (403, {"error": {"status": 403, "title": "Forbidden"}}, CallError),
        (409, {"error": {"status": 409, "title": "Conflict", "server_id": "x"}}, ConnectionError),
    ],
)
def test_a_response_that_is_not_a_receipt_is_an_error(
    status: int, answer: object, raised: type[Exception]
) -> None:
    async def body() -> None:
        async with (
            answering(status, answer) as url,
            connected(None, url, "http://localhost/cb") as client,
        ):
            with pytest.raises(raised):
                await client.request("x", {})

    run(body())


def test_a_server_that_hangs_up_is_a_connection_error() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    async def body() -> None:
        server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        async with connected(None, url, "http://localhost/cb") as client:
            with pytest.raises(ConnectionError, match="no response"):
                await client.request("x", {})
        server.close()
        await server.wait_closed()

    run(body())


def test_the_extra_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "aiohttp":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(NotEnabledError, match=r"asynction\[client\]"):
        asyncio.run(SocketClient("ws://localhost").connect_to_server())


# Lost and found ------------------------------------------------------------------------------------


async def greeted(client: SocketClient) -> None:
    """Wait until the client knows the id of its server."""
    await eventually(lambda: client._connection is not None and client._connection.server_id is not None)


def test_a_call_that_lost_its_connection_gets_its_result_by_the_next() -> None:
    async def body() -> None:
        with served() as service:
            async with connected(service.socket_url, reconnection_attempts=1000) as client:
                await greeted(client)
                told = Told()
                client.register_callback("slow", told)
                await client.call_api("slow", 1)
                request = asyncio.create_task(client.request("slow", 2))
                await eventually(lambda: len(service.runs) == 2)
                await lose(client)
                await eventually(lambda: client.mode == "socket")
                service.release.set()
                assert (await request, await told.data()) == (4, 2)
        assert service.runs == [1, 2]

    run(body())


def test_a_call_that_lost_its_connection_gets_its_result_by_http() -> None:
    async def body() -> None:
        with served() as service:
            urls = (service.socket_url, *service.http)
            async with (
                connected(*urls, reconnection=False) as client,
                receiving(client, service.callback_port),
            ):
                await greeted(client)
                request = asyncio.create_task(client.request("slow", 2))
                await eventually(lambda: service.runs)
                await lose(client)
                await eventually(lambda: client.mode == "http")
                assert await client.request("double", 1) == 2
                service.release.set()
                assert await request == 4
        assert service.runs == [2, 1]

    run(body())


def holds_back(client: SocketClient) -> asyncio.Event:
    """Let a client connect again only after the returned event is set."""
    event, connect = asyncio.Event(), client._connect

    async def later() -> bool:
        await event.wait()
        return await connect()

    client._connect = later  # type: ignore[method-assign]
    return event


def test_a_call_by_http_gets_its_result_by_the_connection_once_there_is_one() -> None:
    async def body() -> None:
        with served() as service:
            urls = (service.socket_url, *service.http)
            async with connected(*urls) as client:  # no one takes callbacks
                await greeted(client)
                connect = holds_back(client)
                await lose(client)
                await eventually(lambda: client.mode == "http")
                request = asyncio.create_task(client.request("slow", 2))
                await eventually(lambda: service.runs)
                connect.set()
                await eventually(lambda: client.mode == "socket")
                await eventually(lambda: all(call.by is client._connection for call in client._calls.all()))
                service.release.set()
                assert await request == 4
        assert service.runs == [2]

    run(body())


def test_without_reconnection_every_call_ends_and_the_client_can_connect_again() -> None:
    async def body() -> None:
        with served() as service:
            async with connected(service.socket_url, reconnection=False) as client:
                await greeted(client)
                told = Told()
                client.register_callback("never", told)
                await client.call_api("never", 1)
                await eventually(lambda: service.runs)
                await lose(client)
                assert (await told.data())["error"]["status"] == 503
                with pytest.raises(ConnectionError, match="no connection"):
                    await client.request("double", 1)
                await client.connect_to_server()
                assert await client.request("double", 1) == 2

    run(body())


def test_a_call_waits_for_a_connection_no_longer_than_it_may() -> None:
    async def body() -> None:
        with served() as service:
            async with connected(service.socket_url, reconnection_delay=5) as client:
                await lose(client)
                await eventually(lambda: client.mode is None)
                with pytest.raises(ConnectionError, match="no connection yet"):
                    await client.request("double", 1, timeout=0.001)

    run(body())


@pytest.mark.parametrize("has_http", [False, True])
def test_a_connection_that_takes_no_call_is_given_up(has_http: bool) -> None:
    async def body() -> None:
        with served() as service:
            urls = (service.socket_url, *service.http) if has_http else (service.socket_url,)
            options: dict[str, Any] = {"reconnection": not has_http, "reconnection_attempts": 1000}
            async with (
                connected(*urls, **options) as client,
                receiving(client, service.callback_port),
            ):
                await greeted(client)
                assert client._connection is not None
                client._connection._sio.namespaces = {}  # as when the server has sent the client out of it
                assert await client.request("double", 1) == 2
                assert client.mode == ("http" if has_http else "socket")
        assert service.runs == [1]

    run(body())


def test_a_call_that_is_to_go_by_http_goes_by_nothing_else() -> None:
    async def body() -> None:
        with served() as service:
            nowhere = f"http://127.0.0.1:{dead_port()}"
            async with connected(service.socket_url, nowhere, "http://localhost/cb") as client:
                client.register_callback("double", Told())
                with pytest.raises(ConnectionError, match="cannot connect"):
                    await client.call_api("double", 1, callback_type="http")
                assert client.mode == "socket"
        assert service.runs == []

    run(body())


@pytest.mark.parametrize(
    ("status", "answer", "ends"),
    [
        (409, {"error": {"status": 409, "title": "Conflict", "server_id": "x"}}, ConnectionError),
        (403, {"error": {"status": 403, "title": "Forbidden"}}, CallError),
        (503, {"error": {"status": 503, "title": "Service Unavailable"}}, ConnectionError),
    ],
)
def test_a_refused_repetition_ends_the_call(status: int, answer: object, ends: type[Exception]) -> None:
    async def body() -> None:
        with served() as service:
            async with (
                answering(status, answer) as url,
                connected(service.socket_url, url, "http://localhost/cb", reconnection=False) as client,
            ):
                await greeted(client)
                request = asyncio.create_task(client.request("never", 1))
                await eventually(lambda: service.runs)
                await lose(client)
                with pytest.raises(ends):
                    await request
        assert service.runs == [1]

    run(body())


def test_a_result_for_who_has_just_been_cancelled_is_dropped() -> None:
    async def body() -> None:
        client = SocketClient("ws://localhost")
        for _ in range(2):
            waiter: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            call = Call({"request_id": "a", "api": "x"}, waiter, is_http=False)
            client._calls.add(call, 60, client._expire)
            waiter.cancel()
            assert (await client.handle_callback({"request_id": "a", "data": 1}))["success"] is True

    run(body())


def test_a_call_that_fails_while_it_is_sent_says_so_once() -> None:
    """The timer of a call and the response to its POST may come at the same time."""

    async def body() -> None:
        async with (
            answering(200, {"success": True}) as url,
            connected(None, url, "http://localhost/cb") as client,
        ):
            told = Told()
            client.register_callback("x", told)
            sent = client._sent

            async def late(call: Call, limit: float) -> Any:
                client._expire(call)
                return await sent(call, limit)

            client._sent = late  # type: ignore[method-assign]
            with pytest.raises(TimeoutError):
                await client.call_api("x", {})
            assert told.answers.empty()

    run(body())


def test_a_connection_that_is_lost_at_once_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    class Lost(Connection):
        async def open(self, url: str, options: Any) -> None:
            await super().open(url, options)
            self._lost()
            await self._sio.disconnect()

    monkeypatch.setattr("asynction.client._dual.client.Connection", Lost)

    async def body() -> None:
        with served() as service:
            client = SocketClient(service.socket_url, options={**OPTIONS, "reconnection": False})
            with pytest.raises(ConnectionError):
                await client.connect_to_server()

    run(body())


def test_a_client_starts_by_http_if_the_server_is_not_there_yet() -> None:
    async def body() -> None:
        with served() as service:
            nowhere = f"ws://127.0.0.1:{dead_port()}"
            async with (
                connected(nowhere, *service.http) as client,
                receiving(client, service.callback_port),
            ):
                assert client.mode == "http"
                assert await client.request("double", 2) == 4

    run(body())


def test_a_loss_after_which_the_client_has_reconnected_is_ignored() -> None:
    async def body() -> None:
        with served() as service:
            async with connected(service.socket_url) as client:
                link = client._connection
                client._lost.set()
                await eventually(lambda: not client._lost.is_set())
                assert await client.request("double", 2) == 4
                assert client._connection is link

    run(body())
