"""Types that inherit by `allOf`, made flat: each is all of its ancestors' own parts, each of them once."""

from __future__ import annotations

from typing import Any

from asynction.contract import Json
from asynction.validation._keywords import map_subschemas

_PREFIX = "#/definitions/"
_MOST_ANCESTORS = 200
"""A type with more is left as it is, as the flat types would be much larger than the schema."""
_UNEVALUATED = ("unevaluatedItems", "unevaluatedProperties")


def flatten(root: dict[str, Json], draft: int) -> dict[str, Json]:
    """Return a schema that accepts the same values, without ancestors that several parents share."""
    return _Flattening(root, draft).flat()


class _Flattening:
    def __init__(self, root: dict[str, Any], draft: int) -> None:
        self.root = root
        self.draft = draft
        self.definitions: dict[str, Any] = root.get("definitions", {})
        self.own_names: dict[str, str] = {}

    def flat(self) -> dict[str, Json]:
        changed: dict[str, Any] = self._flat(map_subschemas(self.root, self._schema))
        waiting = list(self.own_names)
        for name in waiting:  # what a type says itself may have schemas that inherit, too
            own, _ = self._split(self.definitions[name])
            changed["definitions"][self.own_names[name]] = map_subschemas(own, self._schema)
            waiting += [each for each in self.own_names if each not in waiting]
        return changed

    def _schema(self, schema: Json) -> Json:
        return self._flat(map_subschemas(schema, self._schema)) if isinstance(schema, dict) else schema

    def _flat(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Replace the parents of a schema by all of its ancestors, where it has one of them twice."""
        own, parents = self._split(schema)
        ancestors, is_shared = self._ancestors(parents)
        if not is_shared or len(ancestors) > _MOST_ANCESTORS:
            return schema
        return {
            **own,
            "allOf": [*own.get("allOf", ()), *({"$ref": _PREFIX + self._own(n)} for n in ancestors)],
        }

    def _split(self, schema: Any) -> tuple[Any, list[str]]:
        """Divide a schema into what it says itself, and the names of its parents."""
        members = schema.get("allOf") if isinstance(schema, dict) else None
        if not isinstance(members, list) or self._is_opaque(schema):
            return schema, []
        parents = [member["$ref"].removeprefix(_PREFIX) for member in members if self._is_ref(member)]
        rest = [member for member in members if not self._is_ref(member)]
        own = {key: value for key, value in schema.items() if key != "allOf"}
        return {**own, "allOf": rest} if rest else own, parents

    def _is_opaque(self, schema: dict[str, Any]) -> bool:
        """Return whether a schema depends on what its parents evaluate, or leaves them out."""
        return any(each in schema for each in _UNEVALUATED) or (self.draft < 2019 and "$ref" in schema)

    def _is_ref(self, schema: Any) -> bool:
        return isinstance(schema, dict) and "$ref" in schema and (self.draft < 2019 or len(schema) == 1)

    def _ancestors(self, parents: list[str]) -> tuple[list[str], bool]:
        """Return all ancestors, each once, and whether one of them was met twice."""
        found = dict.fromkeys(parents)
        is_shared = len(found) < len(parents)
        waiting = list(found)
        while waiting and len(found) <= _MOST_ANCESTORS:
            for name in self._split(self.definitions[waiting.pop()])[1]:
                is_shared |= name in found
                if name not in found:
                    found[name] = None
                    waiting.append(name)
        return list(found), is_shared

    def _own(self, name: str) -> str:
        """Return the name of the definition with what another one says itself."""
        if not self._split(self.definitions[name])[1]:
            return name
        if name not in self.own_names:
            own_name = f"{name}.own"
            while own_name in self.definitions or own_name in self.own_names.values():
                own_name += "."
            self.own_names[name] = own_name
        return self.own_names[name]
