"""Annotations are compared with the contract at load: what cannot fit, and what may not."""
# ruff: noqa: E501, UP006, UP007, UP035, UP045 - a case is a line, and all forms of annotations are tested

from __future__ import annotations

import enum
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import PurePath
from typing import (
    Annotated,
    Any,
    Dict,
    List,
    Literal,
    NamedTuple,
    NewType,
    NoReturn,
    Optional,
    TypedDict,
    Union,
)
from uuid import UUID

import msgspec
import pydantic
import pytest
import typing_extensions

from asynction.contract import Schema
from asynction.models import Fit, default_fault, fit_of, fit_of_result
from asynction.validation import DRAFT_07, Validator

STRING, INTEGER, NUMBER, NULL = ({"type": kind} for kind in ("string", "integer", "number", "null"))
OBJECT, ARRAY, BOOLEAN = ({"type": kind} for kind in ("object", "array", "boolean"))
BINARY, BASE64 = {**STRING, "format": "binary"}, {**STRING, "contentEncoding": "base64"}
DATE = {**STRING, "format": "date"}
FITS = Fit()
WIDEN = "clients get a 400 for it: widen the annotation, or narrow the schema"
ALLOW = "narrow the annotation, or widen the schema"
RETURN = "return a value always, or allow null"


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1


class Anything(enum.Enum):
    ANY = "any"

    @classmethod
    def _missing_(cls, value: object) -> Anything:
        return cls.ANY


class Shape(enum.Enum):
    POINT = (0, 0)


class Joined(NamedTuple):
    name: str


class Bill(pydantic.BaseModel):
    price: Decimal
    rebate: Optional[Decimal] = None
    took: timedelta


class Bolt(msgspec.Struct):
    size: Decimal
    age: Optional[timedelta] = None


class Own(str):
    @classmethod
    def __get_pydantic_core_schema__(cls, *_: Any) -> Any: ...


class Item(pydantic.BaseModel):
    name: str | None = None
    kind: Literal["a", "b"] = "a"
    count: int = 7


class Struct(msgspec.Struct):
    count: int = 7


@dataclass
class Point:
    x: int
    color: Color = Color.RED


class Sized(TypedDict, total=False):
    size: Literal[1, 2]


class Tree(pydantic.BaseModel):
    name: str | None = None
    trees: list[Tree] = []


ID = NewType("ID", str)


def values(*listed: object) -> dict[str, Any]:
    return {"enum": list(listed)}


def array(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items}


def of(*required: str, **properties: object) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required)}


def schema(value: Any) -> Schema:
    return Schema(value, DRAFT_07)


def received(annotation: object, value: Any) -> Fit:
    return fit_of(annotation, schema(value), receives=True)


IMPLIED: list[tuple[Any, Any]] = [
    (int, INTEGER),
    (float, NUMBER),
    (float, INTEGER),
    (str, STRING),
    (str, values("a", "b")),
    (str, DATE),
    (bool, BOOLEAN),
    (None, NULL),
    (dict, OBJECT),
    (Dict[str, Any], OBJECT),
    (Mapping[str, object], of("a", a=STRING)),
    (dict[str, int], {**OBJECT, "additionalProperties": INTEGER}),
    (dict[str, int], {**of(a=INTEGER), "additionalProperties": False}),
    (list, ARRAY),
    (List[Any], ARRAY),
    (Sequence[str], array(STRING)),
    (list[list[int]], array(array(INTEGER))),
    (bytes, BINARY),
    (Optional[bytes], {"type": ["string", "null"], "format": "binary"}),
    (Optional[str], {"type": ["string", "null"]}),
    (Union[int, str], {"type": ["string", "integer"]}),
    (Union[str, None], STRING),
    (ID, STRING),
    (Annotated[str, "a name"], STRING),
    (Literal["a", "b"], values("a")),
    (Literal["a", "b"], {"const": "b"}),
    (Literal[1], values(1.0)),
    (Optional[Literal["a"]], {"anyOf": [{"const": "a"}, NULL]}),
    (Color, values("red", "blue")),
    (date, DATE),
    (datetime, STRING),
    (UUID, STRING),
    (PurePath, STRING),
    (Decimal, NUMBER),
    (timedelta, STRING),
    (set[int], array(INTEGER)),
    (int, False),
    (Any, {}),
    (object, {}),
    (inspect.Parameter.empty, {}),
    (tuple[int, str], ARRAY),
    (Anything, values("red")),
    (Shape, ARRAY),
    (Own, STRING),
    (Annotated[int, pydantic.BeforeValidator(len)], STRING),
    (typing_extensions.TypeAliasType("Length", Annotated[int, pydantic.BeforeValidator(len)]), STRING),
    (typing_extensions.TypeAliasType("Name", str), STRING),
]


@pytest.mark.parametrize(("annotation", "value"), IMPLIED)
def test_a_schema_may_say_all_that_an_annotation_says(annotation: Any, value: Any) -> None:
    assert received(annotation, value) == FITS


NARROWER: list[tuple[Any, Any]] = [
    (str, {}),
    (dict, {"properties": {}}),
    (Literal["a", "b"], STRING),
    (Color, STRING),
    (list[int], ARRAY),
    (list[int], array({})),
    (list[int], {**ARRAY, "items": [INTEGER]}),
    (dict[str, int], OBJECT),
    (dict[str, int], of(a=INTEGER)),
    (dict[str, int], {**OBJECT, "additionalProperties": INTEGER, "patternProperties": {"a": STRING}}),
    (int, {"anyOf": [INTEGER, {}]}),
    (bytes, {}),
]


@pytest.mark.parametrize(("annotation", "value"), NARROWER)
def test_an_annotation_may_say_more_than_the_schema(annotation: Any, value: Any) -> None:
    assert received(annotation, value) == Fit(is_implied=False)


@pytest.mark.parametrize(
    ("annotation", "value", "error"),
    [
        (int, STRING, "`int` takes integer, but the contract sends string"),
        (str, OBJECT, "`str` takes string, but the contract sends object"),
        (str, BINARY, "`str` takes string, but the contract sends binary data"),
        (bytes, STRING, "`bytes` takes binary data, but the contract sends string"),
        (Optional[int], STRING, "`int` takes integer or null, but the contract sends string"),
        (list[int], array(STRING), "`int[]` takes integer, but the contract sends string"),
        (dict[str, int], of(a=STRING), "`dict[str, int].a` takes integer, but the contract sends string"),
        (UUID, INTEGER, "`UUID` takes string, but the contract sends integer"),
        (Color, values("green"), '`Color` takes "red", "blue", but the contract sends "green"'),
        (Level, {"const": 2}, "`Level` takes 1, but the contract sends 2"),
        (Literal["a"], {"anyOf": [values("b"), NULL]}, '`Literal[\'a\']` takes "a", but the contract sends "b", null'),
        (Literal["a"], values(*"bcdefgh"), '`Literal[\'a\']` takes "a", but the contract sends "b", "c", "d", "e", "f", ...'),
        (Item, of(kind=values("c")), '`Item.kind` takes "a", "b", but the contract sends "c"'),
        (Point, of("x", x=INTEGER, color=values("green")), '`Point.color` takes "red", "blue", but the contract sends "green"'),
        (set[int], STRING, "`set[int]` takes array, but the contract sends string"),
    ],
)  # fmt: skip
def test_what_the_type_never_accepts_is_an_error(annotation: Any, value: Any, error: str) -> None:
    assert received(annotation, value).errors == (error,)


@pytest.mark.parametrize(
    ("annotation", "value", "doubt"),
    [
        (int, NUMBER, f"the contract allows number, which `int` does not accept; {WIDEN}"),
        (str, {"type": ["string", "null"]}, f"the contract allows null, which `str` does not accept; {WIDEN}"),
        (list[int], array({"type": ["integer", "null"]}), f"the contract allows null in `[]`, which `int[]` does not accept; {WIDEN}"),
        (Color, values("red", "green"), f'the contract allows "green", which `Color` does not accept; {WIDEN}'),
        (Item, of(kind=values("a", "c")), f'the contract allows "c" in `kind`, which `Item.kind` does not accept; {WIDEN}'),
        (Item, of(count={**INTEGER, "default": 5}), "the default of `Item.count` is 7, but that of the contract is 5; give both the same"),
        (Struct, of(count={**INTEGER, "default": 5}), "the default of `Struct.count` is 7, but that of the contract is 5; give both the same"),
    ],
)  # fmt: skip
def test_what_the_type_does_not_accept_is_a_doubt(annotation: Any, value: Any, doubt: str) -> None:
    fit = received(annotation, value)
    assert (fit.errors, fit.doubts) == ((), (doubt,))


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (Item, of(count={**INTEGER, "default": 7.0}, kind={**STRING, "default": "a"}, other={"default": 1})),
        (
            Tree,
            {"$ref": "#/definitions/t", "definitions": {"t": of(trees=array({"$ref": "#/definitions/t"}))}},
        ),
        (Sized, of(size=INTEGER)),
        (Item, STRING | {"$ref": "#/nowhere"}),
    ],
)
def test_what_is_the_same_or_unknown_is_no_doubt(annotation: Any, value: Any) -> None:
    assert received(annotation, value).doubts == ()


def sent(annotation: object, value: Any, *, is_checked: bool = True) -> Fit:
    ack = Validator(schema(value))
    counts = (ack.min_args, ack.max_args) if is_checked else (0, None)
    return fit_of_result(annotation, schema(value), *counts)


PAIR = {"type": "array", "items": [STRING, INTEGER]}
PERHAPS = {"type": "array", "items": [STRING], "minItems": 0}


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (str, STRING),
        (Optional[str], PERHAPS),
        (None, PERHAPS),
        (None, NULL),
        (None, {}),
        (Any, STRING),
        (object, STRING),
        (inspect.Parameter.empty, STRING),
        (NoReturn, STRING),
        (typing_extensions.Never, STRING),
        (Union[str, Any], INTEGER),
        (tuple[str, int], PAIR),
        (tuple[str, ...], PAIR),
        (tuple, PAIR),
        (Joined, PAIR),
        (Union[tuple[str, int], str], PAIR),
        (tuple[()], {"type": "array", "items": [{}], "minItems": 0, "maxItems": 0}),
        (dict, of("a")),
        (Decimal, NUMBER),
        (Optional[Decimal], {"type": ["number", "null"]}),
        (timedelta, NUMBER),
        (bytes, BASE64),
        (bytes, {**STRING, "format": "byte"}),
        (date, DATE),
        (Anything, values("any")),
        (Annotated[date, pydantic.PlainSerializer(lambda day: day.year, return_type=int)], INTEGER),
        (Item, of("kind", name=STRING, kind=STRING)),
        (Bill, of("price", "took", price=NUMBER, rebate=NUMBER, took=INTEGER)),
        (Bill, of("price", "took", price=STRING, rebate=STRING, took=STRING)),
        (list[Bolt], array(of(size=NUMBER, age=NUMBER))),
        (list[Item], array(of(name=STRING))),
        (
            Tree,
            {"$ref": "#/definitions/t", "definitions": {"t": of(trees=array({"$ref": "#/definitions/t"}))}},
        ),
    ],
)
def test_a_result_may_fit(annotation: Any, value: Any) -> None:
    assert sent(annotation, value) == FITS


@pytest.mark.parametrize(
    ("annotation", "value", "error"),
    [
        (int, STRING, "`int` is integer, but the contract requires string"),
        (bytes, STRING, "`bytes` is binary data, but the contract requires string"),
        (str, BINARY, "`str` is string, but the contract requires binary data"),
        (list[int], array(STRING), "`int[]` is integer, but the contract requires string"),
        (Color, values("green"), '`Color` is "red", "blue", but the contract requires "green"'),
        (Literal[1], values(2, 3), "`Literal[1]` is 1, but the contract requires 2, 3"),
        (Item, of(kind=values("c")), '`Item.kind` is "a", "b", but the contract requires "c"'),
        (tuple[str, str], PAIR, "`str` is string, but the contract requires integer"),
        (tuple[str], PAIR, "a tuple is several values: it has 1, but the contract requires 2"),
        (tuple[str, int], STRING, "a tuple is several values: it has 2, but the contract requires 1"),
        (str, PAIR, "`str` is one value, but the contract requires 2"),
        (Decimal, OBJECT, "`Decimal` is number or string, but the contract requires object"),
        (Item, STRING, "`Item` is object, but the contract requires string"),
    ],
)
def test_a_result_that_never_fits_is_an_error(annotation: Any, value: Any, error: str) -> None:
    assert sent(annotation, value).errors == (error,)


@pytest.mark.parametrize(
    ("annotation", "value", "doubt"),
    [
        (Optional[str], STRING, f"`str` may be null, which the contract does not allow; {RETURN}"),
        (float, INTEGER, f"`float` may be number, which the contract does not allow; {ALLOW}"),
        (Union[str, int], STRING, f"`str | int` may be integer, which the contract does not allow; {ALLOW}"),
        (Color, values("red"), f'`Color` may be "blue", which the contract does not allow; {ALLOW}'),
        (None, STRING, "it returns nothing, but the contract requires a value; return one"),
        (None, PAIR, "it returns nothing, but the contract requires a value; return one"),
        (
            Item,
            of("name", name=STRING),
            f"`Item.name` may be null, which the contract does not allow; {RETURN}",
        ),
        (
            list[Optional[str]],
            array(STRING),
            f"`str[]` may be null, which the contract does not allow; {RETURN}",
        ),
        (tuple[str, Optional[int]], PAIR, f"`int` may be null, which the contract does not allow; {RETURN}"),
    ],
)
def test_a_result_that_may_not_fit_is_a_doubt(annotation: Any, value: Any, doubt: str) -> None:
    fit = sent(annotation, value)
    assert (fit.errors, tuple(each.replace("Union[str, int]", "str | int") for each in fit.doubts)) == (
        (),
        (doubt,),
    )


def test_unchecked_acks_may_have_any_number_of_values() -> None:
    assert sent(tuple[str], PAIR, is_checked=False) == FITS
    assert sent(tuple[str, int, int], PAIR, is_checked=False) == FITS


class Calls(pydantic.BaseModel):
    """A model without a schema."""

    call: Callable[[], None]


def test_a_model_without_a_schema_fits() -> None:
    assert received(Calls, STRING) == FITS


def test_other_formats_are_not_compared() -> None:
    avro = Schema(None, "application/vnd.apache.avro")
    for annotation in (int, Item):
        assert fit_of(annotation, avro, receives=True) == FITS
    assert fit_of_result(int, avro, 1, 1) == FITS


@pytest.mark.parametrize(
    ("default", "value", "fault"),
    [
        ("x", STRING, None),
        (5, STRING, "breaks the schema: must be string; give it another one"),
        (None, STRING, None),
        (inspect.Parameter.empty, STRING, None),
        (object(), STRING, None),
        ("x", PAIR, None),
    ],
)
def test_a_default_that_breaks_the_schema(default: object, value: Any, fault: str | None) -> None:
    assert default_fault(default, schema(value)) == fault


@pytest.mark.parametrize("receives", [True, False])
def test_only_so_deep_is_compared(receives: bool) -> None:
    annotation: Any = int
    value: Any = STRING
    for _ in range(14):
        annotation, value = list[annotation], array(value)
    assert fit_of(annotation, schema(value), receives=receives).errors == ()
    for _ in range(8):
        value = {"anyOf": [value, ARRAY]}
    assert fit_of(annotation, schema(value), receives=receives).errors == ()
