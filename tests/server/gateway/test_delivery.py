"""One POST to a callback: what counts as deliver, and what a bad receiver can do about it."""

from __future__ import annotations

import asyncio
import json
import math
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import pytest

from asynction.runtime import drive
from asynction.server._gateway.delivery import TryAgain, Undelivered, deliver, encoded, post
from asynction.server._gateway.origins import Callback
from asynction.server._origins import Origin
from tests.runtime.support import Run, arun
from tests.serving import DEADLINE


class Receiver:
    """Answers each connection with the next of the given bytes, and keeps the requests."""

    def __init__(self, *answers: bytes) -> None:
        self.requests: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._answers = answers
        self._thread = Thread(target=self._serve, daemon=True)
        self._thread.start()

    def callback(self, path: str = "/cb") -> Callback:
        return Callback(Origin("http", "localhost", self._listener.getsockname()[1]), path)

    def _serve(self) -> None:
        for answer in self._answers:
            connection, _ = self._listener.accept()
            with connection:
                request = connection.recv(65536)
                while not request.endswith(b'"end"}'):
                    request += connection.recv(65536)
                self.requests.append(request)
                connection.sendall(answer)

    def close(self) -> None:
        self._thread.join(DEADLINE)
        self._listener.close()
        assert not self._thread.is_alive()


@contextmanager
def receiving(*answers: bytes) -> Iterator[Receiver]:
    receiver = Receiver(*answers)
    try:
        yield receiver
    finally:
        receiver.close()


BODY = encoded({"data": "end"})


def answer(status: int, *headers: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status} Whatever", *headers, "", ""]).encode()


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_a_result_is_delivered_as_json(status: int) -> None:
    with receiving(answer(status)) as receiver:
        post(receiver.callback("/cb?x=1"), BODY, DEADLINE)
    head, _, body = receiver.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /cb?x=1 HTTP/1.1\r\nHost: localhost:")
    assert b"Content-Type: application/json" in head
    assert json.loads(body) == {"data": "end"}


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_a_receiver_that_is_not_well_may_be_asked_again(status: int) -> None:
    with receiving(answer(status)) as receiver, pytest.raises(TryAgain, match=str(status)):
        post(receiver.callback(), BODY, DEADLINE)


@pytest.mark.parametrize("status", [100, 301, 302, 303, 307, 308, 400, 401, 403, 404, 410])
def test_a_redirect_or_a_refusal_is_final(status: int) -> None:
    with receiving(answer(status, "Location: http://127.0.0.1:1/")) as receiver:
        with pytest.raises(Undelivered, match=str(status)) as caught:
            post(receiver.callback(), BODY, DEADLINE)
        assert type(caught.value) is Undelivered
    assert len(receiver.requests) == 1


@pytest.mark.parametrize(
    "garbage",
    [b"", b"\n", b"nonsense\r\n", b"HTTP/1.1 abc\r\n", b"HTTP/1.1\r\n", b"SSH-2.0 200 x\r\n", b"x" * 5000],
)
def test_garbage_is_no_answer(garbage: bytes) -> None:
    with receiving(garbage) as receiver, pytest.raises(TryAgain):
        post(receiver.callback(), BODY, DEADLINE)


def test_an_answer_may_come_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asynction.server._gateway.delivery._CHUNK", 1)
    with receiving(answer(204)) as receiver:
        post(receiver.callback(), BODY, DEADLINE)


def test_nobody_waits_longer_because_something_came(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([0.0, 1.0, 1e9])
    monkeypatch.setattr("asynction.server._gateway.delivery.monotonic", lambda: next(times))
    monkeypatch.setattr("asynction.server._gateway.delivery._CHUNK", 1)
    with receiving(answer(204)) as receiver, pytest.raises(TryAgain, match="TimeoutError"):
        post(receiver.callback(), BODY, DEADLINE)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_nobody_there_is_no_delivery(scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(TryAgain):
        post(Callback(Origin(scheme, "localhost", port), "/"), BODY, DEADLINE)


def test_a_receiver_without_tls_is_no_https() -> None:
    class Plain(Receiver):
        def _serve(self) -> None:
            connection, _ = self._listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    receiver = Plain()
    origin = Origin("https", "localhost", receiver.callback().origin.port)
    with pytest.raises(TryAgain) as caught:
        post(Callback(origin, "/"), BODY, DEADLINE)
    assert isinstance(caught.value.__cause__, ssl.SSLError)
    receiver.close()


@pytest.mark.parametrize("value", [b"bytes", math.nan, {1, 2}, object()])
def test_only_json_is_encoded(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        encoded({"data": value})


# Again and again -----------------------------------------------------------------------------------


def calls(run: Run, pauses: list[float], *outcomes: Exception | None) -> tuple[int, Exception | None]:
    """How often a send with these outcomes is made, of three attempts, and what is raised in the end."""
    left = list(outcomes)

    def send() -> Any:
        outcome = left.pop(0)
        if outcome is not None:
            raise outcome
        return asyncio.sleep(0) if run is not drive else None

    try:
        run(deliver(send, pauses.append, attempts=3, delay=1.0, delay_max=3.0))
    except Undelivered as error:
        return len(outcomes) - len(left), error
    return len(outcomes) - len(left), None


@pytest.mark.parametrize("run", [drive, arun], ids=["threads", "asyncio"])
def test_a_delivery_is_tried_again_with_growing_pauses(run: Run) -> None:
    pauses: list[float] = []
    assert calls(run, pauses, TryAgain(), None) == (2, None)
    first = TryAgain("status 500")
    assert calls(run, pauses, TryAgain(), TryAgain(), first, None) == (3, first)
    final = Undelivered("status 404")
    assert calls(run, pauses, final, None) == (1, final)
    assert [1 <= pauses[0] <= 2, 1 <= pauses[1] <= 2, 2 <= pauses[2] <= 3, len(pauses) == 3] == [True] * 4


def test_pauses_are_bounded_however_many_attempts_there_are() -> None:
    pauses: list[float] = []

    def send() -> None:
        raise TryAgain

    with pytest.raises(TryAgain):
        drive(deliver(send, pauses.append, attempts=5000, delay=0.5, delay_max=10.0))
    assert (len(pauses), max(pauses) <= 10.5, min(pauses) >= 0.5) == (4999, True, True)
