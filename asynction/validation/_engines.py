"""The validators of jsonschema-rs, one for each draft; all of them assert the same formats."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jsonschema_rs

from asynction.contract import Json

FORMATS = (
    *("date-time", "date", "time", "duration", "email", "idn-email", "hostname", "idn-hostname"),
    *("ipv4", "ipv6", "uri", "uri-reference", "iri", "iri-reference", "uri-template", "uuid"),
    *("json-pointer", "relative-json-pointer", "regex"),
)
"""The formats that JSON Schema defines (2020-12 Validation, 7.3); texts of them are checked."""

_SINCE = {
    **dict.fromkeys(["uri-reference", "uri-template", "json-pointer"], 6),
    **dict.fromkeys(["idn-hostname", "iri", "iri-reference", "relative-json-pointer"], 7),
    **dict.fromkeys(["uuid", "duration"], 2019),
}
"""The first draft in which jsonschema-rs asserts a format; what an author writes must not check nothing."""


def _later_formats(draft: int) -> dict[str, Callable[[str], bool]]:
    """Return checks of the formats that came after a draft."""
    names = [name for name, since in _SINCE.items() if since > draft]
    return {
        name: jsonschema_rs.Draft202012Validator({"format": name}, validate_formats=True).is_valid
        for name in names
    }


_PATTERNS = jsonschema_rs.FancyRegexOptions(backtrack_limit=20_000)
"""The backtracking limit of patterns with look-around; a text that exceeds it breaks the schema."""


def _engine(
    kind: Callable[..., jsonschema_rs.Validator], draft: int
) -> Callable[..., jsonschema_rs.Validator]:
    """Return a function that compiles a schema, with those of the later formats that it uses.

    A schema with checks of ours takes half as long again, whether or not a value meets them.
    """
    later = _later_formats(draft)

    def compiled(schema: Json, **options: Any) -> jsonschema_rs.Validator:
        text = repr(schema)  # quicker than to walk it; a check too many does no harm
        used = {name: check for name, check in later.items() if f"'format': '{name}'" in text}
        return kind(schema, formats=used or None, pattern_options=_PATTERNS, **options)

    return compiled


ENGINES: dict[int, Callable[..., jsonschema_rs.Validator]] = {
    4: _engine(jsonschema_rs.Draft4Validator, 4),
    6: _engine(jsonschema_rs.Draft6Validator, 6),
    7: _engine(jsonschema_rs.Draft7Validator, 7),
    2019: _engine(jsonschema_rs.Draft201909Validator, 2019),
    2020: _engine(jsonschema_rs.Draft202012Validator, 2020),
}
