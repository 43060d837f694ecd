"""Merges the members of `allOf` into one schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from asynction.contract import Json
from asynction.ui._types import Type

Keywords: TypeAlias = "Mapping[str, Json]"
Follow: TypeAlias = "Callable[[str], tuple[Json, Type | None]]"

_TIGHTEST: dict[str, Callable[[float, float], float]] = {
    **dict.fromkeys(["minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"], max),
    **dict.fromkeys(["maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"], min),
}
_FIRST = frozenset(["$comment", "default", "deprecated", "description", "examples", "title"])
"""Keywords whose first value is kept: annotations do not decide which values are valid."""

_MAX_DEPTH = 100
"""The limit for schemas that include each other without end."""


def merged(schema: Keywords, follow: Follow, known: dict[str, Keywords] | None = None) -> Keywords:
    """Merge the members of `allOf` into the schema; members that cannot be merged remain in it.

    `follow` returns the schema that a `$ref` leads to; recursive schemas are not merged. `known` has the
    targets that have been merged, for further schemas: types that inherit from each other share them.
    """
    return _Merger(follow, {} if known is None else known).merge(schema, 0)


@dataclass(frozen=True, slots=True)
class _Merger:
    follow: Follow
    known: dict[str, Keywords]

    def merge(self, schema: Keywords, depth: int) -> Keywords:
        members = _members(schema)
        if members is None:
            return schema
        whole: dict[str, Json] = {k: v for k, v in schema.items() if k not in ("allOf", "$ref")}
        left: list[Json] = []
        for member in members:
            part = self._merged_member(member, depth + 1) if depth < _MAX_DEPTH else None
            fitted = None if part is None else _fit(whole, part)
            if fitted is None:
                left.append(member)
            else:
                whole = fitted
        return {**whole, "allOf": left} if left else whole

    def _merged_member(self, member: Json, depth: int) -> Keywords | None:
        """Return a member, or what its `$ref` leads to, merged; None if that cannot be merged."""
        if not isinstance(member, Mapping):
            return {} if member is True else None
        ref = member.get("$ref")
        if not isinstance(ref, str) or len(member) > 1:
            return self.merge(member, depth)
        if ref not in self.known:
            body, named = self.follow(ref)
            if not isinstance(body, Mapping) or (named is not None and named.recursive):
                return None
            self.known[ref] = self.merge(body, depth)
        return self.known[ref]


def _members(schema: Keywords) -> list[Json] | None:
    """Return the members of `allOf`, and a `$ref` beside other keywords (valid since 2019-09)."""
    members = schema.get("allOf")
    found = list(members) if isinstance(members, list) else []
    if isinstance(schema.get("$ref"), str):
        found.insert(0, {"$ref": schema["$ref"]})
    return found or None


def _fit(whole: dict[str, Json], part: Keywords) -> dict[str, Json] | None:
    """Join two schemas; return None if they have different values of a keyword that cannot be joined."""
    result = dict(whole)
    for key, value in part.items():
        if key not in result:
            result[key] = value
            continue
        mine = result[key]
        if mine == value or key in _FIRST:
            continue
        if key == "required" and isinstance(mine, list) and isinstance(value, list):
            result[key] = [*mine, *(name for name in value if name not in mine)]
        elif key == "properties" and isinstance(mine, Mapping) and isinstance(value, Mapping):
            result[key] = _both(mine, value)
        elif key in _TIGHTEST and isinstance(mine, int | float) and isinstance(value, int | float):
            result[key] = _TIGHTEST[key](mine, value)
        else:
            return None
    return result


def _both(mine: Keywords, yours: Keywords) -> dict[str, Json]:
    """Join the properties of two schemas; a property of both must conform to both."""
    result = dict(mine)
    for name, value in yours.items():
        known = result.get(name)
        result[name] = value if name not in mine else known if known == value else {"allOf": [known, value]}
    return result
