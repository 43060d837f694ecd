"""What each JSON Schema keyword asks for, in words that never show the instance."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

_MOST_MEMBERS = 100
"""The maximum number of `enum` members, or names of alternatives, in a message."""

_LONGEST = 2000
"""The maximum number of characters of a value of the schema in a message."""


def _plain(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _names(value: object) -> str:
    names = value if isinstance(value, list | tuple) else [value]
    return ", ".join(f"`{name}`" for name in names)


def _members(value: object) -> str:
    """Write the members of an `enum`; an error must not be much larger than what it answers."""
    members = value if isinstance(value, list) else [value]
    text = _plain(members) if len(members) <= _MOST_MEMBERS else ""
    return text if text and len(text) <= _LONGEST else f"the {len(members)} values that the schema lists"


def _constant(value: object) -> str:
    text = _plain(value)
    return text if len(text) <= _LONGEST else "the value that the schema names"


def _kinds(value: object) -> str:
    return " or ".join(map(str, sorted(value))) if isinstance(value, list | tuple) else str(value)


_MESSAGES: dict[str, Callable[[object], str]] = {
    "type": lambda v: f"must be {_kinds(v)}",
    "required": lambda v: f"needs the property {_names(v)}",
    "additionalProperties": lambda v: "has a property that the schema does not have",
    "unevaluatedProperties": lambda v: "has a property that the schema does not have",
    "additionalItems": lambda v: "has more items than the schema has",
    "unevaluatedItems": lambda v: "has more items than the schema has",
    "propertyNames": lambda v: "has a property whose name is not allowed",
    "enum": lambda v: f"must be one of {_members(v)}",
    "const": lambda v: f"must be {_constant(v)}",
    "minimum": lambda v: f"must be at least {v}",
    "maximum": lambda v: f"must be at most {v}",
    "exclusiveMinimum": lambda v: f"must be more than {v}",
    "exclusiveMaximum": lambda v: f"must be less than {v}",
    "multipleOf": lambda v: f"must be a multiple of {v}",
    "minLength": lambda v: f"must have at least {v} {'character' if v == 1 else 'characters'}",
    "maxLength": lambda v: f"must have at most {v} {'character' if v == 1 else 'characters'}",
    "minItems": lambda v: f"must have at least {v} {'item' if v == 1 else 'items'}",
    "maxItems": lambda v: f"must have at most {v} {'item' if v == 1 else 'items'}",
    "minProperties": lambda v: f"must have at least {v} {'property' if v == 1 else 'properties'}",
    "maxProperties": lambda v: f"must have at most {v} {'property' if v == 1 else 'properties'}",
    "uniqueItems": lambda v: "must have no two equal items",
    "pattern": lambda v: f"must match the pattern {_plain(v)}",
    "format": lambda v: f"must match the format `{v}`",
    "contains": lambda v: "has no item of the kind that it must contain",
    "minContains": lambda v: (
        f"must have at least {v} {'item' if v == 1 else 'items'} of the kind that it must contain"
    ),
    "maxContains": lambda v: (
        f"must have at most {v} {'item' if v == 1 else 'items'} of the kind that it must contain"
    ),
    "anyOf": lambda v: "matches none of the alternatives",
    "oneOf": lambda v: "must match exactly one of the alternatives",
    "not": lambda v: "must not match the schema under `not`",
    "dependencies": lambda v: "lacks a property that another one needs",
    "dependentRequired": lambda v: "lacks a property that another one needs",
    "falseSchema": lambda v: "is not allowed here",
    "x-binary": lambda v: "must be binary data",
}


def message_for(keyword: str, value: object) -> str:
    """Say what `keyword`, with this value in the schema, asks of an instance."""
    describe = _MESSAGES.get(keyword)
    return describe(value) if describe else f"breaks `{keyword}`"


def none_of(names: Sequence[str]) -> str:
    """Return the message for an instance that matches none of the named alternatives."""
    listed = f": {_names(names)}" if 0 < len(names) <= _MOST_MEMBERS else ""
    return f"matches none of the alternatives{listed}"


def more_than_one_of(names: Sequence[str]) -> str:
    """Return the message for an instance that matches several alternatives instead of one."""
    listed = f", but matches {_names(names)}" if 1 < len(names) <= _MOST_MEMBERS else ""
    return f"must match exactly one of the alternatives{listed}"


def within(message: str, alternative: str | None) -> str:
    """Add the alternative that an instance was meant to match, where it has a name."""
    return f"{message} (alternative `{alternative}`)" if alternative else message
