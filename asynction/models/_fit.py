"""Compares the annotations of a handler with the schemas of the contract, at load.

What cannot fit is an error, what may not fit is a doubt, and what cannot be decided fits.
"""

from __future__ import annotations

import inspect
import json
import typing
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Any, Literal, NoReturn, TypeAlias, Union, get_args, get_origin

from asynction.contract import Json, Schema
from asynction.models._compare import (
    ALL,
    Node,
    Pair,
    Side,
    listed,
    model_name,
    properties_of,
    schema_of_arg,
    sides_of,
    words,
)
from asynction.models._convert import bare, is_model
from asynction.models._plain_types import FLEXIBLE, schema_of_type
from asynction.validation import DIALECTS, Validator, is_json, is_tuple_schema

_MAX_DEPTH = 12
_MAX_UNIONS = 6

Values: TypeAlias = "dict[str, Json]"
"""The values of an enumeration, by their JSON text."""


@dataclass(frozen=True, slots=True)
class Fit:
    """How an annotation fits a schema.

    Args:
        errors: why values cannot fit.
        doubts: why some values do not fit, and what to do about it.
        is_implied: whether each value that the schema allows has the annotated type.
    """

    errors: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    is_implied: bool = True


def fit_of(annotation: object, schema: Schema, *, receives: bool) -> Fit:
    """Compare an annotation with a schema.

    `receives` is True if values of the schema become the type (an arg), and False if the type becomes values
    of the schema (an ack).
    """
    has_model = is_model(annotation)
    sides = sides_of(annotation, schema, receives=receives) if has_model else None
    if sides is None and (has_model or not schema.is_json_schema):
        return Fit()
    if sides is None:
        beside_ref = DIALECTS[schema.dialect] >= 2019
        theirs = _Typed(schema.value, beside_ref=beside_ref)
        sides = _Typed(schema_of_type(annotation, receives=receives)), theirs
    name = model_name(annotation)
    errors = _Errors(name, *sides, reports_surplus=has_model)
    ignored = _NUMBERS if not has_model and not receives and _mentions(annotation, FLEXIBLE) else frozenset()
    doubts = _Doubts(name, *sides, reports_surplus=not has_model, ignored=ignored)
    return Fit(
        tuple(dict.fromkeys(errors.compare(receives=receives))),
        tuple(dict.fromkeys(doubts.compare(receives=receives))),
        has_model or not receives or _is_implied(*sides, [sides[0].root], [sides[1].root]),
    )


def fit_of_result(annotation: object, ack: Schema, min_args: int, max_args: int | None) -> Fit:
    """Compare the annotation of a handler's result with the schema of the ack.

    Args:
        annotation: the annotation; a tuple is several values.
        ack: the schema of the ack.
        min_args: the least number of its values.
        max_args: the greatest number of its values; None for no limit.
    """
    kind, parts = bare(annotation), get_args(bare(annotation))
    is_union = get_origin(kind) in (Union, UnionType)
    members = [NoneType if each is None else each for each in (parts if is_union else (annotation,))]
    if min_args == 0:  # without a value, None is none
        members = [each for each in members if each is not NoneType]
    if not members or any(bare(each) in _OPEN for each in members):
        return Fit()
    if get_origin(kind) is tuple and ... not in parts:
        return _fit_of_tuple([each for each in parts if each != ()], ack, min_args, max_args)
    found = schema_of_arg(ack, 0)
    if found is None or any(_is_tuple(bare(each)) for each in members):
        return Fit()
    if members != [NoneType] and min_args > 1:
        return Fit((f"`{model_name(annotation)}` is one value, but the contract requires {min_args}",))
    fit = fit_of(Union[tuple(members)], found, receives=False)  # noqa: UP007 - they are in a list
    # Handlers are often annotated so without a thought, and many clients ask for no ack.
    return Fit(doubts=(_NOTHING,)) if members == [NoneType] and fit.errors else fit


_NOTHING = "it returns nothing, but the contract requires a value; return one"


def default_fault(default: object, schema: Schema) -> str | None:
    """Return why the default of a parameter breaks the schema of its arg; None if it does not.

    A None stands for an arg that is not there.
    """
    is_other = default is inspect.Parameter.empty or default is None or not is_json(default)
    if is_other or is_tuple_schema(schema):
        return None
    violations = Validator(schema).check((default,))
    return f"breaks the schema: {violations[0].message}; give it another one" if violations else None


def _fit_of_tuple(parts: list[object], ack: Schema, min_args: int, max_args: int | None) -> Fit:
    if len(parts) < min_args or (max_args is not None and len(parts) > max_args):
        wanted = max_args if max_args is not None and len(parts) > max_args else min_args
        return Fit((f"a tuple is several values: it has {len(parts)}, but the contract requires {wanted}",))
    schemas = [schema_of_arg(ack, index) for index in range(len(parts))]
    fits = [fit_of(part, each, receives=False) for part, each in zip(parts, schemas, strict=True) if each]
    return Fit(tuple(e for fit in fits for e in fit.errors), tuple(d for fit in fits for d in fit.doubts))


def _is_tuple(kind: object) -> bool:
    kind = get_origin(kind) or kind
    return isinstance(kind, type) and issubclass(kind, tuple)


_OPEN = (inspect.Parameter.empty, Any, object, NoReturn, getattr(typing, "Never", NoReturn))
"""Annotations that say nothing about a result; Python 3.11 has another name for NoReturn."""


class _Typed(Side):
    """A schema in which bytes are told from text."""

    def _own_kinds(self, node: Node) -> frozenset[str]:
        found = super()._own_kinds(node)
        if "string" not in found or "type" not in node:
            return found
        if node.get("format") == "binary" or node.get("contentEncoding") == "binary":
            return (found - {"string"}) | {"binary"}
        is_encoded = node.get("format") == "byte" or "contentEncoding" in node
        return found | {"binary"} if is_encoded else found


class _Errors(Pair):
    """Finds what cannot fit; as a model, also by the values of enumerations."""

    def received(self, ours: list[Json], theirs: list[Json], path: str, depth: int = 0) -> Iterator[str]:
        """Yield why the type cannot accept what the contract allows."""
        sent, taken = _values(self.theirs, theirs), _values(self.ours, ours)
        if sent and taken is not None and not sent.keys() & taken.keys():
            yield f"{self.field_name(path)} takes {_listing(taken)}, but the contract sends {_listing(sent)}"
            return
        yield from super().received(ours, theirs, path, depth)

    def sent(self, ours: list[Json], theirs: list[Json], path: str, depth: int = 0) -> Iterator[str]:
        """Yield why the contract does not allow what the type becomes."""
        given, taken = _values(self.ours, ours), _values(self.theirs, theirs)
        if given and taken and not given.keys() & taken.keys():
            yield f"{self.field_name(path)} is {_listing(given)}, but the contract requires {_listing(taken)}"
            return
        yield from super().sent(ours, theirs, path, depth)


@dataclass(slots=True)
class _Doubts(Pair):
    """Finds what may not fit, where something does; `ignored` are types that do."""

    ignored: frozenset[str] = frozenset()

    def received(self, ours: list[Json], theirs: list[Json], path: str, depth: int = 0) -> Iterator[str]:
        """Yield what the contract allows and the type does not accept."""
        sent, taken = self.theirs.kinds(theirs), self.ours.kinds(ours)
        if not sent & taken or self.is_known(ours, theirs) or depth >= _MAX_DEPTH:
            return
        where, field = f" in `{path}`" if path else "", self.field_name(path)
        surplus = (self.theirs.certain_kinds(theirs) & sent) - taken
        if surplus and sent != ALL and self.reports_surplus:
            yield f"the contract allows {words(surplus)}{where}, which {field} does not accept; {_WIDEN}"
        missing = _partly_missing(_values(self.theirs, theirs), _values(self.ours, ours), surplus)
        if missing:
            yield f"the contract allows {missing}{where}, which {field} does not accept; {_WIDEN}"
        yield from self._other_default(ours, theirs, path)
        for deeper in self.inner(ours, theirs, path):
            yield from self.received(*deeper, depth + 1)

    def _other_default(self, ours: list[Json], theirs: list[Json], path: str) -> Iterator[str]:
        """Yield that a field has a default, and the property of the contract has another one."""
        own, other = _default(self.ours, ours), _default(self.theirs, theirs)
        if path and own and other and own.keys() != other.keys():
            told = f"{_listing(own)}, but that of the contract is {_listing(other)}; give both the same"
            yield f"the default of {self.field_name(path)} is {told}"

    def sent(
        self, ours: list[Json], theirs: list[Json], path: str, depth: int = 0, *, leaves_out: bool = False
    ) -> Iterator[str]:
        """Yield what the type may become and the contract does not allow.

        `leaves_out` says that a None is left out: the contract neither allows nor requires it.
        """
        given, taken = self.ours.kinds(ours), self.theirs.kinds(theirs)
        if not given & taken or self.is_known(ours, theirs) or depth >= _MAX_DEPTH:
            return
        field, ignored = self.field_name(path), self.ignored | ({"null"} if leaves_out else set())
        if self.ours.is_flexible(ours):
            ignored |= _NUMBERS
        surplus = given - taken - ignored
        if surplus and given != ALL:
            remedy = _RETURN if surplus == {"null"} else _ALLOW
            yield f"{field} may be {words(surplus)}, which the contract does not allow; {remedy}"
        wrong = _partly_missing(_values(self.ours, ours), _values(self.theirs, theirs), ignored)
        if wrong:
            yield f"{field} may be {wrong}, which the contract does not allow; {_ALLOW}"
        required = self.theirs.required(theirs)
        for mine, other, inner in self.inner(ours, theirs, path):
            name = inner.removeprefix(f"{path}." if path else "")
            is_optional = not inner.endswith("[]") and name not in required
            yield from self.sent(mine, other, inner, depth + 1, leaves_out=is_optional)


def _is_implied(ours: Side, theirs: Side, own: list[Json], other: list[Json], depth: int = 0) -> bool:
    """Return whether each value that the contract allows certainly has the type."""
    sent = theirs.kinds(other)
    if not sent:
        return True
    known, values = _values(ours, own), _values(theirs, other)
    if known is not None and (values is None or values.keys() - known.keys()):
        return False
    if depth >= _MAX_DEPTH or not sent <= ours.certain_kinds(own):
        return False
    items, props = ours.items(own), ours.narrowed(own, "object")
    if "array" in sent and items and not _is_implied(ours, theirs, items, theirs.items(other), depth + 1):
        return False
    rest = [node["additionalProperties"] for node in props if "additionalProperties" in node]
    if "object" not in sent or not rest:
        return True
    nodes = theirs.narrowed(other, "object")
    if any("patternProperties" in node for node in nodes):
        return False
    parts = list(properties_of(nodes).values())
    parts.append([node["additionalProperties"] for node in nodes if "additionalProperties" in node])
    return all(_is_implied(ours, theirs, rest, each, depth + 1) for each in parts)


def _values(side: Side, schemas: Iterable[Json], depth: int = 0) -> Values | None:
    """Return the only values that the schemas allow; None if they are not enumerated."""
    found: Values | None = None
    for node in side.flat(schemas) if depth < _MAX_UNIONS else ():
        for each in (_own_values(node), *(_of_union(side, node, name, depth) for name in ("anyOf", "oneOf"))):
            if each is not None:
                found = each if found is None else {key: found[key] for key in found if key in each}
    return found


def _own_values(node: Node) -> Values | None:
    if node.get("type") == "null":
        return {"null": None}
    if "const" not in node and "enum" not in node:
        return None
    return {_key(value): value for value in ([node["const"]] if "const" in node else listed(node, "enum"))}


def _of_union(side: Side, node: Node, keyword: str, depth: int) -> Values | None:
    members = [_values(side, [each], depth + 1) for each in listed(node, keyword)]
    if not members or None in members:
        return None
    return {key: value for member in members if member is not None for key, value in member.items()}


def _partly_missing(values: Values | None, known: Values | None, ignored: Iterable[str] = ()) -> str:
    """Return, as a text, the values that are not known, if others are; empty if there are none."""
    if not values or not known:
        return ""
    missing = {key: value for key, value in values.items() if key not in known and key not in ignored}
    return _listing(missing) if len(missing) < len(values) else ""


def _default(side: Side, schemas: Iterable[Json]) -> Values:
    found = [node["default"] for node in side.flat(schemas) if "default" in node]
    return {_key(found[0]): found[0]} if found else {}


def _key(value: Json) -> str:
    """Return the text of a value, the same for 1 and 1.0 as in JSON Schema."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, sort_keys=True, default=repr)


def _listing(values: Values) -> str:
    shown = list(values)[:_MAX_SHOWN]
    return ", ".join(shown) + ("" if len(shown) == len(values) else ", ...")


def _mentions(annotation: object, kinds: tuple[type, ...]) -> bool:
    kind = bare(annotation)
    is_one = isinstance(kind, type) and get_origin(kind) is None and issubclass(kind, kinds)
    return is_one or any(_mentions(each, kinds) for each in get_args(kind) if get_origin(kind) is not Literal)


_NUMBERS = frozenset({"string", "integer", "fraction"})
_MAX_SHOWN = 5
_WIDEN = "clients get a 400 for it: widen the annotation, or narrow the schema"
_RETURN = "return a value always, or allow null"
_ALLOW = "narrow the annotation, or widen the schema"
