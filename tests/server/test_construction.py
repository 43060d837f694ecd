"""Servers are made as their parents are: with an app, without one, and without a contract."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from flask import Flask
from flask_socketio import join_room

from asynction import (
    AsynctionAsyncClient,
    AsynctionAsyncServer,
    AsynctionClient,
    AsynctionSocketIO,
    MockAsynctionAsyncServer,
    MockAsynctionSocketIO,
    NotEnabledError,
    load,
)
from asynction.server.websocket import SocketRouter
from tests.server.support import STRING, client_of, message, of

SPEC = of(message("say", STRING), sends=[message("said", STRING)])
THREADS: dict[str, Any] = {"async_mode": "threading"}


def status(args: Any) -> object:
    return args[0]["error"]["status"]


# Without a contract -----------------------------------------------------------------------------


def by_position() -> AsynctionSocketIO:
    return AsynctionSocketIO(Flask("test"), **THREADS)


def by_name() -> AsynctionSocketIO:
    return AsynctionSocketIO(app=Flask("test"), **THREADS)


def later() -> AsynctionSocketIO:
    return AsynctionSocketIO(**THREADS)


@pytest.mark.parametrize("make", [by_position, by_name, later])
def test_without_a_contract_flask_serves_what_code_binds(make: Callable[[], AsynctionSocketIO]) -> None:
    asio = make()
    rooms: list[str] = []

    @asio.on("say")
    def say(text: str) -> str:
        asio.emit("said", {"any": text})
        return text.upper()

    @asio.on("count", namespace="/numbers")
    def count(*args: object) -> int:
        return len(args)

    def enter(room: str) -> None:
        join_room(room)
        rooms.append(room)

    asio.on_event("enter", enter)

    @asio.on("connect")
    def connect(auth: Any) -> bool:
        return bool(auth != "no")

    if make is later:
        asio.init_app(Flask("test"))
    client = client_of(asio)
    assert asio.contract is None
    assert client.ask("say", "hey") == ["HEY"]
    assert client.get_received()[0]["args"] == [{"any": "hey"}]
    assert client.ask("enter", "tea") == []
    assert rooms == ["tea"]
    assert client_of(asio, "/numbers").ask("count", 1, 2, namespace="/numbers") == [2]
    assert status(client.ask("say", 1)) == 400
    assert status(client.ask("unknown")) == 404
    assert not client_of(asio, auth="no").is_connected()


def test_a_handler_that_is_bound_later_is_served() -> None:
    asio = by_position()
    client = client_of(asio)
    asio.on("late")(lambda: "served")
    asio.on("late", namespace="/new")(lambda: "there")
    assert client.ask("late") == ["served"]
    assert client_of(asio, "/new").ask("late", namespace="/new") == ["there"]


def test_an_app_is_given_once() -> None:
    with pytest.raises(TypeError, match="two apps"):
        AsynctionSocketIO(Flask("one"), app=Flask("two"))


def test_without_a_contract_there_is_no_page() -> None:
    app = Flask("test")
    asio = AsynctionSocketIO(app, **THREADS)
    assert asio.docs_path is None
    assert app.test_client().get("/docs/").status_code == 404


@pytest.mark.parametrize(
    "use",
    [
        lambda asio: asio.emit("said", "x"),
        lambda asio: asio.send("x"),
        lambda asio: asio.call("said", "x", to="sid"),
        lambda asio: asio.test_client(Flask("test")),
        lambda asio: asio.run(Flask("test")),
        lambda asio: asio.start_background_task(print),
        lambda asio: asio.close_room("x"),
        lambda asio: asio.sleep(0),
    ],
)
@pytest.mark.parametrize("make", [later, lambda: AsynctionSocketIO.from_spec(SPEC, strict=False)])
def test_a_server_without_an_app_says_so(
    make: Callable[[], AsynctionSocketIO], use: Callable[[Any], object]
) -> None:
    with pytest.raises(NotEnabledError, match=r"no app yet: call `init_app\(app\)` first"):
        use(make())


# What is no contract ----------------------------------------------------------------------------

OWNERS: list[Any] = [
    AsynctionSocketIO,
    AsynctionAsyncServer,
    SocketRouter,
    AsynctionClient,
    AsynctionAsyncClient,
    MockAsynctionSocketIO,
    MockAsynctionAsyncServer,
]


@pytest.mark.parametrize("given", ["asyncapi.yaml", Path("asyncapi.yaml"), SPEC], ids=type)
@pytest.mark.parametrize("owner", OWNERS)
def test_a_document_is_given_to_from_spec(owner: Any, given: Any) -> None:
    with pytest.raises(TypeError, match=rf"write `{owner.__name__}.from_spec\(...\)` for a document"):
        owner(given)


@pytest.mark.parametrize(
    ("owner", "given", "says"),
    [
        (AsynctionAsyncServer, Flask("test"), "not a Flask; give an app as `app=`"),
        (AsynctionSocketIO, print, "not a builtin_function_or_method; give an app as `app=`"),
        (SocketRouter, status, "not a function; give a check of connections as `access=`"),
        (AsynctionClient, 7, "not a int; give the URL to `connect`"),
        (AsynctionAsyncClient, 7, "not a int; give the URL to `connect`"),
    ],
)
def test_what_is_no_contract_is_given_by_name(owner: Any, given: Any, says: str) -> None:
    with pytest.raises(TypeError, match=f"the first argument of {owner.__name__} is a contract, {says}"):
        owner(given)


@pytest.mark.parametrize("args", [(), (Flask("test"),)], ids=["nothing", "an app"])
@pytest.mark.parametrize("owner", OWNERS[5:])
def test_a_mock_needs_a_document(owner: Any, args: Any) -> None:
    with pytest.raises(TypeError, match=rf"a mock needs a document: write `{owner.__name__}.from_spec"):
        owner(*args)


def test_a_compiled_contract_is_one() -> None:
    contract = load(SPEC)
    for owner in OWNERS:
        assert owner(contract).contract.info.title == "Test"


# By position, as in asynction 0.8 -----------------------------------------------------------------


@pytest.mark.parametrize("owner", [AsynctionSocketIO, MockAsynctionSocketIO])
def test_from_spec_takes_the_arguments_of_0_8_by_position(owner: Any) -> None:
    app = Flask("test")
    spec = {
        **SPEC,
        "servers": {"one": {"url": "h/sio", "protocol": "ws"}, "two": {"url": "h", "protocol": "ws"}},
    }
    caught: list[Exception] = []
    asio = owner.from_spec(spec, False, "one", False, caught.append, app, async_mode="threading")
    assert asio.sockio_mw.engineio_path == "/sio/"
    assert asio.docs_path is None
    assert asio.default_exception_handler == caught.append
    asio.on("say")(lambda data: data)
    assert client_of(asio).ask("say", 1) == [1]


def test_from_spec_of_a_mock_takes_the_size_of_samples_last() -> None:
    with pytest.raises(ValueError, match="pool size"):
        MockAsynctionSocketIO.from_spec(SPEC, True, None, True, None, None, 0)
    with pytest.raises(TypeError, match="at most 7 positional arguments"):
        MockAsynctionSocketIO.from_spec(SPEC, True, None, True, None, None, 3, "more")


@pytest.mark.parametrize(
    ("args", "named", "says"),
    [
        ((True, None, True, None, None, "more"), {}, "at most 6 positional arguments"),
        ((False,), {"validation": False}, "two values for `validation`"),
        ((True, "one"), {"server_name": "one"}, "two values for `server_name`"),
    ],
)
def test_what_python_refuses_by_position_is_refused(args: Any, named: Any, says: str) -> None:
    with pytest.raises(TypeError, match=says):
        AsynctionSocketIO.from_spec(SPEC, *args, **named)


DOC: dict[str, Any] = {"asyncapi": "2.6.0", "info": {"title": "T", "version": "1"}, "channels": {}}


async def asgi(scope: Any, receive: Any, send: Any) -> None:
    """Be an ASGI application."""


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: AsynctionAsyncServer.from_spec(DOC, app=cast("Any", Flask("x"))), "use AsynctionSocketIO"),
        (
            lambda: AsynctionAsyncServer.from_spec(DOC, app=cast("Any", "main:app")),
            "an ASGI application, not to a str",
        ),
        (lambda: AsynctionAsyncServer(app=cast("Any", 5)), "an ASGI application, not to a int"),
        (lambda: AsynctionAsyncServer().asgi_app(cast("Any", Flask("x"))), "use AsynctionSocketIO"),
        (lambda: AsynctionSocketIO.from_spec(DOC, app=cast("Any", asgi)), "use AsynctionAsyncServer"),
        (lambda: AsynctionSocketIO().init_app(cast("Any", asgi)), "use AsynctionAsyncServer"),
        (lambda: AsynctionSocketIO().init_app(cast("Any", "app")), "a Flask app, not to a str"),
        (lambda: AsynctionSocketIO(cast("Any", asgi)), "give an app as `app=`"),
        (lambda: AsynctionSocketIO.from_spec(DOC, Flask("x")), "give an app as `app=`"),
        (lambda: AsynctionSocketIO.from_spec(DOC, strict=cast("Any", "no")), "`strict` is True or False"),
        (lambda: AsynctionAsyncServer(validation=cast("Any", "no")), "`validation` is True or False"),
        (lambda: AsynctionAsyncServer(always_connect=cast("Any", "1")), "`always_connect` is True or False"),
    ],
)
def test_an_app_of_the_wrong_kind_and_a_text_as_a_switch_are_refused(
    make: Callable[[], object], message: str
) -> None:
    with pytest.raises(TypeError, match=message):
        make()
