"""JSON for a terminal, which received data cannot control; binary data is shown in base64."""

from __future__ import annotations

import json
from base64 import b64encode

import click


class JsonPrinter:
    """Prints values as JSON on standard output; notes on standard error, once, that data is binary."""

    def __init__(self) -> None:
        self._has_noted_binary = False

    def print(self, value: object, *, indent: int | None = None) -> None:
        """Print one value."""
        found: list[bytes] = []

        def shown(value: bytes) -> str:
            found.append(value)
            return b64encode(value).decode()

        text = json.dumps(value, ensure_ascii=False, indent=indent, default=shown)
        # Received text may contain control sequences, which a terminal would execute.
        click.echo("".join(char if char.isprintable() or char == "\n" else _escape(char) for char in text))
        if found and not self._has_noted_binary:
            self._has_noted_binary = True
            click.echo("Note: binary data is shown in base64.", err=True)


def whole(args: tuple[object, ...]) -> object:
    """Return one arg as it is, several as a list."""
    return args[0] if len(args) == 1 else list(args)


def _escape(char: str) -> str:
    return json.dumps(char)[1:-1]
