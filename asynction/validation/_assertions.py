"""The keywords that look at one value only: a table from a keyword to a check."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import jsonschema_rs

from asynction.validation._engines import ENGINES
from asynction.validation._equality import Blob, Keys
from asynction.validation._prepare import BINARY, KINDS

Check = Callable[[Any, Keys], bool]


class Assertion(NamedTuple):
    """A keyword of a schema, its value, and whether an instance meets it."""

    keyword: str
    value: object
    holds: Check


ENDING = frozenset({"type", "falseSchema", "maxItems", "maxLength", "maxProperties"})
"""Keywords that end the check of a schema if a value breaks them."""


def assertions(schema: dict[str, Any], draft: int, known: Keys) -> tuple[Assertion, ...]:
    """Return the assertions of a schema, in the order in which they are checked: cheap ones first.

    The members of `enum` and `const` are put into `known`, from which the `Keys` of a check must come.
    """
    found = []
    for keyword, (since, make) in _TABLE.items():
        if keyword in schema and draft >= since:
            check = make(schema[keyword], draft, schema, known)
            if check is not None:
                found.append(Assertion(keyword, schema[keyword], check))
    return tuple(found)


def never() -> Assertion:
    """Return the assertion of the schema `false`."""
    return Assertion("falseSchema", None, lambda value, keys: False)


def matcher(pattern: str, draft: int) -> Callable[[str], bool]:
    """Return a function that says whether a text matches a pattern, as the engine reads patterns."""
    return _alone("pattern", pattern, draft).is_valid


@lru_cache(maxsize=1024)
def _alone(keyword: str, value: object, draft: int) -> jsonschema_rs.Validator:
    return ENGINES[draft]({keyword: value}, validate_formats=True, offline=True)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _by_engine(keyword: str, applies: Callable[[object], bool]) -> Callable[..., Check]:
    """Let the fast engine decide what libraries judge differently: formats, patterns, fractions."""

    def make(expected: object, draft: int, schema: object, known: Keys) -> Check:
        is_valid = _alone(keyword, expected, draft).is_valid
        return lambda value, keys: not applies(value) or is_valid(value)

    return make


def _of_number(compare: Callable[[Any, Any], bool]) -> Callable[..., Check]:
    def make(bound: Any, draft: int, schema: object, known: Keys) -> Check:
        return lambda value, keys: not _is_number(value) or compare(value, bound)

    return make


def _bound(strict: str, inclusive: Callable[[Any, Any], bool]) -> Callable[..., Check]:
    """Make the check of `minimum` or `maximum`, which another keyword makes strict in draft 4."""
    plain = _of_number(inclusive)
    strictly = _of_number(lambda value, bound: inclusive(value, bound) and value != bound)

    def make(bound: Any, draft: int, schema: dict[str, Any], known: Keys) -> Check:
        is_strict = draft == 4 and schema.get(strict) is True
        return (strictly if is_strict else plain)(bound, draft, schema, known)

    return make


def _sized(kind: Any, compare: Callable[[Any, Any], bool]) -> Callable[..., Check]:
    def make(bound: Any, draft: int, schema: object, known: Keys) -> Check:
        def holds(value: Any, keys: Keys) -> bool:
            return not isinstance(value, kind) or compare(len(value), bound)

        return holds

    return make


def _type(kinds: str | list[str], draft: int, schema: object, known: Keys) -> Check:
    checks = [_kind(kind, draft) for kind in ([kinds] if isinstance(kinds, str) else kinds)]
    if len(checks) == 1:
        check = checks[0]
        return lambda value, keys: check(value)
    return lambda value, keys: any(check(value) for check in checks)


def _kind(kind: str, draft: int) -> Callable[[object], bool]:
    if kind == "string":
        return lambda value: isinstance(value, str)
    if kind == "integer" and draft == 4:
        return lambda value: isinstance(value, int) and not isinstance(value, bool)
    return KINDS[kind]


def _enum(members: list[Any], draft: int, schema: dict[str, Any], known: Keys) -> Check:
    allowed = frozenset(map(known.of, members))
    return lambda value, keys: keys.of(value) in allowed


def _const(expected: object, draft: int, schema: dict[str, Any], known: Keys) -> Check:
    return _enum([expected], draft, schema, known)


def _unique(wanted: bool, draft: int, schema: object, known: Keys) -> Check | None:
    if not wanted:
        return None
    return lambda value, keys: not isinstance(value, list | tuple) or keys.are_unique(value)


def _required(names: list[str], draft: int, schema: object, known: Keys) -> Check:
    return lambda value, keys: not isinstance(value, dict) or all(name in value for name in names)


def _binary(kinds: list[str], draft: int, schema: object, known: Keys) -> Check:
    checks = [KINDS[kind] for kind in kinds]
    return lambda value, keys: isinstance(value, Blob) or any(check(value) for check in checks)


_ARRAY = (list, tuple)
_TABLE: dict[str, tuple[int, Callable[..., Check | None]]] = {
    "type": (4, _type),
    BINARY: (4, _binary),
    "maxItems": (4, _sized(_ARRAY, lambda size, bound: size <= bound)),
    "maxLength": (4, _sized(str, lambda size, bound: size <= bound)),
    "maxProperties": (4, _sized(dict, lambda size, bound: size <= bound)),
    "const": (6, _const),
    "enum": (4, _enum),
    "minItems": (4, _sized(_ARRAY, lambda size, bound: size >= bound)),
    "minLength": (4, _sized(str, lambda size, bound: size >= bound)),
    "minProperties": (4, _sized(dict, lambda size, bound: size >= bound)),
    "minimum": (4, _bound("exclusiveMinimum", lambda value, bound: value >= bound)),
    "maximum": (4, _bound("exclusiveMaximum", lambda value, bound: value <= bound)),
    "exclusiveMinimum": (6, _of_number(lambda value, bound: value > bound)),
    "exclusiveMaximum": (6, _of_number(lambda value, bound: value < bound)),
    "multipleOf": (4, _by_engine("multipleOf", _is_number)),
    "pattern": (4, _by_engine("pattern", lambda value: isinstance(value, str))),
    "format": (4, _by_engine("format", lambda value: isinstance(value, str))),
    "required": (4, _required),
    "uniqueItems": (4, _unique),
}
"""Each keyword, the draft that it comes with, and what makes its check."""
