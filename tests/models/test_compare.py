"""Models are compared with the contract at load; only certain incompatibilities are reported."""

from __future__ import annotations

import dataclasses
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Generic, NamedTuple, TypeVar

import msgspec
import pydantic
import pytest
import typing_extensions

from asynction.contract import Schema
from asynction.models import fit_of, schema_of_arg
from asynction.validation import DRAFT_07

DRAFT_2020 = "https://json-schema.org/draft/2020-12/schema"
T = TypeVar("T")


class Owner(pydantic.BaseModel):
    name: str


class Room(pydantic.BaseModel):
    room: str
    owner: Owner | None = None
    tags: list[str] = []
    size: int = 0


class Any1(pydantic.BaseModel):
    x: Any


class Box(pydantic.BaseModel, Generic[T]):
    x: T


class Strict(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid")
    x: int = 0


class Open(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="allow")
    x: int = 0


class ByName(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(populate_by_name=True, extra="forbid")
    room_id: str = pydantic.Field(alias="roomId")


class Choice(pydantic.BaseModel):
    room: str = pydantic.Field(validation_alias=pydantic.AliasChoices("room", "channel"))


class Aliased(pydantic.BaseModel):
    room_id: str = pydantic.Field(alias="roomId")


class Deciding(pydantic.BaseModel):
    words: Annotated[list[str], pydantic.BeforeValidator(lambda text: text.split())]
    wrapped: Annotated[int, pydantic.WrapValidator(lambda value, handle: handle(len(value)))]
    plain: Annotated[int, pydantic.PlainValidator(len)]
    told: Annotated[int, pydantic.BeforeValidator(len, json_schema_input_type=list[int])]
    after: Annotated[int, pydantic.AfterValidator(abs)]


class Sending(pydantic.BaseModel):
    words: Annotated[list[str], pydantic.PlainSerializer(" ".join)]
    told: Annotated[list[str], pydantic.PlainSerializer(len, return_type=int)]
    hidden: str = pydantic.Field(default="", exclude=True)
    when: date = date(2024, 2, 29)
    price: Decimal = Decimal(1)

    @pydantic.computed_field  # type: ignore[prop-decorator]
    @property
    def total(self) -> int:
        return 1


class Tree(pydantic.BaseModel):
    name: str = ""
    left: Tree | None = None
    right: Tree | None = None
    more: list[Tree] = []


class Cat(pydantic.BaseModel):
    kind: str
    lives: int


class Dog(pydantic.BaseModel):
    kind: str


@dataclasses.dataclass
class Point:
    x: int
    when: date = date(2024, 2, 29)


class Pair(NamedTuple):
    a: int
    b: int


class Struct(msgspec.Struct, forbid_unknown_fields=True, tag=True):
    a: int
    b: str = ""


class Maybe(typing_extensions.TypedDict):
    a: int
    b: typing_extensions.NotRequired[int]


STRING, INTEGER, NULL = {"type": "string"}, {"type": "integer"}, {"type": "null"}


def of(*required: str, **properties: object) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required)}


def told(model: object, schema: Any, dialect: str = DRAFT_07, *, receives: bool = True) -> list[str]:
    return list(fit_of(model, Schema(schema, dialect), receives=receives).errors)


@pytest.mark.parametrize(
    "schema",
    [
        of("room", room=STRING),
        of("room", room=STRING, owner={"anyOf": [of("name", name=STRING), NULL]}, other=INTEGER),
        {"required": ["room"]},
        {"type": "object", "allOf": [{"required": ["room"]}, {"properties": {"room": STRING}}]},
        {"$ref": "#/definitions/a~1b", "definitions": {"a/b": of("room", room=STRING)}},
        {"allOf": [{"$ref": "#/definitions/R"}], "definitions": {"R": of("room", room=STRING)}},
        {"oneOf": [of("room", room=STRING), of("room", "size", room=STRING, size=INTEGER)]},
        {"anyOf": [of("room", room={"enum": ["a", "b"]}), of("room", room={"const": "a"})]},
        {"enum": [{"room": "a"}, {"room": "b", "size": 1}]},
        {"const": {"room": "a"}},
        {"type": "object", "if": {"properties": {"x": STRING}}, "then": {"required": ["room"]}},
        {"type": "object", "minProperties": 4},
        {"anyOf": [{"type": "object", "not": {"properties": {"room": False}}}, of("room", room=STRING)]},
        of("room", room=STRING, size={"type": "number", "multipleOf": 1}),
        of("room", room=STRING, size={"enum": [1, 2.0]}),
        of("room", room=STRING, size={"type": "integer", "not": {"const": 3}}),
        of("room", room={"type": ["string", "null"], "enum": ["a"]}),
        of("room", room={"type": ["string", "null"], "not": NULL}),
        of("room", room={"oneOf": [STRING, {"type": ["string", "null"], "enum": ["a", "b"]}]}),
        of("room", room={"oneOf": [{"type": ["null", "string"]}, NULL]}),
        of("room", room={"allOf": [{"enum": ["a", None]}, {"enum": ["b", "a", None]}]}),
        of("room", room={"type": "text"}),
        of("room", room=STRING, owner=False, size=True, tags={}),
        of("room", room=STRING, tags={"type": "array", "items": [INTEGER]}),
        of("room", room=STRING, tags={"type": "array"}),
        {},
        True,
        False,
        None,
        {"properties": {}, "$ref": "#/definitions/missing"},
        {"$ref": "#/definitions/missing/deep", "definitions": {"missing": 3}},
        {"$ref": "#/definitions/loop", "definitions": {"loop": {"$ref": "#/definitions/loop"}}},
        {"$ref": "#/definitions/loop", "definitions": {"loop": {"anyOf": [{"$ref": "#/definitions/loop"}]}}},
    ],
)
def test_what_the_contract_may_send_fits(schema: Any) -> None:
    assert told(Room, schema) == []


NEEDED = "`Room.room` is required, but the contract does not require `room`"


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        (of(room=STRING), NEEDED),
        ({"type": "object"}, NEEDED),
        ({"properties": {"room": STRING}}, NEEDED),
        (of(room={"const": "a"}), NEEDED),
        (of(room={"type": "string", "default": "a"}), NEEDED),
        ({"oneOf": [of("room", room=STRING), of("size", size=INTEGER)]}, NEEDED),
        ({"enum": [{"room": "a"}, {}]}, NEEDED),
        ({"$ref": "#/definitions/R", "required": ["room"], "definitions": {"R": of(room=STRING)}}, NEEDED),
        (of("room", room=INTEGER), "`Room.room` takes string, but the contract sends integer"),
        (of("room", room={"enum": [1.5, 1]}), "`Room.room` takes string, but the contract sends number"),
        (of("room", room={"const": [1]}), "`Room.room` takes string, but the contract sends array"),
        (of("room", room={"const": {}}), "`Room.room` takes string, but the contract sends object"),
        (of("room", room={"const": float("inf")}), "`Room.room` takes string, but the contract sends number"),
        (
            of("room", room={"type": ["string", "null"]}),
            "the contract allows null in `room`, which `Room.room` does not accept",
        ),
        (
            of("room", room={"anyOf": [STRING, {"oneOf": [NULL, {"type": "boolean"}]}]}),
            "the contract allows boolean or null in `room`, which `Room.room` does not accept",
        ),
        (
            of("room", room=STRING, size={"type": "number"}),
            "the contract allows number in `size`, which `Room.size` does not accept",
        ),
        (
            of("room", room=STRING, owner=of("name", name=INTEGER)),
            "`Room.owner.name` takes string, but the contract sends integer",
        ),
        (
            of("room", room=STRING, owner={"oneOf": [NULL, of(name=STRING)]}),
            "`Room.owner.name` is required, but the contract does not require `owner.name`",
        ),
        (
            of("room", room=STRING, tags={"type": "array", "items": INTEGER}),
            "`Room.tags[]` takes string, but the contract sends integer",
        ),
        (
            {"allOf": [of("room", room=STRING), {"properties": {"room": INTEGER}}]},
            None,
        ),
        (STRING, "`Room` takes object, but the contract sends string"),
        (
            {"anyOf": [of("room", room=STRING), NULL]},
            "the contract allows null, which `Room` does not accept",
        ),
    ],
)
def test_values_that_the_model_does_not_accept_are_reported(schema: Any, message: str | None) -> None:
    assert told(Room, schema) == ([message] if message else [])


def test_keywords_beside_a_ref_count_since_2019() -> None:
    schema = {"$ref": "#/definitions/R", "required": ["room"], "definitions": {"R": of(room=STRING)}}

    assert told(Room, schema, DRAFT_2020) == []


@pytest.mark.parametrize(
    ("model", "schema", "messages"),
    [
        (list[Owner], {"type": "array", "items": of("name", name=STRING)}, []),
        (
            list[Owner],
            {"type": "array", "items": of(name=STRING)},
            ["`Owner[].name` is required, but the contract does not require `[].name`"],
        ),
        (
            list[Owner] | None,
            {"type": "array", "items": of("name", name=INTEGER)},
            ["`Owner[].name` takes string, but the contract sends integer"],
        ),
        (Annotated[Owner, 1], STRING, ["`Owner` takes object, but the contract sends string"]),
        (
            dict[str, Owner],
            {"type": "object", "additionalProperties": of("name", name=INTEGER)},
            ["`dict[str, Owner].*.name` takes string, but the contract sends integer"],
        ),
        (
            dict[str, Owner],
            of(ann=of("name", name=INTEGER)),
            ["`dict[str, Owner].ann.name` takes string, but the contract sends integer"],
        ),
        (Cat | Dog, of("kind", kind=STRING), []),
        (
            Cat | Dog,
            of(kind=STRING),
            ["`Cat | Dog.kind` is required, but the contract does not require `kind`"],
        ),
        (Any1, of("x", x=STRING), []),
        (Box[int], of("x", x=STRING), ["`Box[int].x` takes integer, but the contract sends string"]),
        (Strict, of(x=INTEGER), []),
        (
            Strict,
            of(x=INTEGER, y=STRING),
            ["`y` of the contract is not a field of `Strict`, which forbids others"],
        ),
        (Strict, of(x=INTEGER, y=False), []),
        (Open, of(x=INTEGER, y=STRING), []),
        (ByName, of("room_id", room_id=STRING), []),
        (Choice, of("channel", channel=STRING), []),
        (Aliased, of("roomId", roomId=STRING), []),
        (
            Aliased,
            of("room_id", room_id=STRING),
            ["`Aliased.roomId` is required, but the contract does not require `roomId`"],
        ),
        (
            Deciding,
            of(
                "words",
                "wrapped",
                "plain",
                "told",
                "after",
                words=STRING,
                wrapped=STRING,
                plain=STRING,
                told=STRING,
            ),
            ["`Deciding.told` takes array, but the contract sends string"],
        ),
        (Point, of("x", x=INTEGER, when={"type": "number"}), []),
        (Point, of("x", x=STRING), ["`Point.x` takes integer, but the contract sends string"]),
        (Pair, {"type": "array", "items": STRING}, []),
        (Struct, of("a", a=INTEGER), []),
        (
            Struct,
            of(a=STRING, z=STRING),
            [
                "`Struct.a` is required, but the contract does not require `a`",
                "`z` of the contract is not a field of `Struct`, which forbids others",
                "`Struct.a` takes integer, but the contract sends string",
            ],
        ),
        (int, STRING, ["`int` takes integer, but the contract sends string"]),
        (object(), STRING, []),
    ],
)
def test_each_kind_of_model_is_held_against_what_it_receives(
    model: object, schema: Any, messages: list[str]
) -> None:
    assert told(model, schema) == messages


@pytest.mark.parametrize(
    ("model", "schema", "messages"),
    [
        (Room, of("room", "owner", "size", room=STRING, size={"type": "number"}), []),
        (Room, {}, []),
        (Room, False, []),
        (Room, {"type": ["object", "null"]}, []),
        (Room | None, of("room", room=STRING), []),
        (Room, of("id"), ["the contract requires `id`, but `Room` has no such field"]),
        (Room, STRING, ["`Room` is object, but the contract requires string"]),
        (Room, of(room=INTEGER), ["`Room.room` is string, but the contract requires integer"]),
        (
            Room,
            of(owner=of("name", "age", name=INTEGER)),
            [
                "the contract requires `owner.age`, but `Room.owner` has no such field",
                "`Room.owner.name` is string, but the contract requires integer",
            ],
        ),
        (
            Room,
            of(tags={"type": "array", "items": INTEGER}),
            ["`Room.tags[]` is string, but the contract requires integer"],
        ),
        (
            Dog,
            {**of(), "additionalProperties": False},
            ["`Dog.kind` is not a property of the contract, which forbids others"],
        ),
        (Dog, {**of(), "additionalProperties": False, "patternProperties": {"k": {}}}, []),
        (Open, of("y"), []),
        (Cat | Dog, of("kind", "other"), []),
        (dict[str, Owner], of("ann"), []),
        (
            dict[str, Owner],
            {"additionalProperties": {"required": ["age"]}},
            ["the contract requires `*.age`, but `dict[str, Owner].*` has no such field"],
        ),
        (dict[str, Any], {"additionalProperties": INTEGER}, []),
        (Maybe, of("a", "b"), ["the contract requires `b`, but `Maybe.b` may be missing"]),
        (
            Sending,
            of("when", "total", words=STRING, told=STRING, total=STRING, price={"type": "null"}),
            [
                "`Sending.told` is integer, but the contract requires string",
                "`Sending.total` is integer, but the contract requires string",
                "`Sending.price` is number or string, but the contract requires null",
            ],
        ),
        (Sending, of(price=INTEGER, when=STRING), []),  # the writer writes a number
        (Sending, of(when=INTEGER), ["`Sending.when` is string, but the contract requires integer"]),
        (Sending, of("hidden"), ["the contract requires `hidden`, but `Sending` has no such field"]),
        (Struct, of("a", "b", "type"), []),
        (Struct, of("c"), ["the contract requires `c`, but `Struct` has no such field"]),
        (
            list[Owner],
            {"type": "array", "items": STRING},
            ["`Owner[]` is object, but the contract requires string"],
        ),
        (Any1, of(x=STRING), []),
    ],
)
def test_each_kind_of_model_is_held_against_what_it_acknowledges(
    model: object, schema: Any, messages: list[str]
) -> None:
    if model is not Maybe or told(Maybe, STRING, receives=False):
        assert told(model, schema, receives=False) == messages


@pytest.mark.parametrize("receives", [True, False])
def test_recursive_models_and_schemas_end(receives: bool) -> None:
    node = {"$ref": "#/definitions/node"}
    tree = of(name=INTEGER, left=node, right=node, more={"type": "array", "items": node})

    assert len(told(Tree, {**node, "definitions": {"node": tree}}, receives=receives)) == 1


@pytest.mark.parametrize("receives", [True, False])
def test_only_so_deep_are_they_followed(receives: bool) -> None:
    schema: Any = of(name=INTEGER)
    for _ in range(13):
        schema = of(left=schema)

    assert told(Tree, schema, receives=receives) == []
    assert len(told(Tree, schema["properties"]["left"]["properties"]["left"], receives=receives)) == 1


def test_a_union_in_a_union_is_followed_only_so_deep() -> None:
    schema: Any = STRING
    for _ in range(8):
        schema = {"anyOf": [schema, {"type": "string"}]}

    assert told(int, schema) == []
    assert told(Room, {"type": "object", "anyOf": [{"anyOf": [{"type": "object"}]}, schema]}) == []


@pytest.mark.parametrize("receives", [True, False])
def test_another_schema_language_is_left_alone(receives: bool) -> None:
    assert told(Room, None, "application/vnd.apache.avro", receives=receives) == []
    assert schema_of_arg(Schema(None, "application/vnd.apache.avro"), 0) is None


@pytest.mark.parametrize(
    ("schema", "dialect", "index", "wanted"),
    [
        (STRING, DRAFT_07, 0, STRING),
        (STRING, DRAFT_07, 1, None),
        (True, DRAFT_07, 0, True),
        ({"type": "array", "items": STRING}, DRAFT_07, 0, {"type": "array", "items": STRING}),
        ({"items": [STRING, INTEGER]}, DRAFT_07, 1, INTEGER),
        ({"items": [STRING]}, DRAFT_07, 1, None),
        ({"items": [STRING], "additionalItems": INTEGER}, DRAFT_07, 3, INTEGER),
        ({"items": [True]}, DRAFT_07, 0, True),
        ({"prefixItems": [STRING], "items": INTEGER}, DRAFT_2020, 0, STRING),
        ({"prefixItems": [STRING], "items": INTEGER}, DRAFT_2020, 1, INTEGER),
        (
            {"items": [STRING], "definitions": {"a": True}},
            DRAFT_07,
            0,
            {**STRING, "definitions": {"a": True}},
        ),
    ],
)
def test_the_schema_of_one_arg_is_picked_by_its_number(
    schema: Any, dialect: str, index: int, wanted: Any
) -> None:
    found = schema_of_arg(Schema(schema, dialect), index)

    assert (found and found.value) == wanted
    assert found is None or found.dialect == dialect
