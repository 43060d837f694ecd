"""JSON Schema: from a schema to a check."""

from asynction.validation._keywords import (
    DIALECTS,
    DRAFT_07,
    dialect_of,
    map_subschemas,
    subschemas,
)
from asynction.validation._metaschema import compile_problem, schema_problems
from asynction.validation._validator import Validator
from asynction.validation._values import MAX_DEPTH, is_json

__all__ = [
    "DIALECTS",
    "DRAFT_07",
    "MAX_DEPTH",
    "Validator",
    "compile_problem",
    "dialect_of",
    "is_json",
    "map_subschemas",
    "schema_problems",
    "subschemas",
]
