"""Locations in a document, and the problems found there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from asynction._deprecated import renamed
from asynction.rules import RULES, Severity


@dataclass(frozen=True, slots=True)
class Location:
    """A location in a file of a document.

    Args:
        file: The name of the file; `<mapping>` for a document that is given as a mapping.
        line: The line, from 1; None where the document did not come from text.
        column: The column, from 1; None where the document did not come from text.
        pointer: The JSON Pointer from the root of the file (RFC 6901).
    """

    file: str
    line: int | None
    column: int | None
    pointer: str

    def __str__(self) -> str:
        return self.file if self.line is None else f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Problem:
    """An error or a warning about a document, or about code that it names.

    Args:
        rule: The name of the rule, a key of `asynction.rules.RULES`.
        severity: `error` or `warning`.
        message: What is wrong, and where possible what to write instead.
        pointer: The JSON Pointer from the root of the file (RFC 6901).
        file: The name of the file.
        line: The line, from 1; None where the document did not come from text.
        column: The column, from 1; None where the document did not come from text.
    """

    rule: str
    severity: Severity
    message: str
    pointer: str
    file: str
    line: int | None
    column: int | None

    def __str__(self) -> str:
        location = Location(self.file, self.line, self.column, self.pointer)
        severity = "" if self.severity == "error" else f"{self.severity}: "
        return printable(f"{location} {self.rule} {self.pointer or '/'} {severity}{self.message}")


def problem_at(location: Location, rule: str, message: str) -> Problem:
    """Return a problem at `location`, with the severity of its rule."""
    severity = RULES[rule].severity
    return Problem(rule, severity, message, location.pointer, location.file, location.line, location.column)


def printable(text: str) -> str:
    """Return `text` with its control characters escaped.

    Messages quote documents from strangers, whose control characters would act on a terminal.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def escape(token: object) -> str:
    """Escape a reference token of a JSON Pointer (RFC 6901, section 3)."""
    return str(token).replace("~", "~0").replace("/", "~1")


def unescape(token: str) -> str:
    """Undo `escape` (RFC 6901, section 4)."""
    return token.replace("~1", "/").replace("~0", "~")  # in this order, or `~01` would become `/`


def pointer_of(tokens: Iterable[object]) -> str:
    """Join reference tokens into a JSON Pointer; without tokens it is empty and means the whole document."""
    return "".join(f"/{escape(token)}" for token in tokens)


def did_you_mean(word: str, known: Iterable[str], cutoff: float = 0.7) -> str:
    """Return `; did you mean ...?` where `known` has a similar word, else an empty string."""
    close = get_close_matches(word, list(known), n=1, cutoff=cutoff)
    return f"; did you mean `{close[0]}`?" if close else ""


__getattr__ = renamed(__name__, {"Place": "Location"})
