"""A request to connect, the same for every wire."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

_NEXT_SCHEME = re.compile(r",\s*(?=[A-Za-z][\w-]*\s+[^\s=])")
"""Between two Authorization headers that a server has joined into one (RFC 9110, 5.3)."""

_SPACE = " \t"
"""What may be around the value of a header (RFC 9110, 5.5)."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request to connect; its `repr` shows only the method, because the rest may hold credentials.

    Args:
        method: The HTTP method.
        query: The query parameters; a name may be repeated.
        headers: The headers; a name may be repeated.
        auth: The Socket.IO `auth` payload.
        certificate: The client's TLS certificate in PEM, already verified by what terminates TLS.
    """

    method: str
    query: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    auth: object = field(default=None, repr=False)
    certificate: str | None = field(default=None, repr=False)

    def header(self, name: str) -> str | None:
        """Return the first header of this name, which is case-insensitive (RFC 9110, 5.1)."""
        return next(self._headers(name), None)

    def parameter(self, name: str) -> str | None:
        """Return the first query parameter of this name."""
        return next((value for key, value in self.query if key == name), None)

    def cookie(self, name: str) -> str | None:
        """Return the first cookie of this name (RFC 6265, 5.4); the others may be malformed."""
        for header in self._headers("cookie"):
            for pair in header.split(";"):
                key, _, value = pair.partition("=")
                if key.strip() == name:
                    return value.strip().strip('"')
        return None

    def given(self, name: str) -> str | None:
        """Return the string at `name` of the `auth` payload, where that is a mapping."""
        value = self.auth.get(name) if isinstance(self.auth, Mapping) else None
        return value if isinstance(value, str) else None

    def authorizations(self) -> Iterator[tuple[str, str]]:
        """Yield scheme, in lower case, and credentials of each Authorization header (RFC 9110, 11.6.2)."""
        for header in self._headers("authorization"):
            for value in _NEXT_SCHEME.split(header):
                scheme, _, credentials = value.strip(_SPACE).partition(" ")
                yield scheme.lower(), credentials.strip(_SPACE)

    def _headers(self, name: str) -> Iterator[str]:
        wanted = name.lower()
        return (value for key, value in self.headers if key.lower() == wanted)
