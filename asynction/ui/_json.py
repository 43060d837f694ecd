"""Values as JSON for a page: always JSON that a browser reads, whatever a document or a sample holds."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping

from markupsafe import Markup

from asynction.contract import Json

_LINE = 100
"""The longest value that is written on one line."""


def plain(value: object) -> Json:
    """A value with only what JSON has: bytes as `{"$binary": base64}`, numbers that are none as null."""
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
    """JSON that may stand in a `<script>` element: nothing in it can end the element."""
    text = json.dumps(plain(value), ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def pretty(value: Json) -> str:
    """JSON for people: on one line while that is short."""
    line = json.dumps(plain(value), ensure_ascii=False)
    return line if len(line) <= _LINE else json.dumps(plain(value), ensure_ascii=False, indent=2)


def text(value: str) -> Markup:
    """Escape what stands between tags, where quotes need no escaping and JSON is full of them."""
    escaped = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return Markup(escaped)  # noqa: S704 - no tag or entity is left in it
