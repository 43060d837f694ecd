"""Handlers in groups, declared before or after there is a server."""
# ruff: noqa: B008 - Depends is a mark

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from asynction.exceptions import DocumentError, UnknownEventException
from asynction.inject import Depends
from asynction.runtime import Context, Registration, Response, Router, SocketEvent, default_router
from tests.runtime.support import Bench, args_of, contract, event

Middleware = Callable[[Context, Callable[[Context], Any]], Any]


class Hears:
    """What a router tells of its registrations."""

    def __init__(self) -> None:
        self.heard: list[Registration] = []

    def hear(self, registration: Registration) -> None:
        self.heard.append(registration)

    @property
    def names(self) -> list[tuple[str, str]]:
        return [(each.namespace, each.event) for each in self.heard]


def said(data: Any) -> object:
    return data


def test_events_are_registered_by_name() -> None:
    router, hears = Router(), Hears()
    router.subscribe(hears.hear)
    assert router.on("say", "chat", response_model=int)(said) is said
    assert router.event(said) is said
    assert router.event(namespace="/chat", response_model=str)(said) is said
    assert router.event()(said) is said
    assert hears.heard == [
        Registration("/chat", "say", said, int, (router,)),
        Registration("/", "said", said, None, (router,)),
        Registration("/chat", "said", said, str, (router,)),
        Registration("/", "said", said, None, (router,)),
    ]


@pytest.mark.parametrize(
    ("outer", "inner", "namespace", "expected"),
    [
        ("/", "/", "/", "/"),
        ("/chat", "/", "/", "/chat"),
        ("/", "/chat", "/", "/chat"),
        ("/chat", "/admin", "/", "/chat/admin"),
        ("chat", "admin", "rooms", "/chat/admin/rooms"),
        ("/chat/", "/admin", "/", "/chat/admin"),
        ("/", "/", "/rooms/{id}", "/rooms/{id}"),
    ],
)
def test_namespaces_are_below_each_other(outer: str, inner: str, namespace: str, expected: str) -> None:
    around, hears, router = Router(outer), Hears(), Router(inner)
    around.subscribe(hears.hear)
    around.include(router)
    router.on("say", namespace)(said)
    assert hears.names == [(expected, "say")]
    assert hears.heard[0].routers == (around, router)


def test_registrations_are_told_before_and_after() -> None:
    router, outer, hears = Router("/in"), Router("/out"), Hears()
    router.on("a")(said)
    outer.include(router)
    router.on("b")(said)
    outer.subscribe(hears.hear)
    router.on("c")(said)
    outer.on("d")(said)
    assert hears.names == [("/out/in", "a"), ("/out/in", "b"), ("/out/in", "c"), ("/out", "d")]


def test_a_router_in_two_others_is_in_both() -> None:
    router, first, second, hears = Router("/in"), Router("/first"), Router("/second"), Hears()
    for outer in (first, second):
        outer.include(router)
        outer.subscribe(hears.hear)
    router.on("a")(said)
    assert hears.names == [("/first/in", "a"), ("/second/in", "a")]


def test_a_circle_is_refused() -> None:
    first, second, third = Router("/1"), Router("/2"), Router("/3")
    first.subscribe(Hears().hear)
    first.include(second)
    second.include(third)
    for outer, inner in [(first, first), (third, first), (third, second), (second, first)]:
        with pytest.raises(ValueError, match="a router cannot include itself"):
            outer.include(inner)
    first.include(third)  # by two ways is no circle


def test_a_circle_by_any_of_several_routers_is_refused() -> None:
    inner, outers = Router("/in"), [Router(f"/{number}") for number in range(3)]
    for outer in outers:
        outer.include(inner)
    for outer in outers:
        with pytest.raises(ValueError, match=r"^a router cannot include itself$"):
            inner.include(outer)


def test_a_server_that_is_gone_is_told_nothing() -> None:
    router, hears = Router(), Hears()
    heard = hears.heard
    router.subscribe(hears.hear)
    router.on("a")(said)
    del hears
    gc.collect()
    router.on("b")(said)
    assert [each.event for each in heard] == ["a"]
    router.include(Router("/below"))  # asks whom it tells


def test_the_default_router_is_that_of_socket_events(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_registrations", "_listeners"):  # servers of other tests may live still
        monkeypatch.setattr(default_router, name, [])
    hears = Hears()
    default_router.subscribe(hears.hear)
    assert SocketEvent("say", "/chat", response_model=int)(said) is said
    assert hears.heard == [Registration("/chat", "say", said, int, (default_router,))]


# On a server ------------------------------------------------------------------------------------

log: list[str] = []


@pytest.fixture(autouse=True)
def _empty() -> None:
    log.clear()


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def bench(request: pytest.FixtureRequest) -> Bench:
    return Bench(is_async=request.param)


class Notes:
    """A middleware that notes that it was there."""

    def __init__(self, name: str) -> None:
        self.name = name

    def around(self, context: Context, rest: Callable[[Context], Response]) -> Response:
        log.append(self.name)
        return (yield from rest(context))


def notes(name: str) -> Callable[[], Iterator[None]]:
    def dependency() -> Iterator[None]:
        log.append(name)
        yield
        log.append(f"closes {name}")

    return dependency


def test_what_outer_routers_have_comes_first(bench: Bench) -> None:
    outer = Router("/out", middlewares=[Notes("outer")], dependencies=[Depends(notes("outer dependency"))])
    inner = Router("/in", middlewares=[Notes("inner")], dependencies=[Depends(notes("inner dependency"))])
    outer.include(inner)

    @inner.on("e")
    def handler(data: Any, own: Any = Depends(notes("own dependency"))) -> object:
        log.append("handler")
        return data

    bench.service.add_middleware(Notes("server"))
    bench.service.add_router(outer)
    assert bench.send("e", 1, namespace="/out/in") == (1,)
    assert log == [
        "server",
        "outer",
        "inner",
        "outer dependency",
        "inner dependency",
        "own dependency",
        "handler",
        "closes own dependency",
        "closes inner dependency",
        "closes outer dependency",
    ]


def test_what_a_router_gets_later_is_bound_at_once(bench: Bench) -> None:
    router = Router("/chat")
    bench.service.add_router(router)
    assert bench.status("said", 1, namespace="/chat") == 404
    router.event(said)
    assert bench.send("said", 1, namespace="/chat") == (1,)


def raises(data: Any) -> None:
    raise {"key": KeyError, "index": IndexError, "value": ValueError, "zero": ZeroDivisionError}[data](data)


def test_exception_handlers_are_asked_the_nearest_first(bench: Bench) -> None:
    outer, inner = Router("/out"), Router("/in")
    outer.include(inner)
    inner.on("e")(raises)
    outer.on("e")(raises)
    bench.service.add_router(outer)
    inner.exception_handler(LookupError)(lambda error: "inner lookup")
    outer.exception_handler(KeyError)(lambda error: "outer key")
    outer.exception_handler(ValueError)(lambda error: "outer value")
    bench.service.add_exception_handler(Exception, lambda error: "server")

    def ask(*names: str, namespace: str) -> list[str]:
        return [bench.send("e", name, namespace=namespace)[0] for name in names]

    asked = ("key", "index", "value", "zero")
    assert ask(*asked, namespace="/out/in") == ["inner lookup", "inner lookup", "outer value", "server"]
    assert ask(*asked, namespace="/out") == ["outer key", "server", "outer value", "server"]


def test_an_exception_handler_that_comes_late_is_asked(bench: Bench) -> None:
    router = Router()
    router.on("e")(raises)
    bench.service.add_router(router)
    assert bench.status("e", "key") == 500

    @router.exception_handler(KeyError)
    def handler(error: KeyError, context: Context) -> object:
        return [type(error).__name__, context.event]

    assert bench.send("e", "key") == (["KeyError", "e"],)


def test_an_exception_handler_that_cannot_be_called_is_a_failure(bench: Bench) -> None:
    router = Router()
    router.on("e")(raises)
    bench.service.add_router(router)
    router.exception_handler(KeyError)(lambda error, more: "never")
    assert bench.status("e", "key") == 500


def test_a_router_is_held_to_the_contract() -> None:
    bench = Bench(contract(event(args=args_of({}))))
    wrong: list[tuple[str, Callable[..., Any], type[Exception]]] = [
        ("x", said, UnknownEventException),
        ("e", lambda: 0, DocumentError),
    ]
    for name, handler, kind in wrong:
        router = Router()
        router.on(name)(handler)
        with pytest.raises(kind):
            bench.service.add_router(router)
    good = Router()
    good.on("e")(said)
    bench.service.add_router(good)
    assert bench.send("e", 1) == (1,)


def test_a_dependency_of_a_router_that_cannot_be_served_is_a_problem() -> None:
    router = Router(dependencies=[Depends(lambda unknown: 0)])
    router.on("e")(said)
    bench = Bench()
    with pytest.raises(DocumentError, match="nothing provides its parameter `unknown`"):
        bench.service.add_router(router)
    assert bench.status("e", 1) == 404


def test_a_dependency_of_a_router_goes_for_its_connections_and_its_wildcard_too(bench: Bench) -> None:
    router = Router(dependencies=[Depends(notes("dependency"))], middlewares=[Notes("middleware")])
    router.on("connect")(lambda: None)
    router.on("*")(lambda *args: len(args))
    bench.service.add_router(router)
    bench.enter()
    assert log == ["dependency", "closes dependency"]
    log.clear()
    assert bench.send("any", 1) == (2,)
    assert log == ["middleware", "dependency", "closes dependency"]


def test_middleware_that_a_server_cannot_run_is_refused() -> None:
    async def later(context: Context, call_next: Callable[[Context], Any]) -> Any: ...

    router = Router(middlewares=[later])
    router.on("e")(said)
    with pytest.raises(TypeError, match="later` is `async def`, which Flask cannot await"):
        Bench().service.add_router(router)
    Bench(is_async=True).service.add_router(router)


def test_a_middleware_of_a_router_that_is_a_class_is_made_once(bench: Bench) -> None:
    made: list[object] = []

    class Counts(Notes):
        def __init__(self) -> None:
            super().__init__("counts")
            made.append(self)

    router = Router(middlewares=[Counts])
    router.on("e")(said)
    router.on("f")(said)
    bench.service.add_router(router)
    bench.service.add_middleware(Notes("server"))
    bench.send("e", 1)
    assert len(made) == 1
