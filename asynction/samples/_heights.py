"""The depth of the flattest value of a schema, by which an attempt finds its way out of a recursion."""

from __future__ import annotations

import math
from collections.abc import Mapping

from asynction.contract import Json
from asynction.samples._shape import SCALARS, Shape, shape_of

PREFIX = "#/definitions/"
"""The start of every `$ref` of a Schema."""


class Heights:
    """The heights of the schemas in one Schema: 0 for a value without parts, inf if there is no value."""

    def __init__(self, definitions: Mapping[str, Json], draft: int) -> None:
        self._draft = draft
        self._known: dict[str, float] = dict.fromkeys(definitions, math.inf)
        # Definitions may refer to each other in a circle, so this repeats until nothing changes.
        changed = True
        while changed:
            found = {name: self.of(schema) for name, schema in definitions.items()}
            changed = found != self._known
            self._known = found

    def of(self, schema: Json) -> float:
        """Return the height of `schema`."""
        if not isinstance(schema, dict):
            return math.inf if schema is False else 0
        ref = schema.get("$ref")
        if isinstance(ref, str) and self._draft < 2019:
            return self._of_ref(ref)
        found = [self._of_ref(ref)] if isinstance(ref, str) else []
        found += map(self.of, _list(schema, "allOf"))
        for keyword in ("anyOf", "oneOf"):
            if options := _list(schema, keyword):
                found.append(min(map(self.of, options)))
        return max([*found, self._own(shape_of(schema, self._draft))])

    def _of_ref(self, ref: str) -> float:
        return self._known.get(ref.removeprefix(PREFIX), 0)

    def _own(self, shape: Shape) -> float:
        kinds = shape.likely_kinds
        if shape.choices is not None or not SCALARS.isdisjoint(kinds):
            return 0
        return min([self.of_kind(shape, kind) for kind in kinds], default=math.inf)

    def of_kind(self, shape: Shape, kind: str) -> float:
        """Return the height of the flattest value of a kind."""
        if kind in SCALARS:
            return 0
        if kind == "object":
            inner = [shape.property(name) for name in shape.required]
        else:
            inner = [shape.item(index) for index in range(min(shape.count.minimum, len(shape.prefix) + 1))]
            inner += [schema for schema, span in shape.contains if span.minimum]
        return 1 + max(map(self.of, inner), default=0)


def _list(schema: Mapping[str, Json], keyword: str) -> list[Json]:
    value = schema.get(keyword)
    return value if isinstance(value, list) else []
