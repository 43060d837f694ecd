"""A client never fills a parameter that asks for something else, in whatever form: an error at the start."""
# ruff: noqa: UP006, UP007, UP035, UP045 - all forms of annotations are tested

import functools
import inspect
import re
import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Dict, Final, Generic, List, NewType, Optional, Tuple, TypeVar, Union

import fastapi
import flask
import pydantic
import pytest
import typing_extensions

from asynction import AsynctionAsyncServer, AsynctionSocketIO, DocumentError, SecurityInfo
from asynction.inject import Depends, Environ, Server, SocketID
from asynction.runtime import Context
from tests.server.support import message, of

CLOSED = of(message("e", {"type": "object", "required": ["sub"], "properties": {"sub": {"type": "string"}}}))
OPEN = of(message("e", {}))
T = TypeVar("T")

# Types are made from variables here, which mypy does not allow.
new_type: Any = NewType
type_var: Any = TypeVar
alias: Any = typing_extensions.TypeAliasType
required: Any = typing_extensions.Required
final: Any = Final


class MyInfo(SecurityInfo):
    role: str


class Again(MyInfo, total=False):
    sub: str


class Of(SecurityInfo, Generic[T]):
    value: T


class MyContext(Context): ...


class MyRequest(flask.Request): ...


def flask_server(spec: Any) -> Any:
    return AsynctionSocketIO.from_spec(spec, app=flask.Flask(__name__))


def open_flask(_: Any) -> Any:
    return AsynctionSocketIO.from_spec(OPEN, app=flask.Flask(__name__))


def async_server(spec: Any) -> Any:
    return AsynctionAsyncServer.from_spec(spec)


def open_async(_: Any) -> Any:
    return AsynctionAsyncServer.from_spec(OPEN)


def without_contract(_: Any) -> Any:
    return AsynctionAsyncServer()


SERVERS = [flask_server, open_flask, async_server, open_async, without_contract]


@pytest.fixture(scope="module", params=SERVERS)
def asio(request: pytest.FixtureRequest) -> Any:
    """Return a server that refuses handlers, so that it stays as it is."""
    return request.param(CLOSED)


def handler(asked): ...  # type: ignore[no-untyped-def]  # annotated below
def optional(asked=None): ...  # type: ignore[no-untyped-def]
def second(data, asked=None): ...  # type: ignore[no-untyped-def]
def keyword(data, *, asked=None): ...  # type: ignore[no-untyped-def]
def rest(*asked): ...  # type: ignore[no-untyped-def]
def keywords(data, **asked): ...  # type: ignore[no-untyped-def]


def with_annotation(function: Callable[..., Any], annotation: Any) -> Callable[..., Any]:
    copy: Any = types.FunctionType(function.__code__, globals(), argdefs=function.__defaults__)
    copy.__kwdefaults__ = function.__kwdefaults__
    copy.__annotations__ = {"asked": annotation}
    return copy  # type: ignore[no-any-return]  # a function


def refused(asio: Any, function: Callable[..., Any], said: str) -> None:
    with pytest.raises(DocumentError) as caught:
        asio.on("e")(function)
    (problem,) = caught.value.problems
    assert problem.rule == "handler-signature"
    assert re.search(rf"which has {said}|\(tests/.*:\d+\) has {said}", problem.message), problem.message


def depending_on(dependency: Callable[..., Any]) -> Callable[..., Any]:
    def depends(data: Any, other: Any = Depends(dependency)) -> None: ...

    return depends


ALONE = (
    r"the parameter `asked` with `{0}` in its type, but only `{1}` alone, or with `\| None`, is injected;"
    r" write `asked: {1}`( \(.*\))?$"
)

FORMS: list[Callable[[Any], Any]] = [
    lambda kind: Optional[Union[kind, str]],
    lambda kind: Union[str, kind],
    lambda kind: new_type("NewInfo", kind),
    lambda kind: Optional[new_type("NewInfo", kind)],
    lambda kind: type_var("Bound", bound=kind),
    lambda kind: type_var("Either", kind, str),
    lambda kind: final[kind],
    lambda kind: List[kind],  # type: ignore[valid-type]
    lambda kind: list[kind],  # type: ignore[valid-type]
    lambda kind: Dict[str, kind],  # type: ignore[valid-type]
    lambda kind: Tuple[kind, ...],
    lambda kind: Optional[list[kind]],  # type: ignore[valid-type]
    lambda kind: Annotated[list[kind], "text"],  # type: ignore[valid-type]
    lambda kind: Callable[[kind], None],
    lambda kind: type[kind],
    lambda kind: alias("Alias", list[kind]),  # type: ignore[valid-type]
    lambda kind: required[kind],
    lambda kind: alias("Alias", Optional[T], type_params=(T,))[kind],
]


@pytest.mark.parametrize("form", FORMS)
def test_of_a_class_that_is_not_alone(asio: Any, form: Callable[[Any], Any]) -> None:
    for function in (handler, optional, second, keyword, rest, keywords):
        for kind in (SecurityInfo, Context):
            given = with_annotation(function, form(kind))
            refused(asio, given, ALONE.format(kind.__name__, kind.__name__))
    given = depending_on(with_annotation(optional, form(SecurityInfo)))
    refused(asio, given, ALONE.format("SecurityInfo", "SecurityInfo"))


@pytest.mark.parametrize(
    ("server", "kind"),
    [
        (flask_server, flask.Request),
        (flask_server, AsynctionSocketIO),
        (open_async, AsynctionAsyncServer),
        (without_contract, AsynctionAsyncServer),
    ],
)
@pytest.mark.parametrize("form", FORMS)
def test_of_a_class_of_the_server(server: Any, kind: type, form: Callable[[Any], Any]) -> None:
    refused(server(CLOSED), with_annotation(handler, form(kind)), ALONE.format(kind.__name__, kind.__name__))


@pytest.mark.parametrize(
    ("kind", "base"),
    [
        (MyInfo, "SecurityInfo"),
        (Again, "SecurityInfo"),
        (Of[int], "SecurityInfo"),
        (MyContext, "Context"),
    ],
)
def test_of_a_class_that_is_derived(asio: Any, kind: Any, base: str) -> None:
    name = getattr(kind, "__origin__", kind).__name__
    for annotation in (kind, Optional[kind], Annotated[kind, "text"], list[kind]):
        for function in (handler, optional, second, rest):
            refused(asio, with_annotation(function, annotation), ALONE.format(name, base))


def test_of_a_request_that_is_derived() -> None:
    refused(flask_server(CLOSED), with_annotation(handler, MyRequest), ALONE.format("MyRequest", "Request"))


@pytest.mark.parametrize("mark", [SocketID, Environ, Server, Annotated[str, Depends(len)]])
@pytest.mark.parametrize("form", FORMS)
def test_of_a_mark_that_is_not_alone(asio: Any, mark: Any, form: Callable[[Any], Any]) -> None:
    for function in (handler, rest):
        given = with_annotation(function, form(mark))
        refused(asio, given, "the parameter `asked` with a mark inside of its type; write it alone, or with")


@pytest.mark.parametrize("function", [rest, keywords])
@pytest.mark.parametrize(
    "annotation",
    [SecurityInfo, Context, Optional[SecurityInfo], SocketID, Environ, Annotated[str, Depends(len)]],
)
def test_of_a_variadic_parameter(asio: Any, function: Any, annotation: Any) -> None:
    said = "the parameter `asked` with .*(is injected; write|only alone; give)"
    refused(asio, with_annotation(function, annotation), said)


@pytest.mark.parametrize("function", [rest, keywords])
def test_of_a_variadic_parameter_with_a_foreign_mark(asio: Any, function: Any) -> None:
    for annotation in (Annotated[str, fastapi.Query()], Optional[Annotated[str, fastapi.Header()]]):
        given = with_annotation(function, annotation)
        refused(asio, given, "the parameter `asked` with the mark `(Query|Header)`, which has no meaning")
    request: Any
    for request in (fastapi.Request, list[fastapi.Request]):
        refused(asio, with_annotation(function, request), "the parameter `asked` of the class `Request`")
    given = with_annotation(handler, Union[fastapi.Request, str])
    refused(asio, given, "the parameter `asked` of the class `Request`")


def positional(asked=None, /): ...  # type: ignore[no-untyped-def]


def test_of_a_dependency_that_takes_no_keyword(asio: Any) -> None:
    said = "the parameter `asked`, which is injected only by keyword; leave out the `/` after it"
    for annotation in (SecurityInfo, SocketID, Annotated[str, Depends(list)]):
        refused(asio, depending_on(with_annotation(positional, annotation)), said)
    for function in (rest, positional):
        given = with_annotation(function, Annotated[str, fastapi.Query()])
        refused(asio, depending_on(given), "the parameter `asked` with the mark `Query`")


# What is no type ----------------------------------------------------------------------------------


def get_db(name: str) -> str:
    raise AssertionError("a client has called it")


class Database:
    def get(self, name: str) -> None: ...
    def __call__(self) -> None: ...


class Model(pydantic.BaseModel):
    inner: get_db  # type: ignore[valid-type]  # it is the point


@dataclass
class Data:
    inner: list[get_db]  # type: ignore[valid-type]


class Typed(typing_extensions.TypedDict):
    inner: Model


FUNCTIONS = [
    (get_db, "get_db"),
    (Database().get, r"Database\.get"),
    (Database(), "<.*Database object at .*>"),
    (functools.partial(get_db, "a"), r"functools\.partial\(.*\)"),
    (lambda: None, "<lambda>"),
    (len, "len"),
]


@pytest.mark.parametrize(("function", "name"), FUNCTIONS)
def test_of_a_function_as_an_annotation(asio: Any, function: Any, name: str) -> None:
    said = rf"the parameter `asked` with `{name}`, which is no type; write `Depends\({name}\)`"
    annotations = [
        function,
        list[function],
        Optional[list[function]],
        Annotated[function, "text"],
        Union[None, Annotated[function, 5]],
        new_type("New", function),
        alias("Alias", function),
    ]
    for annotation in annotations:
        for each in (handler, optional, second, keyword, rest):
            refused(asio, with_annotation(each, annotation), said)
        refused(asio, depending_on(with_annotation(optional, annotation)), said)


@pytest.mark.parametrize("model", [Model, Data, Typed, list[Typed], Optional[Model]])
def test_of_a_function_in_a_model(asio: Any, model: Any) -> None:
    said = r"the parameter `asked` with `get_db`, which is no type; write `Depends\(get_db\)`"
    refused(asio, with_annotation(handler, model), said)


def test_of_flasks_request(asio: Any) -> None:
    said = "the parameter `asked` with `<LocalProxy unbound>`, which is no type"
    refused(asio, with_annotation(handler, flask.request), said)


# What cannot be read ------------------------------------------------------------------------------


class Unreadable(typing_extensions.TypedDict):
    inner: "Mispelt"  # type: ignore[name-defined]  # noqa: F821


@dataclass
class UnreadableData:
    inner: "Mispelt"  # type: ignore[name-defined]  # noqa: F821


class Outer(typing_extensions.TypedDict, total=False):
    outer: list[Unreadable]
    again: "Outer"


@pytest.mark.parametrize("annotation", [Unreadable, Outer, Optional[Unreadable], list[Outer]])
def test_of_a_typed_dict_that_cannot_be_read(asio: Any, annotation: Any) -> None:
    for function in (handler, optional, rest):
        refused(asio, with_annotation(function, annotation), "an annotation that cannot be read: .*Mispelt")


def test_of_a_dataclass_that_cannot_be_read(asio: Any) -> None:
    said = "an annotation that cannot be served: `UnreadableData` cannot be used"
    refused(asio, with_annotation(handler, UnreadableData), said)


def test_of_a_text_inside_of_a_type(asio: Any) -> None:
    for name in ("SecurityInfo", "list[SecurityInfo]", "Optional[MyInfo]"):
        for annotation in (
            type_var("Named", bound=name),
            new_type("Text", name),
            alias("Text", f"list[{name}]"),
        ):
            refused(
                asio, with_annotation(handler, annotation), "the parameter `asked` with `.*Info` in its type"
            )
    for annotation in (
        type_var("Named", bound="Mispelt"),
        new_type("Text", "Mispelt"),
        alias("Text", "Mispelt"),
    ):
        refused(asio, with_annotation(handler, annotation), "an annotation that cannot be read: .*Mispelt")


class WithText(typing_extensions.TypedDict):
    inner: new_type("Text", "Mispelt")  # type: ignore[valid-type]


def test_of_a_text_in_a_model(asio: Any) -> None:
    refused(asio, with_annotation(handler, WithText), "an annotation that cannot be read: .*Mispelt")


def test_of_a_text_in_a_signature_that_is_made(asio: Any) -> None:
    def made(asked: Any) -> None: ...

    asked = inspect.Parameter(
        "asked", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=list["SecurityInfo"]
    )
    made.__annotations__ = {}
    made.__signature__ = inspect.Signature([asked])  # type: ignore[attr-defined]  # as decorators do
    refused(asio, made, "an annotation that cannot be read: 'SecurityInfo' is a text")


# What stays ---------------------------------------------------------------------------------------


class Person(typing_extensions.TypedDict, total=False):
    sub: str
    friend: "Person"


class Before(pydantic.BaseModel):
    sub: str
    friend: "Optional[After]" = None


class After(pydantic.BaseModel):
    sub: str


JsonValue = alias("JsonValue", "Union[Dict[str, JsonValue], List[JsonValue], str, int, float, bool, None]")
Bound = type_var("Bound", bound=dict[str, Any])


@pytest.mark.parametrize("server", [async_server, flask_server, open_async, without_contract])
@pytest.mark.parametrize(
    "annotation",
    [
        Any,
        dict,
        Person,
        JsonValue,
        pydantic.BaseModel,
        list[Before] | Before,
        Dict[str, Any],
        Optional[Person],
        Union[Person, Dict[str, str], None],
        new_type("Plain", Dict[str, Any]),
        Bound,
    ],
)
def test_other_types_are_served(server: Any, annotation: Any) -> None:
    server(CLOSED).on("e")(with_annotation(handler, annotation))


@pytest.mark.parametrize("server", [async_server, flask_server, open_async, without_contract])
@pytest.mark.parametrize(
    "annotation",
    [SecurityInfo, Optional[SecurityInfo], Annotated[SecurityInfo, "text"], Context, Optional[SocketID]],
)
def test_plain_forms_are_injected(server: Any, annotation: Any) -> None:
    server(CLOSED).on("e")(with_annotation(second, annotation))


@pytest.mark.parametrize("server", [async_server, flask_server, open_async, without_contract])
def test_a_dependency_may_have_any_type(server: Any) -> None:
    for annotation in (
        Annotated[list[SecurityInfo], Depends(list)],
        Annotated[get_db, Depends(list)],
        MyInfo,
    ):
        given = with_annotation(second, annotation)
        given.__defaults__ = (Depends(list) if annotation is MyInfo else None,)
        server(CLOSED).on("e")(given)


@pytest.mark.parametrize("server", SERVERS)
def test_a_dependency_keeps_a_default_that_has_no_source(server: Any) -> None:
    server(CLOSED).on("e")(depending_on(positional))
