"""Namespaces with parameters: `/rooms/{roomId}` is a pattern, `/rooms/42` a namespace that matches it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from asynction.contract import Namespace
from asynction.runtime._coerce import StringCoercer
from asynction.validation import Validator

_PARAMETER = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Match:
    """The contract's namespace for a client's namespace, and the values of its parameters."""

    name: str
    parameters: Mapping[str, object] = field(default_factory=dict)


def is_pattern(name: str) -> bool:
    """Return whether a namespace has parameters in its name."""
    return _PARAMETER.search(name) is not None


class Pattern:
    """The compiled name of a namespace with parameters (AsyncAPI Parameters Object)."""

    def __init__(self, namespace: Namespace, *, validation: bool) -> None:
        self.name = namespace.name
        self.names = _PARAMETER.findall(namespace.name)
        literals = map(re.escape, re.split(r"\{[^{}]*\}", namespace.name))
        self.regex = re.compile("([^/]+)".join(literals))
        self.schemas = {
            name: (StringCoercer(schema), schema, Validator(schema) if validation else None)
            for name, schema in namespace.parameters.items()
        }

    def match(self, namespace: str) -> Match | None:
        """Match a client's namespace; None if it has another form, or a parameter breaks its schema."""
        found = self.regex.fullmatch(namespace)
        if found is None:
            return None
        values: dict[str, object] = {}
        for name, text in zip(self.names, found.groups(), strict=True):
            values[name] = self._value(name, text)
            validator = self.schemas[name][2] if name in self.schemas else None
            if validator is not None and validator.check((values[name],)):
                return None
        return Match(self.name, values)

    def _value(self, name: str, text: str) -> object:
        if name not in self.schemas:
            return text
        reader, schema, _ = self.schemas[name]
        return reader.read([text], schema.value)


def snake_case(name: str) -> str:
    """Convert a name to snake case: `roomId` to `room_id`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|-", "_", name).lower()
