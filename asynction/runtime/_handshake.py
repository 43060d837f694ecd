"""Holds a connection request against the channel's `ws` binding (AsyncAPI WebSockets Binding 0.1.0)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from asynction.contract import Handshake, Json, Schema
from asynction.exceptions import BindingsValidationException, Violation
from asynction.validation import Validator

ENGINE_IO = frozenset({"EIO", "transport", "sid", "t", "j", "b64"})
"""Query parameters of the Engine.IO protocol itself."""

_INTEGER = re.compile(r"[-+]?\d{1,20}")
_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?")
_BOOLEANS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asked to connect with; `query` and `headers` keep repeated names."""

    method: str
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()


class HandshakeRules:
    """The compiled binding of one namespace."""

    def __init__(self, handshake: Handshake) -> None:
        self.method = handshake.method
        self.query = _Parameters(handshake.query) if handshake.query else None
        self.headers = _Parameters(handshake.headers, headers=True) if handshake.headers else None

    def check(self, request: Request) -> None:
        """Raise BindingsValidationException where the request breaks the binding."""
        if self.method is not None and request.method != self.method:
            raise BindingsValidationException(f"the method must be {self.method}")
        for what, parameters, pairs in (
            ("query", self.query, request.query),
            ("headers", self.headers, request.headers),
        ):
            if parameters is not None and (violations := parameters.check(pairs)):
                raise BindingsValidationException(f"{what}: {violations[0]}", violations)


class _Parameters:
    """Named strings, read as the types that a schema gives them, as OpenAPI does for its parameters."""

    def __init__(self, schema: Schema, *, headers: bool = False) -> None:
        self.validator = Validator(schema)
        self.root: Json = schema.value
        properties = self._resolved(schema.value).get("properties")
        self.properties: Mapping[str, Json] = properties if isinstance(properties, dict) else {}
        # HTTP field names are case-insensitive (RFC 9110, 5.1); the schema's spelling is used.
        self.spelling = {name.lower(): name for name in self.properties} if headers else None

    def check(self, pairs: Iterable[tuple[str, str]]) -> tuple[Violation, ...]:
        given: dict[str, list[str]] = {}
        for name, text in pairs:
            if self.spelling is not None:
                # Browsers and proxies add headers of their own: only the named ones are looked at.
                if name.lower() in self.spelling:
                    given.setdefault(self.spelling[name.lower()], []).append(text)
            elif name in self.properties or name not in ENGINE_IO:
                given.setdefault(name, []).append(text)
        values = {name: self._read(texts, self.properties.get(name, True)) for name, texts in given.items()}
        violations = self.validator.check([values])
        # The values are no list of args: the pointer starts at the parameter's name.
        return tuple(Violation(v.message, v.path[1:], v.schema_path, v.instance) for v in violations)

    def _read(self, texts: list[str], schema: Json) -> object:
        kinds = self._kinds(schema)
        if "array" in kinds:
            items = self._resolved(schema).get("items", True)
            return [self._read([text], items) for text in texts]
        if len(texts) > 1:
            return texts
        text = texts[0]
        if "integer" in kinds and _INTEGER.fullmatch(text):
            return int(text)
        if "number" in kinds and _NUMBER.fullmatch(text):
            return float(text)
        if "boolean" in kinds and text in _BOOLEANS:
            return _BOOLEANS[text]
        return text

    def _kinds(self, schema: Json) -> set[str]:
        """The types that a schema, or any schema that it is composed of, names."""
        resolved = self._resolved(schema)
        kinds = resolved.get("type")
        found = (
            {kinds} if isinstance(kinds, str) else set(map(str, kinds)) if isinstance(kinds, list) else set()
        )
        for keyword in ("allOf", "anyOf", "oneOf"):
            parts = resolved.get(keyword)
            for part in parts if isinstance(parts, list) else ():
                found |= self._kinds(part)
        return found

    def _resolved(self, schema: Json) -> dict[str, Json]:
        seen = 0
        while isinstance(schema, dict) and isinstance(schema.get("$ref"), str) and seen < 10:
            name = str(schema["$ref"]).removeprefix("#/definitions/").replace("~1", "/").replace("~0", "~")
            root = self.root if isinstance(self.root, dict) else {}
            schema, seen = (root.get("definitions") or {}).get(name, {}), seen + 1
        return schema if isinstance(schema, dict) else {}
