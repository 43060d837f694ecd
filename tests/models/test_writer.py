"""What leaves: models and types of Python, written as their schema wants them."""

from __future__ import annotations

import json
import sys
from collections import ChainMap, OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from math import inf, nan
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import pydantic
import pytest

from asynction.contract import Json, Schema
from asynction.models import Unwritable, Writer, is_data, shaper
from asynction.validation import DRAFT_07, Validator, json_fault

DRAFT_2020 = "https://json-schema.org/draft/2020-12/schema"
STRING: dict[str, Any] = {"type": "string"}
NUMBER: dict[str, Any] = {"type": "number"}
INTEGER: dict[str, Any] = {"type": "integer"}
ARRAY: dict[str, Any] = {"type": "array"}
UTC = timezone.utc


class Color(Enum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


class Name(str, Enum):
    ANN = "ann"


class Money:
    pass


class At(Enum):
    NOON = time(12, tzinfo=UTC)


class Pair(NamedTuple):
    x: int
    at: date


class Item(pydantic.BaseModel):
    id: int = 1
    due: date | None = None


@dataclass
class Note:
    text: str = "a"
    due: date | None = None


class Bolt(msgspec.Struct):
    size: Decimal = Decimal("1.5")
    due: date | None = None


class Painted(pydantic.BaseModel):
    color: Color = Color.RED
    due: date | None = None


class Bill(pydantic.BaseModel):
    price: Decimal = Decimal("1.50")
    took: timedelta = timedelta(seconds=90)
    data: bytes = b"\xff"


class Box(pydantic.BaseModel):
    content: Any = None
    items: list[Item] = []
    by_id: dict[UUID, Item] = {}
    more: Box | None = None


def write(
    value: object, schema: Json = True, *, dumps: Callable[..., str] | None = None, dialect: str = DRAFT_07
) -> Any:
    """Return one arg as a server would send it."""
    validator = Validator(Schema(schema, dialect))
    made, is_valid = Writer(Schema(schema, dialect)).write((value,), dumps, validator.is_valid)
    assert is_valid in (False, validator.is_valid(made))
    assert not validator.check(made), validator.check(made)
    return made[0]


def faults(value: object, schema: Json = True) -> list[str]:
    validator = Validator(Schema(schema, DRAFT_07))
    made, _ = Writer(Schema(schema, DRAFT_07)).write((value,), None, validator.is_valid)
    return [str(each) for each in validator.check(made)]


MOMENT = datetime(2024, 2, 29, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "schema", "wanted"),
    [
        (MOMENT, {**STRING, "format": "date-time"}, "2024-02-29T12:30:00Z"),
        (MOMENT.astimezone(timezone(timedelta(hours=2))), STRING, "2024-02-29T14:30:00+02:00"),
        (datetime(2024, 2, 29), STRING, "2024-02-29T00:00:00"),
        (date(2024, 2, 29), {**STRING, "format": "date"}, "2024-02-29"),
        (time(12, 30), True, "12:30:00"),
        (time(12, tzinfo=UTC), {**STRING, "format": "time"}, "12:00:00Z"),
        (timedelta(days=1, hours=2, seconds=3), {**STRING, "format": "duration"}, "P1DT2H0M3S"),
        (timedelta(0), True, "P0D"),
        (timedelta(minutes=5), True, "PT5M"),
        (timedelta(days=400), True, "P400D"),
        (timedelta(milliseconds=1500), True, "PT1.5S"),
        (timedelta(milliseconds=5), True, "PT0.005S"),
        (-timedelta(hours=1), True, "-PT1H"),
        (timedelta(seconds=90), NUMBER, 90.0),
        (timedelta(seconds=90), INTEGER, 90),
        (timedelta(milliseconds=1500), {"type": ["number", "null"]}, 1.5),
        (UUID(int=1), {**STRING, "format": "uuid"}, "00000000-0000-0000-0000-000000000001"),
        (Decimal("1.50"), NUMBER, 1.5),
        (Decimal("1.50"), STRING, "1.50"),
        (Decimal("1.50"), True, "1.50"),
        (Decimal("1.50"), {"type": ["string", "number"]}, "1.50"),
        (Decimal("1.50"), {"multipleOf": 0.5, "type": "number"}, 1.5),
        (Decimal("2"), NUMBER, 2),
        (Decimal("2.0"), INTEGER, 2),
        (Decimal("2.0"), NUMBER, 2.0),
        (Decimal("1E+2"), {"enum": [100]}, 100),
        (Color.RED, {"enum": ["red"]}, "red"),
        (Level.HIGH, INTEGER, 3),
        (Name.ANN, STRING, "ann"),
        (At.NOON, STRING, "12:00:00Z"),
        ({1}, ARRAY, [1]),
        (frozenset({Color.RED}), ARRAY, ["red"]),
        ((1, date(2024, 2, 29)), ARRAY, [1, "2024-02-29"]),
        (deque([Color.RED]), ARRAY, ["red"]),
        ({"a": Color.RED}.values(), ARRAY, ["red"]),
        (Pair(1, date(2024, 2, 29)), ARRAY, [1, "2024-02-29"]),
        (OrderedDict(a=Color.RED), {"type": "object"}, {"a": "red"}),
        (MappingProxyType({"a": {1}}), True, {"a": [1]}),
        (ChainMap({"a": 1}), True, {"a": 1}),
        (PurePosixPath("/a/b"), STRING, "/a/b"),
        ({UUID(int=1): 1}, True, {"00000000-0000-0000-0000-000000000001": 1}),
        ({1: "a", Color.RED: "b", date(2024, 2, 29): "c"}, True, {"1": "a", "red": "b", "2024-02-29": "c"}),
        (b"\xff", {**STRING, "format": "binary"}, b"\xff"),
        (bytearray(b"\xff"), {**STRING, "format": "binary"}, b"\xff"),
        (memoryview(b"\xff\x00")[::2], {**STRING, "contentEncoding": "binary"}, b"\xff"),
        (b"\xff", {**STRING, "format": "byte"}, "/w=="),
        (memoryview(b"\xfb\xff"), {**STRING, "contentEncoding": "base64"}, "+/8="),
        (bytearray(b"\xfb\xff"), {**STRING, "contentEncoding": "base64url"}, "-_8="),
        (b"\xff", {**STRING, "contentEncoding": "base16"}, "FF"),
    ],
)
def test_a_value_that_json_lacks_is_written_as_its_schema_wants_it(
    value: object, schema: Json, wanted: object
) -> None:
    one_by_one: Json = {"properties": {"v": {"items": [NUMBER], "additionalItems": schema}}}
    for written in (
        write(value, schema),
        write({"v": [value]}, {"properties": {"v": {"items": schema}}})["v"][0],
        write({"v": [0, value]}, one_by_one)["v"][1],
        write({"v": [value]}, {"properties": {"v": {"items": [schema]}}})["v"][0],
    ):
        assert written == wanted
        assert type(written) is type(wanted)


ITEMS: dict[str, Any] = {
    "type": "object",
    "properties": {"item": {"$ref": "#/definitions/item"}},
    "additionalProperties": {"anyOf": [{"type": "null"}, {"$ref": "#/definitions/item"}]},
    "definitions": {
        "item": {
            "type": "object",
            "required": ["id"],
            "properties": {"id": INTEGER, "due": {**STRING, "format": "date"}},
        }
    },
}
NULLABLE: dict[str, Any] = {"properties": {"due": {"type": ["string", "null"]}}}
REQUIRED: dict[str, Any] = {"required": ["due"], "properties": {"due": STRING}}
TAGGED: dict[str, Any] = {
    "oneOf": [
        {
            "required": ["text"],
            "properties": {"text": {"const": "b"}, "due": {"type": ["string", "null"]}},
        },
        {"required": ["text"], "properties": {"text": {"const": "a"}, "due": STRING}},
        {"required": ["id"], "properties": {"due": STRING}},
        {"type": "null"},
    ]
}
BOX: dict[str, Any] = {"properties": {"items": {"items": ITEMS["definitions"]["item"]}, "more": False}}
PAINTED: dict[str, Any] = {
    "anyOf": [
        {"properties": {"color": {"const": "blue"}, "due": {"type": ["string", "null"]}}},
        {"properties": {"color": {"const": "red"}, "due": STRING}},
    ]
}
CLOSED: dict[str, Any] = {
    "anyOf": [
        {"additionalProperties": False, "properties": {"due": STRING, "id": INTEGER}},
        {"additionalProperties": False, "properties": {"due": STRING, "text": STRING}},
    ]
}
SAME: dict[str, Any] = {
    "anyOf": [{"properties": {"due": STRING}}, {"properties": {"due": {"type": "integer"}}}]
}


@pytest.mark.parametrize("model", [Item(), Note(), Bolt()])
@pytest.mark.parametrize(
    ("schema", "keeps"),
    [
        (True, True),
        (NULLABLE, True),
        ({"properties": {"due": {"anyOf": [STRING, {"type": "null"}]}}}, True),
        ({"properties": {"due": STRING}}, False),
        ({"patternProperties": {"^d": STRING, "^\\p{Lu}": INTEGER}}, False),
        ({"allOf": [{"properties": {"due": STRING}}, NULLABLE]}, False),
        (SAME, False),
    ],
)
@pytest.mark.parametrize("wrap", [lambda m: m, lambda m: [m], lambda m: {"a": {"b": (m,)}}])
def test_a_null_of_a_model_is_left_out_where_the_schema_forbids_it(
    model: object, schema: Json, keeps: bool, wrap: Callable[[object], object]
) -> None:
    inner: dict[str, Json] = {
        "list": {"items": schema},
        "dict": {"properties": {"a": {"properties": {"b": {"items": schema}}}}},
    }
    value = wrap(model)

    made: Any = write(value, inner.get(type(value).__name__, schema))

    found = made if value is model else made[0] if isinstance(made, list) else made["a"]["b"][0]
    assert ("due" in found) is keeps


@pytest.mark.parametrize(
    ("value", "schema", "wanted"),
    [
        ({"item": Item()}, ITEMS, {"item": {"id": 1}}),
        ({"other": Item(), "null": None}, ITEMS, {"other": {"id": 1}, "null": None}),
        (Note(), TAGGED, {"text": "a"}),
        (Note("b"), TAGGED, {"text": "b", "due": None}),
        (Item(), TAGGED, {"id": 1}),
        (
            [Note(), Note("b"), Note()],
            {"items": TAGGED},
            [{"text": "a"}, {"text": "b", "due": None}, {"text": "a"}],
        ),
        (Note(), {"allOf": [TAGGED]}, {"text": "a"}),
        (Note("b"), {"allOf": [{"allOf": [TAGGED]}]}, {"text": "b", "due": None}),
        ([Note()], {"items": {"$ref": "#/definitions/t"}, "definitions": {"t": TAGGED}}, [{"text": "a"}]),
        (Painted(), PAINTED, {"color": "red"}),
        (Item(), CLOSED, {"id": 1}),
        (Note(), CLOSED, {"text": "a"}),
        (Box(items=[Item()]), BOX, {"content": None, "items": [{"id": 1}], "by_id": {}}),
    ],
)
def test_a_null_is_left_out_at_any_depth(value: object, schema: Json, wanted: object) -> None:
    assert write(value, schema) == wanted


def test_a_null_is_left_out_of_a_model_that_holds_itself() -> None:
    schema: dict[str, Any] = {
        "definitions": {"box": {"properties": {"more": {"type": "object", "$ref": "#/definitions/box"}}}},
        "$ref": "#/definitions/box",
    }
    made: Any = write(Box(more=Box()), {**schema, "properties": {}}, dialect=DRAFT_2020)
    assert "more" not in made["more"]
    beside: Json = {"$ref": "#/definitions/t", "definitions": {"t": TAGGED}, "type": "object"}
    assert write(Note("b"), beside, dialect=DRAFT_2020) == {"text": "b", "due": None}
    assert write(Note("a"), beside, dialect=DRAFT_2020) == {"text": "a"}


@pytest.mark.parametrize(
    ("value", "schema", "fault"),
    [
        ({"due": None}, {"properties": {"due": STRING}}, "/0/due: must be string"),
        (Item(), REQUIRED, "/0/due: must be string"),
        ({"a": [{"b": object()}]}, True, "/0/a/0/b: a object is not a JSON value"),
        ({"a": {"b": 1j, "c": Color.RED}}, True, "/0/a/b: a complex is not a JSON value"),
        (Box(content=[Money()]), True, "/0/content/0: a Money is not a JSON value"),
        ({"a": nan}, True, "/0/a: NaN and infinity are not JSON numbers"),
        ([Color.RED, -inf], True, "/0/1: NaN and infinity are not JSON numbers"),
        (Decimal("NaN"), STRING, "/0: NaN and infinity are not JSON numbers"),
        (Decimal("sNaN"), True, "/0: NaN and infinity are not JSON numbers"),
        (Decimal("-Infinity"), NUMBER, "/0: NaN and infinity are not JSON numbers"),
        (Decimal("1E+5000"), NUMBER, "/0: NaN and infinity are not JSON numbers"),
        (Decimal("1.5"), INTEGER, "/0: must be integer"),
        (timedelta(seconds=1.5), INTEGER, "/0: must be integer"),
        ({"a": {1j: Color.RED}}, True, "/0/a: a key is not text"),
        ({None: {1}}, True, "/0: a key is not text"),
        (b"\xff", STRING, "/0: binary data where the schema has none"),
        (datetime(2024, 2, 29), {"format": "date-time"}, "/0: must match the format `date-time`"),
        (Color.RED, {"enum": ["blue"]}, '/0: must be one of ["blue"]'),
    ],
)
def test_what_cannot_be_written_is_named_with_its_place(value: object, schema: Json, fault: str) -> None:
    assert faults(value, schema)[0].startswith(fault)


def test_keys_of_the_same_text_are_an_error() -> None:
    with pytest.raises(Unwritable, match="/0/a: two keys have the same text"):
        write({"a": {1: Color.RED, "1": 2}})


def test_what_is_nested_too_deeply_is_an_error() -> None:
    many: list[Any] = [Color.RED]
    many.append(many)
    named: dict[str, Any] = {"color": Color.RED}
    named["more"] = named
    for value in (many, named):
        assert faults(value) == ["/0: nested deeper than 128 levels"]


class Loop(pydantic.BaseModel):
    inner: Loop | None = None


def test_a_model_that_cannot_be_converted_is_named_with_its_place() -> None:
    loop = Loop()
    loop.inner = loop
    with pytest.raises(Unwritable, match="/0/a/0: cannot be converted") as caught:
        write({"a": [loop]})
    assert caught.value.__context__ is None


BILL: dict[str, Any] = {
    "properties": {"price": NUMBER, "took": INTEGER, "data": {**STRING, "contentEncoding": "base64"}},
    "required": ["price", "took", "data"],
}


@pytest.mark.parametrize("wrap", [lambda bill: bill, shaper(Bill)])
def test_what_a_model_writes_otherwise_is_written_as_the_schema_wants_it(
    wrap: Callable[[Bill], object],
) -> None:
    assert write(wrap(Bill()), BILL) == {"price": 1.5, "took": 90, "data": "/w=="}
    as_text: Json = {"properties": {"price": STRING, "took": STRING, "data": {**STRING, "format": "binary"}}}
    assert write(wrap(Bill()), as_text) == {"price": "1.50", "took": "PT1M30S", "data": b"\xff"}
    assert write(Bolt(), {"properties": {"size": NUMBER, "due": STRING}}) == {"size": 1.5}


def test_a_model_decides_how_it_is_written_where_the_schema_takes_that() -> None:
    class Custom(pydantic.BaseModel):
        at: datetime = MOMENT
        due: date | None = None

        @pydantic.field_serializer("at", when_used="json")
        def epoch(self, at: datetime) -> int:
            return int(at.timestamp())

    schema: dict[str, Json] = {"due": STRING}
    assert write(Custom(), {"properties": schema}) == {"at": 1709209800}
    assert write(Custom(), {"properties": {**schema, "at": STRING}}) == {"at": "2024-02-29T12:30:00Z"}


class Public(pydantic.BaseModel):
    name: str
    due: date | None = None


class Private(Public):
    password: str = "x"


@pytest.mark.parametrize("due", [{"type": "null"}, STRING, True])
@pytest.mark.parametrize(
    ("annotation", "wrap", "where"),
    [
        (Public, lambda one: one, lambda each: each),
        (Public | None, lambda one: one, lambda each: each),
        (list[Public], lambda one: [one], lambda each: {"items": each}),
        (dict[str, Public], lambda one: {"a": one}, lambda each: {"additionalProperties": each}),
    ],
)
def test_a_subclass_never_shows_more_than_its_annotation(
    annotation: object, wrap: Callable[[object], object], where: Callable[[object], Json], due: Json
) -> None:
    change = shaper(annotation)
    assert change is not None

    made = write(change(wrap(Private(name="a"))), where({"properties": {"due": due}}))

    assert made == wrap({"name": "a"} if due == STRING else {"name": "a", "due": None})


def own_json(**options: Any) -> Callable[..., str]:
    return lambda value: json.dumps(value, **options)


@pytest.mark.parametrize(
    ("value", "schema", "wanted"),
    [
        (Money(), True, "money"),
        ({"a": [Money()]}, {"properties": {"a": {"items": STRING}}}, {"a": ["money"]}),
        (MOMENT, INTEGER, 1709209800),
        (MOMENT, True, 1709209800),
        (MOMENT, {**STRING, "format": "date-time"}, "2024-02-29T12:30:00Z"),  # the schema decides
        (UUID(int=0), True, "00000000-0000-0000-0000-000000000000"),  # that module does not write it
        (b"a", {"format": "byte", **STRING}, "YQ=="),
        (Box(content=Money()), True, {"content": "money", "items": [], "by_id": {}, "more": None}),
        ({Money(): 1}, True, {"money": 1}),
    ],
)
def test_the_json_module_of_the_user_is_asked_first(value: object, schema: Json, wanted: object) -> None:
    def default(value: object) -> object:
        if isinstance(value, Money):
            return "money"
        if isinstance(value, datetime):
            return int(value.timestamp())
        raise TypeError

    assert write(value, schema, dumps=own_json(default=default)) == wanted


def test_a_text_of_the_users_module_that_is_not_json_is_not_used() -> None:
    made, _ = Writer().write((Money(), Color.RED), lambda value: "NaN")
    assert made[1] == "red"
    assert json_fault(made) is not None


@dataclass
class Fields:
    item: Item = field(default_factory=Item)
    colors: set[Color] = field(default_factory=lambda: {Color.RED})
    due: date | None = None


def test_a_dataclass_needs_no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    from asynction.models import _convert

    for name in ("pydantic", "msgspec"):
        monkeypatch.setitem(sys.modules, name, None)
    _convert.dumper_of.cache_clear()
    try:
        note = Note(due=date(2024, 2, 29))
        assert write([note, Note()], {"items": {"properties": {"due": STRING}}}) == [
            {"text": "a", "due": "2024-02-29"},
            {"text": "a"},
        ]
    finally:
        _convert.dumper_of.cache_clear()


def test_parts_of_a_dataclass_are_written_like_the_whole() -> None:
    due: Json = {"properties": {"due": STRING}}
    assert write(Fields(), due) == {"item": {"id": 1, "due": None}, "colors": ["red"]}
    assert write(Fields(), {"properties": {"item": due}}) == {
        "item": {"id": 1},
        "colors": ["red"],
        "due": None,
    }


@pytest.mark.parametrize(
    "args", [(), ("a", 1, None, True, 1.5, b""), ({"a": [{}, [1]]},), ([[], {"a": {1: "b"}}],)]
)
def test_data_needs_no_writer(args: tuple[object, ...]) -> None:
    assert is_data(args)


@pytest.mark.parametrize("value", [Color.RED, Name.ANN, Pair(1, date.min), {1}, Item(), bytearray(), Money()])
def test_other_values_need_the_writer(value: object) -> None:
    for args in ((value,), ({"a": [value]},), ([1, ({"b": value},)],)):
        assert not is_data(args)


class _Dtype:
    def __init__(self, kind: str = "i", unit: str = "s") -> None:
        self.kind, self.unit = kind, unit


INTEGERS = _Dtype()


class _Generic:
    def __init__(self, value: object, dtype: _Dtype = INTEGERS) -> None:
        self.value, self.dtype = value, dtype

    def astype(self, name: str) -> _Generic:
        return _Generic({"M8[us]": MOMENT, "m8[us]": timedelta(seconds=1)}[name])

    def tolist(self) -> object:
        return self.value


class longdouble(_Generic):  # noqa: N801
    def __float__(self) -> float:
        return 1.5


class float64(float):  # noqa: N801
    dtype = _Dtype("f")

    def tolist(self) -> float:
        return float(self)


def test_numbers_of_numpy_are_written_where_it_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    class Numpy:
        generic = (_Generic, float64)
        ndarray = type("ndarray", (_Generic,), {})
        datetime_data = staticmethod(lambda dtype: (dtype.unit, 1))

    wide = longdouble(None)
    wide.value = wide
    values = [_Generic(3), Numpy.ndarray([[1, 2]]), wide, _Generic(MOMENT), float64(0.5)]
    monkeypatch.setitem(sys.modules, "numpy", Numpy)
    assert write(values) == [3, [[1, 2]], 1.5, "2024-02-29T12:30:00Z", 0.5]
    times = [_Generic(7, _Dtype("M", "ns")), _Generic(7, _Dtype("m", "as")), _Generic(MOMENT, _Dtype("M"))]
    assert write(times) == ["2024-02-29T12:30:00Z", "PT1S", "2024-02-29T12:30:00Z"]
    assert write({_Generic(3): 1}) == {"3": 1}
