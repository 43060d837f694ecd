"""A JSON Schema for readers: its type in words, its constraints, and its parts, which can be folded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from markupsafe import Markup

from asynction.contract import Json
from asynction.ui import _markdown as markdown
from asynction.ui._merge import merged
from asynction.ui._types import Root, Type, Types
from asynction.ui._words import constraints, literal, types

_MAX_DEPTH = 24
"""The maximum nesting of nameless schemas that is shown."""

_MAX_PARTS = 2000
"""The maximum number of schemas that one view shows: alternatives that inherit from each other multiply."""

_MAX_EXAMPLE_LENGTH = 80
_EACH_ITEM = "each item"
_NOTHING = Markup()
_ANNOTATIONS = frozenset(["$comment", "default", "deprecated", "description", "examples", "title"])

Keywords: TypeAlias = "Mapping[str, Json]"


@dataclass(frozen=True, slots=True)
class View:
    """A schema in words.

    `name` is its name in the document; if `anchor` is set, its contents are shown there.
    """

    label: str
    name: str = ""
    anchor: str = ""
    notes: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    description: Markup = _NOTHING
    groups: tuple[Group, ...] = ()

    @property
    def word(self) -> str:
        """The name or the type of the schema."""
        return self.name or self.label

    @property
    def is_plain(self) -> bool:
        """True if the label describes the schema completely."""
        return not (self.anchor or self.notes or self.values or self.description or self.groups)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a schema, with its name in the whole; for example a property, which may be required."""

    name: str
    view: View
    required: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Parts that belong together: properties, alternatives, conditions."""

    title: str
    parts: tuple[Part, ...]


class Views:
    """Makes views of the schemas of a contract."""

    def __init__(self, types_: Types) -> None:
        self.types = types_
        self._shown = 0
        self._merged: dict[int, tuple[Root, dict[str, Keywords]]] = {}

    def of(self, schema: Json, root: Root, depth: int = 0) -> View:
        """Return the view of a schema whose `$ref`s are relative to `root`."""
        self._shown = self._shown + 1 if depth else 0
        if self._shown > _MAX_PARTS:
            return View("anything", notes=("too large to be shown",))
        if not isinstance(schema, Mapping):
            return View("nothing" if schema is False else "anything")
        if depth > _MAX_DEPTH:
            return View("anything", notes=("too deeply nested to be shown",))
        schema = {key: value for key, value in schema.items() if key not in ("definitions", "$defs")}
        target = self._followed(schema, root)
        if target is None:
            return self._written(self._merge(schema, root), root, depth)
        body, named = target
        return self._named(named, schema, depth) if named is not None else self.of(body, root, depth + 1)

    def _merge(self, schema: Keywords, root: Root) -> Keywords:
        # The root is kept with what has been merged in it, so that its `id` stays its own.
        _, known = self._merged.setdefault(id(root.value), (root, {}))
        return merged(schema, lambda ref: self.types.target(ref, root), known)

    def of_type(self, each: Type, depth: int = 0) -> View:
        """Return the view of a type with all its parts."""
        view = self.of(each.body, each.root, depth)
        return view if view.name else replace(view, name=each.name)

    def reference(self, each: Type) -> View:
        """Return the view of a reference to a type: with a link, if the type has its own heading."""
        return self._named(each, {}, 0)

    def _followed(self, schema: Keywords, root: Root) -> tuple[Json, Type | None] | None:
        """Return the target of a schema that is only a reference; None if it has constraints of its own."""
        if "$ref" in schema and root.draft < 2019:  # only annotations beside it have a meaning, for readers
            schema = {key: schema[key] for key in schema if key == "$ref" or key in _ANNOTATIONS}
        only, ref = schema.get("allOf"), schema.get("$ref")
        if isinstance(only, list) and len(only) == 1 and schema.keys() <= _ANNOTATIONS | {"allOf"}:
            ref = only[0].get("$ref") if isinstance(only[0], Mapping) and len(only[0]) == 1 else None
        elif not schema.keys() <= _ANNOTATIONS | {"$ref"}:
            return None
        return self.types.target(ref, root) if isinstance(ref, str) else None

    def _named(self, each: Type, beside: Keywords, depth: int) -> View:
        if each.apart:
            body = each.body if isinstance(each.body, Mapping) else {}
            view = View(" or ".join(types(body)) or "any of several", each.name, each.anchor)
        else:
            view = self.of_type(each, depth + 1)
        own = _description(beside)
        extra = tuple(_defaults(beside))
        return replace(view, description=own or view.description, notes=view.notes + extra)

    def _written(self, schema: Keywords, root: Root, depth: int) -> View:
        kinds = types(schema)
        label = " or ".join(kinds)
        notes = [*constraints(schema), *_defaults(schema), *_dependencies(schema)]
        groups = list(self._groups(schema, root, depth + 1))
        if not label and groups and "const" not in schema and "enum" not in schema:
            label, groups = _joined(groups)
        enum = schema.get("enum")
        values = tuple(map(literal, enum)) if isinstance(enum, list) else ()
        if "const" in schema:
            values = (literal(schema["const"]),)
        # Most arrays have plain items: `array of string` is shorter than a group with one part.
        if groups and groups[0].title == _EACH_ITEM:
            item = groups[0].parts[0].view
            label = label.replace("array", f"array of {item.word}", 1)
            note, groups[:1] = _each(item)
            notes += note
        return View(
            label or ("one value" if "const" in schema else "one of" if values else "anything"),
            notes=tuple(notes),
            values=values,
            description=_description(schema),
            groups=tuple(groups),
        )

    def _groups(self, schema: Keywords, root: Root, depth: int) -> Iterator[Group]:
        items = schema.get("prefixItems", schema.get("items"))
        if isinstance(items, Mapping):
            yield Group(_EACH_ITEM, (Part("", self.of(items, root, depth)),))
        elif isinstance(items, list):
            yield Group("items in this order", tuple(self._items(items, schema, root, depth)))
        if properties := tuple(self._properties(schema, root, depth)):
            yield Group("", properties)
        for keyword, title in (("oneOf", "one of"), ("anyOf", "any of"), ("allOf", "all of")):
            choices = schema.get(keyword)
            if isinstance(choices, list):
                yield Group(title, tuple(Part("", self.of(choice, root, depth)) for choice in choices))
        for keyword, title in (("not", "not"), ("if", "if"), ("then", "then"), ("else", "else")):
            if keyword in schema:
                yield Group(title, (Part("", self.of(schema[keyword], root, depth)),))
        if "contains" in schema:
            yield Group("at least one item is", (Part("", self.of(schema["contains"], root, depth)),))

    def _items(self, items: list[Json], schema: Keywords, root: Root, depth: int) -> Iterator[Part]:
        for index, item in enumerate(items):
            yield Part(str(index), self.of(item, root, depth))
        rest = schema.get("items") if "prefixItems" in schema else schema.get("additionalItems")
        if rest not in (None, False):
            yield Part("further items", self.of(rest, root, depth))

    def _properties(self, schema: Keywords, root: Root, depth: int) -> Iterator[Part]:
        known = _mapping(schema.get("properties"))
        demanded = schema.get("required")
        required = [str(name) for name in demanded] if isinstance(demanded, list) else []
        for name, value in known.items():
            yield Part(name, self.of(value, root, depth), name in required)
        for name in required:
            if name not in known:
                yield Part(name, View("anything"), True)
        for pattern, value in _mapping(schema.get("patternProperties")).items():
            yield Part(f"/{pattern}/", self.of(value, root, depth))
        more = schema.get("additionalProperties")
        if isinstance(more, Mapping) and more:
            yield Part("any other property", self.of(more, root, depth))
        if "propertyNames" in schema:
            yield Part("names of properties", self.of(schema["propertyNames"], root, depth))


def _joined(groups: list[Group]) -> tuple[str, list[Group]]:
    """Return a label for a schema without a type, and the groups that the label does not describe."""
    first = groups[0]
    if first.title not in ("one of", "any of"):
        return "anything" if first.title else "object", groups
    if all(part.view.is_plain for part in first.parts):
        return " or ".join(dict.fromkeys(part.view.word for part in first.parts)), groups[1:]
    return " or ".join(dict.fromkeys(part.view.word for part in first.parts)), groups


def _each(item: View) -> tuple[list[str], list[Group]]:
    """Return notes or groups that describe the items of an array beyond their name."""
    if item.is_plain:
        return ([f"each {item.label}"] if item.name else []), []
    if item.notes and not (item.anchor or item.values or item.description or item.groups):
        return [f"each {', '.join((item.label, *item.notes) if item.name else item.notes)}"], []
    if len(item.groups) == 1 and not (item.groups[0].title or item.anchor or item.values or item.description):
        title = ", ".join((f"each {item.word}", *item.notes))
        return [], [Group(title, item.groups[0].parts)]
    return [], [Group(_EACH_ITEM, (Part("", item),))]


def _description(schema: Keywords) -> Markup:
    text, title = schema.get("description"), schema.get("title")
    return markdown.inline(str(text or title)) if text or title else _NOTHING


def _defaults(schema: Keywords) -> Iterator[str]:
    if "default" in schema:
        yield f"default {literal(schema['default'])}"
    examples = schema.get("examples")
    if isinstance(examples, list) and examples:
        example = literal(examples[0])
        if len(example) <= _MAX_EXAMPLE_LENGTH:
            yield f"such as {example}"


def _dependencies(schema: Keywords) -> Iterator[str]:
    for keyword in ("dependentRequired", "dependencies"):
        for name, needed in _mapping(schema.get(keyword)).items():
            if isinstance(needed, list):
                yield f"{name} needs {', '.join(map(str, needed))}"


def _mapping(value: Json) -> Keywords:
    return value if isinstance(value, Mapping) else {}
