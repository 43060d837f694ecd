"""Warns of what a schema says and does not check, keyword by keyword."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

from asynction.contract import Json, Schema
from asynction.document._discriminators import check_discriminator
from asynction.document._fakes import FAKES
from asynction.document._nodes import Node
from asynction.document._objects_2 import SCHEMA
from asynction.problems import did_you_mean
from asynction.validation import (
    ANNOTATIONS,
    DIALECTS,
    DRAFT_07,
    FORMATS,
    KINDS,
    SINCE,
    Validator,
    compile_problem,
)

Fields = Mapping[str, Json]

_DRAFTS = {
    number: uri.removesuffix("/schema").rpartition("/")[2].replace("20", "draft 20", 1)
    for uri, number in DIALECTS.items()
}
"""The names of the drafts (`draft-07`, `draft 2020-12`)."""

_FREE = ANNOTATIONS - {"id"} | SCHEMA.keys() | {"example", "xml"}
"""The keywords that check nothing, and are not expected to."""

_KNOWN = {
    draft: _FREE | {name for name, since in SINCE.items() if since <= draft} for draft in DIALECTS.values()
}
_KNOWN[4] |= {"id"}
_KNOWN[2020] -= {"additionalItems"}
"""The keywords that have a meaning, by draft."""

_OLDER = {
    "dependentRequired": "write `dependencies`",
    "dependentSchemas": "write `dependencies`",
    "additionalItems": "write `items`, beside `prefixItems`",
    "const": "write `enum`, with one member",
}
"""The advice for a keyword that a draft does not have."""

_DATA_TYPES = ("binary", "byte", "double", "float", "int32", "int64", "password")
"""The formats of AsyncAPI and OpenAPI (Data Type Formats): some are read, the others are for people."""

_NEAR = 0.85
"""The similarity that makes a provider of Faker a misspelt format: `date_time`, but not `last_name`."""

_TYPES: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(["maxLength", "minLength", "pattern"], ("string",)),
    **dict.fromkeys(["exclusiveMaximum", "exclusiveMinimum", "maximum", "minimum"], ("number", "integer")),
    "multipleOf": ("number", "integer"),
    **dict.fromkeys(["additionalItems", "contains", "items", "maxItems", "minItems"], ("array",)),
    **dict.fromkeys(["prefixItems", "unevaluatedItems", "uniqueItems"], ("array",)),
    **dict.fromkeys(["additionalProperties", "dependencies", "dependentRequired"], ("object",)),
    **dict.fromkeys(["dependentSchemas", "maxProperties", "minProperties"], ("object",)),
    **dict.fromkeys(["patternProperties", "properties", "propertyNames", "required"], ("object",)),
    "unevaluatedProperties": ("object",),
}
"""The types to which a keyword applies."""

_PARTNERS = {
    **dict.fromkeys(["then", "else"], ("if",)),
    **dict.fromkeys(["minContains", "maxContains"], ("contains",)),
    "if": ("then", "else"),
}
"""The keywords that mean nothing without one of these beside them."""

_BOUNDS = (
    *(("minLength", "maxLength"), ("minItems", "maxItems"), ("minProperties", "maxProperties")),
    *(("minimum", "maximum"), ("minContains", "maxContains")),
)

_SIMPLE = {
    kind: frozenset(
        {name for name, types in _TYPES.items() if kind in types and SINCE[name] == 4}
        | (_FREE - {"discriminator"})
        | {"type", "format", "allOf", "anyOf", "oneOf", "not"}
    )
    for kind in ("null", "boolean", "integer", "number", "string", "array", "object")
}
"""The keywords that apply to a type in every draft."""

_CAREFUL = frozenset(["additionalProperties", "format", *(highest for _, highest in _BOUNDS)])
"""The keywords among these whose values decide whether there is a warning."""


def is_plain(schema: Fields) -> bool:
    """Return True where `lint` has nothing to say: most schemas, and this is the quickest way to know.

    The schema need not be valid.
    """
    kind = schema.get("type")
    if kind is None:
        return len(schema) == 1 and "$ref" in schema
    if not isinstance(kind, str) or kind not in _SIMPLE or not schema.keys() <= _SIMPLE[kind]:
        return False
    if _CAREFUL.isdisjoint(schema):
        return True
    is_checked = "format" not in schema or (kind == "string" and schema["format"] in FORMATS)
    return is_checked and not any(_forbidden(schema)) and not any(_crossed(schema))


def lint(node: Node, dialect: str) -> None:
    """Warn of keywords of a schema that check nothing, and of one that nothing can match.

    The schemas inside it are not looked at.
    """
    draft = DIALECTS[dialect]
    schema = cast("Fields", node.value)
    if ("$ref" in schema and draft < 2019) or schema.keys() == {"schemaFormat"}:
        return  # what is beside a `$ref` is reported as ignored; a Multi Format Schema may lack its schema
    for name in sorted(schema.keys() - _KNOWN[draft]):
        if not name.startswith("x-") and not (name == "id" and isinstance(schema[name], str)):
            _report_unknown(node, name, draft)
    for check in (_format, _types, _partners, _possible):
        check(node, schema)
    check_discriminator(node)


def _report_unknown(node: Node, name: str, draft: int) -> None:
    since = SINCE.get(name)
    if since is not None:
        came = f"came with {_DRAFTS[since]}" if since > draft else "is not a keyword any more"
        advice = _OLDER.get(name, "name a later draft with `$schema`" if since > draft else "")
        message = f"`{name}` {came}, and checks nothing in {_DRAFTS[draft]}; {advice}"
        node.report("keyword-draft", message, key=name)
    else:
        text = "is a keyword of OpenAPI" if name == "nullable" else "is not a keyword of JSON Schema"
        message = f"`{name}` {text} and checks nothing{_advice(node, name, draft)}"
        node.report("unknown-keyword", message, key=name)


def _advice(node: Node, name: str, draft: int) -> str:
    schema = cast("Fields", node.value)
    if name == "schemaFormat":
        return "; in AsyncAPI 3 the schema goes under `schema`, beside it"
    if name == "nullable":
        kinds = schema.get("type")
        listed = ", ".join(map(str, kinds)) if isinstance(kinds, list) else kinds
        if schema[name] is False:
            return "; leave it out"
        return f"; write `type: [{listed}, 'null']`" if listed else "; write `anyOf` with `type: 'null'`"
    own = [word for word in sorted(_KNOWN[draft]) if name.startswith("$") or not word.startswith("$")]
    near = did_you_mean(name, own)
    if not near and did_you_mean(name, ("nullable",)):
        return "; did you mean `nullable`? That is a keyword of OpenAPI: write `type: [..., 'null']`"
    if not near and isinstance(schema[name], dict) and schema.get("type", "object") == "object":
        return "; a property belongs under `properties`"
    return near


def _format(node: Node, schema: Fields) -> None:
    name, kinds = schema.get("format"), _kinds(schema)
    if not isinstance(name, str):
        return
    if name in FORMATS:
        if kinds and "string" not in kinds:
            node.report("unused-keyword", f"the format `{name}` applies to `string` only", key="format")
    elif name not in _DATA_TYPES:
        is_fake = name in FAKES  # meant for the mock, unless it is almost one that would be checked
        near = did_you_mean(name.lower(), (*FORMATS, *_DATA_TYPES), cutoff=_NEAR if is_fake else 0.7)
        if near or not is_fake:
            node.report("unknown-format", f"the format `{name}` is not checked{near}", key="format")


def _kinds(schema: Fields) -> list[str]:
    """Return the types that a schema names."""
    kinds = schema.get("type", [])
    return [str(kind) for kind in kinds] if isinstance(kinds, list) else [str(kinds)]


def _types(node: Node, schema: Fields) -> None:
    kinds = _kinds(schema)
    for name in schema if kinds else ():
        types = _TYPES.get(name)
        if types is not None and not any(kind in types for kind in kinds):
            own = " or ".join(f"`{kind}`" for kind in kinds)
            message = f"`{name}` applies to `{types[0]}` only, and the type is {own}: it checks nothing"
            node.report("unused-keyword", message, key=name)


def _partners(node: Node, schema: Fields) -> None:
    for name, partners in _PARTNERS.items():
        if name in schema and not any(partner in schema for partner in partners):
            wanted = " or ".join(f"`{partner}`" for partner in partners)
            node.report("unused-keyword", f"`{name}` checks nothing without {wanted}", key=name)


def _possible(node: Node, schema: Fields) -> None:
    for key, message in (*_crossed(schema), *_mistyped(schema)):
        node.report("impossible-schema", message, key=key)
    for name in _forbidden(schema):
        message = f"the property `{name}` is required, but `additionalProperties: false` forbids it"
        properties = schema.get("properties")
        near = did_you_mean(name, properties if isinstance(properties, dict) else ())
        node.report("impossible-schema", f"{message}; {near[2:] or 'add it to `properties`'}", key="required")


def _crossed(schema: Fields) -> Iterator[tuple[str, str]]:
    for lowest, highest in _BOUNDS:
        low, high = schema.get(lowest), schema.get(highest)
        if _is_number(low) and _is_number(high) and cast("float", low) > cast("float", high):
            yield lowest, f"`{lowest}` is greater than `{highest}`"


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _mistyped(schema: Fields) -> Iterator[tuple[str, str]]:
    """Yield the constants that the type of the schema forbids."""
    kinds, members = _kinds(schema), schema.get("enum")
    if kinds and isinstance(members, list) and not all(_is_of(member, kinds) for member in members):
        yield "enum", "a member of `enum` is not of the type of the schema"
    if kinds and "const" in schema and not _is_of(schema["const"], kinds):
        yield "const", "the `const` is not of the type of the schema"


def _is_of(value: Json, kinds: list[str]) -> bool:
    if isinstance(value, str):
        return "string" in kinds
    return any(KINDS[kind](value) for kind in kinds if kind in KINDS)


def _forbidden(schema: Fields) -> Iterator[str]:
    """Yield the required properties that no value may have."""
    required, named = schema.get("required"), schema.get("properties", {})
    if schema.get("additionalProperties") is not False or not isinstance(required, list):
        return
    names = [name for name in required if isinstance(name, str)]
    unnamed = [name for name in names if isinstance(named, dict) and name not in named]
    patterns = schema.get("patternProperties")
    if unnamed and isinstance(patterns, dict) and patterns:
        value: Json = {"patternProperties": dict.fromkeys(patterns, True), "additionalProperties": False}
        only = Schema(value, DRAFT_07)
        if compile_problem(only) is not None:
            return
        validator = Validator(only)
        unnamed = [name for name in unnamed if not validator.accepts(({name: None},))]
    yield from unnamed
