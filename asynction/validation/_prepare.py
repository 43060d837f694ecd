"""A schema made ready for an engine: binary data and integers as this wire has them, args one by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from asynction.contract import Json, Schema
from asynction.validation._keywords import DIALECTS, map_subschemas

BINARY = "x-binary"
"""Our keyword in a prepared schema: bytes are welcome, and else only the JSON types it lists."""

UNIQUE = "x-uniqueItems"
ENUM = "x-enum"
"""Our keywords for the engine: `uniqueItems`, and an `enum` of many members, by hashing."""

INT_BOUNDS = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)}
"""AsyncAPI's integer formats (Data Type Formats)."""

WIDEST_INT = (-(2**63), 2**64 - 1)
"""What `type: integer` means without bounds of its own: what every peer's integers can hold."""

_MANY_MEMBERS = 32
_NOTED = ("allOf", "enum", "uniqueItems")
_CONTENT = ("contentEncoding", "contentMediaType")


KINDS: dict[str, Callable[[object], bool]] = {
    "null": lambda v: v is None,
    "boolean": lambda v: isinstance(v, bool),
    "integer": lambda v: isinstance(v, int | float) and not isinstance(v, bool) and v == int(v),
    "number": lambda v: isinstance(v, int | float) and not isinstance(v, bool),
    "array": lambda v: isinstance(v, list | tuple),
    "object": lambda v: isinstance(v, dict),
}
"""What may stand where binary data may, if the schema names it: the JSON types but `string`."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A schema for a list of args, and how many there may be (`max_args` is None for any number)."""

    value: dict[str, Json]
    draft: int
    min_args: int
    max_args: int | None
    is_tuple: bool
    takes_bytes: bool
    shares: bool
    """True if a definition has more than one reference, including its own."""
    inherits: bool
    """True if it has an `allOf`."""
    hashes: bool
    """True if it has a `uniqueItems`, or an `enum` of many members."""

    def own_path(self, path: tuple[str | int, ...]) -> tuple[str | int, ...]:
        """Turn a path in `value` into one in the schema that it was made from."""
        if not self.is_tuple and path[:1] in (("items",), ("prefixItems",)):
            return path[2:]  # the tuple of one around it is ours
        return path


def prepare(schema: Schema) -> Prepared:
    """Read `schema` as a description of an event's args (see the manual, "Events and acks")."""
    binary: list[Json] = []
    refs: list[Json] = []
    keywords: set[str] = set()
    value = _adapt(schema.value, binary, refs, keywords)
    draft = DIALECTS[schema.dialect]
    items = _tuple_items(value, draft)
    arity: tuple[int, int | None]
    if items is None or not isinstance(value, dict):
        wrapped, arity = _one_arg(value, draft), (1, 1)
    else:
        wrapped, arity = value, _arity(value, len(items), draft)
    return Prepared(
        wrapped,
        draft,
        *arity,
        is_tuple=items is not None,
        takes_bytes=bool(binary),
        shares=len(set(map(str, refs))) < len(refs),
        inherits="allOf" in keywords,
        hashes="uniqueItems" in keywords or "enum" in keywords,
    )


def is_tuple_schema(schema: Schema) -> bool:
    """Return True for a schema that describes an event's args one by one, False for that of one arg."""
    return _tuple_items(schema.value, DIALECTS[schema.dialect]) is not None


def is_binary(schema: Json) -> bool:
    """True for a schema node that stands for bytes: a string of format or encoding `binary`."""
    if not isinstance(schema, dict):
        return False
    kinds = schema.get("type")
    named = schema.get("format") == "binary" or schema.get("contentEncoding") == "binary"
    return named and (kinds == "string" or (isinstance(kinds, list) and "string" in kinds))


def _adapt(schema: Json, binary: list[Json], refs: list[Json], keywords: set[str]) -> Json:
    """Copy a schema as an engine is to read it.

    The nodes that stand for bytes are put into `binary`, what `$ref`s lead to into `refs`, and what the
    engine has to be prepared for into `keywords`.
    """
    if not isinstance(schema, dict):
        return schema
    changed = map_subschemas(schema, lambda inner: _adapt(inner, binary, refs, keywords))
    for keyword in _NOTED:
        if keyword in schema and (keyword != "enum" or is_long(schema[keyword])):
            keywords.add(keyword)
    if "$ref" in schema:
        refs.append(schema["$ref"])
    for keyword in (BINARY, UNIQUE, ENUM):
        changed.pop(keyword, None)  # a document has no word in this
    if is_binary(schema):
        binary.append(schema)
        kinds = changed.pop("type")
        changed.pop("format", None)
        changed[BINARY] = [kind for kind in kinds if kind != "string"] if isinstance(kinds, list) else []
    elif _is_integer(schema.get("type")):
        _bound(changed)
    for keyword in _CONTENT:
        changed.pop(keyword, None)  # annotations: whether a validator asserts them is left open
    return changed


def is_long(members: Json) -> bool:
    """Return whether an `enum` is looked up by hash; the engine compares with one member after the other."""
    return isinstance(members, list) and len(members) >= _MANY_MEMBERS


def _is_integer(kinds: Json) -> bool:
    return kinds == "integer" or (isinstance(kinds, list) and "integer" in kinds and "number" not in kinds)


def _bound(schema: dict[str, Json]) -> None:
    lowest, highest = INT_BOUNDS.get(str(schema.get("format")), WIDEST_INT)
    if "minimum" not in schema and "exclusiveMinimum" not in schema:
        schema["minimum"] = lowest
    if "maximum" not in schema and "exclusiveMaximum" not in schema:
        schema["maximum"] = highest


def _tuple_items(schema: Json, draft: int) -> list[Json] | None:
    """The schemas of a tuple, one for each arg; None where the schema describes one arg."""
    items = schema.get("prefixItems" if draft >= 2020 else "items") if isinstance(schema, dict) else None
    return items if isinstance(items, list) else None


def _arity(schema: dict[str, Json], length: int, draft: int) -> tuple[int, int | None]:
    """How many args a tuple takes: as many as it lists, unless it says otherwise."""
    rest = schema.get("items" if draft >= 2020 else "additionalItems")
    open_ended = rest is not None and rest is not False and rest != {"not": {}}
    fewest, max_args = schema.get("minItems"), schema.get("maxItems")
    # To JSON Schema 2.0 is an integer too.
    highest = int(max_args) if isinstance(max_args, int | float) else None
    listed = length if highest is None else min(length, highest)
    min_args = int(fewest) if isinstance(fewest, int | float) else listed
    return min_args, highest if open_ended else listed


def _one_arg(schema: Json, draft: int) -> dict[str, Json]:
    """Wrap a schema as a tuple of one, so that a pointer always starts with the arg's number."""
    shared: dict[str, Json] = {}
    if isinstance(schema, dict):
        shared = {k: schema[k] for k in ("$schema", "definitions") if k in schema}
        schema = {k: v for k, v in schema.items() if k not in shared}
    if draft >= 2020:
        return {**shared, "type": "array", "prefixItems": [schema]}
    if draft == 4 and isinstance(schema, bool):
        schema = {} if schema else {"not": {}}
    return {**shared, "type": "array", "items": [schema]}
