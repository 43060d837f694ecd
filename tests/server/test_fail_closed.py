"""What cannot be read in a signature is an error at the start, on both servers, wherever it stands."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import fastapi
import flask
import pytest

from asynction import AsynctionAsyncServer, AsynctionSocketIO, DocumentError, Router
from asynction.inject import Depends
from tests.server.support import message, of

if TYPE_CHECKING:
    from decimal import Decimal as User

    from asynction import SecurityInfo

SPEC = of(message("e", {"type": "object"}))


def current_user() -> str:
    return "guest"


def unreadable_dependency(user: User | None = None) -> None: ...
def marked_dependency(token: str = fastapi.Header(default="")) -> str:
    return token


def info(data: dict[str, Any], who: SecurityInfo) -> None: ...
def user(data: dict[str, Any], who: Annotated[User, Depends(current_user)]) -> None: ...
def result(data: dict[str, Any]) -> User | None: ...
def depends(data: dict[str, Any], who: Any = Depends(unreadable_dependency)) -> None: ...
def header(data: dict[str, Any], token: str = fastapi.Header()) -> None: ...
def query(data: dict[str, Any], token: Annotated[str, fastapi.Query()] = "") -> None: ...
def logged_in(data: dict[str, Any], token: str = fastapi.Depends(marked_dependency)) -> None: ...


def connect(auth: Any, who: SecurityInfo) -> None: ...
def connect_header(token: str = fastapi.Header()) -> None: ...
def connect_depends(who: Any = Depends(unreadable_dependency)) -> None: ...
def failing(error: Exception, who: SecurityInfo) -> None: ...


def flask_server(spec: Any) -> Any:
    return AsynctionSocketIO.from_spec(spec, app=flask.Flask(__name__))


def async_server(spec: Any) -> Any:
    return AsynctionAsyncServer.from_spec(spec)


def without_contract(_: Any) -> Any:
    return AsynctionAsyncServer()


def lenient(spec: Any) -> Any:
    return AsynctionAsyncServer.from_spec(spec, strict=False, validation=False)


SERVERS = [flask_server, async_server, without_contract, lenient]


def refused(bind: Callable[[], object], name: str) -> None:
    with pytest.raises(DocumentError) as caught:
        bind()
    (problem,) = caught.value.problems
    assert problem.rule == "handler-signature"
    assert re.match(rf"`{name}` (\(tests/.*test_fail_closed.py:\d+\) has |depends on)", problem.message)


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("handler", [info, user, result, depends, header, query, logged_in])
def test_of_a_handler(server: Callable[[Any], Any], handler: Any) -> None:
    asio = server(SPEC)
    refused(lambda: asio.on("e")(handler), handler.__name__)
    router = Router()
    router.on("e")(handler)
    refused(lambda: asio.add_router(router), handler.__name__)


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("handler", [connect, connect_header, connect_depends])
def test_of_a_connect_handler(server: Callable[[Any], Any], handler: Any) -> None:
    asio = server(SPEC)
    refused(lambda: asio.on("connect")(handler), handler.__name__)
    refused(lambda: asio.on("disconnect")(handler), handler.__name__)


@pytest.mark.parametrize("server", [flask_server, async_server])
@pytest.mark.parametrize("handler", [info, logged_in])
def test_of_a_handler_that_the_document_names(server: Callable[[Any], Any], handler: Any) -> None:
    path = f"{__name__}.{handler.__name__}"
    refused(lambda: server(of({**message("e"), "x-handler": path})), path)


@pytest.mark.parametrize("server", SERVERS)
def test_of_an_exception_handler(server: Callable[[Any], Any]) -> None:
    asio = server(SPEC)
    refused(lambda: asio.exception_handler(LookupError)(failing), "failing")


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("dependency", [unreadable_dependency, marked_dependency])
def test_of_a_dependency_of_a_router(server: Callable[[Any], Any], dependency: Any) -> None:
    router = Router(dependencies=[Depends(dependency)])
    router.on("e")(lambda data: None)
    refused(lambda: server(SPEC).add_router(router), "test_of_a_dependency_of_a_router.<locals>.<lambda>")


@pytest.mark.parametrize("server", SERVERS)
def test_of_an_exception_handler_of_a_router(server: Callable[[Any], Any]) -> None:
    router = Router()
    router.exception_handler(LookupError)(failing)
    router.on("e")(lambda data: None)
    refused(lambda: server(SPEC).add_router(router), "failing")
