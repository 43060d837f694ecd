"""The cases of specs/conformance/events*.yaml; the README there says how to read them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import yaml
from socketio.packet import Packet

FOLDER = Path(__file__).parents[2] / "specs" / "conformance"


@dataclass(frozen=True)
class Expected:
    """What comes of a case; None is not looked at."""

    ack: list[Any] | None = None
    status: int | None = None
    pointer: str | None = None
    detail: str | None = None
    connected: bool = True
    ran: bool = False
    logged: int | None = 0


@dataclass(frozen=True)
class Case:
    """One event of a contract, and what a client makes of it."""

    name: str
    expect: Expected
    args: Any = ...
    ack: Any = ...
    handler: str = "echo"
    error: str | None = None
    send: list[Any] = field(default_factory=list)
    event: str | None = None
    namespace: str | None = None
    schemas: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Number:
    """A number as its JSON text, which Python neither reads nor writes as it is."""

    text: str

    @property
    def value(self) -> int | float:
        """What a reader without limits makes of the text."""
        return 10 ** len(self.text) - 1 if set(self.text) == {"9"} else float(self.text)


class ConformanceLoader(yaml.SafeLoader):
    """Reads the tags that the README of the cases lists."""


def _nested(leaf: Callable[[Any], Any]) -> Callable[[ConformanceLoader, Any], Any]:
    def construct(loader: ConformanceLoader, node: yaml.ScalarNode) -> Any:
        value: Any = None
        for _ in range(int(loader.construct_scalar(node))):
            value = leaf(value)
        return value

    return construct


def _repeat(loader: ConformanceLoader, node: yaml.SequenceNode) -> str:
    text, times = loader.construct_sequence(node)
    return str(text) * int(times)


def _deep(loader: ConformanceLoader, node: yaml.MappingNode) -> Any:
    given: dict[Any, Any] = loader.construct_mapping(node, deep=True)
    value = given["value"]
    for _ in range(given["times"]):
        value = _filled(given["in"], value)
    return value


def _filled(template: Any, value: Any) -> Any:
    if isinstance(template, dict):
        return {key: _filled(item, value) for key, item in template.items()}
    if isinstance(template, list):
        return [_filled(item, value) for item in template]
    return value if template == "HERE" else template


_TAGS: dict[str, Callable[[ConformanceLoader, Any], Any]] = {
    "!bytes": lambda loader, node: str(loader.construct_scalar(node)).encode(),
    "!float": lambda loader, node: float(loader.construct_scalar(node)),
    "!number": lambda loader, node: Number(str(loader.construct_scalar(node))),
    "!nines": lambda loader, node: Number("9" * int(loader.construct_scalar(node))),
    "!text": lambda loader, node: json.loads(f'"{loader.construct_scalar(node)}"'),
    "!list": _nested(lambda value: [] if value is None else [value]),
    "!object": _nested(lambda value: {} if value is None else {"a": value}),
    "!deep": _deep,
    "!repeat": _repeat,
    "!bytes-repeat": lambda loader, node: b"x" * int(loader.construct_scalar(node)),
    "!args": lambda loader, node: ["x"] * int(loader.construct_scalar(node)),
}
for _tag, _constructor in _TAGS.items():
    ConformanceLoader.add_constructor(_tag, _constructor)


def _expected(given: dict[str, Any]) -> Expected:
    status = given.get("status")
    refused = status in (400, 404) or given.get("connected") is False
    return Expected(**{"ran": not refused, "logged": 1 if status else 0, **given})


def _read(path: Path) -> Iterable[Case]:
    text = path.read_text(encoding="utf-8")
    data = yaml.load(text, ConformanceLoader)
    for case in data["cases"]:
        yield Case(**{**case, "expect": _expected(case["expect"]), "schemas": data.get("schemas", {})})


CASES = [case for path in sorted(FOLDER.glob("events*.yaml")) for case in _read(path)]


_NUMBER_MARK = re.compile(r'"\\u0001number ([^"]*)"')


def json_text(value: object, **options: Any) -> str:
    """Write JSON as a careless client does, with NaN and with each `Number` as its text."""

    def marked(item: object) -> str:
        if isinstance(item, Number):
            return f"\x01number {item.text}"
        raise TypeError(f"{type(item).__name__} is not JSON")

    return _NUMBER_MARK.sub(r"\1", json.dumps(value, default=marked, **options))


def python_value(value: Any) -> Any:
    """Return a sent value as Python has it, without `Number`."""
    if isinstance(value, dict):
        return {key: python_value(item) for key, item in value.items()}
    if isinstance(value, list):
        return [python_value(item) for item in value]
    return value.value if isinstance(value, Number) else value


class _CarelessJSON:
    dumps = staticmethod(json_text)
    loads = staticmethod(json.loads)


def has_bytes(value: object) -> bool:
    """Return whether there are bytes in a value."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, bytes | bytearray):
            return True
        if isinstance(item, dict | list):
            waiting += item.values() if isinstance(item, dict) else item
    return False


@contextmanager
def careless_clients() -> Iterator[None]:
    """Let python-socketio's clients send what the cases say: they write JSON without a check, at any depth.

    Servers have a packet class of their own, with its own reader and writer.
    """
    with (
        patch.object(Packet, "json", _CarelessJSON),
        patch.object(Packet, "data_is_binary", staticmethod(has_bytes)),
    ):
        yield


def namespace_of(case: Case) -> str:
    """The namespace of a case's own event: one for each error handler."""
    return f"/{case.error}" if case.error else "/"


def is_tuple(schema: Any) -> bool:
    """Whether a schema describes args one by one."""
    return isinstance(schema, dict) and isinstance(schema.get("prefixItems", schema.get("items")), list)


def document(cases: Iterable[Case]) -> dict[str, Any]:
    """Write an AsyncAPI document that has the events of all `cases`."""
    channels: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    for case in cases:
        schemas.update(case.schemas)
        channel = channels.setdefault(namespace_of(case), {"publish": {"message": {"oneOf": []}}})
        if case.error:
            channel["x-handlers"] = {"error": f"tests.conformance.handlers.{case.error}"}
        channel["publish"]["message"]["oneOf"].append(_message(case))
    return {
        "asyncapi": "2.6.0",
        "info": {"title": "Conformance", "version": "1.0.0"},
        "channels": channels,
        "components": {"schemas": schemas},
    }


def _message(case: Case) -> dict[str, Any]:
    message: dict[str, Any] = {"name": case.name, "x-handler": f"tests.conformance.handlers.{case.handler}"}
    if case.args is not ...:
        message["payload"] = case.args
    if case.ack is not ...:
        message["x-ack"] = {"args": case.ack}
    return message
