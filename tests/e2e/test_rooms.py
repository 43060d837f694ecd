"""The rooms example: a FastAPI application served by uvicorn, from its first client to its end."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.e2e.clients import Client, Connect, ConnectionRejected
from tests.e2e.processes import DEADLINE, Process, free_port, running

ROOT = Path(__file__).parents[2]
MODERATOR = {"token": "token-of-mia"}
GUEST = {"token": "token-of-gus"}
FORBIDDEN = {"error": {"status": 403, "title": "Forbidden", "detail": "not allowed"}}
_numbers = count(1)


def serving(output: Path) -> Any:
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "specs.examples.rooms.app:app", "--port", port]
    command += ["--timeout-graceful-shutdown", "1"]  # a long poll lasts longer than any test has to
    return running(command, port, output, cwd=ROOT)


@pytest.fixture(scope="module")
def rooms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    with serving(tmp_path_factory.mktemp("rooms") / "log") as process:
        yield process


@pytest.fixture
def lobby(rooms: Process, connect: Connect) -> Client:
    return connect(rooms.url)


@pytest.fixture
def room(lobby: Client) -> str:
    """The namespace of a room with two seats that no other test has."""
    name = f"room-{next(_numbers)}"
    (info,) = lobby.call("create", {"id": name, "title": "A room", "seats": 2})
    assert info == {"id": name, "title": "A room", "seats": 2, "taken": 0}
    return f"/rooms/{name}"


def join(rooms: Process, connect: Connect, room: str, name: str) -> Client:
    client = connect(rooms.url, room)
    (joined,) = client.call("join", {"name": name})
    assert name in joined["people"]
    return client


def listed(rooms: Process) -> Any:
    response = requests.get(f"{rooms.url}/rooms", timeout=DEADLINE)
    assert response.status_code == requests.codes.ok
    return response.json()


def test_people_talk_in_a_room(rooms: Process, connect: Connect, room: str) -> None:
    ada, bob = (join(rooms, connect, room, name) for name in ("ada", "bob"))
    assert ada.receive("people") == [["ada"]]
    assert ada.receive("people") == bob.receive("people") == [["ada", "bob"]]
    assert ada.call("typing") == []
    assert bob.receive("is typing") == ["ada"]
    (message,) = ada.call("send", {"text": "hello"})
    assert message["author"] == "ada"
    assert message["text"] == "hello"
    assert ada.receive("message") == bob.receive("message") == [message]


def test_who_comes_later_finds_what_was_said(rooms: Process, connect: Connect, room: str) -> None:
    ada = join(rooms, connect, room, "ada")
    (message,) = ada.call("send", {"text": "hello"})
    bob = connect(rooms.url, room)
    assert bob.call("join", {"name": "bob"}) == [{"people": ["ada", "bob"], "history": [message]}]


def test_a_seat_is_free_again(rooms: Process, connect: Connect, room: str) -> None:
    ada, _bob = (join(rooms, connect, room, name) for name in ("ada", "bob"))
    late = connect(rooms.url, room)
    full = {"status": 409, "title": "The room is full", "detail": "all 2 seats are taken"}
    assert late.call("join", {"name": "cy"}) == [{"error": full}]
    assert ada.call("leave") == []
    assert late.call("join", {"name": "cy"}) == [{"people": ["bob", "cy"], "history": []}]


def test_only_those_who_joined_speak(rooms: Process, connect: Connect, room: str) -> None:
    (ack,) = connect(rooms.url, room).call("send", {"text": "hello"})
    assert ack["error"] == {"status": 403, "title": "Forbidden", "detail": "join the room first"}


def test_a_name_is_taken_once(rooms: Process, connect: Connect, room: str) -> None:
    join(rooms, connect, room, "ada")
    (ack,) = connect(rooms.url, room).call("join", {"name": "ada"})
    assert ack["error"]["status"] == 409


@pytest.mark.parametrize(
    ("payload", "pointer"),
    [
        ({"id": "UPPER", "title": "x"}, "/0/id"),
        ({"id": "x"}, "/0"),
        ({"id": "x", "title": "x", "seats": "many"}, "/0/seats"),
        ("x", "/0"),
    ],
)
def test_what_breaks_the_contract_is_answered(lobby: Client, payload: Any, pointer: str) -> None:
    (ack,) = lobby.call("create", payload)
    assert ack["error"]["status"] == 400
    assert ack["error"]["pointer"] == pointer


def test_a_room_must_exist(rooms: Process, connect: Connect) -> None:
    with pytest.raises(ConnectionRejected, match="there is no room nowhere") as caught:
        connect(rooms.url, "/rooms/nowhere")
    assert caught.value.data["status"] == 404


def test_messages_are_limited(rooms: Process, connect: Connect, room: str) -> None:
    ada = join(rooms, connect, room, "ada")
    acks = (ada.call("send", {"text": "hello"})[0] for _ in range(100))
    refused = next(ack for ack in acks if "error" in ack)
    assert refused["error"]["status"] == 429
    assert ada.call("typing") == []


@pytest.mark.parametrize("auth", [None, GUEST, {"token": "of nobody"}], ids=["nothing", "guest", "wrong"])
def test_others_do_not_moderate(rooms: Process, connect: Connect, room: str, auth: Any) -> None:
    join(rooms, connect, room, "ada")
    other = connect(rooms.url, room, auth=auth)
    assert other.call("remove", "ada") == other.call("clear") == [FORBIDDEN]


def test_moderators_moderate(rooms: Process, connect: Connect, room: str) -> None:
    ada, bob = (join(rooms, connect, room, name) for name in ("ada", "bob"))
    ada.call("send", {"text": "hello"})
    mia = connect(rooms.url, room, auth=MODERATOR)
    assert mia.call("clear") == [1]
    assert bob.receive("cleared") == []
    assert mia.call("remove", "ada") == [True]
    while bob.receive("people") != [["bob"]]:
        pass
    assert mia.call("remove", "ada") == [False]


def test_requests_and_events_see_the_same_rooms(
    rooms: Process, connect: Connect, lobby: Client, room: str
) -> None:
    join(rooms, connect, room, "ada")
    info = {"id": room.removeprefix("/rooms/"), "title": "A room", "seats": 2, "taken": 1}
    while info not in lobby.receive("rooms")[0]:
        pass
    assert info in listed(rooms)
    assert lobby.call("list") == [listed(rooms)]


@pytest.mark.parametrize("path", ["/", "/page/rooms.js", "/socket.io.js"])
def test_the_page_is_served_whole(rooms: Process, path: str) -> None:
    assert requests.get(rooms.url + path, timeout=DEADLINE).status_code == requests.codes.ok


def test_events_are_logged_without_what_is_in_them(rooms: Process, connect: Connect, room: str) -> None:
    rooms.mark()
    join(rooms, connect, room, "MARKER").call("send", {"text": "MARKER"})
    rooms.wait_for(lambda: "200 event 'send'" in rooms.log())
    assert "MARKER" not in rooms.log()


# Those of Python do not take it well that a server is gone: one asks it to say goodbye, one keeps its socket.
@pytest.mark.parametrize("connect", ["js-websocket", "js-polling"], indirect=True)
def test_it_ends_with_clients_and_without_a_word(connect: Connect, tmp_path: Path) -> None:
    with serving(tmp_path / "log") as rooms:
        ada = join(rooms, connect, "/rooms/hall", "ada")
        assert ada.receive("people") == [["ada"]]
        rooms.mark()
        rooms.popen.send_signal(signal.SIGTERM)
        status = rooms.popen.wait(DEADLINE)
    log = rooms.log()
    assert status in (0, -signal.SIGTERM)
    assert "shutdown complete" in log
    for word in ("Traceback", "Error", "never awaited", "was destroyed"):
        assert word not in log
