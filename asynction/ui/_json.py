"""Values as JSON that a browser can parse, whatever a document or a sample contains."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping

from markupsafe import Markup

from asynction.contract import Json

_LINE = 100
"""The maximum length of a value that is written on one line."""


def plain(value: object) -> Json:
    """Return a value as JSON: bytes become `{"$binary": base64}`, NaN and infinity become null."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, bytes | bytearray):
        return {"$binary": base64.b64encode(value).decode()}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, str | int | float | bool) else None


def script_json(value: Json) -> str:
    """Return JSON for a `<script>` element, escaped so that it cannot end the element."""
    text = json.dumps(plain(value), ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def pretty(value: Json) -> str:
    """Return readable JSON: on one line if it is short, else indented."""
    line = json.dumps(plain(value), ensure_ascii=False)
    return line if len(line) <= _LINE else json.dumps(plain(value), ensure_ascii=False, indent=2)


def text(value: str) -> Markup:
    """Escape text between tags: quotes, of which JSON is full, need no escaping there."""
    escaped = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return Markup(escaped)  # noqa: S704 - it has no tags or entities any more
