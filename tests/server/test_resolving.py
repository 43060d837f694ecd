"""A resolver composes with routers, decorators and `x-handler`, on both servers."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from asynction import AsynctionAsyncServer, DocumentError, ModuleResolver, Router
from asynction.contract import Namespace
from asynction.server._socketio.common import service_of
from tests.server.asgi.support import ask
from tests.server.support import STRING, build, client_of, message, of

RESOLVER = ModuleResolver("tests.server.handlers")
NAMES = ("one", "by router", "by decorator")
SPEC = of(message("named", STRING, handler="echo"), *(message(name, STRING) for name in NAMES))


@pytest.fixture(params=["flask", "asgi"])
def make(request: pytest.FixtureRequest) -> Callable[..., Any]:
    return build if request.param == "flask" else AsynctionAsyncServer.from_spec


def answer(asio: Any, event: str) -> Any:
    if isinstance(asio, AsynctionAsyncServer):
        return ask(asio, event, "x")
    return client_of(asio).ask(event, "x")


def router() -> Router:
    made = Router()
    made.on("by router")(lambda data: [data, "router"])
    return made


def test_each_event_may_have_its_handler_from_elsewhere(make: Callable[..., Any]) -> None:
    asked: list[str] = []

    class Spy(ModuleResolver):
        def __call__(self, namespace: Namespace, event: str) -> str | None:
            asked.append(event)
            return super().__call__(namespace, event)

    asio = make(SPEC, resolver=Spy("tests.server.handlers"), routers=[router()])
    asio.on("by decorator")(lambda data: [data, "decorator"])
    assert "by router" not in asked
    assert "named" not in asked
    service_of(asio).check_complete()
    assert answer(asio, "named") == ["x"]
    assert answer(asio, "one") == ["x"]
    assert answer(asio, "by router") == [["x", "router"]]
    assert answer(asio, "by decorator") == [["x", "decorator"]]


def test_code_replaces_what_the_resolver_finds(make: Callable[..., Any]) -> None:
    own = Router()
    own.on("one")(lambda data: "router")
    asio = make(of(message("one", STRING), message("echo", STRING)), resolver=RESOLVER, routers=[own])
    asio.on("echo")(lambda data: "decorator")
    assert answer(asio, "one") == ["router"]
    assert answer(asio, "echo") == ["decorator"]


def test_a_missing_function_stops_the_start(make: Callable[..., Any]) -> None:
    asio = make(SPEC, resolver=RESOLVER, routers=[router()])
    with pytest.raises(DocumentError, match=r"handler .*`tests.server.handlers` has no `by_decorator`"):
        service_of(asio).check_complete()


def test_without_strict_it_is_a_warning(make: Callable[..., Any], caplog: pytest.LogCaptureFixture) -> None:
    asio = make(SPEC, resolver=RESOLVER, strict=False)
    with caplog.at_level(logging.WARNING, "asynction"):
        service_of(asio).check_complete()
    assert "has no `by_decorator`" in caplog.text


@pytest.fixture
def _module_that_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "fails.py").write_text("1 / 0")
    monkeypatch.setattr("tests.server.__path__", [str(tmp_path)])


@pytest.mark.parametrize(
    ("package", "says"),
    [
        ("no_such_package", "no module `no_such_package`"),
        ("tests.server.fails", "raised ZeroDivisionError"),
    ],
)
@pytest.mark.parametrize("spec", [of(message("e")), of()], ids=["events", "only connections"])
@pytest.mark.usefixtures("_module_that_fails")
def test_what_cannot_be_imported_stops_the_server_at_once(
    make: Callable[..., Any], package: str, says: str, spec: Any
) -> None:
    with pytest.raises(DocumentError, match=says):
        make(spec, resolver=ModuleResolver(package))


def test_an_event_of_a_router_may_have_the_path_of_another(make: Callable[..., Any]) -> None:
    twins = of(message("one", STRING), message("One", STRING))
    with pytest.raises(DocumentError, match="resolves to"):
        make(twins, resolver=RESOLVER)
    own = Router()
    own.on("One")(lambda data: "router")
    asio = make(twins, resolver=RESOLVER, routers=[own])
    assert answer(asio, "one") == ["x"]
    assert answer(asio, "One") == ["router"]
