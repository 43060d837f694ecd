"""Checks a connection request against the channel's `ws` binding (AsyncAPI WebSockets Binding 0.1.0), and its
`auth` payload against `x-auth`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from asynction.contract import Handshake, Json, Schema
from asynction.exceptions import BindingsValidationException, Violation
from asynction.runtime._coerce import StringCoercer
from asynction.security import Request
from asynction.validation import Validator

ENGINE_IO = frozenset({"EIO", "transport", "sid", "t", "j", "b64"})
"""Query parameters of the Engine.IO protocol itself."""


class HandshakeRules:
    """The compiled binding of one namespace."""

    def __init__(self, handshake: Handshake) -> None:
        self.method = handshake.method
        self.query = _Parameters(handshake.query) if handshake.query else None
        self.headers = _Parameters(handshake.headers, headers=True) if handshake.headers else None
        self.auth = Validator(handshake.auth) if handshake.auth else None

    def check(self, request: Request) -> None:
        """Raise BindingsValidationException if the request breaks the binding, but for `auth`."""
        if self.method is not None and request.method != self.method:
            raise BindingsValidationException(f"the method must be {self.method}")
        for what, parameters, pairs in (
            ("query", self.query, request.query),
            ("headers", self.headers, request.headers),
        ):
            if parameters is not None and (violations := parameters.check(pairs)):
                raise BindingsValidationException(f"{what}: {violations[0]}", violations)

    def check_auth(self, request: Request) -> None:
        """Raise BindingsValidationException if the `auth` payload breaks `x-auth`."""
        if self.auth is not None and (violations := _from_root(self.auth.check([request.auth]))):
            raise BindingsValidationException(f"auth: {violations[0]}", violations)


class _Parameters:
    """Named strings, each converted to the type in its schema, then validated."""

    def __init__(self, schema: Schema, *, headers: bool = False) -> None:
        self.validator = Validator(schema)
        self.reader = StringCoercer(schema)
        properties = self.reader.resolved(schema.value).get("properties")
        self.properties: Mapping[str, Json] = properties if isinstance(properties, dict) else {}
        # HTTP field names are case-insensitive (RFC 9110, 5.1); the schema's spelling is used.
        self.spelling = {name.lower(): name for name in self.properties} if headers else None

    def check(self, pairs: Iterable[tuple[str, str]]) -> tuple[Violation, ...]:
        given: dict[str, list[str]] = {}
        for name, text in pairs:
            if self.spelling is not None:
                # Browsers and proxies add headers of their own, so only declared ones are checked.
                if name.lower() in self.spelling:
                    given.setdefault(self.spelling[name.lower()], []).append(text)
            elif name in self.properties or name not in ENGINE_IO:
                given.setdefault(name, []).append(text)
        values = {
            name: self.reader.read(texts, self.properties.get(name, True)) for name, texts in given.items()
        }
        return _from_root(self.validator.check([values]))


def _from_root(violations: Iterable[Violation]) -> tuple[Violation, ...]:
    """Drop the index of the only arg from the pointers: they start at the value itself."""
    return tuple(Violation(v.message, v.path[1:], v.schema_path, v.instance) for v in violations)
