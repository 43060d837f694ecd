"""Compares the model of a handler with the schema of the contract, at load.

Only certain incompatibilities are reported, so a schema with few constraints fits almost every model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import NoneType, UnionType
from typing import Annotated, Any, TypeAlias, Union, get_args, get_origin

from asynction.contract import Json, Schema
from asynction.models._convert import name_of, schema_of
from asynction.problems import unescape
from asynction.validation import DIALECTS, is_tuple_schema

Node: TypeAlias = "dict[str, Json]"
Nodes: TypeAlias = "list[Node]"
"""Schemas that a value must all conform to."""

_KINDS: dict[str, frozenset[str]] = {
    "null": frozenset(["null"]),
    "boolean": frozenset(["boolean"]),
    "integer": frozenset(["integer"]),
    # A number is an integer or has a fraction: so the types are disjoint, and can be compared as sets.
    "number": frozenset(["integer", "fraction"]),
    "string": frozenset(["string"]),
    "array": frozenset(["array"]),
    "object": frozenset(["object"]),
    "binary": frozenset(["binary"]),  # a type of ours: where bytes are told from text
}
ALL = frozenset().union(*_KINDS.values())
_ALSO_NUMBERS = frozenset(["date-time", "date", "time", "duration"])
"""Formats of strings for which models also accept numbers."""

_WRITTEN_AS_NUMBERS = frozenset(["duration", "decimal"])
"""Formats of strings for which the writer writes numbers where the contract wants them."""

_CONDITIONAL = (
    "if",
    "then",
    "else",
    "not",
    "dependencies",
    "dependentRequired",
    "dependentSchemas",
    "minProperties",
    "unevaluatedProperties",
)
"""Keywords that may require a property or forbid a type; they are not evaluated here."""

_MAX_DEPTH = 12
"""The maximum depth to which two schemas are compared."""

_MAX_UNION_DEPTH = 6
_NOTHING: Node = {"enum": []}
"""The schema `False`, which no value conforms to."""


def schema_of_arg(schema: Schema, index: int) -> Schema | None:
    """Return the schema of one arg, or of one value of an ack; None if the contract has none."""
    if not schema.is_json_schema:
        return None
    value, draft = schema.value, DIALECTS[schema.dialect]
    if not isinstance(value, dict) or not is_tuple_schema(schema):
        return schema if index == 0 else None
    one_by_one, rest = ("prefixItems", "items") if draft >= 2020 else ("items", "additionalItems")
    listed = value[one_by_one]
    found = listed[index] if isinstance(listed, list) and index < len(listed) else value.get(rest)
    if isinstance(found, dict) and "definitions" in value:
        found = {**found, "definitions": value["definitions"]}
    return (
        None if found is None or isinstance(found, list) else Schema(found, schema.dialect, schema.location)
    )


def sides_of(model: object, schema: Schema, *, receives: bool) -> tuple[Side, Side] | None:
    """Return the schemas of a model and of the contract; None if one of them is not known."""
    if not schema.is_json_schema:
        return None
    described = schema_of(model, mode="validation" if receives else "serialization", customise=_certain)
    if described is None:
        return None
    theirs = Side(schema.value, beside_ref=DIALECTS[schema.dialect] >= 2019)
    return Side(dict(described), widened=receives, written=not receives), theirs


@dataclass(slots=True)
class Side:
    """A schema, with the rules for reading it: one of two that are compared, or that of a value to write."""

    root: Json
    beside_ref: bool = True
    """True if keywords beside a `$ref` are valid."""
    widened: bool = False
    """True for what a model accepts, which is more than its schema says."""
    written: bool = False
    """True for what the writer makes of a model, which may differ from its schema."""

    def flat(self, schemas: Iterable[Json]) -> Nodes:
        """Return the schemas and all that they include by `$ref` and `allOf`."""
        found: Nodes = []
        seen: set[int] = set()
        waiting = list(schemas)
        while waiting:
            schema = waiting.pop(0)
            if schema is False:
                found.append(_NOTHING)
            if not isinstance(schema, dict) or id(schema) in seen:
                continue
            seen.add(id(schema))
            ref = schema.get("$ref")
            if isinstance(ref, str):
                waiting.append(self._target(ref))
                if not self.beside_ref:
                    continue
            found.append(schema)
            waiting += listed(schema, "allOf")
        return found

    def _target(self, ref: str) -> Json:
        target = self.root
        for token in ref.removeprefix("#").split("/")[1:]:
            target = target.get(unescape(token), True) if isinstance(target, dict) else True
        return target

    def kinds(self, schemas: Iterable[Json], depth: int = 0) -> frozenset[str]:
        """Return all types that a value could have."""
        found = ALL
        for node in self.flat(schemas) if depth < _MAX_UNION_DEPTH else ():
            found &= self._own_kinds(node)
            for keyword in ("anyOf", "oneOf"):
                if keyword in node:
                    found &= union_of(self.kinds([each], depth + 1) for each in listed(node, keyword))
        return found

    def _own_kinds(self, node: Node) -> frozenset[str]:
        named, step = node.get("type"), node.get("multipleOf")
        found = ALL
        if named is not None:
            found = union_of(
                _KINDS.get(str(kind), ALL) for kind in (named if isinstance(named, list) else [named])
            )
        if isinstance(step, int | float) and step % 1 == 0:
            found -= {"fraction"}
        if "const" in node:
            found &= {_kind(node["const"])}
        if "enum" in node:
            found &= {_kind(value) for value in listed(node, "enum")}
        numbers = _ALSO_NUMBERS if self.widened else _WRITTEN_AS_NUMBERS if self.written else ()
        if "string" in found and node.get("format") in numbers:
            found |= _KINDS["number"]
        return found

    def is_flexible(self, schemas: Iterable[Json]) -> bool:
        """Return whether the writer chooses between a number and a text, as the contract wants it."""
        nodes = self.flat(schemas)
        nodes += self.flat([member for node in nodes for member in _members(node)])
        return self.written and any(node.get("format") in _WRITTEN_AS_NUMBERS for node in nodes)

    def certain_kinds(self, schemas: Iterable[Json], depth: int = 0) -> frozenset[str]:
        """Return the types that are certainly allowed."""
        nodes = self.flat(schemas)
        valued = sum("enum" in node or "const" in node for node in nodes)
        if (
            depth >= _MAX_UNION_DEPTH
            or valued > 1
            or any(name in node for node in nodes for name in _CONDITIONAL)
        ):
            return frozenset()
        found = ALL
        for node in nodes:
            found &= self._own_kinds(node)
            if "anyOf" in node:
                found &= union_of(self.certain_kinds([each], depth + 1) for each in listed(node, "anyOf"))
            if "oneOf" in node:
                found &= self._kinds_of_one(listed(node, "oneOf"), depth)
        return found

    def _kinds_of_one(self, members: Sequence[Json], depth: int) -> frozenset[str]:
        """Return the types that only one member allows: a value that two members allow is invalid."""
        counted = [self.kinds([member], depth + 1) for member in members]
        surely = union_of(self.certain_kinds([member], depth + 1) for member in members)
        return frozenset(kind for kind in surely if sum(kind in each for each in counted) == 1)

    def narrowed(self, schemas: Iterable[Json], kind: str, depth: int = 0) -> Nodes:
        """Return the schemas for a value of one type, including the only member of a union that allows it."""
        nodes = self.flat(schemas)
        for node in list(nodes):
            for keyword in ("anyOf", "oneOf") if depth < _MAX_UNION_DEPTH else ():
                members = [each for each in listed(node, keyword) if kind in self.kinds([each])]
                if len(members) == 1:
                    nodes += self.narrowed(members, kind, depth + 1)
        return nodes

    def items(self, schemas: Iterable[Json]) -> list[Json]:
        """Return the schemas of the items of an array; none if they differ by index."""
        nodes = self.narrowed(schemas, "array")
        if any("prefixItems" in node or isinstance(node.get("items"), list) for node in nodes):
            return []
        return [node["items"] for node in nodes if "items" in node]

    def is_conditional(self, schemas: Iterable[Json], depth: int = 0) -> bool:
        """Return True if properties may be required by keywords that are not evaluated here."""
        return depth >= _MAX_UNION_DEPTH or any(
            any(name in node for name in _CONDITIONAL)
            or any(self.is_conditional([each], depth + 1) for each in _members(node))
            for node in self.flat(schemas)
        )

    def required(self, schemas: Iterable[Json], depth: int = 0) -> set[str]:
        """Return the properties that an object certainly has."""
        found: set[str] = set()
        for node in self.flat(schemas) if depth < _MAX_UNION_DEPTH else ():
            found |= {str(name) for name in listed(node, "required")}
            values = [node["const"]] if "const" in node else listed(node, "enum")
            found |= _common(set(value) for value in values if isinstance(value, dict))
            for keyword in ("anyOf", "oneOf"):
                members = [each for each in listed(node, keyword) if "object" in self.kinds([each])]
                found |= _common(self.required([each], depth + 1) for each in members)
        return found


@dataclass(slots=True)
class Pair:
    """The schema of a model and that of the contract, compared part by part."""

    name: str
    ours: Side
    theirs: Side
    reports_surplus: bool = True
    """False to accept that the contract allows more types than the model."""
    seen: set[tuple[frozenset[int], ...]] = field(default_factory=set)

    def compare(self, *, receives: bool) -> Iterator[str]:
        """Yield what is found in values that become the model (`receives`), or that it becomes."""
        walk = self.received if receives else self.sent
        return walk([self.ours.root], [self.theirs.root], "")

    def received(self, ours: list[Json], theirs: list[Json], path: str, depth: int = 0) -> Iterator[str]:
        """Yield why the model cannot accept what the contract allows."""
        sent, taken = self.theirs.kinds(theirs), self.ours.kinds(ours)
        if not sent or self.is_known(ours, theirs):
            return
        if not sent & taken:
            yield f"{self.field_name(path)} takes {words(taken)}, but the contract sends {words(sent)}"
            return
        # A schema without a type allows everything only because its author left the type out.
        surplus = (self.theirs.certain_kinds(theirs) & sent) - taken
        if surplus and sent != ALL and self.reports_surplus:
            where, field = f" in `{path}`" if path else "", self.field_name(path)
            yield f"the contract allows {words(surplus)}{where}, which {field} does not accept"
        if depth < _MAX_DEPTH:
            if "object" in sent & taken:
                if sent != ALL or any("properties" in node for node in self.theirs.flat(theirs)):
                    yield from self._required_by_us(ours, theirs, path)
                yield from self._forbidden_by_us(ours, theirs, path)
            for deeper in self.inner(ours, theirs, path):
                yield from self.received(*deeper, depth + 1)

    def _required_by_us(self, ours: list[Json], theirs: list[Json], path: str) -> Iterator[str]:
        if self.theirs.is_conditional(theirs):  # the property may be required in another way
            return
        fields = properties_of(self.ours.narrowed(ours, "object"))
        for name in sorted(self.ours.required(ours) - self.theirs.required(theirs)):
            # msgspec requires the tag of a Struct in its schema, but not in data.
            if not any(_is_tag(field) for field in fields.get(name, ())):
                inner = _join(path, name)
                yield f"{self.field_name(inner)} is required, but the contract does not require `{inner}`"

    def _forbidden_by_us(self, ours: list[Json], theirs: list[Json], path: str) -> Iterator[str]:
        for name in sorted(
            _unknown(self.ours.narrowed(ours, "object"), self.theirs, self.theirs.narrowed(theirs, "object"))
        ):
            inner = _join(path, name)
            yield f"`{inner}` of the contract is not a field of {self.field_name(path)}, which forbids others"

    def sent(self, ours: list[Json], theirs: list[Json], path: str, depth: int = 0) -> Iterator[str]:
        """Yield why the contract does not allow what the model returns."""
        given, taken = self.ours.kinds(ours), self.theirs.kinds(theirs)
        if not given or not taken or self.is_known(ours, theirs):
            return
        if not given & taken:
            yield f"{self.field_name(path)} is {words(given)}, but the contract requires {words(taken)}"
            return
        if depth < _MAX_DEPTH:
            if "object" in given & taken:
                yield from self._required_by_them(ours, theirs, path)
                yield from self._forbidden_by_them(ours, theirs, path)
            for deeper in self.inner(ours, theirs, path):
                yield from self.sent(*deeper, depth + 1)

    def _required_by_them(self, ours: list[Json], theirs: list[Json], path: str) -> Iterator[str]:
        nodes = self.ours.narrowed(ours, "object")
        if not any("properties" in node for node in nodes):
            return
        fields = properties_of(nodes)
        # A model that allows other fields may have the property in its data.
        is_open_ended = any(node.get("additionalProperties", False) is not False for node in nodes)
        for name in sorted(self.theirs.required(theirs) - self.ours.required(ours)):
            inner = _join(path, name)
            if name in fields:
                yield f"the contract requires `{inner}`, but {self.field_name(inner)} may be missing"
            elif not is_open_ended:
                yield f"the contract requires `{inner}`, but {self.field_name(path)} has no such field"

    def _forbidden_by_them(self, ours: list[Json], theirs: list[Json], path: str) -> Iterator[str]:
        for name in sorted(
            _unknown(self.theirs.narrowed(theirs, "object"), self.ours, self.ours.narrowed(ours, "object"))
        ):
            inner = _join(path, name)
            yield f"{self.field_name(inner)} is not a property of the contract, which forbids others"

    def inner(self, ours: list[Json], theirs: list[Json], path: str) -> Iterator[_Deeper]:
        """Yield the parts that both describe, with their paths: properties, then items."""
        mine, other = self.ours.narrowed(ours, "object"), self.theirs.narrowed(theirs, "object")
        fields = properties_of(mine)
        rest = [node["additionalProperties"] for node in mine if "additionalProperties" in node]
        for name, schemas in properties_of(other).items():
            # `False` for other properties has been reported already.
            field = fields.get(name) or [each for each in rest if isinstance(each, dict)]
            if field:
                yield field, schemas, _join(path, name)
        theirs_rest = [node["additionalProperties"] for node in other if "additionalProperties" in node]
        if rest and theirs_rest and not fields:
            yield rest, theirs_rest, _join(path, "*")
        items, others = self.ours.items(ours), self.theirs.items(theirs)
        if items and others:
            yield items, others, f"{path}[]"

    def is_known(self, ours: list[Json], theirs: list[Json]) -> bool:
        """Return True if the two have been compared before: schemas may be recursive."""
        pair = (frozenset(map(id, self.ours.flat(ours))), frozenset(map(id, self.theirs.flat(theirs))))
        known = pair in self.seen
        self.seen.add(pair)
        return known

    def field_name(self, path: str) -> str:
        joint = "." if path and not path.startswith("[") else ""
        return f"`{self.name}{joint}{path}`"


_Deeper: TypeAlias = "tuple[list[Json], list[Json], str]"


def _certain(generator: type[Any]) -> type[Any]:
    """Return a generator that leaves open what the functions of a model decide."""

    class Certain(generator):  # type: ignore[misc]  # a class of pydantic, which is not imported here
        def function_before_schema(self, schema: Any) -> Any:
            return self._unless_decided(schema, super().function_before_schema)

        def function_wrap_schema(self, schema: Any) -> Any:
            return self._unless_decided(schema, super().function_wrap_schema)

        def function_plain_schema(self, schema: Any) -> Any:
            return self._unless_decided(schema, super().function_plain_schema)

        def _unless_decided(self, schema: Any, describe: Callable[[Any], Any]) -> Any:
            decided = self.mode == "validation" and not schema.get("json_schema_input_schema")
            return {} if decided else describe(schema)

        def ser_schema(self, schema: Any) -> Any:
            decided = schema["type"] in ("function-plain", "function-wrap")
            return {} if decided and not schema.get("return_schema") else super().ser_schema(schema)

        def decimal_schema(self, schema: Any) -> Any:
            described = super().decimal_schema(schema)
            return described if self.mode == "validation" else {"type": "string", "format": "decimal"}

        def field_is_required(self, field: Any, total: bool) -> bool:
            if self.mode == "serialization" and field["type"] != "typed-dict-field":
                return True  # the output also has fields with defaults
            return bool(super().field_is_required(field, total))

        def model_schema(self, schema: Any) -> Any:
            described = super().model_schema(schema)
            if self.mode == "validation" and _has_other_names(schema["cls"]):
                described = {
                    k: v for k, v in described.items() if k not in ("required", "additionalProperties")
                }
            return described

    return Certain


def _has_other_names(model: Any) -> bool:
    """Return True if a field may have a name in data that is not in the schema of its model."""
    config = model.model_config
    by_name = bool(config.get("populate_by_name") or config.get("validate_by_name"))
    aliases = [field.validation_alias for field in model.model_fields.values()]
    return any(alias is not None and (by_name or not isinstance(alias, str)) for alias in aliases)


def model_name(model: object) -> str:
    """Return the name of the class in a list or an optional, else of the whole annotation."""
    origin, members = get_origin(model), [each for each in get_args(model) if each is not NoneType]
    if origin is Annotated or (origin in (Union, UnionType, list) and len(members) == 1):
        return model_name(members[0])
    return name_of(model)


def _members(node: Node) -> list[Json]:
    return [*listed(node, "anyOf"), *listed(node, "oneOf")]


def listed(node: Node, keyword: str) -> list[Json]:
    value = node.get(keyword)
    return value if isinstance(value, list) else []


def properties_of(nodes: Nodes) -> dict[str, list[Json]]:
    """Return the schemas of each property of an object."""
    found: dict[str, list[Json]] = {}
    for node in nodes:
        properties = node.get("properties")
        for name, schema in properties.items() if isinstance(properties, dict) else ():
            found.setdefault(name, []).append(schema)
    return found


def _unknown(nodes: Nodes, side: Side, others: Nodes) -> set[str]:
    """Return the properties of `others`, which belong to `side`, that one of `nodes` forbids."""
    known = {name for name, schemas in properties_of(others).items() if side.kinds(schemas)}
    found: set[str] = set()
    for node in nodes:
        if node.get("additionalProperties") is False and "patternProperties" not in node:
            found |= known - properties_of([node]).keys()
    return found


def _is_tag(field: Json) -> bool:
    return isinstance(field, dict) and len(listed(field, "enum")) == 1


def _kind(value: Json) -> str:
    if value is None or isinstance(value, bool | str):
        return {type(None): "null", bool: "boolean", str: "string"}[type(value)]
    if isinstance(value, int | float):
        return "integer" if value % 1 == 0 else "fraction"
    return "object" if isinstance(value, Mapping) else "array"


_WORDS = {"fraction": "number", "binary": "binary data"}


def words(kinds: frozenset[str]) -> str:
    named = {_WORDS.get(kind, kind) for kind in kinds}
    if "number" in named:
        named.discard("integer")
    return " or ".join(sorted(named)) if kinds != ALL else "anything"


def union_of(sets: Iterable[frozenset[str]]) -> frozenset[str]:
    return frozenset().union(*sets)


def _common(sets: Iterable[set[str]]) -> set[str]:
    listed = list(sets)
    return set.intersection(*listed) if listed else set()


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
