"""Where a thing stands in a document, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from asynction._deprecated import renamed
from asynction.rules import RULES, Severity


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a source file; `line` and `column` count from 1, None where the source has no text.

    `pointer` is an RFC 6901 JSON Pointer from the root of that file.
    """

    file: str
    line: int | None
    column: int | None
    pointer: str

    def __str__(self) -> str:
        return self.file if self.line is None else f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a document or with the code that it names."""

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
    """Build a problem from its place; how severe it is, the rule tells."""
    severity = RULES[rule].severity
    return Problem(rule, severity, message, location.pointer, location.file, location.line, location.column)


def printable(text: str) -> str:
    """Escape what would break a line or a terminal: messages quote documents of strangers."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def escape(token: object) -> str:
    """Escape one reference token of a JSON Pointer (RFC 6901, section 3)."""
    return str(token).replace("~", "~0").replace("/", "~1")


def unescape(token: str) -> str:
    """Undo `escape` (RFC 6901, section 4)."""
    return token.replace("~1", "/").replace("~0", "~")


def pointer_of(tokens: Iterable[object]) -> str:
    """Join reference tokens into a JSON Pointer; no tokens give the empty pointer (the whole document)."""
    return "".join(f"/{escape(token)}" for token in tokens)


def did_you_mean(word: str, known: Iterable[str], cutoff: float = 0.7) -> str:
    """Return `; did you mean ...?` for a near-miss, else an empty string."""
    close = get_close_matches(word, list(known), n=1, cutoff=cutoff)
    return f"; did you mean `{close[0]}`?" if close else ""


__getattr__ = renamed(__name__, {"Place": "Location"})
