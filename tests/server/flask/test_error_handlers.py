"""The error handlers of Flask-SocketIO get what they ask for, as all handlers do, or stop the start."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flask
import flask_socketio
import pytest

from asynction import AsynctionSocketIO, DocumentError
from asynction.inject import Depends, SocketID
from tests.server.support import client_of, message, of

fastapi = pytest.importorskip("fastapi")

Register = Callable[[AsynctionSocketIO, Any], object]


def on_namespace(asio: AsynctionSocketIO, handler: Any) -> None:
    class Chat(flask_socketio.Namespace):  # type: ignore[misc]  # the library has no types
        error = staticmethod(handler)

    asio.on_namespace(Chat("/"))


WAYS: dict[str, Register] = {
    "on_error": lambda asio, handler: asio.on_error("/")(handler),
    "on_error_default": lambda asio, handler: asio.on_error_default(handler),
    "class": on_namespace,
}
registered = pytest.mark.parametrize("register", WAYS.values(), ids=WAYS)


def served(**options: Any) -> AsynctionSocketIO:
    app = flask.Flask(__name__)
    asio = AsynctionSocketIO.from_spec(of(message("e")), app=app, async_mode="threading", **options)
    asio.on("e")(lambda: 1 / 0)
    return asio


def value() -> str:
    return "given"


def with_dependency(error: Exception, given: str = Depends(value)) -> str:
    return f"{type(error).__name__} {given}"


def with_sid(error: Exception, sid: SocketID) -> bool:
    return bool(sid)


def with_anything(*args: Any) -> int:
    return len(args)


@registered
@pytest.mark.parametrize(
    ("handler", "answer"),
    [
        (with_dependency, "ZeroDivisionError given"),
        (with_sid, True),
        (with_anything, 1),
        (lambda error: "plain", "plain"),
    ],
)
def test_an_error_handler_gets_what_it_asks_for(register: Register, handler: Any, answer: object) -> None:
    asio = served()
    register(asio, handler)
    client = client_of(asio)
    assert client.ask("e") == client.ask("e") == [answer]


def with_mark(error: Exception, token: str = fastapi.Header("x")) -> str:
    return token


def misspelt(error: Exception, token: "Mispelt" = None) -> None:  # type: ignore[name-defined]  # noqa: F821, UP037
    """Have an annotation that cannot be read."""


def demanding(error: Exception, more: str) -> None:
    """Ask for what nobody gives."""


@registered
@pytest.mark.parametrize("handler", [with_mark, misspelt, demanding])
def test_an_error_handler_that_cannot_be_served_stops_the_start(register: Register, handler: Any) -> None:
    with pytest.raises(DocumentError, match="handler-signature"):
        register(served(), handler)


def test_a_default_error_handler_is_one_of_them() -> None:
    assert client_of(served(default_error_handler=with_dependency)).ask("e") == ["ZeroDivisionError given"]
    with pytest.raises(DocumentError, match="handler-signature"):
        served(default_error_handler=with_mark)
