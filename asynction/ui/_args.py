"""The args of an event or an ack: one by one for the reader, and as one schema for the console."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from markupsafe import Markup

from asynction.contract import Json, Schema
from asynction.document import public_schema
from asynction.ui import _markdown as markdown
from asynction.ui._types import Root, root_of
from asynction.ui._views import Part, View, Views
from asynction.validation import DRAFT_07, Validator


@dataclass(frozen=True, slots=True)
class Args:
    """The args that are allowed; `max_args` is None if there is no limit, `is_list` is False for one arg."""

    parts: tuple[Part, ...]
    min_args: int
    max_args: int | None
    description: Markup
    schema: Mapping[str, Json]
    is_list: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        """One word for each arg, as in a signature; optional args have a question mark."""
        named = tuple(
            part.view.word if part.required else f"{part.view.word}?"
            for part in self.parts
            if part.name.isdigit()
        )
        return named if self.max_args is not None else (*named, "…")


def read_args(schema: Schema | None, views: Views) -> Args:
    """Read a schema as the runtime does: a tuple describes the args one by one, any other schema one arg."""
    if schema is None:
        return _unknown("")
    if not schema.is_json_schema:
        return _unknown(f"Described in another language: {schema.dialect}")
    validator = Validator(schema)
    min_args, max_args = validator.min_args, validator.max_args
    root = root_of(schema)
    if not validator.is_tuple or not isinstance(schema.value, Mapping):
        whole = views.types.of(schema)
        view = views.of(schema.value, root) if whole is None else views.reference(whole)
        return Args(
            (Part("0", view, True),),
            min_args,
            max_args,
            Markup(),
            _whole(schema, min_args, max_args, wrapped=True),
        )
    parts = tuple(_parts(schema.value, root, views, min_args, max_args))
    description = schema.value.get("description")
    return Args(
        parts,
        min_args,
        max_args,
        markdown.inline(description) if isinstance(description, str) else Markup(),
        _whole(schema, min_args, max_args),
        is_list=True,
    )


def _unknown(description: str) -> Args:
    return Args((), 0, None, markdown.inline(description), {"type": "array"})


def _parts(
    schema: Mapping[str, Json], root: Root, views: Views, min_args: int, max_args: int | None
) -> Iterator[Part]:
    items = schema["prefixItems" if root.draft >= 2020 else "items"]
    for index, item in enumerate(items if isinstance(items, list) else ()):
        if max_args is None or index < max_args:
            yield Part(str(index), views.of(item, root), index < min_args)
    rest = schema.get("items" if root.draft >= 2020 else "additionalItems")
    if max_args is None or (isinstance(items, list) and max_args > len(items)):
        yield Part("further args", views.of(rest, root) if rest is not None else View("anything"))


def _whole(schema: Schema, min_args: int, max_args: int | None, *, wrapped: bool = False) -> dict[str, Json]:
    """Return the schema of the list of args: a tuple as it is, one arg as a tuple of one."""
    value = public_schema(schema.value)
    inner = dict(value) if isinstance(value, Mapping) else {}
    whole: dict[str, Json]
    if wrapped:
        # `$ref`s start at the root, so definitions must stay there.
        shared: dict[str, Json] = {key: inner.pop(key) for key in ("definitions", "$defs") if key in inner}
        keyword = "prefixItems" if root_of(schema).draft >= 2020 else "items"
        whole = {keyword: [inner if isinstance(value, Mapping) else value], **shared}
    else:
        whole = inner
    whole |= {"type": "array", "minItems": min_args}
    if max_args is not None:
        whole["maxItems"] = max_args
    if schema.dialect != DRAFT_07:
        whole["$schema"] = schema.dialect
    return whole
