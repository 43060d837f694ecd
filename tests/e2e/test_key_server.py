"""A key server that hangs or fails does not delay clients that need no key, and gets one request."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.e2e.conftest import SERVICES
from tests.e2e.processes import Process, free_port, running
from tests.security.key_servers import Behaviour, KeyHost, answers, drips, hangs, key_host
from tests.serving import DEADLINE, Client, connected

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
KINDS = ["asgi", "threading", "gevent", "gevent-unpatched"]
STRANGERS = 12
UNAUTHORIZED = {"status": 401, "title": "Unauthorized", "detail": "not authenticated"}

Start: TypeAlias = "Callable[[KeyHost, float], Any]"


def token(kid: str, key: Any = KEY) -> dict[str, str]:
    claims = {"sub": "ada", "exp": int(time.time()) + 86_400}
    return {"token": jwt.encode(claims, key, algorithm="RS256", headers={"kid": kid})}


def key_set(*kids: str) -> Behaviour:
    algorithm: Any = jwt.get_algorithm_by_name("RS256")
    keys = [{**algorithm.to_jwk(KEY.public_key(), as_dict=True), "kid": kid} for kid in kids]
    return answers(json.dumps({"keys": keys}).encode())


@pytest.fixture(params=KINDS)
def start(request: pytest.FixtureRequest, tmp_path: Path) -> Start:
    """Start a server of each kind, with the URL of its keys and the deadline of a fetch."""

    @contextmanager
    def starting(host: KeyHost, timeout: float) -> Iterator[Process]:
        port = free_port()
        options = ["--kind", request.param, "--port", port, "--keys", host.url, "--timeout", timeout]
        with running(
            [sys.executable, SERVICES / "keys" / "serve.py", *options], port, tmp_path / "log"
        ) as it:
            yield it

    return starting


def enter(url: str, kid: str) -> Any:
    """Try to enter `/secret`; return the refusal, or None for a client that was let in."""
    with connected(url, "/secret", auth=token(kid)) as client:
        return client.refusals.get("/secret", {}).get("data")


@contextmanager
def strangers(url: str) -> Iterator[list[Future[Any]]]:
    """Let strangers with keys of their own try to enter, all at the same time."""
    with ThreadPoolExecutor(STRANGERS) as pool:
        yield [pool.submit(enter, url, str(number)) for number in range(STRANGERS)]


def echo(client: Client) -> None:
    assert client.call("echo", 7) == [7]


@pytest.mark.parametrize("behaviour", [hangs, drips(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n{")])
def test_who_needs_no_key_waits_for_no_fetch(start: Start, behaviour: Behaviour) -> None:
    with key_host(behaviour) as host, start(host, 600) as process, connected(process.url) as other:
        with strangers(process.url) as entering:
            assert host.asked.acquire(timeout=DEADLINE)  # the fetch is under way
            for _ in range(3):
                echo(other)
            assert not any(stranger.done() for stranger in entering)
            host.over.set()  # the key server gives up: an answer that is cut short
            assert [stranger.result(DEADLINE) for stranger in entering] == [UNAUTHORIZED] * STRANGERS
        assert len(host.requests) == 1


def test_a_fetch_has_a_deadline_and_its_failure_is_remembered(start: Start) -> None:
    with key_host(drips(b"HTTP/1.1 200 OK\r\nX-A:")) as host, start(host, 1) as process:
        with strangers(process.url) as entering:
            assert [stranger.result(DEADLINE) for stranger in entering] == [UNAUTHORIZED] * STRANGERS
        assert enter(process.url, "a") == UNAUTHORIZED
        assert len(host.requests) == 1
        refusals = [line for line in process.records() if "because" in line]
        assert len(refusals) == STRANGERS + 1
        assert all("token: the keys could not be fetched: no answer" in line for line in refusals)
        assert "eyJ" not in process.log()


def test_keys_are_fetched_once_for_all(start: Start) -> None:
    with key_host(key_set("a")) as host, start(host, DEADLINE) as process:
        for _ in range(3):
            with connected(process.url, "/secret", auth=token("a")) as client:
                assert client.call("echo", 7, namespace="/secret") == [7]
        assert enter(process.url, "b") == UNAUTHORIZED
        host.behaviour = hangs
        assert enter(process.url, "c") == UNAUTHORIZED
        assert enter(process.url, "a") is None
        assert len(host.requests) == 1
