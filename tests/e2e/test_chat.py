"""The chat example: its application, its page, and people in it."""

from __future__ import annotations

from itertools import count

import pytest
import requests

from tests.e2e.clients import Client, Connect, ConnectionRejected
from tests.e2e.processes import Process

_ids = count(1)


@pytest.fixture
def names() -> tuple[str, str]:
    """Two names that nobody has had: the chat lives longer than one test."""
    number = next(_ids)
    return f"Ada {number}", f"Bob {number}"


def enter(chat: Process, connect: Connect, name: str) -> Client:
    """Connect, and wait until the others see it."""
    client = connect(chat.url, query={"name": name})
    wait_for_people(client, name)
    return client


def wait_for_people(client: Client, *names: str) -> None:
    """Wait for news of who is here in which all of these are."""
    while not set(names) <= set(client.receive("people")[0]):
        pass


def test_people_talk(chat: Process, connect: Connect, names: tuple[str, str]) -> None:
    ada, bob = (enter(chat, connect, name) for name in names)
    wait_for_people(ada, *names)
    (receipt,) = ada.call("say", {"text": "<b>hello</b>"})
    assert receipt["reached"] >= 1
    said = {"id": receipt["id"], "from": names[0], "text": "<b>hello</b>"}
    assert ada.receive("said") == bob.receive("said") == [said]


def test_people_whisper(chat: Process, connect: Connect, names: tuple[str, str]) -> None:
    ada, bob = (enter(chat, connect, name) for name in names)
    bob.answer("whispered", True)
    assert ada.call("whisper", names[1], "psst") == [True]
    assert bob.receive("whispered") == [names[0], "psst"]
    assert ada.receive("read") == [names[1], True]
    assert ada.call("whisper", "nobody", "psst") == [False]


def test_a_bad_message_is_answered(chat: Process, connect: Connect, names: tuple[str, str]) -> None:
    ada = enter(chat, connect, names[0])
    (ack,) = ada.call("say", {"text": ""})
    assert ack["error"]["status"] == 400
    assert ack["error"]["pointer"] == "/0/text"
    (receipt,) = ada.call("say", {"text": "better"})
    assert ada.receive("said")[0]["id"] == receipt["id"]


@pytest.mark.parametrize("query", [{}, {"name": ""}, {"name": "x" * 25}])
def test_a_name_is_asked_for(chat: Process, connect: Connect, query: dict[str, str]) -> None:
    with pytest.raises(ConnectionRejected, match="name"):
        connect(chat.url, query=query)


def test_a_name_is_taken_once(chat: Process, connect: Connect, names: tuple[str, str]) -> None:
    ada = enter(chat, connect, names[0])
    with pytest.raises(ConnectionRejected, match="already"):
        connect(chat.url, query={"name": names[0]})
    assert ada.call("whisper", names[0], "still me") == [True]


def test_an_admin_announces(chat: Process, connect: Connect, names: tuple[str, str]) -> None:
    ada = enter(chat, connect, names[0])
    admin = connect(chat.url, "/admin", {"level": "2"}, {"token": "x"})
    assert admin.call("announce", "closing soon")[0] >= 1
    assert ada.receive("announced") == [{"level": 2, "text": "closing soon"}]
    (ack,) = admin.call("announce", "")
    assert ack["error"]["title"] == "Not done"


def test_an_admin_shows_people_out(chat: Process, connect: Connect, names: tuple[str, str]) -> None:
    ada = enter(chat, connect, names[0])
    enter(chat, connect, names[1])
    wait_for_people(ada, *names)
    admin = connect(chat.url, "/admin", {"level": "1"})
    assert admin.call("show out", names[1]) == [True]
    while names[1] in ada.receive("people")[0]:
        pass
    assert admin.call("show out", names[1]) == [False]


@pytest.mark.parametrize("level", ["0", "4", "one", ""])
def test_an_admin_has_a_level(chat: Process, connect: Connect, level: str) -> None:
    with pytest.raises(ConnectionRejected, match="level"):
        connect(chat.url, "/admin", {"level": level})


@pytest.mark.parametrize(
    ("path", "content"),
    {
        "/": "/page/chat.js",
        "/page/chat.js": "textContent",
        "/page/chat.css": "color-scheme",
        "/socket.io.js": "Socket.IO",
    }.items(),
)
def test_the_page_is_served_whole(chat: Process, path: str, content: str) -> None:
    response = requests.get(chat.url + path, timeout=30)
    assert response.status_code == requests.codes.ok
    assert content in response.text
