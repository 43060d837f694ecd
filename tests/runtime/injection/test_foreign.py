"""Marks and classes of other frameworks: honoured if an event has what they stand for, else refused."""
# ruff: noqa: B008, UP006, UP007, UP035, UP045 - Depends is a mark, and all forms of annotations are tested

from __future__ import annotations

import dataclasses
import enum
import pathlib
from collections.abc import Callable
from typing import Annotated, Any, List, Literal, Optional, Union

import fastapi
import msgspec
import pydantic
import pytest
import starlette.requests
import starlette.websockets
import typing_extensions
from annotated_types import Gt
from fastapi.security import OAuth2PasswordBearer, SecurityScopes

from asynction.inject import Dependency, Depends, SocketID
from asynction.runtime import CallSpec, Convention, Plan, PlanError, drive, plan_call
from asynction.runtime._injection.dependencies import resolved
from asynction.security import SecurityInfo
from tests.runtime.support import context

SID = Convention(("sid",))


def spec(**fields: Any) -> CallSpec:
    return CallSpec(1, 1, **fields)


def function_with(annotation: Any = Any, default: Any = ...) -> Callable[..., Any]:
    def function(asked=None): ...  # type: ignore[no-untyped-def]  # set below

    function.__annotations__ = {"asked": annotation}
    function.__defaults__ = None if default is ... else (default,)
    return function


def depending_on(dependency: Any) -> Callable[..., Any]:
    def handler(data: Any, other: Any = None) -> object:
        return other

    handler.__defaults__ = (Depends(dependency),)
    return handler


def call(plan: Plan) -> object:
    at = context("arg")
    function, args = plan.call(at, drive(resolved(plan.dependencies, at, None)))
    return function(*args)


class Kwarg:
    """The base of the marks of another library."""


class ParameterKwarg(Kwarg):
    """As Litestar's."""


class FromHeader:
    """As BlackSheep's."""


class Mine(fastapi.params.Header):  # type: ignore[misc]  # final by its type only
    """A mark that somebody derived."""


MARKS = [
    fastapi.Header(),
    fastapi.Header(default=""),
    fastapi.Query(),
    fastapi.Query(5, gt=1),
    fastapi.Cookie(None),
    fastapi.Body(...),
    fastapi.Form(),
    fastapi.Path(),
    fastapi.File(),
    Mine(),
    ParameterKwarg(),
    FromHeader(),
    FromHeader,
    fastapi.Header,
    fastapi.params.Query,
    Depends,
    fastapi.Depends,
    fastapi.Security,
    Dependency,
]


@pytest.mark.parametrize("checked", [True, False])
@pytest.mark.parametrize("mark", MARKS)
def test_a_mark_that_no_event_has_is_refused(mark: Any, checked: bool) -> None:
    functions = [
        function_with(str, mark),
        function_with(Any, mark),
        function_with(Annotated[str, mark]),
        function_with(Annotated[str, mark], "fallback"),
        function_with(Optional[Annotated[str, mark]], None),
        function_with(List[Annotated[str, mark]]),
        function_with(typing_extensions.TypeAliasType("Alias", Annotated[str, mark])),
    ]
    for function in functions:
        with pytest.raises(PlanError, match=r"^has the parameter `asked` with "):
            plan_call(function, spec(checked=checked))
        with pytest.raises(PlanError, match=r"^depends on `function.*` \(.*:\d+\), which has the parameter"):
            plan_call(depending_on(function), spec(checked=checked))


@pytest.mark.parametrize(
    ("mark", "instead"),
    [
        (fastapi.Header(), "ask for `Environ` of asynction.inject, which has the headers as `HTTP_...`"),
        (fastapi.Query(), "ask for `Environ` of asynction.inject, which has the query in `QUERY_STRING`"),
        (fastapi.Body(), "annotate the parameter with the type of the event's arg, such as a model"),
        (ParameterKwarg(), "write `Depends(function)` of asynction.inject"),
        (fastapi.Depends, "with `Depends`, which is not called; write `Depends(function)`"),
    ],
)
def test_what_to_write_instead(mark: Any, instead: str) -> None:
    with pytest.raises(PlanError) as caught:
        plan_call(function_with(str, mark), spec())
    assert str(caught.value).endswith(instead)


@pytest.mark.parametrize(
    "default",
    [pydantic.Field(5), dataclasses.field(default=5), msgspec.field(default=5), pydantic.Field(gt=3)],
)
def test_what_describes_a_field_is_not_a_default(default: Any) -> None:
    with pytest.raises(PlanError, match="with what describes a field as its default"):
        plan_call(function_with(int, default), spec())
    with pytest.raises(PlanError, match="with what describes a field as its default"):
        plan_call(depending_on(function_with(int, default)), spec())


class Query(pydantic.BaseModel):
    """A model that has the name of a mark."""

    text: str = ""


class Option(enum.Enum):
    """So has this."""

    A = "a"


class Body:
    """And this, which is in metadata of the annotation only by its name."""


@pytest.mark.parametrize(
    ("annotation", "default"),
    [
        (Query, Query()),
        (Optional[Query], Query()),
        (Union[Query, str, None], Query()),
        (Any, Option.A),
        (Option, Option.A),
        (Annotated[int, pydantic.Field(gt=1)], 5),
        (Annotated[int, Gt(1)], 5),
        (Annotated[str, "Header"], ...),
        (Annotated[str, typing_extensions.Doc("of a header")], ...),
        (Annotated[int, msgspec.Meta(gt=1)], 5),
        (Literal["Header"], "Header"),
        (pathlib.PurePosixPath, pathlib.PurePosixPath("a")),
        (Any, pathlib.Path("a")),
        (Any, object()),
    ],
)
def test_what_is_no_mark_is_left_alone(annotation: Any, default: Any) -> None:
    made = plan_call(function_with(annotation, default), spec())
    assert [parameter.name for parameter in made.arg_parameters] == ["asked"]


@pytest.mark.parametrize(
    "annotation",
    [
        List[SocketID],
        dict[str, Annotated[Any, Depends(len)]],
        Optional[list[Annotated[Any, fastapi.Depends(len)]]],
    ],
)
def test_a_mark_inside_of_a_type_is_refused(annotation: Any) -> None:
    with pytest.raises(PlanError, match="has the parameter `asked` with a mark inside of its type"):
        plan_call(function_with(annotation), spec())


def test_a_mark_behind_an_alias_is_honoured() -> None:
    alias: Any = typing_extensions.TypeAliasType("alias", Annotated[str, Depends(lambda: "made")])
    both = function_with(Optional[alias], None)
    both.__code__ = (lambda asked: asked).__code__
    assert call(plan_call(both, CallSpec(0, 0))) == "made"


class TypeAliasType:
    """As `type X = ...` of Python 3.12, which is evaluated when it is asked for its value."""

    def __init__(self, value: Callable[[Any], object]) -> None:
        self._value = value

    @property
    def __value__(self) -> object:
        return self._value(self)


def unreadable(_: object) -> object:
    raise NameError("name 'Unknown' is not defined")


@pytest.mark.parametrize(
    ("value", "said"), [(unreadable, "be read: name 'Unk"), (lambda own: own, "be served")]
)
def test_an_alias_may_be_unreadable(value: Any, said: str) -> None:
    with pytest.raises(PlanError, match=f"has an annotation that cannot {said}"):
        plan_call(function_with(TypeAliasType(value)), spec())


@pytest.mark.parametrize(
    "kind",
    [
        fastapi.Request,
        starlette.requests.HTTPConnection,
        starlette.websockets.WebSocket,
        fastapi.Response,
        fastapi.BackgroundTasks,
        fastapi.UploadFile,
    ],
)
@pytest.mark.parametrize("default", [..., None])
def test_a_class_that_only_a_request_of_fastapi_has_is_refused(kind: type, default: Any) -> None:
    for annotation in (kind, Optional[kind]):
        said = (
            f"has the parameter `asked` of the class `{kind.__name__}`, which no event has; ask for `Environ`"
        )
        with pytest.raises(PlanError, match=f"^{said}"):
            plan_call(function_with(annotation, default), spec())
        with pytest.raises(PlanError, match=said):
            plan_call(depending_on(function_with(annotation, default)), spec())


def test_fastapis_security_schemes_are_refused() -> None:
    with pytest.raises(PlanError, match=r"of the class `(Request|HTTPConnection)`"):
        plan_call(depending_on(OAuth2PasswordBearer("token")), spec())


# The scopes of Security ---------------------------------------------------------------------------


def scopes(asked: SecurityScopes) -> list[str]:
    return asked.scopes


def nested(
    own: SecurityScopes, inner: Annotated[list[str], fastapi.Security(scopes, scopes=["inner"])]
) -> tuple[list[str], list[str]]:
    return own.scopes, inner


def unscoped(both: tuple[list[str], list[str]] = Depends(nested)) -> object:
    return both


@pytest.mark.parametrize(
    ("mark", "expected"),
    [
        (fastapi.Security(scopes, scopes=["a", "b"]), ["a", "b"]),
        (fastapi.Security(scopes), []),
        (fastapi.Depends(scopes), []),
        (fastapi.Security(nested, scopes=["a", "inner"]), (["a", "inner"], ["a", "inner"])),
        (fastapi.Security(nested, scopes=["a"]), (["a"], ["a", "inner"])),
        (fastapi.Security(unscoped, scopes=["a"], use_cache=False), (["a"], ["a", "inner"])),
    ],
)
def test_a_dependency_reads_the_scopes_that_are_asked_for(mark: Any, expected: object) -> None:
    def by_default(data: Any, other: Any = mark) -> object:
        return other

    def annotated(data: Any, other: Any) -> object:
        return other

    annotated.__annotations__["other"] = Annotated[Any, mark]
    assert call(plan_call(by_default, spec())) == expected
    assert call(plan_call(annotated, spec())) == expected


def test_a_dependency_has_a_value_for_each_of_its_scopes() -> None:
    def handler(
        data: Any,
        one: Any = fastapi.Security(scopes, scopes=["a"]),
        two: Any = fastapi.Security(scopes, scopes=["b"]),
        same: Any = fastapi.Security(scopes, scopes=["a"]),
    ) -> object:
        return one, two, one is same

    assert call(plan_call(handler, spec())) == (["a"], ["b"], True)


def test_scopes_that_nobody_reads_are_refused() -> None:
    def user() -> str:
        return "ann"

    def handler(data: Any = None, who: str = fastapi.Security(user, scopes=["admin"])) -> object:
        return who

    said = "has scopes for `.*user`, which does not read them; give it a parameter of FastAPI's type"
    with pytest.raises(PlanError, match=f"^{said}"):
        plan_call(handler, spec())
    with pytest.raises(PlanError, match=f"which {said}"):
        plan_call(depending_on(handler), spec())


# What a client sends goes to parameters for args only -----------------------------------------------


def data_and_free(data: dict[str, Any], free: Any) -> None: ...
def sid_and_free(asked: SocketID, data: Any, free: Any) -> None: ...
def literal(data: Literal["a"], free: Any) -> None: ...
def keyword_sid(data: Any, free: Any, *, asked: SocketID) -> None: ...
def info_and_free(data: Query, free: Any, info: SecurityInfo) -> None: ...


@pytest.mark.parametrize("handler", [data_and_free, literal, sid_and_free, keyword_sid, info_and_free])
@pytest.mark.parametrize("checked", [True, False])
def test_a_sid_goes_only_where_it_can_be_meant(handler: Callable[..., Any], checked: bool) -> None:
    with pytest.raises(PlanError, match=r"takes 2 arguments, but the contract passes 1 argument"):
        plan_call(handler, spec(convention=SID, checked=checked))


def untyped(first, data): ...  # type: ignore[no-untyped-def]  # it is the point
def text(first: str, data: Any) -> None: ...
def anything(first: Any, data: Any) -> None: ...
def union(first: str | int, data: Any) -> None: ...


@pytest.mark.parametrize("handler", [untyped, text, anything, union])
def test_a_sid_goes_first_where_there_is_room(handler: Callable[..., Any]) -> None:
    made = plan_call(handler, spec(convention=SID, checked=True))
    assert [parameter.index for parameter in made.arg_parameters] == [-1, 0]
