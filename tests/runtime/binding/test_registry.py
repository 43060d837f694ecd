"""Code is held to a contract when it is bound, wherever it comes from."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from asynction.contract import Contract, Info, Json, Namespace, Server, Target
from asynction.exceptions import DocumentError, EventException, NotEnabledError, UnknownEventException
from asynction.inject import Data, Depends, SocketID
from asynction.problems import Location
from asynction.runtime import FLASK, PYTHON_SOCKETIO, Context, Registration, Resolver, Response
from asynction.security import SecurityInfo
from tests.runtime.support import Base, Bench, FakeServer, args_of, contract, event, handlers, schema

HERE = __name__
log: list[str] = []


@pytest.fixture(autouse=True)
def _empty() -> None:
    log.clear()


def says(data: Any) -> object:
    return data


def echoes(*args: object) -> object:
    return list(args)


def connects(auth: Any = None) -> object:
    log.append(f"connects {auth}")
    return None


def answers(error: Exception) -> object:
    return f"answers {type(error).__name__}"


def fails(data: Any) -> None:
    raise LookupError(data)


def no_args() -> None: ...


async def later(data: Any) -> None: ...


def here(name: str) -> Target:
    return Target(f"{HERE}.{name}")


def problems(bind: Callable[[], object]) -> list[str]:
    with pytest.raises(DocumentError) as caught:
        bind()
    return [f"{problem.rule}: {problem.message}" for problem in caught.value.problems]


# From the contract ------------------------------------------------------------------------------


def test_what_a_contract_names_is_bound() -> None:
    bench = Bench(
        contract(
            event("say", args_of({}), handler=here("says")),
            event("fail", args_of({}), handler=here("fails")),
            event("silent"),
            handlers=handlers(
                connect=f"{HERE}.connects", disconnect=f"{HERE}.connects", error=f"{HERE}.answers"
            ),
        )
    )
    assert sorted(bench.registered) == [("/", "connect"), ("/", "disconnect"), ("/", "fail"), ("/", "say")]
    assert bench.send("say", 1) == (1,)
    assert bench.send("fail", 1) == ("answers LookupError",)
    assert bench.send("silent") == ("answers UnknownEventException",)


def test_an_event_may_be_named_like_the_error_handler() -> None:
    bench = Bench(contract(event("error", args_of({}), handler=here("says"))))
    assert bench.send("error", 1) == (1,)
    assert bench.service.routes.error_handlers == {}


def test_all_that_is_wrong_is_told_at_once() -> None:
    made = contract(
        event("a", args_of({}), handler=here("no_args")),
        event("b", args_of({}), handler=here("later"), middlewares=(here("nothing"),)),
        handlers=handlers(connect=f"{HERE}.nowhere", error=f"{HERE}.no_args"),
        middlewares=(here("HERE"), here("afterwards"), here("Disabled"), here("Wrong")),
    )
    made_server = Server("main", "mqtt://h", "mqtt", None)
    said = problems(lambda: Bench(made, server=made_server))
    assert [each.partition(": ")[0] for each in said] == [
        *["handler"] * 6,
        "handler-signature",  # the error handler takes no exception
        "handler-signature",
        "async-handler",
        "protocol",
    ]
    text = "\n".join(said)
    for part in (
        "has no `nowhere`",
        "a middleware is a function or a BaseMiddleware, not a str",
        "`afterwards` is `async def`, which Flask cannot await",
        "install it first",
        "in the wrong form",
        "the server `main` uses the protocol `mqtt`, which is not supported",
    ):
        assert part in text


async def afterwards(context: Context, call_next: Callable[[Context], Any]) -> Any:
    return await call_next(context)


class Disabled:
    def __init__(self) -> None:
        raise NotEnabledError("install it first")

    def around(self, context: Context, rest: Callable[[Context], Response]) -> Response:
        return rest(context)


class Wrong:
    @property
    def asynchronous(self) -> bool:
        raise TypeError("in the wrong form")

    def around(self, context: Context, rest: Callable[[Context], Response]) -> Response:
        return rest(context)


def test_a_server_that_is_served() -> None:
    Bench(contract(), server=Server("main", "wss://h", "wss", None))


def test_what_code_bound_goes_before_the_document() -> None:
    made = contract(
        event("e", args_of({}), handler=here("fails")), handlers=handlers(connect=f"{HERE}.fails")
    )
    bench = Bench(made, bind=False).on("e", says).on("connect", connects)
    bench.service.bind_contract()
    assert bench.send("e", 1) == (1,)
    assert bench.enter("auth") is None


@dataclass(frozen=True)
class Resolves:
    """A resolver of this module, which has `connect` where there is one."""

    paths: dict[str, str]
    optional: frozenset[str] = frozenset()

    def __call__(self, namespace: Namespace, event: str) -> str | None:
        return self.paths.get(event)


def bound_by(resolver: Resolver, made: Contract) -> Bench:
    bench = Bench(made, bind=False)
    bench.service.bind_contract(resolver)
    return bench


def test_a_resolver_finds_what_the_document_does_not_name() -> None:
    found = {name: f"{HERE}.{function}" for name, function in [("a", "fails"), ("b", "says")]}
    made = contract(event("a", handler=here("says")), event("b"), event("c"))
    bench = bound_by(Resolves(found), made)
    assert sorted(bench.service.routes.endpoints) == [("/", "a"), ("/", "b")]
    assert bench.send("a", 1) == (1,)


def test_a_resolver_may_have_handlers_of_a_connection_where_they_exist() -> None:
    found = {"connect": f"{HERE}.connects", "disconnect": f"{HERE}.nowhere", "e": f"{HERE}.says"}
    names = frozenset({"connect", "disconnect", "error"})
    bench = bound_by(Resolves(found, names), contract(event("e")))
    assert list(bench.service.routes.lifecycle) == [("/", "connect")]
    assert bench.service.routes.error_handlers == {}
    assert bound_by(Resolves(found), contract(event("e"))).service.routes.lifecycle == {}


def test_what_a_resolver_finds_must_exist() -> None:
    made = contract(event("e"), event("f"))
    assert problems(lambda: bound_by(Resolves({"e": f"{HERE}.nowhere", "f": f"{HERE}.nowhere"}), made))[
        0
    ] == (f"handler: `f` resolves to `{HERE}.nowhere`, as does `e` of `/`; set `x-handler` on one")


# From code --------------------------------------------------------------------------------------

KNOWN = contract(event("say", args_of({}), {"type": "integer"}), event("open"))


@pytest.mark.parametrize(
    ("name", "namespace", "place"),
    [
        ("say", "/", ("api.yaml", 7, "/say")),
        ("connect", "/", ("api.yaml", 5, "/root")),
        ("*", "/", ("api.yaml", 5, "/root")),
        ("say", "/other", ("<code>", None, "")),
    ],
)
def test_a_handler_of_code_that_cannot_be_served_is_a_problem_of_what_it_is_for(
    name: str, namespace: str, place: tuple[object, ...]
) -> None:
    say = event("say", args_of({}), location=Location("api.yaml", 7, 3, "/say"))
    made = contract(say, location=Location("api.yaml", 5, 1, "/root"))
    with pytest.raises(DocumentError) as caught:
        Bench(made, strict=False).on(name, lambda *, needed: None, namespace)
    (problem,) = caught.value.problems
    assert (problem.file, problem.line, problem.pointer) == place


@pytest.mark.parametrize(
    ("name", "namespace", "message"),
    [
        ("sayy", "/", "the contract receives no event `sayy` in `/`; did you mean `say`?"),
        ("say", "/chat", "the contract has no namespace `/chat`"),
        ("connect", "/chat", "the contract has no namespace `/chat`"),
        ("*", "/", "the contract receives no event `*` in `/`"),
        ("say", "*", "a contract has no namespace `*`"),
    ],
)
def test_what_the_contract_does_not_have_is_refused(
    name: str, namespace: str, message: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(UnknownEventException) as caught:
        Bench(KNOWN).on(name, says, namespace)
    assert str(caught.value).startswith(message)

    bench = Bench(KNOWN, strict=False)
    caplog.clear()
    bench.on(name, says, namespace)
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert caplog.records[0].getMessage() == f"{caught.value}; it is served unchecked"
    if "say" in name and namespace != "*":
        assert bench.send(name, 1, namespace=namespace) == (1,)


def test_where_there_is_no_contract_all_is_open(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench().on("any", says, "/chat").on("connect", connects, "/chat").on("*", echoes)
    assert bench.send("any", 1, namespace="/chat") == (1,)
    assert bench.send("else", 1) == (["else", 1],)
    bench.service.check_complete()
    assert not bench.service.bind(Registration("*", "say", says))
    assert not caplog.records


@pytest.mark.parametrize(
    ("handler", "rule", "message"),
    [
        (no_args, "handler-signature", "`no_args` takes 0 arguments, but the contract passes 1 argument"),
        (later, "async-handler", "`later` is `async def`"),
        (7, "handler", "`7` is a int, which cannot be called"),
    ],
)
def test_a_handler_that_cannot_be_served(handler: Any, rule: str, message: str) -> None:
    bench = Bench(KNOWN)
    (said,) = problems(lambda: bench.on("say", handler))
    assert said.startswith(f"{rule}: {message}")
    assert bench.registered == []
    assert bench.status("say", 1) == 404


@dataclass
class Text:
    words: str


@dataclass
class Number:
    words: int


WORDS: Json = {"type": "object", "properties": {"words": {"type": "string"}}, "required": ["words"]}
WORDY = contract(event("say", args_of(WORDS), WORDS))


def text(data: Text) -> Text:
    return data


def number(data: Number) -> Text: ...  # type: ignore[empty-body]  # never called
def acks_number(data: Text) -> Number: ...  # type: ignore[empty-body]  # never called
def needs_number(text: Any, other: Any = Depends(number)) -> None: ...


@pytest.mark.parametrize("handler", [number, acks_number, needs_number])
def test_models_are_held_to_the_contract(handler: Callable[..., Any]) -> None:
    bench = Bench(WORDY)
    said = problems(lambda: bench.on("say", handler))
    assert [each.partition(":")[0] for each in said] == ["handler-model"]
    assert bench.service.routes.endpoints == {}
    made = contract(replace(WORDY.namespaces["/"].receives["say"], handler=here(handler.__name__)))
    assert [each.partition(":")[0] for each in problems(lambda: Bench(made))] == ["handler-model"]


def test_models_that_keep_the_contract() -> None:
    assert Bench(WORDY).on("say", text).send("say", {"words": "a"}) == ({"words": "a"},)
    with pytest.raises(DocumentError, match="handler-model"):
        Bench(WORDY).on("say", text, model=Number)


def test_without_validation_a_handler_takes_what_it_takes() -> None:
    bench = Bench(KNOWN, validation=False).on("say", lambda a, b: f"{a}{b}")
    assert bench.send("say", 1, 2) == ("12",)
    assert bench.status("say", 1) == 400


# Conventions ------------------------------------------------------------------------------------


def injected(sid: SocketID, server: FakeServer, same: Base, who: SecurityInfo | None, data: Data) -> object:
    return [sid, type(server) is type(same), who, data]


def sid_and_data(sid: Any, data: Any) -> object:
    return [sid, data]


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize(
    ("handler", "conventions", "made", "expected"),
    [
        (injected, FLASK, KNOWN, ["sid", True, None, 1]),
        (injected, PYTHON_SOCKETIO, None, ["sid", True, None, 1]),
        (says, FLASK, KNOWN, 1),
        (says, PYTHON_SOCKETIO, KNOWN, 1),
        (says, PYTHON_SOCKETIO, None, 1),
        (sid_and_data, PYTHON_SOCKETIO, KNOWN, ["sid", 1]),
        (sid_and_data, PYTHON_SOCKETIO, None, ["sid", 1]),
        (echoes, FLASK, KNOWN, [1]),
        (echoes, FLASK, None, [1]),
        (echoes, PYTHON_SOCKETIO, KNOWN, [1]),
        (echoes, PYTHON_SOCKETIO, None, ["sid", 1]),
    ],
)
def test_handlers_follow_the_convention_of_their_server(
    handler: Callable[..., Any], conventions: Any, made: Contract | None, expected: object, is_async: bool
) -> None:
    bench = Bench(made, conventions=conventions, is_async=is_async).on("open" if made else "e", handler)
    assert bench.send("open" if made else "e", 1) == (expected,)


def test_a_handler_of_two_does_not_fit_flask() -> None:
    assert problems(lambda: Bench(KNOWN).on("say", sid_and_data)) == [
        "handler-signature: `sid_and_data` takes 2 arguments, but the contract passes 1 argument"
    ]


def test_handlers_are_prepared() -> None:
    def prepare(function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *args: ["prepared", function(*args)]

    bench = Bench(prepare=prepare).on("e", says)
    assert bench.send("e", 1) == (["prepared", 1],)


def test_a_pattern_gives_its_parameters() -> None:
    def handler(data: Any, *, room_id: int) -> object:
        return [data, room_id]

    def connect(*, room_id: int, user: Any) -> object:
        return [room_id, user]

    made = contract(
        event("e", args_of({})),
        namespace="/rooms/{roomId}",
        parameters={"roomId": schema({"type": "integer"})},
    )
    bench = Bench(made).on("e", handler, "/rooms/{roomId}").on("connect", connect, "/rooms/{roomId}")
    assert bench.send("e", 1, namespace="/rooms/7") == ([1, 7],)
    assert bench.enter(namespace="/rooms/7") == [7, None]


# Wildcards --------------------------------------------------------------------------------------


def anything(event: str, *args: Any) -> object:
    return 7 if event == "number" else [event, *args]


@pytest.mark.parametrize("is_async", [False, True])
def test_a_wildcard_is_held_to_what_the_contract_knows(is_async: bool) -> None:
    made = contract(event("number", args_of({"type": "string"}), {"type": "integer"}), event("text"))
    bench = Bench(made, strict=False, is_async=is_async).on("*", anything)
    assert bench.send("number", "a") == (7,)
    assert bench.status("number", 1) == 400
    assert bench.send("text") == (["text"],)
    assert bench.send("unknown", 1) == (["unknown", 1],)
    bench.service.check_complete()


class Notes:
    """A middleware that notes that it was there."""

    def __init__(self, name: str = "class", namespace: str | None = None, events: Any = ()) -> None:
        self.name = name
        self.namespace = namespace
        self.events = events

    def around(self, context: Context, rest: Callable[[Context], Response]) -> Response:
        log.append(self.name)
        return (yield from rest(context))


def test_middleware_goes_around_a_wildcard_as_well() -> None:
    made = contract(event("known", middlewares=(here("of_message"),)), middlewares=(here("of_root"),))
    bench = Bench(made, strict=False).on("*", anything)
    bench.service.add_middleware(Notes("server"))
    bench.send("known")
    assert log == ["root", "message", "server"]
    log.clear()
    bench.send("unknown")
    assert log == ["root", "server"]


# Middleware -------------------------------------------------------------------------------------

of_root, of_channel, of_message = Notes("root"), Notes("channel"), Notes("message")


def noting(context: Context, call_next: Callable[[Context], Any]) -> Any:
    log.append("function")
    return call_next(context)


@pytest.mark.parametrize("is_async", [False, True])
def test_the_contracts_middleware_is_outermost_then_the_servers(is_async: bool) -> None:
    namespace = Namespace(
        "/",
        {"e": event("e", middlewares=(here("of_message"),)), "f": event("f")},
        {},
        middlewares=(here("of_channel"),),
    )
    made = Contract(Info("T", "1"), {}, {"/": namespace}, {}, middlewares=(here("of_root"), here("noting")))
    bench = Bench(made, is_async=is_async).on("e", says).on("f", says)
    bench.service.add_middleware(Notes("first"))
    bench.service.add_middleware(Notes)
    bench.service.add_middleware(noting)
    assert bench.send("e", 1) == (1,)
    assert log == ["root", "function", "channel", "message", "first", "class", "function"]
    log.clear()
    assert bench.send("f", 1) == (1,)
    assert log == ["root", "function", "channel", "first", "class", "function"]


@pytest.mark.parametrize(
    ("namespace", "events", "own", "heard"),
    [
        (None, None, {}, ["/ a", "/ b", "/chat a"]),
        ("/", None, {}, ["/ a", "/ b"]),
        ("chat", None, {}, ["/chat a"]),
        (None, "a", {}, ["/ a", "/chat a"]),
        (None, ["a", "b"], {}, ["/ a", "/ b", "/chat a"]),
        ("/", ["a"], {}, ["/ a"]),
        (None, None, {"namespace": "/chat"}, ["/chat a"]),
        (None, None, {"events": frozenset(["b"])}, ["/ b"]),
        ("/", ["b"], {"namespace": "/chat", "events": frozenset(["a"])}, ["/ b"]),
    ],
)
def test_middleware_may_be_for_some_events(
    namespace: str | None, events: Any, own: dict[str, Any], heard: list[str]
) -> None:
    made = Contract(
        Info("T", "1"),
        {},
        {
            "/": Namespace("/", {"a": event("a"), "b": event("b")}, {}),
            "/chat": Namespace("/chat", {"a": event("a")}, {}),
        },
        {},
    )
    bench = Bench(made).on("a", says).on("b", says).on("a", says, "/chat")
    bench.service.add_middleware(Notes("here", **own), namespace, events)
    found = []
    for name, of in [("a", "/"), ("b", "/"), ("a", "/chat")]:
        log.clear()
        bench.send(name, 1, namespace=of)
        found += [f"{of} {name}"] * bool(log)
    assert found == heard


@pytest.mark.parametrize(
    ("namespace", "events", "message"),
    [
        (None, ["sya"], "the contract receives no event `sya` for a middleware"),
        ("/chat", ["say"], "the contract receives no event `say` for a middleware"),
        ("/chat", None, "the contract has no namespace `/chat`"),
        (None, ["connect", "sya"], "the contract receives no event `sya` for a middleware"),
    ],
)
def test_middleware_for_events_that_there_are_none_of(
    namespace: str | None, events: list[str] | None, message: str
) -> None:
    with pytest.raises(UnknownEventException, match=message):
        Bench(KNOWN).service.add_middleware(Notes(), namespace, events)
    Bench(KNOWN, strict=False).service.add_middleware(Notes(), namespace, events)


@pytest.mark.parametrize(
    ("middleware", "message"),
    [
        (7, "a middleware is a function or a BaseMiddleware, not a int"),
        (int, "a middleware is a function or a BaseMiddleware, not a int"),
        (afterwards, "the middleware `afterwards` is `async def`, which Flask cannot await"),
        (Wrong(), "in the wrong form"),
    ],
)
def test_what_cannot_be_a_middleware(middleware: object, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        Bench().service.add_middleware(middleware)


def test_an_async_server_takes_middleware_of_any_kind() -> None:
    bench = Bench(is_async=True).on("e", says)
    for middleware in (afterwards, noting, Notes("class")):
        bench.service.add_middleware(middleware)
    assert bench.send("e", 1) == (1,)
    assert log == ["function", "class"]


def test_middleware_may_say_what_to_write_instead() -> None:
    class Later:
        asynchronous = True
        instead = "; use the other"

        def around(self, context: Context, rest: Callable[[Context], Response]) -> Response:
            return rest(context)

    with pytest.raises(TypeError, match="; use the other"):
        Bench().service.add_middleware(Later())


# Exception handlers, and what is missing --------------------------------------------------------


def test_exception_handlers_of_the_server_go_before_the_namespaces() -> None:
    made = contract(
        event("e", args_of({}), handler=here("fails")), handlers=handlers(error=f"{HERE}.answers")
    )
    bench = Bench(made)
    assert bench.send("e", 1) == ("answers LookupError",)

    def by_kind(error: LookupError, sid: SocketID) -> object:
        return [type(error).__name__, sid]

    bench.service.add_exception_handler(LookupError, by_kind)
    assert bench.send("e", 1) == (["LookupError", "sid"],)


def test_the_error_handler_of_python_socketio_may_take_the_sid() -> None:
    bench = Bench(conventions=PYTHON_SOCKETIO).on("e", fails)
    bench.service.add_exception_handler(LookupError, lambda sid, error: [sid, str(error)])
    assert bench.send("e", "why") == (["sid", "why"],)


@pytest.mark.parametrize(
    ("handler", "name"), [(no_args, "no_args"), (later, "later"), (lambda a, b: None, "<lambda>"), (7, "7")]
)
def test_an_exception_handler_that_cannot_be_called(handler: Any, name: str) -> None:
    (problem,) = problems(lambda: Bench().service.add_exception_handler(LookupError, handler))
    assert f"`{name}`" in problem


def test_an_exception_handler_may_refuse_in_its_turn() -> None:
    def refuses(error: Exception) -> None:
        raise EventException(409, "again")

    bench = Bench().on("e", fails)
    bench.service.add_exception_handler(LookupError, refuses)
    assert bench.send("e", 1) == ({"error": {"status": 409, "title": "Conflict", "detail": "again"}},)


def test_an_event_without_a_handler_is_a_problem(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(KNOWN).on("open", says)
    assert problems(bench.service.check_complete) == ["no-handler: the event `say` of `/` has no handler"]
    bench.on("say", says).service.check_complete()
    lax = Bench(KNOWN, strict=False)
    caplog.clear()
    lax.service.check_complete()
    assert len(caplog.records) == 2
