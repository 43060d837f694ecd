"""Received data becomes the type that a handler names, and its result becomes JSON data."""

# Annotations are the data here, in each of their spellings.
# ruff: noqa: UP006, UP007, UP035, UP045

from __future__ import annotations

import dataclasses
import enum
import inspect
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import (
    Annotated,
    Any,
    Generic,
    List,
    Literal,
    NamedTuple,
    NewType,
    Optional,
    TypedDict,
    TypeVar,
    Union,
)
from uuid import UUID

import msgspec
import pydantic
import pytest
import typing_extensions
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from asynction.exceptions import MessageAckValidationException, PayloadValidationException, Violation
from asynction.models import Unwritable, Writer
from asynction.models import _convert as _models
from asynction.models._convert import (
    ModelError,
    converter,
    is_model,
    name_of,
    schema_of,
    shaper,
)

T = TypeVar("T")


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Owner(pydantic.BaseModel):
    name: str


class Room(pydantic.BaseModel):
    title: str = pydantic.Field(alias="roomTitle")
    owner: Optional[Owner] = None
    day: Optional[date] = None


class Secret(Owner):
    password: str


class Tree(pydantic.BaseModel):
    inner: Optional[Tree] = None
    values: Union[list[int], dict[str, int]] = []


class Cat(pydantic.BaseModel):
    kind: Literal["cat"]


class Dog(pydantic.BaseModel):
    kind: Literal["dog"]


class Pet(pydantic.BaseModel):
    pet: Union[Cat, Dog] = pydantic.Field(discriminator="kind")
    id: Optional[UUID] = None


class Picky(pydantic.BaseModel):
    word: str
    other: Any = None

    @pydantic.field_validator("word")
    @classmethod
    def _speak(cls, word: str) -> str:
        if word == "loud":
            raise ValueError("must be quiet")
        if word.startswith("echo"):
            raise ValueError(f"{word} is refused")
        if word == "custom":
            raise PydanticCustomError("mine", "it says custom")
        return word

    @pydantic.model_validator(mode="after")
    def _check(self) -> Picky:
        if self.other:
            raise ValueError(f"no {self.word} with {self.other}")
        return self


class Blob(pydantic.BaseModel):
    data: bytes
    when: date
    parts: dict[int, tuple[bytes, ...]] = {}


@dataclasses.dataclass
class Point:
    x: int
    y: float = 0.0


@dataclasses.dataclass
class Pin:
    at: Point
    color: Color = Color.RED


@dataclasses.dataclass
class Box(Generic[T]):
    item: T


class Odd:
    """A class that no library can convert."""


@dataclasses.dataclass
class Holder:
    odd: Odd


class Struct(msgspec.Struct):
    a: int
    b: Optional[list[Struct]] = None
    color: Optional[Color] = None
    data: bytes = b""


class Renamed(msgspec.Struct, rename="camel"):
    first_name: str


class Careful(msgspec.Struct):
    word: str

    def __post_init__(self) -> None:
        raise ValueError(f"no {self.word}" if self.word == "echo" else "must be quiet")


class Movie(TypedDict):
    title: str
    year: int


class Dated(typing_extensions.TypedDict):
    day: date


class Cast(typing_extensions.TypedDict):
    title: str
    stars: typing_extensions.NotRequired[list[Owner]]


class Pair(NamedTuple):
    a: int
    b: int


UserId = NewType("UserId", int)
Alias = typing_extensions.TypeAliasType("Alias", list[Owner])


class TypeAliasType:
    """The object that `type Loop = int | list[Loop]` creates."""

    __value__: object = None


Loop: Any = TypeAliasType()
Loop.__value__ = Union[int, list[Loop]]


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Make libraries as if they were not installed."""

    def hide(*names: str) -> None:
        for name in names:
            monkeypatch.setitem(sys.modules, name, None)

    _models.dumper_of.cache_clear()
    yield hide
    _models.dumper_of.cache_clear()


def convert(annotation: object, value: object, *, checked: bool = True, at: int = 0) -> object:
    change = converter(annotation, checked=checked, at=at)
    assert change is not None
    return change(value)


def refused(annotation: object, value: object, **options: Any) -> tuple[Violation, ...]:
    with pytest.raises(PayloadValidationException) as caught:
        convert(annotation, value, **options)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None  # its text would quote the value
    assert name_of(annotation) in str(caught.value)
    return caught.value.errors


def shape(annotation: object, value: object) -> object:
    change = shaper(annotation)
    return plain(value if change is None else change(value))


def plain(value: object) -> object:
    """Return what leaves a server without a schema."""
    args = value if isinstance(value, tuple) else (value,)
    made = Writer().write(args)[0]
    return made if args is value else made[0]


def unshaped(annotation: object, value: object) -> tuple[Violation, ...]:
    with pytest.raises(MessageAckValidationException) as caught:
        shape(annotation, value)
    return caught.value.errors


CASES: list[tuple[object, object, object]] = [
    (Owner, {"name": "ann"}, Owner(name="ann")),
    (Room, {"roomTitle": "x", "owner": {"name": "ann"}}, Room(roomTitle="x", owner=Owner(name="ann"))),
    (list[Owner], [{"name": "ann"}], [Owner(name="ann")]),
    (dict[str, Owner], {"a": {"name": "ann"}}, {"a": Owner(name="ann")}),
    (Optional[Owner], None, None),
    (Union[Owner, int], 3, 3),
    (Annotated[Owner, "note"], {"name": "ann"}, Owner(name="ann")),
    (Alias, [{"name": "ann"}], [Owner(name="ann")]),
    (Point, {"x": 1}, Point(1)),
    (Pin, {"at": {"x": 1, "y": 2}, "color": "blue"}, Pin(Point(1, 2.0), Color.BLUE)),
    (Box[int], {"item": 1}, Box(1)),
    (Struct, {"a": 1, "b": [{"a": 2}]}, Struct(1, [Struct(2)])),
    (list[Struct], [{"a": 1}], [Struct(1)]),
    (Renamed, {"firstName": "ann"}, Renamed("ann")),
    (Dated, {"day": "2024-02-29"}, {"day": date(2024, 2, 29)}),
    (Cast, {"title": "x", "stars": [{"name": "ann"}]}, {"title": "x", "stars": [Owner(name="ann")]}),
    (Color, "red", Color.RED),
    (Literal[Color.RED], Color.RED, Color.RED),
    (set[int], [1, 2], {1, 2}),
    (tuple[int, str], [1, "a"], (1, "a")),
    (tuple[int, ...], [1, 2], (1, 2)),
    (dict[int, str], {"1": "a"}, {1: "a"}),
    (Pair, [1, 2], Pair(1, 2)),
    (date, "2024-02-29", date(2024, 2, 29)),
    (Annotated[int, pydantic.Field(gt=3)], 4, 4),
    (Annotated[int, msgspec.Meta(gt=3)], 4, 4),
    (Blob, {"data": b"\xff", "when": "2024-02-29"}, Blob(data=b"\xff", when=date(2024, 2, 29))),
]


@pytest.mark.parametrize("checked", [True, False])
@pytest.mark.parametrize(("annotation", "value", "wanted"), CASES)
def test_data_becomes_what_the_handler_names(
    annotation: object, value: object, wanted: object, checked: bool
) -> None:
    found = convert(annotation, value, checked=checked)

    assert found == wanted
    assert type(found) is type(wanted)


@pytest.mark.parametrize("checked", [True, False])
@pytest.mark.parametrize("annotation", [inspect.Parameter.empty, Any, object])
def test_an_annotation_without_constraints_converts_nothing(annotation: object, checked: bool) -> None:
    assert converter(annotation, checked=checked) is None


@pytest.mark.parametrize(
    "annotation",
    [
        None,
        int,
        dict,
        dict[str, Any],
        list[int],
        List[int],
        Mapping[str, list[float]],
        Sequence[str],
        Optional[str],
        Union[int, str],
        Literal["a", 1],
        Movie,
        list[Movie],
        UserId,
        Loop,
        bytes,
        T,
        Annotated[int, "note"],
    ],
)
def test_what_a_contract_has_checked_is_already_what_it_claims(annotation: object) -> None:
    assert converter(annotation, checked=True) is None


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (int, 3),
        (float, 3),
        (float, 3.5),
        (bool, True),
        (None, None),
        (bytes, b"x"),
        (dict, {"a": 1}),
        (list, [1]),
        (Optional[int], None),
        (UserId, 3),
        (list[int], [1]),
        (dict[str, Any], {"a": None}),
        (Literal["a"], "a"),
        (Movie, {"title": "x", "year": 1}),
    ],
)
def test_unchecked_builtins_pass_as_they_are(annotation: object, value: object) -> None:
    assert convert(annotation, value, checked=False) == value


@pytest.mark.parametrize(
    ("annotation", "value", "path", "message"),
    [
        (int, True, (2,), "must be integer"),
        (int, "3", (2,), "must be integer"),
        (float, True, (2,), "must be number"),
        (Union[str, None, bytes], 3, (2,), "must be binary data or null or string"),
        (list[int], ["3"], (2, 0), "Input should be a valid integer"),
        (list[int], [True], (2, 0), "Input should be a valid integer"),
        (Literal["a"], "b", (2,), "Input should be 'a'"),
        (Movie, {"title": "x"}, (2,), "Object missing required field `year`"),
    ],
)
def test_unchecked_builtins_are_checked(
    annotation: object, value: object, path: object, message: str
) -> None:
    (violation,) = refused(annotation, value, checked=False, at=2)

    # Since Python 3.12 pydantic knows `typing.TypedDict`.
    if annotation is not Movie or sys.version_info < (3, 12):
        assert (violation.path, violation.message) == (path, message)


@pytest.mark.parametrize(
    ("annotation", "value", "found"),
    [
        (Owner, {"name": 3}, [((1, "name"), "Input should be a valid string", 3)]),
        (Owner, {}, [((1, "name"), "Field required", {})]),
        (Owner, 3, [((1,), "Input should be a valid dictionary or instance of Owner", 3)]),
        (Room, {"roomTitle": 1}, [((1, "roomTitle"), "Input should be a valid string", 1)]),
        (list[Owner], [{"name": "a"}, {}], [((1, 1, "name"), "Field required", {})]),
        (
            Tree,
            {"inner": {"values": {"list[int]": "x"}}},
            [
                ((1, "inner", "values", "list[int]"), "Input should be a valid list", {"list[int]": "x"}),
                (
                    (1, "inner", "values", "list[int]"),
                    "Input should be a valid integer, unable to parse string as an integer",
                    "x",
                ),
            ],
        ),
        (
            Union[Owner, int],
            "x",
            [
                ((1,), "Input should be a valid dictionary or instance of Owner", "x"),
                ((1,), "Input should be a valid integer, unable to parse string as an integer", "x"),
            ],
        ),
        (Struct, {"a": "x"}, [((1, "a"), "Expected `int`, got `str`", "x")]),
        (Struct, {"a": 1, "b": [{"a": 1}, {}]}, [((1, "b", 1), "Object missing required field `a`", {})]),
        (Struct, {"a": 1, "color": "secret"}, [((1, "color"), "Invalid enum value", "secret")]),
        (dict[str, Struct], {"k": {"a": "x"}}, [((1,), "Expected `int`, got `str`", {"k": {"a": "x"}})]),
        (Careful, {"word": "echo"}, [((1,), "is not valid", {"word": "echo"})]),
        (Careful, {"word": "shy"}, [((1,), "must be quiet", {"word": "shy"})]),
        (Picky, {"word": "loud"}, [((1, "word"), "Value error, must be quiet", "loud")]),
        (Picky, {"word": "echo 12"}, [((1, "word"), "is not valid", "echo 12")]),
        (Picky, {"word": "custom"}, [((1, "word"), "is not valid", "custom")]),
        (
            Picky,
            {"word": "a", "other": [None, {"b": "!"}, "c"]},
            [((1,), "is not valid", {"word": "a", "other": [None, {"b": "!"}, "c"]})],
        ),
        (
            Pet,
            {"pet": {"kind": "secret"}, "id": "secret"},
            [
                ((1, "pet"), "Input tag is not one of the expected tags", {"kind": "secret"}),
                ((1, "id"), "Input should be a valid UUID", "secret"),
            ],
        ),
        (
            Pet,
            {"pet": {"kind": "cat"}, "id": "x" * 36},
            [((1, "id"), "Input should be a valid UUID", "x" * 36)],
        ),
    ],
)
def test_a_violation_is_reported_with_its_path_and_without_the_value(
    annotation: object, value: object, found: object
) -> None:
    violations = refused(annotation, value, at=1)

    assert [(each.path, each.message, each.instance) for each in violations] == found
    assert all("secret" not in str(each) for each in violations)


def test_the_number_of_reported_violations_is_limited() -> None:
    assert len(refused(list[Owner], [{}] * 100)) == 20


@pytest.mark.parametrize("node", [Tree, Struct])
def test_data_nested_too_deeply_is_refused(node: type) -> None:
    value: dict[str, Any] = {"a": 1}
    for _ in range(5000):
        value = {"inner": value} if node is Tree else {"a": 1, "b": [value]}

    (violation,) = refused(node, value)

    assert node is Tree or violation.message == "is nested too deeply"


def test_an_engine_that_raises_something_else_refuses_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **options: object) -> None:
        raise OverflowError

    monkeypatch.setattr(msgspec, "convert", fail)

    (violation,) = refused(Struct, {"a": 1})

    assert (violation.path, violation.message) == ((0,), "cannot be converted")


@pytest.mark.parametrize("value", [{}, {"x": [1]}, 3])
def test_a_path_that_the_value_lacks_has_no_instance(value: object) -> None:
    assert _models._value_at(value, ("x", 1)) is None


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None))
    | st.binary()
    | st.sampled_from(["red", "cat", "echo", "1", "2024-02-29"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["name", "a", "b", "x", "at", "word", "pet", "kind", "inner", "values", "\ud800"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
ANNOTATIONS = [case[0] for case in CASES] + [
    Tree,
    Pet,
    Picky,
    Careful,
    Movie,
    int,
    Optional[float],
    list[int],
]
CONVERTERS = [converter(annotation, checked=False) for annotation in ANNOTATIONS]


@given(st.sampled_from(CONVERTERS), json_values)
@settings(max_examples=500, deadline=None)
def test_a_converter_raises_nothing_but_its_own_exception(
    change: Callable[[object], object], value: object
) -> None:
    refusal = None
    try:
        change(value)
    except PayloadValidationException as error:
        refusal = error

    assert refusal is None or {each.path[0] for each in refusal.errors} == {0}


class Mixed(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(arbitrary_types_allowed=True)
    struct: Struct


class Unfinished(pydantic.BaseModel):
    other: Nowhere  # type: ignore[name-defined]  # noqa: F821


@dataclasses.dataclass
class Lost:
    other: Nowhere  # type: ignore[name-defined]  # noqa: F821


@pytest.mark.parametrize(
    ("annotation", "message"),
    [
        (Union[Struct, Owner], "mixes msgspec Structs and pydantic models"),
        (Mixed, "mixes msgspec Structs and pydantic models"),
        (Odd, "`Odd` cannot be used: Unable to generate pydantic-core schema"),
        (Holder, "`Holder` cannot be used: Unable to generate pydantic-core schema"),
        (Unfinished, "is not fully defined"),
        (Lost, "`Lost` cannot be used: "),
        (Union[Struct, Odd], "cannot be used: "),
        (3, "`3` cannot be used: "),
    ],
)
def test_an_annotation_that_no_library_can_convert_is_an_error(annotation: object, message: str) -> None:
    with pytest.raises(ModelError) as caught:
        converter(annotation, checked=True)

    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


# Without the libraries


def test_a_dataclass_needs_no_pydantic_where_msgspec_is(without: Callable[..., None]) -> None:
    without("pydantic")

    assert convert(Pin, {"at": {"x": 1, "y": 2}}) == Pin(Point(1, 2.0))
    assert refused(Pin, {"at": {"x": "1"}})[0].path == (0, "at", "x")
    assert shape(Pin, Pin(Point(1))) == plain(Pin(Point(1))) == {"at": {"x": 1, "y": 0.0}, "color": "red"}
    assert refused(list[int], ["3"], checked=False)[0].path == (0, 0)


def test_a_dataclass_needs_no_msgspec_where_pydantic_is(without: Callable[..., None]) -> None:
    without("msgspec")

    assert convert(Point, {"x": 1}) == Point(1)


@pytest.mark.parametrize("annotation", [Point, list[int], Literal["a"], Movie, date, tuple[int]])
def test_what_no_library_can_make_names_the_extra_to_install(
    without: Callable[..., None], annotation: object
) -> None:
    without("pydantic", "msgspec")

    with pytest.raises(ModelError) as caught:
        converter(annotation, checked=False)

    assert str(caught.value).endswith("needs pydantic or msgspec: install `asynction[pydantic]`")
    assert schema_of(annotation, mode="validation") is None


def test_without_libraries_basic_types_are_checked_and_dataclasses_acknowledge(
    without: Callable[..., None],
) -> None:
    without("pydantic", "msgspec")

    assert convert(Optional[int], 3, checked=False) == 3
    assert shape(Optional[Point], Point(1)) == {"x": 1, "y": 0.0}
    assert shape(list[Point], [Point(1)]) == [{"x": 1, "y": 0.0}]
    assert plain((Point(1), 2)) == ({"x": 1, "y": 0.0}, 2)
    assert shaper(Movie) is None
    assert shaper(Color) is None


def test_nothing_imports_the_libraries_before_a_model_needs_them() -> None:
    code = """
import sys
from asynction.contract import Schema
from asynction.models import Writer, fit_of
from asynction.models._convert import converter, is_model, schema_of, shaper
from asynction.validation import DRAFT_07
converter(int, checked=False)(3), converter(dict[str, list[int]], checked=True)
shaper(list[dict[str, int]]), Writer().write([{}, object()]), is_model(dict)
schema_of(int, mode="validation")
fit_of(list[int], Schema({"type": "array"}, DRAFT_07), receives=True)
print([name in sys.modules for name in ("pydantic", "msgspec")])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert json.loads(done.stdout.lower()) == [False, False]


# Acknowledgements


@pytest.mark.parametrize(
    "annotation",
    [
        inspect.Parameter.empty,
        None,
        Any,
        object,
        int,
        dict,
        Optional[dict[str, list[int]]],
        Union[int, str],
        tuple[int, str],
        tuple[int, ...],
        tuple[()],
        tuple,
        Optional[tuple[int, str]],
        list[tuple[int, int]],
        Annotated[int, pydantic.Field(gt=3)],
        Literal["a"],
        Odd,
        Pair,
        "Unknown",
    ],
)
def test_an_ack_of_builtins_needs_no_shaping(annotation: object) -> None:
    assert shaper(annotation) is None


@pytest.mark.parametrize(
    ("annotation", "value", "wanted"),
    [
        (Owner, Owner(name="ann"), {"name": "ann"}),
        (Owner, {"name": "ann", "password": "x"}, {"name": "ann"}),
        (Owner, Secret(name="ann", password="x"), {"name": "ann"}),
        (Owner, Renamed("ann"), None),
        (
            Room,
            Room(roomTitle="x", day=date(2024, 2, 29)),
            {"roomTitle": "x", "owner": None, "day": "2024-02-29"},
        ),
        (list[Owner], [Secret(name="a", password="x"), {"name": "b"}], [{"name": "a"}, {"name": "b"}]),
        (Optional[Owner], None, None),
        (Union[Owner, int], 3, 3),
        (dict[str, Owner], {"a": Owner(name="a")}, {"a": {"name": "a"}}),
        (Point, Point(1), {"x": 1, "y": 0.0}),
        (Point, {"x": 1, "z": 2}, {"x": 1, "y": 0.0}),
        (Struct, Struct(1, data=b"\xff"), {"a": 1, "b": None, "color": None, "data": b"\xff"}),
        (Struct, {"a": 1, "z": 1}, {"a": 1, "b": None, "color": None, "data": b""}),
        (list[Renamed], [Renamed("ann")], [{"firstName": "ann"}]),
        (Cast, {"title": "x", "stars": [Owner(name="a")]}, {"title": "x", "stars": [{"name": "a"}]}),
        (Dated, {"day": date(2024, 2, 29), "more": 1}, {"day": "2024-02-29"}),
        (Color, Color.RED, "red"),
        (timedelta, timedelta(seconds=1), "PT1S"),
        (
            Blob,
            Blob(data=b"\xff", when=date(2024, 2, 29), parts={1: (b"a",)}),
            {"data": b"\xff", "when": "2024-02-29", "parts": {"1": [b"a"]}},
        ),
        (tuple[Owner, int], (Owner(name="a"), 3), ({"name": "a"}, 3)),
        (Annotated[tuple[Owner, int], "note"], (Owner(name="a"), 3), ({"name": "a"}, 3)),
        (tuple[Owner, ...], (Owner(name="a"), {"name": "b"}), ({"name": "a"}, {"name": "b"})),
        (Optional[tuple[Owner, int]], (Owner(name="a"), 3), ({"name": "a"}, 3)),
        (Optional[tuple[Owner, int]], None, None),
        (Union[tuple[Owner, int], tuple[Owner], Point], ({"name": "a"},), ({"name": "a"},)),
        (Union[tuple[Owner, int], tuple[Owner], Point], Point(1), {"x": 1, "y": 0.0}),
        (Union[tuple[int, int], Owner], (1, 2), (1, 2)),
        (Union[tuple[Owner, int], tuple[int, ...]], (Owner(name="a"), 3), ({"name": "a"}, 3)),
    ],
)
def test_what_a_handler_returns_becomes_json_data(annotation: object, value: object, wanted: object) -> None:
    if isinstance(value, Renamed):  # any object with the fields is accepted
        value, wanted = argparse_like(name="ann"), {"name": "ann"}

    found = shape(annotation, value)

    assert found == wanted
    assert type(found) is type(wanted)


class argparse_like:  # noqa: N801
    def __init__(self, **fields: object) -> None:
        self.__dict__.update(fields)


@pytest.mark.parametrize(
    ("annotation", "value", "paths"),
    [
        (Owner, {}, [(0, "name")]),
        (Owner, None, [(0,)]),
        (Owner, argparse_like(name=3), [(0, "name")]),
        (Struct, {"a": "x"}, [(0, "a")]),
        (Struct, argparse_like(a="x"), [(0, "a")]),
        (tuple[int, Owner], (1, {}), [(1, "name")]),
        (tuple[Owner, ...], ({"name": "a"}, {}), [(1, "name")]),
        (tuple[int, Owner], [1, {"name": "a"}], [()]),
        (tuple[int, Owner], (1,), [()]),
        (tuple[Owner, ...], 3, [()]),
        (Union[tuple[int, Owner], tuple[Owner]], (1, {}), [(1, "name")]),
    ],
)
def test_a_result_that_does_not_fit_is_an_error(annotation: object, value: object, paths: object) -> None:
    assert [each.path for each in unshaped(annotation, value)] == paths


def test_a_model_without_a_json_form_is_written_as_far_as_it_can_be() -> None:
    class Loose(pydantic.BaseModel):
        other: Any

    odd = Loose(other=Odd())

    for found in (shape(Loose, odd), plain(odd)):
        assert found == {"other": odd.other}  # the check names its place


@pytest.mark.parametrize("annotation", [Union[Owner, Odd], Union[Struct, Owner], Unfinished])
def test_an_ack_model_that_cannot_be_used_is_an_error(annotation: object) -> None:
    with pytest.raises(ModelError):
        shaper(annotation)


def test_a_dataclass_that_no_library_can_convert_becomes_its_fields() -> None:
    for found in (shape(Holder, Holder(Odd())), plain(Holder(Odd()))):
        assert isinstance(found, dict)
        assert isinstance(found["odd"], Odd)


def test_a_model_that_cannot_be_used_has_no_plain_form() -> None:
    with pytest.raises(Unwritable, match="/0: `Unfinished` cannot be used"):
        plain(Unfinished.model_construct())


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (Owner(name="a"), {"name": "a"}),
        (Room(roomTitle="a"), {"roomTitle": "a", "owner": None, "day": None}),
        (Secret(name="a", password="b"), {"name": "a", "password": "b"}),
        (Pin(Point(1)), {"at": {"x": 1, "y": 0.0}, "color": "red"}),
        (Renamed("a"), {"firstName": "a"}),
        ([Owner(name="a"), 1], [{"name": "a"}, 1]),
        ((Owner(name="a"), 1, [Point(1), 2]), ({"name": "a"}, 1, [{"x": 1, "y": 0.0}, 2])),
    ],
)
def test_instances_of_models_become_plain_data(value: object, wanted: object) -> None:
    assert plain(value) == wanted


# Traits of annotations


@pytest.mark.parametrize(
    ("annotation", "wanted"),
    [
        (Owner, True),
        (Point, True),
        (Movie, True),
        (Struct, True),
        (Box[int], True),
        (Optional[Owner], True),
        (Owner | None, True),
        (list[Struct], True),
        (dict[str, Point], True),
        (Annotated[Movie, 1], True),
        (Alias, True),
        (int, False),
        (Color, False),
        (Optional[dict[str, int]], False),
        (Annotated[int, pydantic.Field(gt=1)], False),
        (Loop, False),
        (Odd, False),
        ("Owner", False),
        (inspect.Parameter.empty, False),
        (Callable[[Owner], int], False),
    ],
)
def test_models_are_distinguished_from_other_types(annotation: object, wanted: bool) -> None:
    assert is_model(annotation) is wanted


@pytest.mark.parametrize(
    ("annotation", "name"),
    [
        (Owner, "Owner"),
        (list[Owner], "list[Owner]"),
        (Optional[Owner], "Optional[Owner]"),
        (Box[int], "Box[int]"),
    ],
)
def test_types_are_named_without_their_modules(annotation: object, name: str) -> None:
    assert name_of(annotation) in (name, name.replace("Optional[Owner]", "Owner | None"))


@pytest.mark.parametrize(
    ("annotation", "mode", "required"),
    [
        (Point, "validation", ["x"]),
        (Owner, "validation", ["name"]),
        (Room, "serialization", ["roomTitle"]),
        (Movie, "validation", ["title", "year"]),
    ],
)
def test_a_model_is_described_by_json_schema(annotation: object, mode: Any, required: object) -> None:
    described = schema_of(annotation, mode=mode)

    assert described is not None
    definitions: Any = described.get("$defs", {})
    assert {"required": required}.items() <= {**described, **definitions.get("Movie", {})}.items()


def test_a_struct_sends_the_fields_with_defaults_too() -> None:
    received, sent = (schema_of(Struct, mode=mode) for mode in ("validation", "serialization"))

    assert received is not None
    assert sent is not None
    definitions: Any = received["$defs"], sent["$defs"]
    assert [each["Struct"]["required"] for each in definitions] == [["a"], ["a", "b", "color", "data"]]


@pytest.mark.parametrize(
    ("annotation", "wanted"),
    [
        (int, {"type": ["integer"]}),
        (Optional[str], {"type": ["string", "null"]}),
        (Union[bytes, None], {"type": ["null", "string"]}),
        (Odd, None),
        (Unfinished, None),
    ],
)
def test_types_without_a_model_are_described_where_that_can_be_had(
    annotation: object, wanted: object
) -> None:
    assert schema_of(annotation, mode="validation") == wanted


def test_a_default_that_is_not_json_causes_no_warning() -> None:
    class Strange(pydantic.BaseModel):
        odd: Any = Odd()

    assert schema_of(Strange, mode="validation") is not None
    assert schema_of(list[Struct], mode="serialization") is not None
