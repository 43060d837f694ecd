"""The tables of a running server: what an event leads to, and what a namespace demands."""

from __future__ import annotations

from typing import Any

import pytest

from asynction import load
from asynction.exceptions import AsynctionException
from asynction.runtime import PYTHON_SOCKETIO
from asynction.runtime._injection.plan import Plan
from asynction.runtime._routes import Routes
from tests.runtime.support import Bench

SCHEME = {"type": "http", "scheme": "bearer", "x-bearerInfoFunc": f"{__name__}.check"}


def check(token: str, *_: object) -> object:
    return {"sub": token}


def channel(*events: str, **fields: Any) -> dict[str, Any]:
    messages = [{"name": name, "payload": {"type": "string"}} for name in events]
    found = {key.replace("_", "-"): value for key, value in fields.items() if key != "security"}
    return {**found, "publish": {"security": fields.get("security", []), "message": {"oneOf": messages}}}


@pytest.fixture
def bench() -> Bench:
    """A server with an open and a closed namespace, a pattern, and no code yet; it may have wildcards."""
    demand: list[Any] = [{"bearer": []}]
    channels = {
        "/": channel("say", "think"),
        "/closed": channel("say", x_security=demand),
        "/writes": channel("say", "write", security=[{"bearer": []}, {"basic": []}], x_security=[]),
        "/rooms/{room}": channel("say", parameters={"room": {}}, x_security=demand),
    }
    basic = {"type": "http", "scheme": "basic", "x-basicInfoFunc": f"{__name__}.check"}
    document = {
        "asyncapi": "2.6.0",
        "info": {"title": "T", "version": "1"},
        "channels": channels,
        "components": {"securitySchemes": {"bearer": SCHEME, "basic": basic}},
    }
    return Bench(load(document), bind=False, conventions=PYTHON_SOCKETIO, strict=False)


@pytest.fixture
def routes(bench: Bench) -> Routes:
    return bench.service.routes


def say(data: str) -> str:
    return data


def catch_all(event: str, *args: object) -> str:
    return event


# Events -----------------------------------------------------------------------------------------


def test_an_event_leads_to_its_handler(bench: Bench, routes: Routes) -> None:
    assert routes.endpoint("/", "say") is None
    assert not routes.handles("/", "say")
    bench.on("say", say)
    endpoint = routes.endpoint("/", "say")
    assert endpoint is not None
    assert endpoint is routes.endpoints["/", "say"]
    assert endpoint.schemas is routes.schemas.receives["/"]["say"]
    assert routes.handles("/", "say")
    assert not routes.handles("/", "think")
    assert not routes.handles("/closed", "say")


def test_a_wildcard_has_the_schemas_of_the_event_that_it_handles(bench: Bench, routes: Routes) -> None:
    bench.on("*", catch_all)
    for event in ("say", "think"):
        endpoint = routes.endpoint("/", event)
        assert endpoint is not None
        assert endpoint.schemas is routes.schemas.receives["/"][event]
        assert routes.handles("/", event)
    assert routes.endpoint("/closed", "say") is None


def test_a_wildcard_handles_what_the_contract_does_not_have_unchecked(bench: Bench, routes: Routes) -> None:
    bench.on("*", catch_all)
    endpoint = routes.endpoint("/", "other")
    assert endpoint is not None
    assert endpoint.schemas.event.name == "other"
    assert endpoint.schemas.args is endpoint.schemas.ack is None
    assert routes.handles("/", "other")


def test_a_handler_goes_before_the_wildcard(bench: Bench, routes: Routes) -> None:
    bench.on("*", catch_all).on("say", say)
    assert routes.endpoint("/", "say") is routes.endpoints["/", "say"]


def test_what_is_bound_is_told(bench: Bench, routes: Routes) -> None:
    assert routes.bound == []
    bench.on("say", say).on("connect", lambda: None).on("*", catch_all)
    assert sorted(routes.bound) == [("/", "*"), ("/", "connect"), ("/", "say")]


def test_the_namespace_of_a_client_belongs_to_one_of_the_contract(routes: Routes) -> None:
    match = routes.match("/rooms/tea")
    assert match is not None
    assert (match.name, match.parameters) == ("/rooms/{room}", {"room": "tea"})
    assert routes.match("/nowhere") is None


# Credentials ------------------------------------------------------------------------------------


def test_before_code_is_bound_no_client_is_accepted(routes: Routes) -> None:
    for ask in (routes.required, routes.offered):
        with pytest.raises(AsynctionException, match="has no app yet"):
            ask("/closed")
    assert not routes.demands_credentials("/closed")
    assert not routes.is_demanding("/closed")


def test_a_namespace_demands_credentials(bench: Bench, routes: Routes) -> None:
    bench.service.bind_contract()
    assert routes.required("/closed") == ({"bearer": ()},)
    assert routes.required("/") == routes.required("/writes") == routes.required("/nowhere") == ()
    assert routes.demands_credentials("/closed")
    assert not routes.demands_credentials("/")
    assert not routes.demands_credentials("/writes")  # only its events do
    assert not routes.demands_credentials("/nowhere")


def test_a_pattern_demands_them_for_its_namespaces(bench: Bench, routes: Routes) -> None:
    bench.service.bind_contract()
    assert routes.demands_credentials("/rooms/tea")
    assert routes.is_demanding("/rooms/{room}")
    assert not routes.is_demanding("/rooms/tea")  # which is not the contract's name


def test_what_events_demand_may_be_shown_on_connecting(bench: Bench, routes: Routes) -> None:
    bench.service.bind_contract()
    assert routes.offered("/writes") == ("bearer", "basic")
    assert routes.offered("/closed") == routes.offered("/nowhere") == ()


# Exceptions -------------------------------------------------------------------------------------


def test_the_error_handlers_of_a_namespace_come_last(routes: Routes) -> None:
    assert routes.error_handlers_for("/") == (routes.exception_handlers,)
    own: dict[type[BaseException], Plan] = {}
    nearest: dict[type[BaseException], Plan] = {}
    routes.error_handlers["/closed"] = own
    assert [id(each) for each in routes.error_handlers_for("/closed")] == [
        id(routes.exception_handlers),
        id(own),
    ]
    assert [id(each) for each in routes.error_handlers_for("/closed", (nearest,))] == [id(nearest), id(own)]
    assert [id(each) for each in routes.error_handlers_for("/", (nearest,))] == [id(nearest)]


@pytest.mark.parametrize("by_namespace", [False, True])
def test_whether_code_answers_exceptions_is_known(bench: Bench, routes: Routes, by_namespace: bool) -> None:
    before = routes.answers_exceptions
    if by_namespace:
        routes.error_handlers["/"] = {}
    else:
        bench.service.add_exception_handler(LookupError, lambda error: "answer")
    assert (before, routes.answers_exceptions) == (False, True)
