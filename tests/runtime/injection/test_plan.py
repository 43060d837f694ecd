"""How a function gets its arguments: by annotation, by name, from a dependency, or from the event."""
# ruff: noqa: UP007, UP045 - Depends is a mark, and all forms of annotations are tested

from __future__ import annotations

import contextlib
import functools
import inspect
from abc import ABC
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Generic, Optional, TypedDict, TypeVar, Union

import msgspec
import pydantic
import pytest
from fastapi import Depends as FastDepends
from hypothesis import given, settings
from hypothesis import strategies as st

from asynction.exceptions import PayloadValidationException, SecurityException
from asynction.inject import (
    Auth,
    Data,
    Depends,
    Environ,
    Event,
    Reason,
    Server,
    SocketID,
)
from asynction.models import Writer
from asynction.runtime import (
    FLASK,
    PYTHON_SOCKETIO,
    CallSpec,
    Context,
    Convention,
    Plan,
    PlanError,
    drive,
    plan_call,
)
from asynction.runtime._injection.annotations import is_async_generator, is_generator
from asynction.runtime._injection.dependencies import resolved
from asynction.runtime._injection.plan import dependency_node
from asynction.security import SecurityInfo
from tests.runtime.support import BOTH, Base, FakeServer, Run, arun, context

T = TypeVar("T")
SERVER = FakeServer()
PROVIDERS: dict[type, Callable[[Context], object]] = {
    Context: lambda context: context,
    FakeServer: lambda _: SERVER,
}
EMPTY = inspect.Parameter.empty


def spec(min_args: int | None = None, max_args: int | None = None, **fields: Any) -> CallSpec:
    return CallSpec(min_args, min_args if max_args is None else max_args, providers=PROVIDERS, **fields)


def call(made: Plan, at: Context, run: Run = drive) -> Any:
    """What a planned function returns for an event."""

    def flow() -> Any:
        values = yield from resolved(made.dependencies, at, None)
        return (yield made.call(at, values))

    return run(flow())


def result(handler: Callable[..., Any], *args: object, want: CallSpec | None = None, **where: Any) -> Any:
    return call(plan_call(handler, want or spec()), context(*args, **where))


# Annotations ------------------------------------------------------------------------------------


def marked(annotation: object) -> Callable[..., Any]:
    """Make a handler with one parameter of this annotation, and one that takes the event's arg."""

    def handler(before: Any, asked: Any, after: Any = "default") -> object:
        return [before, asked, after]

    handler.__annotations__["asked"] = annotation
    return handler


def keyword(annotation: object) -> Callable[..., Any]:
    def handler(before: Any, after: Any = "default", *, asked: Any) -> object:
        return [before, asked, after]

    handler.__annotations__["asked"] = annotation
    return handler


ENVIRON = {"REQUEST_METHOD": "GET"}
MARKS: list[tuple[Any, object]] = [
    (SocketID, "sid"),
    (Environ, ENVIRON),
    (Auth, "auth"),
    (Reason, "why"),
    (Data, "arg"),
    (Event, "e"),
    (Server, "server"),
    (SecurityInfo, {"sub": "ann"}),
    (FakeServer, SERVER),
    (Base, SERVER),
]


@pytest.mark.parametrize("style", [marked, keyword])
@pytest.mark.parametrize(("mark", "expected"), MARKS, ids=lambda mark: str(mark)[:30])
@pytest.mark.parametrize(
    "wrapped",
    [
        lambda mark: mark,
        lambda mark: Optional[mark],
        lambda mark: Union[None, mark],
        lambda mark: Annotated[mark, "said"],
        lambda mark: Annotated[Optional[mark], "said"],
        lambda mark: Optional[Annotated[mark, "said"]],
    ],
)
def test_a_parameter_is_given_what_it_is_annotated_with(
    style: Callable[[object], Callable[..., Any]],
    wrapped: Callable[[object], object],
    mark: object,
    expected: object,
) -> None:
    at = context("arg", environ=ENVIRON, user="ann", auth="auth", reason="why")
    made = plan_call(style(wrapped(mark)), spec(1, 2))
    assert call(made, at) == ["arg", expected, "default"]
    assert (made.min_args, made.max_args) == (1, 2)


def test_the_context_itself_may_be_asked_for() -> None:
    at = context("arg")
    assert call(plan_call(marked(Context), spec(1)), at)[1] is at


def test_annotations_may_be_text() -> None:
    def handler(asked: SocketID, given: Optional[Event] = None) -> object:
        return asked, given

    assert handler.__annotations__["asked"] == "SocketID"
    assert result(handler) == ("sid", "e")


def test_an_annotation_that_cannot_be_read() -> None:
    def handler(data: Unknown) -> None: ...  # type: ignore[name-defined]  # noqa: F821 - there is none

    with pytest.raises(PlanError, match="has an annotation that cannot be read: name 'Unknown' is not"):
        plan_call(handler, spec())


def unreadable_result(data: Any) -> Unknown: ...  # type: ignore[name-defined]  # noqa: F821 - there is none
def unreadable_arg(data: Any, more: list[Unknown]) -> None: ...  # type: ignore[name-defined]  # noqa: F821
def unreadable_mark(data: Any, db: Annotated[Unknown, Depends(len)]) -> None: ...  # type: ignore[name-defined]  # noqa: F821
def unreadable_default(data: Any, db: Unknown = None) -> None: ...  # type: ignore[name-defined]  # noqa: F821


@functools.wraps(unreadable_mark)
def unreadable_inside(*args: Any) -> None: ...


def of_signature(data: Any) -> None: ...


of_signature.__signature__ = inspect.Signature(  # type: ignore[attr-defined]  # as decorators do
    [inspect.Parameter("data", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation="SocketID")]
)
of_signature.__annotations__ = {}


@pytest.mark.parametrize(
    "function",
    [
        unreadable_result,
        unreadable_arg,
        unreadable_mark,
        unreadable_default,
        unreadable_inside,
        partial(unreadable_mark, 1),
        of_signature,
    ],
)
@pytest.mark.parametrize(
    "want",
    [
        spec(1, checked=True),
        spec(1),
        spec(),
        spec(1, is_lifecycle=True),
        spec(1, is_lifecycle=True, raw=True),
    ],
)
def test_no_annotation_may_be_unreadable(function: Callable[..., Any], want: CallSpec) -> None:
    """Taken as none, it would turn what the server gives into what clients send."""
    with pytest.raises(PlanError, match=r"^has an annotation that cannot be read: .*; import the name where"):
        plan_call(function, want)

    def handler(data: Any, other: Any = Depends(function)) -> None: ...

    with pytest.raises(PlanError, match=r"^depends on `.*` \(.*test_plan.py:\d+\), which has an annotation"):
        plan_call(handler, want)


def test_an_annotation_that_cannot_be_served() -> None:
    def handler(data: contextlib.suppress) -> None: ...

    with pytest.raises(PlanError, match="has an annotation that cannot be served"):
        plan_call(handler, spec(1))


class Abstract(ABC):  # noqa: B024 - what it is, is enough
    """What the server is, says nobody."""


Abstract.register(FakeServer)


@pytest.mark.parametrize("annotation", [EMPTY, object, Any])
def test_what_may_be_anything_is_the_arg(annotation: object) -> None:
    def handler(asked: Any) -> object:
        return asked

    handler.__annotations__ = {} if annotation is EMPTY else {"asked": annotation}
    assert result(handler, "arg", want=spec(1)) == "arg"


def test_an_abstract_class_is_not_the_server() -> None:
    def handler(asked: Abstract) -> None: ...

    assert isinstance(SERVER, Abstract)
    assert [parameter.name for parameter in plan_call(handler, spec(1, raw=True)).arg_parameters] == ["asked"]


@pytest.mark.parametrize("raw", [True, False])
def test_a_union_of_what_is_injected_is_refused(raw: bool) -> None:
    def handler(asked: FakeServer | Context) -> None: ...

    with pytest.raises(PlanError, match=r"but only `(FakeServer|Context)` alone"):
        plan_call(handler, spec(1, raw=raw))


@pytest.mark.parametrize(
    ("args", "expected"), [((), None), (("a",), "a"), (("a", "b"), ("a", "b")), ((None,), None)]
)
def test_data_is_what_was_sent(args: tuple[object, ...], expected: object) -> None:
    def by_position(data: Data) -> object:
        return data

    def by_keyword(*, data: Data) -> object:
        return data

    for handler in (by_position, by_keyword):
        made = plan_call(handler, spec(len(args)))
        assert (made.min_args, made.max_args) == (0, None)
        assert call(made, context(*args)) == expected


def needs_info(info: SecurityInfo) -> object:
    return info


def takes_nobody(info: SecurityInfo | None) -> object:
    return info


def takes_nobody_by_default(info: SecurityInfo = None) -> object:  # type: ignore[assignment]  # so many write it
    return info


def test_who_is_unknown_is_refused_by_a_handler_that_needs_to_know() -> None:
    with pytest.raises(SecurityException) as caught:
        result(needs_info)
    assert caught.value.status == 401
    with pytest.raises(SecurityException):
        result(needs_info, identity=None)
    assert result(needs_info, user="ann") == {"sub": "ann"}


@pytest.mark.parametrize("handler", [takes_nobody, takes_nobody_by_default])
def test_a_handler_that_allows_none_takes_everybody(handler: Callable[..., Any]) -> None:
    assert result(handler) is None
    assert result(handler, user="ann") == {"sub": "ann"}


# Models -----------------------------------------------------------------------------------------


@dataclass
class Point:
    x: int


class Model(pydantic.BaseModel):
    x: int


class Struct(msgspec.Struct):
    x: int


class Typed(TypedDict):
    x: int


@pytest.mark.parametrize("checked", [True, False])
@pytest.mark.parametrize(
    ("model", "expected"), [(Point, Point(1)), (Model, Model(x=1)), (Struct, Struct(1)), (Typed, {"x": 1})]
)
def test_an_arg_is_made_the_model_of_its_parameter(checked: bool, model: type, expected: object) -> None:
    def handler(sid: SocketID, data: Any, event: Event) -> object:
        return data

    handler.__annotations__["data"] = model
    want = spec(1, checked=checked)
    assert result(handler, {"x": 1}, want=want) == expected
    if not checked:
        with pytest.raises(PayloadValidationException):
            result(handler, {"x": "no"}, want=want)


def test_the_place_of_a_wrong_arg_is_its_own() -> None:
    def handler(sid: str, first: Any, data: Point) -> None: ...

    want = spec(2, convention=PYTHON_SOCKETIO["event"])
    with pytest.raises(PayloadValidationException) as caught:
        result(handler, 1, {"x": "no"}, want=want)
    assert caught.value.errors[0].pointer == "/1/x"


def returns_point() -> Point: ...  # type: ignore[empty-body]  # never called
def returns_any() -> Any: ...
def returns_mark(a: int) -> Optional[Point]: ...


@pytest.mark.parametrize(
    ("handler", "model", "shaped"),
    [
        (returns_point, None, {"x": 1}),
        (returns_any, Point, {"x": 1}),
        (returns_mark, None, {"x": 1}),
        (returns_point, Struct, {"x": 1}),
    ],
)
def test_a_result_has_the_shape_of_its_annotation(
    handler: Callable[..., Any], model: object, shaped: object
) -> None:
    made = plan_call(handler, spec(response_model=model))
    assert made.shape is not None
    assert Writer().write([made.shape({"x": 1})])[0] == (shaped,)


def test_nothing_shapes_what_may_be_anything() -> None:
    assert plan_call(returns_any, spec()).shape is None


# Whole signatures -------------------------------------------------------------------------------


def test_a_handler_of_args_alone_costs_nothing_extra() -> None:
    def handler(data: Any, more: Any = None) -> None: ...

    at = context("a", "b")
    assert plan_call(handler, spec()).call(at) == (handler, at.args)
    assert plan_call(print, spec()).call(at) == (print, at.args)
    want = spec(convention=PYTHON_SOCKETIO["event"])
    assert plan_call(lambda sid, *args: None, want).call(at)[1] == ("sid", "a", "b")


@pytest.mark.parametrize("function", [type, max])
def test_a_function_that_does_not_tell_takes_the_args(function: Callable[..., Any]) -> None:
    made = plan_call(function, spec(3))
    assert (made.min_args, made.max_args) == (0, None)
    assert made.call(context(1, 2, 3)) == (function, (1, 2, 3))
    prepared = plan_call(function, spec(3, prepare=partial))
    assert isinstance(prepared.function, partial)


def test_a_handler_is_prepared_for_its_server() -> None:
    def prepare(function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *args, **kwargs: ("prepared", function(*args, **kwargs))

    def handler(data: Any, *, sid: SocketID) -> object:
        return data, sid

    assert result(handler, 1, want=spec(prepare=prepare)) == ("prepared", (1, "sid"))


class Callables:
    """What may be called, with an annotation."""

    def __call__(self, asked: SocketID) -> object:
        return asked

    def method(self, asked: SocketID) -> object:
        return asked

    @classmethod
    def of_class(cls, asked: SocketID) -> object:
        return asked

    @staticmethod
    def static(asked: SocketID) -> object:
        return asked


class Made:
    def __init__(self, asked: SocketID) -> None:
        self.asked = asked


def two(asked: SocketID, data: object) -> object:
    return asked


def decorated(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrapper


@pytest.mark.parametrize(
    "handler",
    [
        Callables(),
        Callables().method,
        Callables.of_class,
        Callables.static,
        decorated(Callables.static),
        partial(Callables()),
        partial(two, data=1),
        decorated(partial(two, data=1)),
    ],
)
def test_annotations_are_found_behind_what_wraps_them(handler: Callable[..., Any]) -> None:
    assert result(handler) == "sid"


def test_a_class_may_be_a_handler() -> None:
    assert result(Made).asked == "sid"


def test_an_argument_that_nobody_passes() -> None:
    def handler(data: Any, *, needed: Any, optional: Any = 1) -> None: ...

    with pytest.raises(PlanError, match="needs the keyword argument `needed`, which is not passed"):
        plan_call(handler, spec())


def test_keywords_with_a_default_are_left_alone() -> None:
    def handler(data: Any, *, optional: Any = 1, **rest: Any) -> object:
        return data, optional, rest

    assert result(handler, 0) == (0, 1, {})


def test_positional_only_parameters_are_given_by_position() -> None:
    def handler(a: Any, sid: SocketID, /, b: Any, *rest: Any, event: Event) -> object:
        return a, sid, b, rest, event

    assert result(handler, 1, 2, 3) == (1, "sid", 2, (3,), "e")


def test_a_missing_arg_leaves_the_default() -> None:
    def handler(sid: SocketID, a: Any, b: Any = "b", *rest: Any) -> object:
        return sid, a, b, rest

    assert result(handler, 1) == ("sid", 1, "b", ())
    assert result(handler, 1, 2, 3) == ("sid", 1, 2, (3,))


@pytest.mark.parametrize(
    ("handler", "min_args", "max_args", "message"),
    [
        (lambda: 0, 1, 1, "takes 0 arguments, but the contract passes 1 argument"),
        (lambda a, b: 0, 1, 2, "takes 2 arguments, but the contract passes 1 to 2 arguments"),
        (lambda a, b=0: 0, 1, None, "takes 1 to 2 arguments, but the contract passes at least 1 argument"),
        (lambda a, *b: 0, 0, 0, "takes at least 1 argument, but the contract passes 0 arguments"),
        (lambda a: 0, 0, 1, "takes 1 argument, but the contract passes 0 to 1 argument"),
    ],
)
def test_a_handler_that_cannot_take_what_is_sent(
    handler: Callable[..., Any], min_args: int, max_args: int | None, message: str
) -> None:
    with pytest.raises(PlanError) as caught:
        plan_call(handler, CallSpec(min_args, max_args))
    assert str(caught.value) == message


# Conventions ------------------------------------------------------------------------------------

S, A, B = "sid", "a", "b"


def named(*names: str, rest: bool = False) -> Callable[..., Any]:
    """Make a handler that returns its arguments, with parameters of these names; `x=` has a default."""
    parameters = ", ".join(
        [*(f"{name}None" if name[-1] == "=" else name for name in names), *["*rest"] * rest]
    )
    made: Callable[..., Any] = eval(
        f"lambda {parameters}: [{', '.join([*(n.rstrip('=') for n in names), *['*rest'] * rest])}]"
    )
    return made


@pytest.mark.parametrize(
    ("names", "rest", "expected"),
    [
        (["data"], False, [A]),
        (["x"], False, [A]),
        (["x", "y="], False, [A, None]),
        ([], True, [A]),
        (["x"], True, [A]),
    ],
)
@pytest.mark.parametrize("conventions", [FLASK, PYTHON_SOCKETIO])
@pytest.mark.parametrize("min_args", [None, 1])
def test_with_a_contract_args_are_what_it_says(
    names: list[str], rest: bool, expected: object, conventions: Any, min_args: int | None
) -> None:
    convention = Convention(conventions["event"].leading if "event" in conventions else ())
    assert result(named(*names, rest=rest), A, want=spec(min_args, convention=convention)) == expected


@pytest.mark.parametrize(
    ("names", "args", "expected"),
    [
        (["sid", "data"], [A], [S, A]),
        (["x", "y"], [A], [S, A]),
        (["sid"], [], [S]),
        (["sid=", "y="], [A], [S, A]),
        (["x", "y", "z"], [A, B], [S, A, B]),
    ],
)
def test_a_handler_that_takes_one_more_takes_the_sid(
    names: list[str], args: list[object], expected: object
) -> None:
    want = spec(len(args), convention=Convention(("sid",)))
    assert result(named(*names), *args, want=want) == expected


@pytest.mark.parametrize(
    ("names", "rest", "expected"),
    [
        (["data"], False, [A]),
        (["sid"], False, None),
        (["x"], False, None),
        (["x", "y"], False, [S, A]),
        (["data", "y="], False, [A, None]),
        ([], True, [S, A]),
        (["x"], True, [S, A]),
        (["data"], True, [A]),
    ],
)
def test_without_a_contract_handlers_are_those_of_python_socketio(
    names: list[str], rest: bool, expected: object
) -> None:
    made = plan_call(named(*names, rest=rest), spec(convention=PYTHON_SOCKETIO["event"]))
    assert call(made, context(*[A] * (expected is not None))) == (expected or [S])


def typed(first: int, second: str) -> object:
    return [first, second]


def text_first(first: str, second: int) -> object:
    return [first, second]


def has_sid(asked: SocketID, first: str) -> object:
    return [asked, first]


def has_sid_by_keyword(first: str, *, asked: SocketID) -> object:
    return [first, asked]


@pytest.mark.parametrize(
    ("handler", "args", "expected"),
    [
        (typed, [1, "a"], [1, "a"]),
        (text_first, [1], [S, 1]),
        (has_sid, ["a"], [S, "a"]),
        (has_sid_by_keyword, ["a"], ["a", S]),
    ],
)
def test_without_a_contract_types_tell_what_is_no_sid(
    handler: Callable[..., Any], args: list[object], expected: object
) -> None:
    assert result(handler, *args, want=spec(convention=PYTHON_SOCKETIO["event"])) == expected


@pytest.mark.parametrize(
    ("names", "rest", "expected"),
    [
        ([], False, []),
        (["event"], False, ["e"]),
        (["event", "sid"], False, ["e", S]),
        (["x", "y", "z"], False, ["e", S, A]),
        (["x", "y", "z", "w="], False, ["e", S, A, B]),
        ([], True, ["e", S, A, B]),
        (["x"], True, ["e", S, A, B]),
        (["x", "y", "z"], True, ["e", S, A, B]),
    ],
)
def test_a_wildcard_is_told_the_event_and_the_sid(names: list[str], rest: bool, expected: object) -> None:
    assert result(named(*names, rest=rest), A, B, want=spec(convention=PYTHON_SOCKETIO["*"])) == expected


@pytest.mark.parametrize(
    ("names", "rest", "expected"),
    [(["event"], False, ["e"]), (["x", "y"], False, ["e", A]), ([], True, ["e", A]), (["x"], True, ["e", A])],
)
def test_a_wildcard_of_flask_is_told_the_event(names: list[str], rest: bool, expected: object) -> None:
    assert result(named(*names, rest=rest), A, want=spec(convention=FLASK["*"])) == expected


AUTH, ENV = "auth", {"E": 1}
CONNECT = PYTHON_SOCKETIO["connect"]
DISCONNECT = PYTHON_SOCKETIO["disconnect"]
ERROR = PYTHON_SOCKETIO["error"]
PREFERS_NOTHING = Convention(CONNECT.leading)


@pytest.mark.parametrize(
    ("convention", "names", "rest", "expected"),
    [
        # Flask-SocketIO
        (Convention(), [], False, []),
        (Convention(), ["x"], False, [AUTH]),
        (Convention(), ["x="], False, [AUTH]),
        (Convention(), ["x", "y="], False, [AUTH, None]),
        (Convention(), [], True, [AUTH]),
        (Convention(), ["x"], True, [AUTH]),
        # with a contract
        (PREFERS_NOTHING, [], False, []),
        (PREFERS_NOTHING, ["x"], False, [AUTH]),
        (PREFERS_NOTHING, ["auth"], False, [AUTH]),
        (PREFERS_NOTHING, ["sid"], False, [S]),
        (PREFERS_NOTHING, ["x", "y"], False, [S, ENV]),
        (PREFERS_NOTHING, ["sid", "environ", "auth"], False, [S, ENV, AUTH]),
        (PREFERS_NOTHING, ["x", "y", "z="], False, [S, ENV, AUTH]),
        (PREFERS_NOTHING, [], True, [AUTH]),
        (PREFERS_NOTHING, ["sid"], True, [S, ENV, AUTH]),
        # without one
        (CONNECT, [], False, []),
        (CONNECT, ["x"], False, [S]),
        (CONNECT, ["auth"], False, [AUTH]),
        (CONNECT, ["x", "y"], False, [S, ENV]),
        (CONNECT, ["x", "y", "z"], False, [S, ENV, AUTH]),
        (CONNECT, [], True, [S, ENV, AUTH]),
        (DISCONNECT, [], False, []),
        (DISCONNECT, ["x"], False, [S]),
        (DISCONNECT, ["reason"], False, [AUTH]),
        (DISCONNECT, ["x", "y"], False, [S, AUTH]),
        (DISCONNECT, [], True, [S, AUTH]),
        (ERROR, ["x"], False, [AUTH]),
        (ERROR, ["x", "y"], False, [S, AUTH]),
        (ERROR, [], True, [AUTH]),
    ],
)
def test_handlers_of_a_connection_may_take_less(
    convention: Convention, names: list[str], rest: bool, expected: object
) -> None:
    want = spec(1, is_lifecycle=True, convention=convention)
    assert result(named(*names, rest=rest), AUTH, want=want, environ=ENV) == expected


@pytest.mark.parametrize("names", [["x", "y"], ["x", "y", "z"]])
def test_a_handler_of_a_connection_that_takes_too_much(names: list[str]) -> None:
    with pytest.raises(PlanError, match="but the contract passes 1 argument"):
        plan_call(named(*names), spec(1, is_lifecycle=True))


def test_what_is_raw_is_given_as_it_is() -> None:
    def handler(error: LookupError) -> object:
        return error

    error = LookupError()
    assert result(handler, error, want=spec(1, is_lifecycle=True, raw=True)) is error


def test_handlers_of_a_connection_may_ask_who_it_is_by_name() -> None:
    def by_keyword(auth: Any, *, user: Any, token_info: Any = None) -> object:
        return auth, user, token_info

    def by_position(user: Any, auth: Any, token_info: Any) -> object:
        return auth, user, token_info

    want = spec(1, is_lifecycle=True)
    for handler in (by_keyword, by_position):
        assert result(handler, AUTH, want=want, user="ann") == (AUTH, "ann", {"sub": "ann"})
        assert result(handler, AUTH, want=want) == (AUTH, None, None)


def test_an_event_has_no_user_by_name() -> None:
    assert result(lambda user: user, "arg", want=spec(1)) == "arg"
    with pytest.raises(PlanError, match="needs the keyword argument `user`"):
        plan_call(lambda *, user: user, spec())


def test_a_parameter_of_the_namespace_goes_before_what_we_add() -> None:
    want = spec(1, is_lifecycle=True, parameters=("user",))
    where: Any = {"parameters": {"user": "of the namespace"}, "user": "ann", "want": want}
    assert result(lambda *, user: user, AUTH, **where) == "of the namespace"
    assert result(lambda user: user, AUTH, **where) == "of the namespace"


# Dependencies -----------------------------------------------------------------------------------


def get_sid(asked: SocketID) -> str:
    return f"<{asked}>"


def get_both(event: Event, sid: str = Depends(get_sid)) -> str:
    return f"{event}{sid}"


def by_default(data: Any, db: str = Depends(get_both)) -> object:
    return data, db


def annotated(db: Annotated[str, Depends(get_both)], data: Any) -> object:
    return data, db


def of_fastapi(data: Any, db: str = FastDepends(get_both)) -> object:
    return data, db


def of_fastapi_annotated(data: Any, db: Annotated[str, FastDepends(get_both)]) -> object:
    return data, db


def optional(data: Any, db: Optional[Annotated[str, Depends(get_both)]] = None) -> object:
    return data, db


def by_keyword(data: Any, *, db: str = Depends(get_both)) -> object:
    return data, db


HANDLERS = [by_default, annotated, of_fastapi, of_fastapi_annotated, optional, by_keyword]


@pytest.mark.parametrize("run", BOTH)
@pytest.mark.parametrize("handler", HANDLERS)
def test_a_parameter_is_given_what_its_dependency_returns(run: Run, handler: Callable[..., Any]) -> None:
    assert call(plan_call(handler, spec(1)), context("x"), run) == ("x", "e<sid>")


def itself(again: Any) -> object: ...


itself.__annotations__["again"] = Annotated[Any, Depends(itself)]


def first(other: Any) -> object: ...
def second(other: Any = Depends(first)) -> object: ...


first.__annotations__["other"] = Annotated[Any, Depends(second)]


@pytest.mark.parametrize("function", [itself, first, second])
def test_a_dependency_that_depends_on_itself(function: Callable[..., Any]) -> None:
    def handler(data: Any, other: Any = Depends(function)) -> None: ...

    with pytest.raises(PlanError, match="which depends on itself"):
        plan_call(handler, spec(1))
    with pytest.raises(PlanError, match="which depends on itself"):
        dependency_node(function, function, spec(1))


def nobody_gives(data: Any) -> None: ...
def nobody_gives_either(data: Any, /) -> None: ...


@pytest.mark.parametrize("function", [nobody_gives, nobody_gives_either])
def test_a_dependency_whose_parameter_nobody_gives(function: Callable[..., Any]) -> None:
    def handler(data: Any, other: Any = Depends(function)) -> None: ...

    said = f"depends on `{function.__qualname__}`, but nothing provides its parameter `data`; annotate it"
    with pytest.raises(PlanError) as caught:
        plan_call(handler, spec(1))
    assert str(caught.value).startswith(said)


def test_other_parameters_of_a_dependency_keep_their_defaults() -> None:
    def dependency(a: Any = 1, *args: Any, b: Any = 2, **kwargs: Any) -> object:
        return a, args, b, kwargs

    def handler(data: Any, other: Any = Depends(dependency)) -> object:
        return other

    assert result(handler, "x", want=spec(1)) == (1, (), 2, {})


def test_a_dependency_may_name_parameters_of_the_namespace() -> None:
    def dependency(room_id: Any) -> object:
        return room_id

    def handler(other: Any = Depends(dependency)) -> object:
        return other

    assert result(handler, want=spec(parameters=("roomId",)), parameters={"roomId": 7}) == 7


@dataclass
class Page:
    """A dependency that is a class."""

    asked: SocketID
    size: int = 10


@pytest.mark.parametrize(
    ("dependency", "expected"), [(Page, Page("sid")), (dict, {}), (Callables(), "sid"), (list, [])]
)
def test_what_may_be_called_may_be_a_dependency(dependency: Callable[..., Any], expected: object) -> None:
    def handler(other: Any = Depends(dependency)) -> object:
        return other

    assert result(handler) == expected


def test_fastapis_depends_may_stand_for_the_class_of_its_parameter() -> None:
    def by_default(page: Page = FastDepends()) -> object:
        return page

    def annotated(page: Annotated[Page, FastDepends()]) -> object:
        return page

    def optional(page: Optional[Page] = FastDepends()) -> object:
        return page

    for handler in (by_default, annotated, optional):
        assert result(handler) == Page("sid")


@pytest.mark.parametrize("annotation", [EMPTY, Any, Union[Point, Page], 7])
def test_fastapis_depends_needs_a_class_where_it_names_nothing(annotation: object) -> None:
    def handler(page: Any = FastDepends()) -> None: ...

    handler.__annotations__ = {} if annotation is EMPTY else {"page": annotation}
    with pytest.raises(PlanError, match="without a function; pass one"):
        plan_call(handler, spec())


def takes_data(data: Data) -> object:
    return data


def takes_point(data: Point) -> object:
    return data


def through(other: Any = Depends(takes_data)) -> object:
    return other


@pytest.mark.parametrize(
    ("dependency", "expected"),
    [(takes_data, {"x": 1}), (takes_point, Point(1)), (through, {"x": 1})],
)
def test_a_dependency_may_read_the_args(dependency: Callable[..., Any], expected: object) -> None:
    """And then the handler need not take them."""

    def handler(other: Any = Depends(dependency)) -> object:
        return other

    def keyword_only(*, other: Any = Depends(dependency)) -> object:
        return other

    assert result(handler, {"x": 1}, want=spec(1)) == expected
    assert result(keyword_only, {"x": 1}, want=spec(1)) == expected


def test_a_dependency_takes_the_next_arg_for_each_model() -> None:
    def dependency(a: Point, b: Point, c: Point = None) -> object:  # type: ignore[assignment]  # no third
        return a, b, c

    def handler(other: Any = Depends(dependency)) -> object:
        return other

    made = result(handler, {"x": 1}, {"x": 2}, want=spec(2))
    assert made == (Point(1), Point(2), None)


def test_an_arg_that_a_dependency_needs_must_be_there() -> None:
    def handler(other: Any = Depends(takes_point)) -> object:
        return other

    with pytest.raises(PayloadValidationException, match="a dependency takes at least 1 argument"):
        result(handler)


@dataclass
class Counts:
    """A dependency that cannot be a key."""

    calls: int = 0

    def __call__(self) -> int:
        self.calls += 1
        return self.calls


@pytest.mark.parametrize(("use_cache", "expected"), [(True, [1, 1]), (False, [1, 2])])
def test_a_dependency_need_not_be_hashable(use_cache: bool, expected: object) -> None:
    counts = Counts()

    def handler(
        a: int = Depends(counts, use_cache=use_cache), b: int = Depends(counts, use_cache=use_cache)
    ) -> object:
        return [a, b]

    assert result(handler) == expected


@pytest.mark.parametrize("run", BOTH)
@pytest.mark.parametrize(("use_cache", "calls"), [(True, 1), (False, 3)])
def test_a_dependency_is_called_once_an_event(run: Run, use_cache: bool, calls: int) -> None:
    called: list[int] = []

    def dependency() -> int:
        called.append(1)
        return len(called)

    def inner(value: int = Depends(dependency, use_cache=use_cache)) -> int:
        return value

    def handler(
        inner: int = Depends(inner),
        a: int = Depends(dependency, use_cache=use_cache),
        b: int = Depends(dependency, use_cache=use_cache),
    ) -> object:
        return [inner, a, b]

    made = plan_call(handler, spec())
    assert call(made, context(), run) == ([1, 1, 1] if use_cache else [1, 2, 3])
    assert len(called) == calls
    call(made, context(), run)
    assert len(called) == 2 * calls


def test_dependencies_are_checked() -> None:
    checked: list[Callable[..., object]] = []
    plan_call(by_default, spec(1, check=checked.append))
    assert checked == [get_both, get_sid]


# Generators -------------------------------------------------------------------------------------


def generates() -> Iterator[int]:
    yield 1


async def agenerates() -> AsyncIterator[int]:
    yield 1


class Generates:
    def __call__(self) -> Iterator[int]:
        yield 1

    def method(self) -> Iterator[int]:
        yield 1


async def later() -> None: ...


@pytest.mark.parametrize(
    "function",
    [generates, agenerates, Generates(), Generates().method, partial(generates), decorated(generates)],
)
def test_generators_are_known_behind_what_wraps_them(function: Callable[..., Any]) -> None:
    assert is_generator(function)
    assert is_async_generator(function) is (function is agenerates)


@pytest.mark.parametrize("function", [len, Generates, later, lambda: 1, dict, partial(len)])
def test_other_functions_are_no_generators(function: Callable[..., Any]) -> None:
    assert not is_generator(function)


# Any signature at all ---------------------------------------------------------------------------

ANNOTATIONS: list[Any] = [
    EMPTY,
    *(mark for mark, _ in MARKS),
    Optional[SocketID],
    Optional[SecurityInfo],
    Annotated[int, "said"],
    Annotated[Optional[Data], "said"],
    Annotated[str, Depends(get_both)],
    Annotated[str, Depends(nobody_gives)],
    Context,
    Point,
    Model,
    Struct,
    Typed,
    Optional[Point],
    Union[Point, Model],
    Union[Struct, Model],
    list[Point],
    Mapping[str, int],
    Callable[[], int],
    Iterator[int],
    Generic,
    T,
    None,
    type(None),
    object,
    Any,
    int,
    bytes,
    "int",
    "Nobody",
    "a b",
    [int],
    7,
    contextlib.suppress,
]
NAMES = st.sampled_from(
    ["a", "b", "sid", "data", "auth", "reason", "environ", "user", "room_id", "token_info"]
)
DEFAULTS = st.sampled_from([EMPTY, EMPTY, None, 1, Depends(get_sid), Depends(itself), FastDepends(get_sid)])


@st.composite
def signatures(draw: Any) -> Callable[..., Any]:
    """A function with parameters of any kinds, in an order that Python allows."""
    names = draw(st.lists(NAMES, unique=True, max_size=5))
    kinds = sorted(draw(st.sampled_from(list(inspect._ParameterKind))) for _ in names)
    seen: set[Any] = set()
    has_default = False
    parameters = []
    for name, kind in zip(names, kinds, strict=True):
        variable = kind in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
        if variable and kind in seen:
            continue
        seen.add(kind)
        default = EMPTY if variable else draw(DEFAULTS)
        if kind in (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD):
            default = 1 if has_default and default is EMPTY else default
            has_default = has_default or default is not EMPTY
        parameters.append((name, kind, default, draw(st.sampled_from(ANNOTATIONS))))
    return _function(parameters, draw(st.sampled_from(ANNOTATIONS)))


def _function(parameters: list[tuple[str, Any, Any, Any]], returns: Any) -> Callable[..., Any]:
    scope: dict[str, Any] = {}
    parts: list[str] = []
    kinds = inspect.Parameter
    positional_only = [each for each in parameters if each[1] is kinds.POSITIONAL_ONLY]
    starred = False
    for number, (name, kind, default, _) in enumerate(parameters):
        scope[f"d{number}"] = default
        star = {kinds.VAR_POSITIONAL: "*", kinds.VAR_KEYWORD: "**"}.get(kind, "")
        if kind is kinds.KEYWORD_ONLY and not starred and not any("*" in part for part in parts):
            parts.append("*")
        starred = starred or kind is kinds.KEYWORD_ONLY
        parts.append(f"{star}{name}" + (f"=d{number}" if default is not EMPTY else ""))
        if number + 1 == len(positional_only):
            parts.append("/")
    exec(f"def function({', '.join(parts)}): return locals()", scope)
    function: Callable[..., Any] = scope["function"]
    function.__annotations__ = {
        **{name: annotation for name, _, _, annotation in parameters if annotation is not EMPTY},
        **({"return": returns} if returns is not EMPTY else {}),
    }
    return function


WANTED = st.builds(
    spec,
    st.sampled_from([None, 0, 1, 2]),
    convention=st.sampled_from([Convention(), *FLASK.values(), *PYTHON_SOCKETIO.values()]),
    parameters=st.sampled_from([(), ("roomId", "user")]),
    checked=st.booleans(),
    is_lifecycle=st.booleans(),
    raw=st.booleans(),
    response_model=st.sampled_from([None, Point, Iterator[int]]),
)


@settings(max_examples=600, deadline=None)
@given(signatures(), WANTED)
def test_any_signature_is_planned_and_can_be_called_or_is_refused(
    function: Callable[..., Any], want: CallSpec
) -> None:
    try:
        made = plan_call(function, want)
    except PlanError:
        return
    count = max(made.min_args, want.min_args or 0)
    at = context(*[{"x": 1}] * count, user="ann")
    at.parameters = dict.fromkeys(want.parameters, 7)
    values = {node.key: "given" for node in made.dependencies}
    with contextlib.suppress(PayloadValidationException):
        called, args = made.call(at, values)
        called(*args)


@settings(max_examples=300, deadline=None)
@given(signatures(), WANTED)
def test_any_function_is_a_dependency_that_can_be_called_or_is_refused(
    function: Callable[..., Any], want: CallSpec
) -> None:
    try:
        node = dependency_node(function, function, want)
    except PlanError:
        return
    at = context(*[{"x": 1}] * 5, user="ann")
    values = {each.key: "given" for each in node.plan.dependencies}
    with contextlib.suppress(PayloadValidationException):
        called, args = node.plan.call(at, values)
        called(*args)


def test_an_event_may_be_planned_while_another_loop_runs() -> None:
    """Nothing of a plan belongs to a driver."""
    made = plan_call(by_default, spec(1))
    assert call(made, context("x"), arun) == call(made, context("x"))


# Connections: what parameters are named ---------------------------------------------------------


@pytest.mark.parametrize(
    ("handler", "expected"),
    [
        (lambda environ: environ, ("environ",)),
        (lambda sid, auth: (sid, auth), ("sid", "auth")),
        (lambda auth, sid: (auth, sid), ("auth", "sid")),
        (lambda environ, auth=None: (environ, auth), ("environ", "auth")),
        (lambda sid, other: (sid, other), ("sid", "environ")),
    ],
)
def test_a_connect_handler_gets_what_its_parameters_are_named(
    handler: Callable[..., object], expected: tuple[str, ...]
) -> None:
    convention = Convention(("sid", "environ"), preferred=True)
    made = plan_call(handler, CallSpec(min_args=1, max_args=1, convention=convention, is_lifecycle=True))
    given = Context("server", "/", "connect", "the sid", ("the auth",), environ=lambda *_: {"k": "v"})
    function, args = made.call(given)
    known = {"sid": "the sid", "environ": {"k": "v"}, "auth": "the auth"}
    assert args == tuple(known[name] for name in expected)
    assert function is handler


def needing(sid: SocketID) -> str:
    return sid


def doing_without(sid: Optional[SocketID]) -> object:
    return sid


@pytest.mark.parametrize(
    ("handler", "convention", "dependencies"),
    [
        (lambda data: data, Convention(), False),
        (needing, Convention(), True),
        (doing_without, Convention(), False),
        (lambda sid, data: data, Convention(("sid",)), True),
        (lambda sid=None: sid, Convention(("sid",)), False),
        (doing_without, Convention(("sid",)), False),
        (lambda *args: args, Convention(("event", "sid"), always=True), True),
        (lambda text=Depends(needing): text, Convention(), True),
        (lambda text=Depends(lambda inner=Depends(needing): inner): text, Convention(), True),
        (lambda text=Depends(doing_without): text, Convention(), False),
    ],
)
def test_a_plan_knows_whether_it_can_only_serve_a_connection(
    handler: Callable[..., object], convention: Convention, dependencies: bool
) -> None:
    assert plan_call(handler, spec(convention=convention)).needs_sid == dependencies
