"""The property that a `discriminator` names decides which schema a value must match."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml

from asynction.contract import Schema
from asynction.document import load, validate
from asynction.samples import Sampler
from asynction.validation import Validator

SCHEMAS = yaml.safe_load("""
Fruit:
  type: object
  discriminator: sort
  required: [sort]
  properties: {sort: {type: string}, beside: {$ref: '#/components/schemas/Fruit'}}
Apple:
  allOf: [{$ref: '#/components/schemas/Fruit'}, {required: [weight], properties: {weight: {type: number}}}]
Pippin:
  allOf: [{allOf: [{$ref: '#/components/schemas/Apple'}]}, {required: [year]}]
Pear:
  allOf: [{$ref: '#/components/schemas/Fruit'}, {properties: {sort: {$ref: '#/components/schemas/PearSort'}}}]
PearSort: {enum: [conference, williams]}
Orphan: {discriminator: sort, required: [sort], properties: {sort: {type: string}}}
Closed:
  discriminator: sort
  required: [sort]
  properties: {sort: {enum: [Open, Ajar]}}
Open: {allOf: [{$ref: '#/components/schemas/Closed'}]}
Ajar: {allOf: [{$ref: '#/components/schemas/Closed'}, {required: [gap]}]}
Undefined: {discriminator: sort, properties: {kind: {type: string}}}
Heir: {allOf: [{$ref: '#/components/schemas/Undefined'}]}
Loop: {discriminator: sort, allOf: [{$ref: '#/components/schemas/Loop'}], properties: {sort: {}}}
Cat: {type: object, properties: {pet: {type: string}, lives: {type: integer}}, required: [pet, lives]}
Dog: {type: object, properties: {pet: {type: string}}}
Eel: {type: object, properties: {pet: {const: eel}}, required: [pet]}
Both: {type: object, properties: {pet: {enum: [Both, Other]}}, required: [pet]}
Some: {type: object, properties: {pet: {enum: [some, other]}}, required: [pet]}
Bare: {type: object}
Partly: {allOf: [true, {$ref: '#/components/schemas/Fruit'}], required: [part]}
Car: {discriminator: kind, required: [kind], properties: {kind: {enum: [van, cab, Bus]}}}
Van: {allOf: [{$ref: '#/components/schemas/Car'}, {required: [load]}]}
Bus: {allOf: [{$ref: '#/components/schemas/Car'}, {required: [seats]}]}
Cab: {allOf: [{$ref: '#/components/schemas/Car'}, {properties: {kind: {const: cab}}, required: [fare]}]}
Few: {oneOf: [{$ref: '#/components/schemas/Eel'}]}
""")


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def spec_of(payload: object, schema_format: str = "") -> dict[str, Any]:
    message: dict[str, object] = {"name": "e", "payload": payload}
    if schema_format:
        message["schemaFormat"] = schema_format
    return {
        "asyncapi": "2.6.0",
        "info": {"title": "T", "version": "1"},
        "channels": {"/": {"publish": {"message": message}}},
        "components": {"schemas": SCHEMAS},
    }


def payload_of(payload: object, schema_format: str = "") -> Schema:
    found = load(spec_of(payload, schema_format)).namespaces["/"].receives["e"].args
    assert found is not None
    return found


FRUITS = [
    (ref("Fruit"), {"sort": "Fruit"}, None),
    (ref("Fruit"), {"sort": "Apple", "weight": 1}, None),
    (ref("Fruit"), {"sort": "Apple"}, "/0: needs the property `weight` (alternative `Apple`)"),
    (ref("Fruit"), {"sort": "Pippin", "weight": 1, "year": 1}, None),
    (ref("Fruit"), {"sort": "Pippin", "weight": 1}, "/0: needs the property `year` (alternative `Pippin`)"),
    (ref("Fruit"), {"sort": "williams"}, None),
    (ref("Fruit"), {"sort": "Pear"}, '/0/sort: must be one of ["Fruit", "Apple", "conference", "williams"'),
    (ref("Fruit"), {}, "/0: needs the property `sort`"),
    (ref("Fruit"), {"sort": "Fruit", "beside": {"sort": "Apple"}}, "/0/beside: needs the property `weight`"),
    (ref("Fruit"), {"sort": "Fruit", "beside": {"sort": "williams"}}, None),
    (ref("Apple"), {"sort": "Fruit", "weight": 1}, '/0/sort: must be one of ["Apple", "Pippin"]'),
    (ref("Apple"), {"sort": "Apple", "weight": 1, "beside": {"sort": "Fruit"}}, None),
    (ref("Pippin"), {"sort": "Apple", "weight": 1, "year": 1}, '/0/sort: must be one of ["Pippin"]'),
    (
        {"items": ref("Fruit"), "type": "array", "maxItems": 1},
        [{"sort": "Stone"}],
        "/0/0/sort: must be one of",
    ),
    ({"allOf": [ref("Fruit")]}, {"sort": "Stone"}, "/0/sort: must be one of"),
    ({"allOf": [ref("Fruit")]}, {"sort": "Apple", "weight": 1}, None),
    (ref("Orphan"), {"sort": "Orphan"}, None),
    (ref("Orphan"), {"sort": "Fruit"}, '/0/sort: must be one of ["Orphan"]'),
    (ref("Closed"), {"sort": "Open"}, None),
    (ref("Closed"), {"sort": "Ajar"}, "/0: needs the property `gap` (alternative `Ajar`)"),
    (ref("Closed"), {"sort": "Closed"}, '/0/sort: must be one of ["Open", "Ajar"]'),
    (ref("Undefined"), {"sort": 1}, None),
    (ref("Heir"), {}, None),
    (ref("Car"), {"kind": "Bus"}, "/0: needs the property `seats` (alternative `Bus`)"),
    (ref("Car"), {"kind": "cab"}, "/0: needs the property `fare` (alternative `cab`)"),
    (ref("Car"), {"kind": "van"}, None),  # no schema is meant by it
    (ref("Van"), {"kind": "van", "load": 1}, None),
    (ref("Fruit"), {"sort": "Partly"}, "/0: needs the property `part` (alternative `Partly`)"),
]
PETS: list[tuple[list[Any], object, str | None]] = [
    (["Cat", "Dog"], {"pet": "Cat", "lives": 9}, None),
    (["Cat", "Dog"], {"pet": "Cat"}, "/0: needs the property `lives` (alternative `Cat`)"),
    (["Cat", "Dog"], {"pet": "Frog", "lives": 9}, '/0/pet: must be one of ["Cat", "Dog"]'),
    (["Cat", "Dog"], {}, "/0: needs the property `pet`"),
    (["Cat", "Eel"], {"pet": "eel"}, None),
    (["Cat", "Eel"], {"pet": "Eel", "lives": 1}, '/0/pet: must be "eel"'),
    (["Both", "Eel"], {"pet": "Both"}, None),
    (["Both", "Eel"], {"pet": "Other"}, '/0/pet: must be one of ["Both"'),
    (["Some", "Eel"], {"pet": "other"}, None),
    (["Bare", "Eel"], {"pet": "x"}, None),
    (["Few", "Cat"], {"pet": "eel"}, None),
    (["Fruit", "Cat"], {"sort": "Fruit"}, None),
    (["Cat", {"type": "null"}], None, None),
    (["Cat", {"properties": {"pet": {"const": "x"}}}], {"pet": "x"}, None),
    (
        ["Cat", {"properties": {"pet": {"const": "x"}}}],
        {},
        "/0: needs the property `pet`",
    ),
]
CASES = FRUITS + [
    (
        {"discriminator": "pet", keyword: [ref(each) if isinstance(each, str) else each for each in members]},
        value,
        fault,
    )
    for keyword in ("oneOf", "anyOf")
    for members, value, fault in PETS
]


FORMATS = {
    "draft-06": "application/schema+json;version=draft-06",
    "draft-07": "",
    "2020-12": "application/schema+json;version=2020-12",
}


@pytest.mark.parametrize("draft", FORMATS)
@pytest.mark.parametrize(("payload", "value", "fault"), CASES)
def test_the_schema_that_a_value_names_decides(
    payload: dict[str, Any], value: object, fault: str | None, draft: str
) -> None:
    schema = payload_of(payload, FORMATS[draft])

    found = [str(violation) for violation in Validator(schema).check((value,))]

    assert bool(found) is (fault is not None)
    assert not found or found[0].startswith(str(fault))


def test_schemas_of_other_files_have_the_names_of_their_keys_and_files(tmp_path: Path) -> None:
    files = {
        "asyncapi.yaml": """
            asyncapi: 3.1.0
            info: {title: T, version: '1'}
            channels:
              c: {address: /, messages: {e: {payload: {$ref: 'types.yaml#/Fruit'}}}}
            operations: {o: {action: receive, channel: {$ref: '#/channels/c'}}}
            components: {schemas: {Other: {$ref: 'types.yaml#/Apple'}, Third: {$ref: Plum.yaml}}}
        """,
        "types.yaml": """
            Fruit: {discriminator: sort, required: [sort], properties: {sort: {type: string}}}
            Apple: {allOf: [{$ref: '#/Fruit'}, {required: [weight]}]}
        """,
        "Plum.yaml": "allOf: [{$ref: 'types.yaml#/Fruit'}]",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    path = tmp_path / "asyncapi.yaml"

    schema = load(path).namespaces["/"].receives["e"].args

    assert schema is not None
    validator = Validator(schema)
    assert [str(v) for v in validator.check(({"sort": "Apple"},))] == [
        "/0: needs the property `weight` (alternative `Apple`)"
    ]
    assert validator.accepts(({"sort": "Plum"},))
    assert not validator.accepts(({"sort": "Other", "weight": 1},))
    assert validate(path) == []


@pytest.mark.parametrize("name", ["Fruit", "Apple", "Pear", "Closed"])
def test_examples_are_of_the_family(name: str) -> None:
    schema = payload_of(ref(name))
    validator = Validator(schema)

    made: list[Any] = [Sampler(schema, random=Random(seed)).sample() for seed in range(20)]

    assert len({value["sort"] for value in made}) > 1
    assert [value for value in made if not validator.accepts((value,))] == []


def test_a_schema_that_no_value_means_is_warned_of() -> None:
    spec = spec_of(ref("Car"))

    found = [f"{p.pointer} {p.message}" for p in validate(spec) if "no value" in p.message]

    assert found == ["/components/schemas/Van no value of `kind` means this schema; give it a `const`"]


def test_a_family_of_one_that_refers_to_itself_ends() -> None:
    assert Validator(payload_of(ref("Loop"))).accepts(({"sort": "Loop"},))
