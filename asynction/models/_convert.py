"""Converts data to the types that handlers name: pydantic models, dataclasses, TypedDicts and Structs.

pydantic and msgspec are optional: each is imported when the first annotation needs it.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import sys
from collections.abc import Callable, Mapping, MutableMapping, MutableSequence, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, Flag, auto
from functools import lru_cache
from pathlib import PurePath
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from asynction.contract import Json
from asynction.exceptions import (
    MessageAckValidationException,
    PayloadValidationException,
    ValidationException,
    Violation,
)
from asynction.models._dumper import FIELDS, Change, Dumped, Dumper

Customise: TypeAlias = "Callable[[type[Any]], type[Any]]"
_Shape: TypeAlias = Callable[[object, int], object]
"""Takes a value and its index among the args of an ack."""
Mode: TypeAlias = Literal["validation", "serialization"]

_UNWARNED = {"ignored_warning_kinds": {"skipped-choice", "non-serializable-default"}}
MAX_VIOLATIONS = 20
"""The maximum number of violations that are reported of one value."""


class ModelError(Exception):
    """An annotation cannot be used; the message says why."""


class Trait(Flag):
    """The parts of an annotation that decide which library converts it."""

    NONE = 0
    STRUCT = auto()
    PYDANTIC = auto()
    DATACLASS = auto()
    TYPED_DICT = auto()
    VALUE = auto()
    """A type that JSON does not have but both libraries convert: an Enum, a date, a set."""
    SHAPED = auto()
    """JSON data in another container: a tuple, a mapping whose keys are not text."""
    BYTES = auto()
    BOUND_BY_PYDANTIC = auto()
    BOUND_BY_MSGSPEC = auto()
    """Constraints in `Annotated`."""
    UNKNOWN = auto()


_MODEL = Trait.STRUCT | Trait.PYDANTIC | Trait.DATACLASS | Trait.TYPED_DICT
_AS_RECEIVED = Trait.TYPED_DICT | Trait.BYTES
"""Types that validated data has without conversion."""

_UNCONSTRAINED = (inspect.Parameter.empty, Any, object)
_BASIC: dict[type, str] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    NoneType: "null",
    dict: "object",
    list: "array",
    bytes: "binary data",
}
"""The types of received data, by their names in JSON Schema."""

_MAPPINGS = (dict, Mapping, MutableMapping)
_PLAIN = frozenset([*_BASIC, *_UNCONSTRAINED, *_MAPPINGS, Sequence, MutableSequence])
_VALUES = (Enum, date, time, timedelta, UUID, Decimal, PurePath, set, frozenset)
_LEAVES = frozenset([str, int, float, bool, NoneType, dict, bytes])
"""Types without attributes of the user."""

_PYDANTICS = ("pydantic", "pydantic_core", "annotated_types")
_BOUNDS = {**dict.fromkeys(_PYDANTICS, Trait.BOUND_BY_PYDANTIC), "msgspec": Trait.BOUND_BY_MSGSPEC}


@dataclasses.dataclass(frozen=True, slots=True)
class _Engine(Dumper):
    """The functions of one library for one annotation.

    `takes` converts received data to the type, `fits` also other objects.
    """

    takes: Change
    fits: Change
    schema: Callable[[Mode, Customise], Mapping[str, Json]]


_DATA_ERRORS = (ValueError, OverflowError, RecursionError)
"""The exceptions that both libraries raise for data; their own errors are ValueErrors."""


def is_model(annotation: object) -> bool:
    """Return True for a pydantic model, dataclass, TypedDict or Struct, and for what contains one."""
    return bool(_traits(annotation) & _MODEL)


def converter(annotation: object, *, checked: bool, at: int = 0) -> Change | None:
    """Return a function that converts a received arg to `annotation`; None if no conversion is needed.

    `checked` is True if the contract validates the arg before, `at` is its index. The function raises
    PayloadValidationException. Raises ModelError.
    """
    if any(annotation is each for each in _UNCONSTRAINED):
        return None
    traits = _traits(annotation)
    is_plain = not traits & ~_AS_RECEIVED
    if checked and is_plain:
        return None
    if basic := _basic_types(annotation):
        return _type_check(basic, annotation, at)
    engine = _engine(annotation, traits, strict=is_plain)
    takes = engine.takes

    def convert(value: object) -> object:
        try:
            return takes(value)
        except _DATA_ERRORS as error:
            found = engine.faults(error, value, (at,))
        # Raised outside of `except`: as a context, the error would be logged, and its text quotes the value.
        raise _broken(PayloadValidationException, annotation, found)

    return convert


def shaper(annotation: object) -> Change | None:
    """Return a function that makes a handler's result a value of its annotation; None if it need not be.

    The function raises MessageAckValidationException. Raises ModelError.
    """
    shape = _shaper(annotation)
    return None if shape is None else lambda value: shape(value, 0)


def schema_of(
    annotation: object, *, mode: Mode, customise: Customise = lambda generator: generator
) -> Mapping[str, Json] | None:
    """Return the JSON Schema of `annotation`, with local `$ref`s; None if it has none.

    `customise` may replace pydantic's `GenerateJsonSchema` by a subclass.
    """
    if basic := _basic_types(annotation):
        kinds: list[Json] = [_BASIC[kind] for kind in basic if kind is not bytes]
        return {"type": [*kinds, "string"] if len(kinds) < len(basic) else kinds}
    try:
        return _engine(annotation, _traits(annotation)).schema(mode, customise)
    except Exception:  # pydantic, msgspec and the hooks of a model may raise anything
        return None


def name_of(annotation: object) -> str:
    """Return the name of a type for messages."""
    if isinstance(annotation, type) and get_origin(annotation) is None:
        return annotation.__name__
    return re.sub(r"\b(?:\w+\.|<locals>\.)+", "", str(annotation))


# Traits of annotations


def _traits(annotation: object) -> Trait:
    found = Trait.NONE
    seen: set[object] = set()
    waiting = [annotation]
    while waiting:
        named = waiting.pop()
        if _is_alias(named):
            if named in seen:
                continue
            seen.add(named)
        each = _unwrapped(named)
        origin, args = get_origin(each), get_args(each)
        if origin is Annotated:
            waiting.append(args[0])
            for bound in args[1:]:
                found |= _BOUNDS.get(type(bound).__module__.partition(".")[0], Trait.NONE)
        elif origin is Literal:
            if any(isinstance(value, Enum) for value in args):
                found |= Trait.VALUE
        else:
            if origin in _MAPPINGS and args[0] not in (str, Any, object):
                found |= Trait.SHAPED
            waiting += args
            subject = each if origin is None else origin
            if isinstance(subject, type) and subject not in seen:
                seen.add(subject)
                found |= _class_trait(subject)
                waiting += _readable_fields(subject)
            elif not isinstance(subject, type | TypeVar) and not args and subject not in (None, ..., Any):
                found |= Trait.UNKNOWN
    return found


def _is_alias(annotation: object) -> bool:
    """Return True for `type X = ...` of Python 3.12, and for its backport in typing_extensions."""
    return type(annotation).__name__ == "TypeAliasType"


def _unwrapped(annotation: object) -> object:
    """Resolve `NewType` and `type X = ...`; at most ten steps, as an alias may lead to itself."""
    for _ in range(10):
        if _is_alias(annotation):
            annotation = getattr(annotation, "__value__", None)
        elif hasattr(annotation, "__supertype__"):
            annotation = annotation.__supertype__
    return annotation


def bare(annotation: object) -> object:
    """Return the type in `Annotated`, `NewType` and `type X = ...`."""
    annotation = _unwrapped(annotation)
    return bare(get_args(annotation)[0]) if get_origin(annotation) is Annotated else annotation


def _class_trait(kind: type) -> Trait:
    if kind is bytes:
        return Trait.BYTES
    if kind in _PLAIN or kind is UnionType:
        return Trait.NONE
    if _is_a(kind, "pydantic", "BaseModel"):
        return Trait.PYDANTIC
    if _is_a(kind, "msgspec", "Struct"):
        return Trait.STRUCT
    if dataclasses.is_dataclass(kind):
        return Trait.DATACLASS
    if hasattr(kind, "__required_keys__"):
        return Trait.TYPED_DICT
    if issubclass(kind, _VALUES):
        return Trait.VALUE
    return Trait.SHAPED if issubclass(kind, tuple) else Trait.UNKNOWN


def _is_a(kind: type, library: str, name: str) -> bool:
    """Return True for a subclass of a class of a library, without importing the library."""
    base = getattr(sys.modules.get(library), name, None)
    return isinstance(base, type) and issubclass(kind, base)


def fields_of(kind: type) -> list[object]:
    """Return the annotations of the fields of a model; none for another class.

    Raises what evaluating the annotations raises.
    """
    if _is_a(kind, "pydantic", "BaseModel"):
        model: Any = kind
        model.model_rebuild(raise_errors=False)  # it may name classes that were defined after it
        return [field.annotation for field in model.model_fields.values()]
    if kind in _PLAIN or not _class_trait(kind) & _MODEL:
        return []
    return list(get_type_hints(kind, include_extras=True).values())


def _readable_fields(kind: type) -> list[object]:
    try:
        return fields_of(kind)
    except Exception:  # the library that converts it will report the error in better words
        return []


def _basic_types(annotation: object) -> dict[type, None]:
    """Return the types of a union of basic types, in order; none for any other annotation."""
    annotation = _unwrapped(annotation)
    members = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    kinds = [NoneType if member is None else member for member in map(_unwrapped, members)]
    found = {kind: None for kind in kinds if isinstance(kind, type) and kind in _BASIC}
    return found if len(found) == len(kinds) else {}


def _type_check(basic: Mapping[type, None], annotation: object, at: int) -> Change:
    kinds = frozenset([*basic, int]) if float in basic else frozenset(basic)
    message = f"must be {' or '.join(sorted(_BASIC[kind] for kind in basic))}"

    def convert(value: object) -> object:
        if type(value) in kinds:  # exactly: a bool is not an int here
            return value
        violation = Violation(message, (at,), (), value)
        raise _broken(PayloadValidationException, annotation, [violation])

    return convert


# Acknowledgements


def _shaper(annotation: object) -> _Shape | None:
    annotation = bare(annotation)
    if get_origin(annotation) is tuple:
        return _tuple_shaper(annotation)
    if get_origin(annotation) in (Union, UnionType):
        members = get_args(annotation)
        tuples = [member for member in members if get_origin(bare(member)) is tuple]
        if tuples:
            return _union_shaper(tuples, [member for member in members if member not in tuples])
    traits = _traits(annotation)
    if not traits & (_MODEL | Trait.VALUE):
        return None
    try:
        engine = _engine(annotation, traits)
    except ModelError:
        if traits & (Trait.STRUCT | Trait.PYDANTIC):
            raise
        return None
    return _shape(annotation, engine)


def _shape(annotation: object, engine: _Engine) -> _Shape:
    fits = engine.fits

    def shape(value: object, at: int) -> object:
        try:
            fitted = fits(value)
            return None if fitted is None else Dumped(fitted, engine)
        except (*_DATA_ERRORS, TypeError) as error:
            found = engine.faults(error, value, (at,))
        raise _broken(MessageAckValidationException, annotation, found)

    return shape


def _tuple_shaper(annotation: object) -> _Shape | None:
    """Return the shape of a tuple, which acknowledges with several args."""
    parts = [part for part in get_args(annotation) if part != ()]  # in Python 3.10, `tuple[()]` has one
    is_open_ended = parts[1:] == [...]
    shapers = [_shaper(part) for part in (parts[:1] if is_open_ended else parts)]
    if not any(shapers):
        return None
    message = "must be a tuple" if is_open_ended else f"must be a tuple of {len(shapers)}"

    def shape(value: object, at: int) -> object:
        if not isinstance(value, tuple) or not (is_open_ended or len(value) == len(shapers)):
            raise _broken(MessageAckValidationException, annotation, [Violation(message, (), (), value)])
        pairs = zip(shapers * len(value) if is_open_ended else shapers, value, strict=True)
        return tuple([item if do is None else do(item, at + i) for i, (do, item) in enumerate(pairs)])

    return shape


def _union_shaper(tuples: Sequence[object], others: Sequence[object]) -> _Shape | None:
    """Return the shape of a union with tuples: a tuple is several args, any other member is one."""
    several = [_tuple_shaper(bare(each)) for each in tuples]
    single = _shaper(Union[tuple(others)]) if others else None  # noqa: UP007 - the members are in a list
    if single is None and not any(several):
        return None

    def shape(value: object, at: int) -> object:
        if not isinstance(value, tuple):
            return value if single is None else single(value, at)
        refusals: list[MessageAckValidationException] = []
        for change in several:
            try:
                return value if change is None else change(value, at)
            except MessageAckValidationException as error:
                refusals.append(error)
        raise refusals[0]

    return shape


@lru_cache(maxsize=512)
def dumper_of(kind: type) -> Dumper | None:
    """Return how instances of a model become data; None for a type that is not a model.

    Raises ModelError if no library can convert the model.
    """
    traits = _class_trait(kind)
    if not traits & _MODEL:
        return None
    try:
        return _engine(kind, _traits(kind))
    except ModelError:
        if not traits & Trait.DATACLASS:
            raise
        return FIELDS


def _broken(
    kind: type[ValidationException], annotation: object, violations: list[Violation]
) -> ValidationException:
    return kind(f"does not fit `{name_of(annotation)}`: {violations[0]}", violations)


def _without_values(message: str, value: object) -> str:
    """Return the message of a model's own code, unless it quotes the value or a part of it."""
    waiting, words = [value], set(re.findall(r"\w+", message))
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            waiting += [*part.values()]
        elif isinstance(part, list | tuple):
            waiting += part
        elif part is not None and (found := re.findall(r"\w+", str(part))) and words.issuperset(found):
            return "is not valid"
    return message


# Engines


def _engine(annotation: object, traits: Trait, *, strict: bool = False) -> _Engine:
    """Return the engine for `annotation`; raises ModelError if no library can convert it."""
    if traits & Trait.STRUCT and traits & Trait.PYDANTIC:
        raise ModelError(f"`{name_of(annotation)}` mixes msgspec Structs and pydantic models")
    engines: Sequence[Callable[[object, Trait, bool], _Engine | None]] = (_pydantic, _msgspec)
    if traits & (Trait.STRUCT | Trait.BOUND_BY_MSGSPEC):
        engines = (_msgspec,)
    elif traits & (Trait.PYDANTIC | Trait.BOUND_BY_PYDANTIC):
        engines = (_pydantic,)
    refusal: Exception | None = None
    for make in engines:
        try:
            made = make(annotation, traits, strict)
        except Exception as error:  # the hooks of a type are called, and may raise anything
            refusal = refusal or error
            continue
        if made is not None:
            return made
    name = name_of(annotation)
    if refusal is None:
        raise ModelError(f"`{name}` needs pydantic or msgspec: install `asynction[pydantic]`")
    reason = str(refusal).partition("\n")[0]
    raise ModelError(f"`{name}` cannot be used: {reason}") from refusal


def _pydantic(annotation: object, traits: Trait, strict: bool) -> _Engine | None:
    try:
        import pydantic
        import pydantic_core
        from pydantic.json_schema import GenerateJsonSchema
    except ImportError:
        return None
    form: Any = annotation
    adapter = pydantic.TypeAdapter[object](form)
    # Bound here, because this is the hot path; an incomplete model raises here.
    validate, serialize = adapter.validator.validate_python, adapter.serializer.to_python

    def takes_strictly(value: object) -> object:
        return validate(value, strict=True)

    def fits(value: object) -> object:
        return validate(value, from_attributes=True)

    def dump(value: object) -> object:
        return serialize(value, mode="json", by_alias=True, warnings=False)

    def dump_with_bytes(value: object) -> object:
        # The JSON mode would turn bytes into text, but Socket.IO carries bytes.
        return _jsonable(data(value), pydantic_core.to_jsonable_python)

    def data(value: object) -> object:
        return serialize(value, by_alias=True, warnings=False)

    quiet = type("Quiet", (GenerateJsonSchema,), _UNWARNED)

    def schema(mode: Mode, customise: Customise) -> Mapping[str, Json]:
        return adapter.json_schema(mode=mode, schema_generator=customise(quiet))

    return _Engine(
        takes=takes_strictly if strict else validate,
        fits=fits,
        dump=dump_with_bytes if traits & Trait.BYTES else dump,
        data=data,
        violations=_pydantic_violations,
        schema=schema,
    )


def _jsonable(value: object, change: Callable[[object], object]) -> object:
    if isinstance(value, dict):
        # Keys are converted as pydantic converts them.
        keys: Any = change(dict.fromkeys(value))
        return {key: _jsonable(item, change) for key, item in zip(keys, value.values(), strict=True)}
    if isinstance(value, list | tuple | set | frozenset):
        return [_jsonable(item, change) for item in value]
    return value if isinstance(value, bytes) else change(value)


_QUOTING = {
    "union_tag_invalid": "Input tag is not one of the expected tags",
    "uuid_parsing": "Input should be a valid UUID",
}
"""Messages that replace those in which pydantic quotes the input."""


def _pydantic_violations(error: Exception, value: object) -> list[Violation]:
    from pydantic import ValidationError
    from pydantic_core.core_schema import ErrorType

    if not isinstance(error, ValidationError):
        return []
    found, worded = [], frozenset(get_args(ErrorType)) - {"value_error", "assertion_error"}
    for fault in error.errors(include_url=False, include_context=False)[:MAX_VIOLATIONS]:
        kind, instance = fault["type"], fault["input"]
        message = _QUOTING.get(kind, fault["msg"])
        if kind not in worded:  # a message of the model's own code
            message = _without_values(message, instance)
        path = _path_in(value, fault["loc"], is_missing=kind == "missing")
        found.append(Violation(message, path, (), instance))
    return found


def _path_in(value: object, tokens: Sequence[str | int], *, is_missing: bool) -> tuple[str | int, ...]:
    """Return the path in `value`: pydantic also has members of unions in it, which are left out."""
    path: list[str | int] = []
    for index, token in enumerate(tokens):
        if isinstance(value, dict) and token in value:
            value = value[token]
        elif isinstance(value, list | tuple) and token in range(len(value)):
            value = value[int(token)]
        elif isinstance(token, str) and type(value) not in _LEAVES and hasattr(value, token):
            value = getattr(value, token)
        elif not is_missing or index < len(tokens) - 1:
            continue
        path.append(token)
    return tuple(path)


def _msgspec(annotation: object, traits: Trait, strict: bool) -> _Engine | None:
    try:
        import msgspec
    except ImportError:
        return None
    msgspec.json.schema(annotation)  # raises if it contains a type that msgspec does not know

    def takes(value: object) -> object:
        return msgspec.convert(value, type=annotation, strict=True)

    def fits(value: object) -> object:
        return msgspec.convert(value, type=annotation, strict=True, from_attributes=True)

    def dump(value: object) -> object:
        return msgspec.to_builtins(value, builtin_types=(bytes,), str_keys=True)

    def data(value: object) -> object:
        return msgspec.to_builtins(value, builtin_types=_BUILTINS, str_keys=True)

    def schema(mode: Mode, customise: Customise) -> Mapping[str, Json]:
        described = msgspec.json.schema(annotation)
        for each in [described, *described.get("$defs", {}).values()] if mode == "serialization" else ():
            if "properties" in each:
                each["required"] = list(each["properties"])  # the output also has fields with defaults
        return described

    return _Engine(
        takes=takes, fits=fits, dump=dump, data=data, violations=_msgspec_violations, schema=schema
    )


_BUILTINS = (bytes, bytearray, datetime, date, time, timedelta, UUID, Decimal)
"""The types that msgspec can leave as they are."""


_AT = re.compile(r" - at (?:`key` in )?`\$(.*)`$", re.DOTALL)
_TOKEN = re.compile(r"\.([^.\[]+)|\[(\d+)\]")


def _msgspec_violations(error: Exception, value: object) -> list[Violation]:
    import msgspec

    if not isinstance(error, msgspec.ValidationError):
        return []
    text = str(error)
    at = _AT.search(text)
    message = text[: at.start()] if at else text
    where = at[1].partition("[...]")[0] if at else ""  # msgspec does not say under which key
    path = tuple(int(match[2]) if match[2] else match[1] for match in _TOKEN.finditer(where))
    if message.startswith("Invalid"):  # it quotes the invalid value
        message = re.sub(r"value\b.*", "value", message, flags=re.DOTALL)
    elif not message.startswith(("Expected ", "Object ")):
        message = _without_values(message, value)
    return [Violation(message, path, (), _value_at(value, path))]


def _value_at(value: Any, path: Sequence[str | int]) -> object:
    for token in path:
        try:
            value = value[token]
        except (LookupError, TypeError):  # an attribute of a struct
            return None
    return value
