"""Whether something is a JSON Schema at all."""

from __future__ import annotations

from functools import cache

import jsonschema_rs

from asynction.contract import Json, Schema
from asynction.problems import did_you_mean
from asynction.validation._engines import ENGINES
from asynction.validation._keywords import DIALECTS, dialect_of
from asynction.validation._messages import message_for
from asynction.validation._validator import Validator
from asynction.validation._values import locate

Path = tuple["str | int", ...]


def schema_problems(schema: Json, dialect: str | None = None) -> list[tuple[Path, str]]:
    """Hold a schema against the meta-schema of its dialect; return the path and message of each fault."""
    dialect = dialect or dialect_of(schema)
    if dialect not in DIALECTS:
        return [(("$schema",), f"the dialect `{dialect}` is unknown{did_you_mean(dialect, DIALECTS)}")]
    if isinstance(schema, bool):
        return []
    if not isinstance(schema, dict):
        return [((), "a schema is a mapping or a boolean")]
    if jsonschema_rs.meta.is_valid({**schema, "$schema": dialect}):
        return []
    errors = _metaschema(DIALECTS[dialect]).iter_errors(schema)
    found = {(locate(schema, e.instance_path)[0], _message(e)) for e in errors}
    return sorted(found, key=str)


def compile_problem(schema: Schema) -> str | None:
    """Say why a schema that passes its meta-schema still cannot be used; None where it can."""
    try:
        Validator(schema)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        return str(getattr(error, "message", error))
    return None


@cache
def _metaschema(draft: int) -> jsonschema_rs.Validator:
    import jsonschema  # only for a schema that is wrong: the import takes longer than a whole load

    versions = {
        4: jsonschema.Draft4Validator,
        6: jsonschema.Draft6Validator,
        7: jsonschema.Draft7Validator,
        2019: jsonschema.Draft201909Validator,
        2020: jsonschema.Draft202012Validator,
    }
    return ENGINES[draft](versions[draft].META_SCHEMA, validate_formats=True, offline=True)


def _message(error: jsonschema_rs.ValidationError) -> str:
    value = error.kind.value if error.kind.name not in ("anyOf", "oneOf") else None
    if error.kind.name in ("anyOf", "oneOf") and error.instance_path[-1:] == ["type"]:
        kinds = ["array", "boolean", "integer", "null", "number", "object", "string"]
        return f"`{error.instance}` is not a JSON Schema type{did_you_mean(str(error.instance), kinds)}"
    return message_for(error.kind.name, value)
