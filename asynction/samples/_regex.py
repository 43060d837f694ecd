r"""Text that matches a regular expression (ECMA 262, as in JSON Schema).

Characters, classes, groups and repetitions are generated. Assertions (`^`, `$`, `\b`, lookarounds)
generate nothing, so the caller checks the whole text against the pattern.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from asynction.samples._draw import Draw
from asynction.samples._errors import NoValue

_MAX_REPEATS = 10_000
"""The maximum number of repetitions, whatever a pattern allows."""

_TRIES = 8
_ROOM = 6
"""The maximum number of characters that a text gets beyond its minimum."""

_WORD = string.ascii_letters + string.digits + "_"
_ALL = string.ascii_letters + string.digits + "-_ .,:;!?@#$%&*+=/<>()[]{}'\"|\\^~`éßñλж中"
"""The characters for `.` and for negated classes, the most readable first."""

_CLASSES = {"d": string.digits, "w": _WORD, "s": " \t"}
_PROPERTIES = {
    "L": string.ascii_letters + "éßñλж中",
    "Letter": string.ascii_letters + "éßñλж中",
    "Alphabetic": string.ascii_letters + "éßñλж中",
    "Lu": string.ascii_uppercase,
    "Uppercase_Letter": string.ascii_uppercase,
    "Ll": string.ascii_lowercase,
    "Lowercase_Letter": string.ascii_lowercase,
    "N": string.digits,
    "Nd": string.digits,
    "P": "-_.,:;!?@#%&*/()[]{}'\"\\",
    "S": "$+=<>|^~`",
    "Z": " ",
    "Zs": " ",
}
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v", "0": "\0"}
_HEX_LENGTHS = {"x": 2, "u": 4}
_LOOKS = ("?=", "?!", "?<=", "?<!")


@dataclass(slots=True)
class _Run:
    """One text that is being generated; `room` is the number of characters it may have beyond its minimum."""

    draw: Draw
    room: int
    groups: dict[str, str] = field(default_factory=dict)


Node = Callable[[_Run], str]


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a pattern: a function that makes text for it, and the minimum length of that text."""

    make: Node
    width: int


def _nothing() -> _Part:
    return _Part(lambda run: "", 0)


def _one_of(alphabet: str) -> _Part:
    if not alphabet:
        raise NoValue("a character class of the pattern is empty")
    return _Part(lambda run: run.draw.one_of(alphabet), 1)


def _sequence(parts: Sequence[_Part]) -> _Part:
    return _Part(lambda run: "".join(part.make(run) for part in parts), sum(part.width for part in parts))


def _choice(parts: Sequence[_Part]) -> _Part:
    minimum = min(part.width for part in parts)

    def make(run: _Run) -> str:
        fitting = [part for part in parts if part.width - minimum <= run.room]
        part = run.draw.one_of(fitting)
        run.room -= part.width - minimum
        return part.make(run)

    return _Part(make, minimum)


def _repeat(part: _Part, low: int, high: int | None) -> _Part:
    def make(run: _Run) -> str:
        maximum = min(_MAX_REPEATS, run.room // max(part.width, 1))
        if high is not None:
            maximum = min(maximum, high - low)
        extra = maximum if run.draw.coin() else run.draw.between(0, maximum)
        run.room -= extra * part.width
        return "".join(part.make(run) for _ in range(min(low, _MAX_REPEATS) + extra))

    return _Part(make, part.width * low)


def _remember(part: _Part, names: Sequence[str]) -> _Part:
    def make(run: _Run) -> str:
        text = part.make(run)
        run.groups.update(dict.fromkeys(names, text))
        return text

    return _Part(make, part.width)


class _Parser:
    def __init__(self, pattern: str) -> None:
        self.left = list(reversed(pattern))
        self.groups = 0

    def choice(self) -> _Part:
        options = [self.sequence()]
        while self.take("|"):
            options.append(self.sequence())
        return _choice(options)

    def sequence(self) -> _Part:
        parts: list[_Part] = []
        while self.left and self.left[-1] not in "|)":
            parts.append(self.repeated(self.atom()))
        return _sequence(parts)

    def take(self, wanted: str) -> bool:
        """Consume `wanted` if it comes next; return whether it did."""
        found = "".join(reversed(self.left[-len(wanted) :])) == wanted
        if found:
            del self.left[-len(wanted) :]
        return found

    def until(self, end: str) -> str:
        text = ""
        while self.left and not self.take(end):
            text += self.left.pop()
        return text

    def repeated(self, part: _Part) -> _Part:
        while (times := self.times()) is not None:
            part = _repeat(part, *times)
            _ = self.take("?") or self.take("+")  # lazy and possessive quantifiers match the same texts
        return part

    def times(self) -> tuple[int, int | None] | None:
        for sign, times in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self.take(sign):
                return times
        rest = "".join(reversed(self.left))
        inner = rest[1:].partition("}")[0]
        fewest, comma, maximum = inner.partition(",")
        if not rest.startswith("{") or not fewest.isdecimal() or (maximum and not maximum.isdecimal()):
            return None
        self.until("}")
        return int(fewest), int(maximum) if maximum else (None if comma else int(fewest))

    def atom(self) -> _Part:
        char = self.left.pop()
        if char == "(":
            return self.group()
        if char == "[":
            return self.char_class()
        if char in "^$":
            return _nothing()
        if char == ".":
            return _one_of(_ALL)
        if char == "\\":
            return self.escape()
        return _one_of(char)

    def group(self) -> _Part:
        looks = any(self.take(sign) for sign in _LOOKS)
        names: list[str] = []
        if not looks and not self.take("?:"):
            self.groups += 1
            names = [str(self.groups)]
            if self.take("?<") or self.take("?P<"):
                names.append(self.until(">"))
            elif self.take("?"):
                raise NoValue("a group of the pattern is not supported")
        part = self.choice()
        self.take(")")
        return _nothing() if looks else _remember(part, names)

    def escape(self) -> _Part:
        char = self.left.pop()
        if char in "bBAzZ":
            return _nothing()
        if char == "k" and self.take("<"):
            return self.back(self.until(">"))
        if char in "123456789":
            return self.back(char)
        return _one_of(self.escaped(char))

    @staticmethod
    def back(name: str) -> _Part:
        return _Part(lambda run: run.groups.get(name, ""), 0)

    def escaped(self, char: str) -> str:
        """Return the characters that an escape matches, inside or outside of a class."""
        if char in _CLASSES:
            return _CLASSES[char]
        if char.lower() in _CLASSES:
            return _without(_CLASSES[char.lower()])
        if char in "pP" and self.take("{"):
            name = self.until("}").rpartition("=")[2]
            if name not in _PROPERTIES:
                raise NoValue(f"the characters of `\\{char}{{{name}}}` are not supported")
            return _PROPERTIES[name] if char == "p" else _without(_PROPERTIES[name])
        if char in _HEX_LENGTHS:
            digits = self.until("}") if self.take("{") else self.some(_HEX_LENGTHS[char])
            return chr(int(digits, 16))
        if char == "c":
            return chr(ord(self.left.pop()) % 32)
        return _CONTROLS.get(char, char)

    def some(self, count: int) -> str:
        return "".join(self.left.pop() for _ in range(count))

    def char_class(self) -> _Part:
        negated = self.take("^")
        found = ""
        while not self.take("]"):
            start = self.class_item()
            if len(start) == 1 and self.left[-1:] == ["-"] and self.left[-2:] != ["]", "-"]:
                self.left.pop()
                end = self.class_item()
                # Ranges are cut to 256 characters: they may span all of Unicode, and one is enough.
                found += "".join(map(chr, range(ord(start), min(ord(end[0]), ord(start) + 255) + 1)))
            else:
                found += start
        return _one_of(_without(found) if negated else "".join(dict.fromkeys(found)))

    def class_item(self) -> str:
        char = self.left.pop()
        return self.escaped(self.left.pop()) if char == "\\" else char


def _without(excluded: str) -> str:
    return "".join(char for char in _ALL if char not in excluded)


@lru_cache(maxsize=1024)
def _parse(pattern: str) -> _Part:
    try:
        return _Parser(pattern).choice()
    except (IndexError, ValueError, OverflowError) as error:
        raise NoValue("the pattern is not supported") from error


def matching(pattern: str, draw: Draw, minimum: int = 0, maximum: int | None = None) -> str:
    """Make a text that should match a pattern.

    Args:
        pattern: a regular expression of ECMA 262.
        draw: the source of choices.
        minimum: the minimum length, in characters.
        maximum: the maximum length, in characters, or None.

    Raises:
        NoValue: the pattern is not supported, or every text that matches it is too long.
    """
    part = _parse(pattern)
    if maximum is not None and part.width > maximum:
        raise NoValue("every text that matches the pattern is too long")
    needed = max(0, minimum - part.width)
    room = needed + _ROOM if maximum is None else min(needed + _ROOM, maximum - part.width)
    text = ""
    for _ in range(_TRIES):
        wanted = max(needed, min(room, int(part.width == 0))) if draw.plain else draw.between(needed, room)
        text = part.make(_Run(draw, wanted))
        if not pattern.endswith("$") and not draw.plain and draw.coin():
            free = _ROOM if maximum is None else max(0, min(_ROOM, maximum - len(text)))
            text += draw.text(string.ascii_lowercase, draw.between(0, free))
        if minimum <= len(text) and (maximum is None or len(text) <= maximum):
            return text
    return _padded(text, pattern, minimum)


def _padded(text: str, pattern: str, minimum: int) -> str:
    """Lengthen a text at an end where its pattern is not anchored."""
    missing = "a" * (minimum - len(text))
    return text + missing if not pattern.endswith("$") else missing + text
