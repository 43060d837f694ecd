"""What both Socket.IO servers share: who hears a broadcast."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from asynction import load
from asynction.runtime import Host, Service, drive
from asynction.security import Identity
from asynction.server._socketio.common import exclude_unauthenticated

CLIENTS = {"a": "engine a", "b": "engine b", "c": "engine c"}


def check(token: str, *_: object) -> object:
    return {"sub": token}


class Manager:
    """A client manager as python-socketio has it: rooms of a namespace, by sid."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, object]] = []
        self.last: Iterator[tuple[str, str]] | None = None

    def get_participants(self, namespace: str, room: object) -> Iterator[tuple[str, str]]:
        self.asked.append((namespace, room))
        rooms = room if isinstance(room, list | tuple) else [room]
        named = [each for each in rooms if each in CLIENTS]
        self.last = iter([(sid, CLIENTS[sid]) for sid in named or CLIENTS])
        return self.last


@pytest.fixture
def service() -> Service:
    """A service of which `/closed` and `/rooms/{room}` ask for credentials, and `/open` does not."""
    scheme = {"type": "http", "scheme": "bearer", "x-bearerInfoFunc": f"{__name__}.check"}
    demand: dict[str, Any] = {"x-security": [{"bearer": []}]}
    contract = load(
        {
            "asyncapi": "2.6.0",
            "info": {"title": "T", "version": "1"},
            "channels": {
                "/open": {},
                "/closed": demand,
                "/rooms/{room}": {**demand, "parameters": {"room": {}}},
            },
            "components": {"securitySchemes": {"bearer": scheme}},
        }
    )
    host = Host(None, drive, environ=lambda *_: {}, is_connected=lambda *_: True, register=lambda *_: None)
    return Service(contract, host)


def managed(service: Service) -> Any:
    manager = Manager()
    exclude_unauthenticated(manager, service)
    return manager


@pytest.mark.parametrize("namespace", ["/open", "/nowhere"])
def test_where_nothing_is_demanded_the_managers_own_iterator_comes_back(
    service: Service, namespace: str
) -> None:
    service.bind_contract()
    manager = managed(service)
    assert manager.get_participants(namespace, None) is manager.last
    assert manager.asked == [(namespace, None)]


def test_before_code_is_bound_nobody_is_held_back(service: Service) -> None:
    manager = managed(service)
    assert manager.get_participants("/closed", None) is manager.last


@pytest.mark.parametrize("namespace", ["/closed", "/rooms/tea"])
@pytest.mark.parametrize(
    ("room", "heard"),
    [
        (None, ["a"]),
        ("room", ["a"]),
        (["room", "hall"], ["a"]),
        (("room", "hall"), ["a"]),
        ("b", ["b"]),  # a sid is a room of its own
        (["b", "c"], ["b", "c"]),
        (("b", "a"), ["b", "a"]),
        (["a"], ["a"]),
    ],
)
def test_clients_that_are_not_accepted_hear_only_what_names_them(
    service: Service, namespace: str, room: object, heard: list[str]
) -> None:
    service.bind_contract()
    service.identities["a"] = Identity({"bearer": {"sub": "ada"}})
    manager = managed(service)
    assert list(manager.get_participants(namespace, room)) == [(sid, CLIENTS[sid]) for sid in heard]
    assert manager.asked == [(namespace, room)]


def test_a_client_hears_broadcasts_from_when_it_is_accepted(service: Service) -> None:
    service.bind_contract()
    manager = managed(service)
    assert list(manager.get_participants("/closed", None)) == []
    service.identities["c"] = Identity({"bearer": {"sub": "cy"}})
    assert list(manager.get_participants("/closed", None)) == [("c", "engine c")]
    del service.identities["c"]
    assert list(manager.get_participants("/closed", None)) == []
