"""Examples of an event: those of the document, or else one that is generated."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from asynction.contract import Event, Json, Schema
from asynction.samples import CannotSample, example_args
from asynction.ui._details import Details
from asynction.ui._json import plain, pretty
from asynction.validation import Validator


@dataclass(frozen=True, slots=True)
class Example:
    """The args of one example, and their text; `title` is empty if it has no name."""

    title: str
    args: tuple[Json, ...]
    text: str
    generated: bool = False


def examples_of(event: Event, details: Details, *, sent_by_client: bool) -> Iterator[Example]:
    """Yield the examples of an event; if the document has none, generate one."""
    named = details.examples or tuple(("", example) for example in event.examples)
    for title, payload in named:
        args = _args_of(event.args, payload)
        yield Example(title, args, _written(event, args, sent_by_client))
    made = None if named else sample(event.args)
    if made is not None:
        yield Example("", made, _written(event, made, sent_by_client), generated=True)


def sample(schema: Schema | None) -> tuple[Json, ...] | None:
    """Generate args for a schema; return None if none were found."""
    if schema is None or not schema.is_json_schema:
        return ()
    try:
        return tuple(map(plain, example_args(schema)))
    except CannotSample:  # better no example than an invalid one
        return None


def _args_of(schema: Schema | None, payload: Json) -> tuple[Json, ...]:
    """Return the args of an example: if the schema is a tuple, its payload is the list of them."""
    is_tuple = schema is not None and schema.is_json_schema and Validator(schema).is_tuple
    return tuple(payload) if is_tuple and isinstance(payload, list) else (payload,)


def _written(event: Event, args: tuple[Json, ...], sent_by_client: bool) -> str:
    """Return the JavaScript that sends the event, or the args that a listener is called with."""
    parts = list(map(pretty, args))
    if not sent_by_client:
        return _listed(parts)
    parts = [json.dumps(event.name, ensure_ascii=False), *parts]
    if event.ack is not None:
        parts.append("(ack) => {}")
    return f"socket.emit({_listed(parts)})"


def _listed(parts: list[str]) -> str:
    return ", ".join(parts)
