"""The `jsonschema` library as the reference: slow and simple, with an error for each fault.

What the two libraries would judge differently (formats, dialects of regular expressions, decimal fractions),
jsonschema-rs judges here too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import jsonschema
import jsonschema_rs

from asynction.contract import Json
from asynction.validation._equality import Blob
from asynction.validation._keywords import map_subschemas
from asynction.validation._prepare import BINARY, KINDS, Prepared

Fault = tuple[tuple["str | int", ...], str]
"""The path to a value, and the keyword that it breaks."""

_BASES: dict[int, Any] = {
    4: jsonschema.Draft4Validator,
    6: jsonschema.Draft6Validator,
    7: jsonschema.Draft7Validator,
    2019: jsonschema.Draft201909Validator,
    2020: jsonschema.Draft202012Validator,
}

_Errors = Iterator[jsonschema.ValidationError]


class Undecided(Exception):
    """The library cannot decide: a schema refers to itself in place, or has what it cannot read."""


class Reference:
    """One schema, compiled for `jsonschema`."""

    def __init__(self, prepared: Prepared) -> None:
        extend: Any = jsonschema.validators.extend
        schema: Any = _without_false(prepared.value)
        keywords = {**_KEYWORDS, "$ref": _reference_into(schema)}
        self.engine: Any = extend(_BASES[prepared.draft], keywords)(schema)

    def is_valid(self, args: Sequence[object]) -> bool:
        """Return whether `args` are valid, wherever they have bytes; raise Undecided."""
        return not self._errors(args)

    def faults(self, args: Sequence[object]) -> set[Fault]:
        """Return every fault, also those inside alternatives; raise Undecided."""
        found: set[Fault] = set()
        waiting = self._errors(args)
        while waiting:
            error = waiting.pop()
            found.add((tuple(error.absolute_path), error.validator or "falseSchema"))
            waiting += error.context
        return found

    def _errors(self, args: Sequence[object]) -> list[Any]:
        try:
            return list(self.engine.iter_errors(_as_lists(args)))
        except BaseException as error:
            # A recursion without end; or what `referencing` makes of it: its maps are written in Rust,
            # and a panic there is not an Exception. Below `unevaluated...`, patterns are Python's, and
            # `items` that is a boolean is not expected.
            if (
                isinstance(error, RecursionError | re.error | TypeError)
                or type(error).__name__ == "PanicException"
            ):
                raise Undecided from None
            raise


def _without_false(schema: Json) -> Json:
    """Replace the schema `false`, for which the library forgets the last step of the path."""
    if not isinstance(schema, dict):
        return {"not": {}} if schema is False else schema
    kept = {key: False for key in _CLOSING if schema.get(key) is False}
    return {**map_subschemas(schema, _without_false), **kept}


_CLOSING = ("additionalItems", "additionalProperties", "unevaluatedItems", "unevaluatedProperties")


def _as_lists(value: object) -> object:
    """Copy a value: its tuples as lists, which the library knows as arrays, and its bytes as blobs."""
    if isinstance(value, dict):
        return {key: _as_lists(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_as_lists(item) for item in value]
    return Blob(value, ()) if isinstance(value, bytes) else value


@lru_cache(maxsize=1024)
def _alone(keyword: str, value: object) -> jsonschema_rs.Draft7Validator:
    return jsonschema_rs.Draft7Validator({keyword: value}, validate_formats=True, offline=True)


def _as_jsonschema_rs(keyword: str, kinds: type | tuple[type, ...]) -> Callable[..., _Errors]:
    """A keyword for jsonschema that asks jsonschema-rs."""

    def check(validator: object, value: object, instance: object, schema: object) -> _Errors:
        if isinstance(instance, kinds) and not _alone(keyword, value).is_valid(instance):
            yield jsonschema.ValidationError(keyword)

    return check


def _matching(pattern: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if _alone("pattern", pattern).is_valid(name)]


def _pattern_properties(validator: Any, patterns: Any, instance: object, schema: object) -> _Errors:
    if isinstance(instance, dict):
        for pattern, inner in patterns.items():
            for name in _matching(pattern, instance):
                yield from validator.descend(instance[name], inner, path=name, schema_path=pattern)


def _additional_properties(validator: Any, inner: object, instance: object, schema: Any) -> _Errors:
    if isinstance(instance, dict):
        named = set(schema.get("properties", ()))
        for pattern in schema.get("patternProperties", ()):
            named.update(_matching(pattern, instance))
        others = [name for name in instance if name not in named]
        if others and inner is False:
            yield jsonschema.ValidationError("additionalProperties")
        elif inner is not False:
            for name in others:
                yield from validator.descend(instance[name], inner, path=name)


def _reference_into(schema: dict[str, Any]) -> Callable[..., _Errors]:
    """A `$ref` that looks into `definitions` itself: a Schema stands alone, so it has no others."""

    def check(validator: Any, ref: str, instance: object, _: object) -> _Errors:
        yield from validator.descend(instance, schema["definitions"][ref.removeprefix("#/definitions/")])

    return check


def _binary(validator: object, kinds: list[str], instance: object, schema: object) -> _Errors:
    if not isinstance(instance, Blob) and not any(KINDS[kind](instance) for kind in kinds):
        yield jsonschema.ValidationError(BINARY)


_KEYWORDS: dict[str, Callable[..., _Errors]] = {
    BINARY: _binary,
    "additionalProperties": _additional_properties,
    "dependencies": _BASES[7].VALIDATORS["dependencies"],  # jsonschema drops it since 2019-09
    "format": _as_jsonschema_rs("format", str),
    "multipleOf": _as_jsonschema_rs("multipleOf", (int, float)),
    "pattern": _as_jsonschema_rs("pattern", str),
    "patternProperties": _pattern_properties,
}
