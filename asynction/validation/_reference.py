"""The `jsonschema` library as the reference engine.

It takes over where there are bytes, which jsonschema-rs cannot read, and a test holds the two to the
same verdicts. What the two libraries would judge differently (formats, dialects of regular
expressions, decimal fractions), jsonschema-rs judges here too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any

import jsonschema
import jsonschema_rs

from asynction.exceptions import Violation
from asynction.validation._messages import message_for
from asynction.validation._prepare import BINARY, KINDS, Prepared
from asynction.validation._values import BYTES, locate

_BASES: dict[int, Any] = {
    4: jsonschema.Draft4Validator,
    6: jsonschema.Draft6Validator,
    7: jsonschema.Draft7Validator,
    2019: jsonschema.Draft201909Validator,
    2020: jsonschema.Draft202012Validator,
}

_Errors = Iterator[jsonschema.ValidationError]


class _Blob:
    """A piece of binary data: each has an identity, which equal `bytes` may share."""

    __slots__ = ("data", "path", "welcome")

    def __init__(self, data: object, path: tuple[str | int, ...]) -> None:
        self.data = data
        self.path = path
        self.welcome = False

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Blob) and self.data == other.data

    __hash__ = None  # type: ignore[assignment]  # equal like its data, some of which has no hash


class ReferenceEngine:
    """One schema, compiled for `jsonschema`; safe to share between threads."""

    def __init__(self, prepared: Prepared, most_errors: int) -> None:
        self.prepared = prepared
        self.most_errors = most_errors
        extend: Any = jsonschema.validators.extend
        keywords = {**_KEYWORDS, "$ref": _reference_into(prepared.value)}
        self.engine: Any = extend(_BASES[prepared.draft], keywords)(prepared.value)

    def check(self, args: Sequence[object]) -> tuple[Violation, ...]:
        """Return what is wrong with `args`, which must have passed `faults`."""
        blobs: list[_Blob] = []
        data = _with_blobs(args, (), blobs)
        try:
            errors = islice(self.engine.iter_errors(data), self.most_errors)
            found = [self._violation(error, args) for error in errors]
        except BaseException as error:
            # A recursion without end, a pattern that Python cannot read; or what `referencing` makes
            # of the first: its maps are written in Rust, and a panic there is no Exception.
            if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
                raise
            return (Violation(f"cannot be checked: {type(error).__name__}", (), (), None),)
        if not found:
            found = [
                Violation("binary data where the schema has none", blob.path, (), blob.data)
                for blob in blobs
                if not blob.welcome
            ]
        return tuple(found[: self.most_errors])

    def _violation(self, error: Any, args: object) -> Violation:
        message = message_for(error.validator or "falseSchema", _asked(error))
        path, instance = locate(args, error.absolute_path)
        return Violation(message, path, self.prepared.own_path(tuple(error.absolute_schema_path)), instance)


def _with_blobs(value: object, path: tuple[str | int, ...], blobs: list[_Blob]) -> object:
    """Copy JSON data, its binary pieces as blobs and its tuples as lists."""
    if isinstance(value, dict):
        return {key: _with_blobs(item, (*path, key), blobs) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_with_blobs(item, (*path, index), blobs) for index, item in enumerate(value)]
    if isinstance(value, BYTES):
        blob = _Blob(value, path)
        blobs.append(blob)
        return blob
    return value


def _asked(error: Any) -> object:
    """The value of the broken keyword; of `required`, only the properties that are missing."""
    if error.validator == "required" and isinstance(error.validator_value, list):
        return [name for name in error.validator_value if name not in error.instance]
    return error.validator_value


@lru_cache(maxsize=1024)
def _alone(keyword: str, value: object) -> jsonschema_rs.Draft7Validator:
    return jsonschema_rs.Draft7Validator({keyword: value}, validate_formats=True, offline=True)


def _as_jsonschema_rs(keyword: str, kinds: type | tuple[type, ...]) -> Callable[..., _Errors]:
    """A keyword for jsonschema that asks jsonschema-rs."""

    def check(validator: object, value: object, instance: object, schema: object) -> _Errors:
        if isinstance(instance, kinds) and not _alone(keyword, value).is_valid(instance):
            yield jsonschema.ValidationError(keyword)

    return check


def _matching(pattern: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if _alone("pattern", pattern).is_valid(name)]


def _pattern_properties(validator: Any, patterns: Any, instance: object, schema: object) -> _Errors:
    if isinstance(instance, dict):
        for pattern, inner in patterns.items():
            for name in _matching(pattern, instance):
                yield from validator.descend(instance[name], inner, path=name, schema_path=pattern)


def _additional_properties(validator: Any, inner: object, instance: object, schema: Any) -> _Errors:
    if isinstance(instance, dict):
        named = set(schema.get("properties", ()))
        for pattern in schema.get("patternProperties", ()):
            named.update(_matching(pattern, instance))
        others = [name for name in instance if name not in named]
        if others and inner is False:
            yield jsonschema.ValidationError("additionalProperties")
        elif inner is not False:
            for name in others:
                yield from validator.descend(instance[name], inner, path=name)


def _reference_into(schema: dict[str, Any]) -> Callable[..., _Errors]:
    """A `$ref` that looks into `definitions` itself: a Schema stands alone, so it has no others."""

    def check(validator: Any, ref: str, instance: object, _: object) -> _Errors:
        yield from validator.descend(instance, schema["definitions"][ref.removeprefix("#/definitions/")])

    return check


def _binary(validator: object, kinds: list[str], instance: object, schema: object) -> _Errors:
    if isinstance(instance, _Blob):
        instance.welcome = True
    elif not any(KINDS[kind](instance) for kind in kinds):
        yield jsonschema.ValidationError(BINARY)


_KEYWORDS: dict[str, Callable[..., _Errors]] = {
    BINARY: _binary,
    "additionalProperties": _additional_properties,
    "dependencies": _BASES[7].VALIDATORS["dependencies"],  # jsonschema drops it since 2019-09
    "format": _as_jsonschema_rs("format", str),
    "multipleOf": _as_jsonschema_rs("multipleOf", (int, float)),
    "pattern": _as_jsonschema_rs("pattern", str),
    "patternProperties": _pattern_properties,
}
