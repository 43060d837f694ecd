"""Options that no layer knows are refused: the parents would lose them without a word."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import socketio
from flask import Flask

from asynction import AsynctionAsyncServer, AsynctionSocketIO, MockAsynctionAsyncServer, MockAsynctionSocketIO
from asynction.client import AsynctionAsyncClient, AsynctionClient
from asynction.server import options
from asynction.server.websocket import SocketRouter

SPEC = {"asyncapi": "2.6.0", "info": {"title": "Options", "version": "1"}, "channels": {"/": {}}}
MAKERS: list[Callable[..., Any]] = [
    AsynctionAsyncServer.from_spec,
    AsynctionSocketIO.from_spec,
    MockAsynctionAsyncServer.from_spec,
    MockAsynctionSocketIO.from_spec,
    SocketRouter.from_spec,
    lambda _, **options: AsynctionAsyncServer(**options),
    lambda _, **options: SocketRouter(**options),
    lambda _, **options: AsynctionSocketIO(**options),
    lambda _, **options: AsynctionSocketIO(Flask("test"), **options),
]
CLIENTS: list[Callable[..., Any]] = [
    AsynctionClient.from_spec,
    AsynctionAsyncClient.from_spec,
    lambda _, **options: AsynctionClient(**options),
    lambda _, **options: AsynctionAsyncClient(**options),
]


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize(
    ("option", "near"), [("validaton", "validation"), ("security_function", "security_functions")]
)
def test_a_misspelt_option_is_refused(make: Callable[..., Any], option: str, near: str) -> None:
    with pytest.raises(TypeError, match=f"has no option `{option}`; did you mean `{near}`"):
        make(SPEC, **{option: None})


@pytest.mark.parametrize("make", [*MAKERS[:4], *MAKERS[7:]])
@pytest.mark.parametrize(
    ("option", "near"),
    [
        ("cors_alowed_origins", "cors_allowed_origins"),
        ("ping_intervall", "ping_interval"),
        ("max_http_buffersize", "max_http_buffer_size"),
        ("engineio_loger", "engineio_logger"),
    ],
)
def test_a_misspelt_option_of_the_parents_is_refused(
    make: Callable[..., Any], option: str, near: str
) -> None:
    with pytest.raises(TypeError, match=f"no option `{option}`; did you mean `{near}`"):
        make(SPEC, **{option: None})


@pytest.mark.parametrize("make", CLIENTS)
@pytest.mark.parametrize(
    ("option", "near"), [("reconection", "reconnection"), ("strickt", "strict"), ("ssl_verfy", "ssl_verify")]
)
def test_a_misspelt_option_of_a_client_is_refused(make: Callable[..., Any], option: str, near: str) -> None:
    with pytest.raises(TypeError, match=f"no option `{option}`; did you mean `{near}`"):
        make(SPEC, **{option: None})


@pytest.mark.parametrize("make", [*MAKERS[:4], *CLIENTS[:2]])
@pytest.mark.parametrize(("option", "near"), [("servername", "server_name"), ("rot", "root")])
def test_a_misspelt_argument_of_from_spec_is_refused(
    make: Callable[..., Any], option: str, near: str
) -> None:
    with pytest.raises(TypeError, match=f"no option `{option}`; did you mean `{near}`"):
        make(SPEC, **{option: None})


@pytest.mark.parametrize("make", MAKERS[2:4])
def test_a_misspelt_option_of_a_mock_is_refused(make: Callable[..., Any]) -> None:
    with pytest.raises(TypeError, match="no option `latancy`; did you mean `latency`"):
        make(SPEC, latancy=(0, 1))


@pytest.mark.parametrize(
    ("option", "says"),
    [("ping_intervall", "did you mean `ping_interval`"), ("routers", "init_app has no option `routers`")],
)
def test_an_option_that_init_app_does_not_take_is_refused(option: str, says: str) -> None:
    with pytest.raises(TypeError, match=says):
        AsynctionSocketIO.from_spec(SPEC).init_app(Flask("test"), **{option: ()})


def test_options_of_the_parents_are_taken_by_name_in_both_places() -> None:
    asio = AsynctionSocketIO.from_spec(SPEC, ping_interval=7)
    asio.init_app(Flask("test"), ping_timeout=3, path="/sio", async_mode="threading")
    assert (asio.server.eio.ping_interval, asio.server.eio.ping_timeout) == (7, 3)


# The mode ---------------------------------------------------------------------------------------

FLASK_MODES = [
    ("asgi", "serves Flask, .* use AsynctionAsyncServer"),
    ("aiohttp", "use AsynctionAsyncServer"),
    ("sanic", "use AsynctionAsyncServer"),
    ("tornado", "use AsynctionAsyncServer"),
    ("gevnt", "did you mean `gevent`"),
    ("nothing like it", "use one of threading, gevent"),
]
ASGI_MODES = [
    ("aiohttp", "serves ASGI, .* leave `async_mode` out"),
    ("sanic", "leave `async_mode` out"),
    ("tornado", "leave `async_mode` out"),
    ("threading", "for Flask use AsynctionSocketIO"),
    ("gevent", "for Flask use AsynctionSocketIO"),
    ("agsi", "serves ASGI"),
]


@pytest.mark.parametrize(("mode", "says"), FLASK_MODES)
@pytest.mark.parametrize("make", [MAKERS[1], MAKERS[3], *MAKERS[7:]])
def test_a_mode_that_flask_cannot_be_served_in_is_refused(
    make: Callable[..., Any], mode: str, says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        make(SPEC, async_mode=mode)


def test_such_a_mode_is_refused_by_init_app_too() -> None:
    with pytest.raises(ValueError, match="use AsynctionAsyncServer"):
        AsynctionSocketIO.from_spec(SPEC).init_app(Flask("test"), async_mode="asgi")


def test_a_mode_whose_library_is_not_installed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(options, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match="needs gevent: install it"):
        AsynctionSocketIO(async_mode="gevent")


@pytest.mark.parametrize(
    "queue", [{"message_queue": "redis://"}, {"client_manager": socketio.RedisManager("redis://")}], ids=list
)
def test_redis_on_gevent_without_patches_is_refused(queue: Any) -> None:
    """python-socketio says so at the first client, which it refuses, as all others."""
    with pytest.raises(ValueError, match=r"call `gevent.monkey.patch_all\(\)` first of all"):
        AsynctionSocketIO(Flask("test"), async_mode="gevent", **queue)
    assert AsynctionSocketIO(Flask("test"), async_mode="threading", **queue).async_mode == "threading"


def test_a_process_that_only_emits_needs_no_patches() -> None:
    AsynctionSocketIO.from_spec(SPEC, async_mode="gevent", message_queue="redis://")


@pytest.mark.parametrize(("mode", "says"), ASGI_MODES)
@pytest.mark.parametrize("make", [MAKERS[0], MAKERS[2], MAKERS[5]])
def test_a_mode_that_is_not_asgi_is_refused(make: Callable[..., Any], mode: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        make(SPEC, async_mode=mode)


@pytest.mark.parametrize("mode", ["asgi", None])
def test_asgi_may_be_named(mode: str | None) -> None:
    assert AsynctionAsyncServer(async_mode=mode).async_mode == "asgi"


def test_a_misspelt_access_leaves_no_router_open() -> None:
    with pytest.raises(TypeError, match="SocketRouter has no option `acess`"):
        SocketRouter(acess=lambda ws: False)  # type: ignore[call-arg]  # what is tested
