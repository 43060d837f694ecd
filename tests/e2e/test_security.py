"""The secured example: its application in a process of its own, and clients with and without credentials."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest

from tests import serving
from tests.e2e.clients import Connect, ConnectionRejected
from tests.e2e.conftest import EXAMPLES, program
from tests.e2e.processes import Process, free_port, running

SECRET = "a secret for the tests, of 32 characters and more"
ADA = {"username": "ada", "password": "correct horse"}
SESSION = {"token": "session-of-ada"}
FORBIDDEN = {"status": 403, "title": "Forbidden", "detail": "not allowed"}
UNAUTHORIZED = {"status": 401, "title": "Unauthorized", "detail": "not authenticated"}


def token(secret: str = SECRET, **given: Any) -> dict[str, str]:
    claims = {
        "sub": "cy",
        "scope": "notes:write notes:read",
        "iss": "https://example.com",
        "aud": "notes",
        "exp": int(time.time()) + 86_400,
        **given,
    }
    return {"token": jwt.encode(claims, secret, algorithm="HS256")}


@pytest.fixture(scope="module")
def secured(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    if server == "asgi":
        command = program(server, "secured/serve.py")
    else:
        command = [sys.executable, EXAMPLES / "secured" / "app.py", "--async-mode", server]
    port = free_port()
    output = tmp_path_factory.mktemp("secured") / "log"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NOTES_SECRET", SECRET)
        with running([*command, "--port", str(port)], port, output) as process:
            yield process


@pytest.mark.parametrize(
    ("auth", "user"),
    [(ADA, "ada"), (SESSION, "ada"), ({"token": "session-of-bob"}, "bob"), (token(), "cy")],
    ids=["password", "session", "another session", "jwt"],
)
def test_those_who_show_who_they_are_come_in(
    secured: Process, connect: Connect, auth: dict[str, str], user: str
) -> None:
    client = connect(secured.url, auth=auth)
    assert client.call("who am i") == [user]
    (notes,) = client.call("read")
    assert "Buy milk." in notes


@pytest.mark.parametrize(
    "auth",
    [
        None,
        {"username": "ada"},
        {"username": "ada", "password": "MARKER"},
        {"username": "eve", "password": ""},
        {"token": "MARKER"},
        token("another secret MARKER of 32 characters and more"),
        token(exp=1),
        token(iss="https://elsewhere.example"),
        token(aud="others"),
    ],
    ids=["nothing", "half", "password", "unknown", "token", "signature", "over", "issuer", "audience"],
)
def test_others_are_told_to_stay_out(secured: Process, connect: Connect, auth: dict[str, str] | None) -> None:
    secured.mark()
    with pytest.raises(ConnectionRejected, match=r"^not authenticated$") as caught:
        connect(secured.url, auth=auth)
    assert caught.value.data == UNAUTHORIZED
    for secret in ["MARKER", *(auth or {}).values()]:
        assert not secret or len(secret) < 5 or secret not in secured.log()


def test_rights_that_do_not_suffice(secured: Process, connect: Connect) -> None:
    with pytest.raises(ConnectionRejected, match=r"^not allowed$") as caught:
        connect(secured.url, auth=token(scope="notes:write"))
    assert caught.value.data == FORBIDDEN


def test_who_may_write(secured: Process, connect: Connect) -> None:
    for auth in (SESSION, token(), {"token": "session-of-root"}):
        (count,) = connect(secured.url, "/writing", auth=auth).call("write", "Buy tea.")
        assert count > 1
    for auth in (ADA, {"token": "session-of-bob"}, token(scope="notes:read")):
        assert connect(secured.url, "/writing", auth=auth).call("write", "x") == [{"error": FORBIDDEN}]


def test_all_may_look_and_some_may_pin(secured: Process, connect: Connect) -> None:
    anybody, ada = connect(secured.url, "/board"), connect(secured.url, "/board", auth=SESSION)
    assert anybody.call("pin", "x") == [{"error": FORBIDDEN}]
    assert ada.call("pin", "hello") == [True]
    assert anybody.receive("pinned") == ["hello"]


def test_auth_of_a_wrong_form(secured: Process, connect: Connect) -> None:
    with pytest.raises(
        ConnectionRejected, match="not authenticated"
    ):  # a stranger learns nothing of the schema
        connect(secured.url, auth={"token": "MARKER" * 1000})


@pytest.mark.parametrize(
    ("headers", "refused"),
    [
        ({"X-Device-Key": "key-of-the-tablet"}, None),
        ({"X-Device-Key": "MARKER"}, UNAUTHORIZED),
        ({}, UNAUTHORIZED),
    ],
)
def test_a_device_and_its_user(secured: Process, headers: Any, refused: Any) -> None:
    with serving.connected(secured.url, "/devices", auth=ADA, headers=headers) as client:
        if refused is None:
            assert client.call("who am i", namespace="/devices") == ["tablet"]
        else:
            assert client.refusals["/devices"]["data"] == refused


def test_a_connection_ends_with_its_token(secured: Process) -> None:
    brief = token(exp=int(time.time()) + 3)
    with serving.connected(secured.url, auth=brief) as client:
        assert not client.refusals
        gone = client.sio.eio.create_event()
        client.sio.on("disconnect", lambda *args: gone.set())
        assert client.call("who am i") == ["cy"]
        assert gone.wait(serving.DEADLINE)
    with serving.connected(secured.url, auth=brief) as client:
        assert client.refusals["/"]["data"] == UNAUTHORIZED
