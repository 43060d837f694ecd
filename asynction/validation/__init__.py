"""JSON Schema: from a schema to a check."""

from asynction.validation._engines import FORMATS
from asynction.validation._json import (
    JsonArgs,
    NotJson,
    is_suspicious,
    json_fault,
    read_args,
    read_json,
    write_json,
)
from asynction.validation._keywords import (
    ANNOTATIONS,
    DIALECTS,
    DRAFT_07,
    SINCE,
    dialect_of,
    map_subschemas,
    subschemas,
)
from asynction.validation._keywords import LIST as APPLICATOR_LISTS
from asynction.validation._keywords import MAP as APPLICATOR_MAPS
from asynction.validation._keywords import ONE as APPLICATORS
from asynction.validation._metaschema import compile_problem, schema_problems
from asynction.validation._prepare import INT_BOUNDS, KINDS, WIDEST_INT, is_tuple_schema
from asynction.validation._validator import Validator
from asynction.validation._values import BYTES, MAX_DEPTH, is_json

__all__ = [
    "ANNOTATIONS",
    "APPLICATORS",
    "APPLICATOR_LISTS",
    "APPLICATOR_MAPS",
    "BYTES",
    "DIALECTS",
    "DRAFT_07",
    "FORMATS",
    "INT_BOUNDS",
    "KINDS",
    "MAX_DEPTH",
    "SINCE",
    "WIDEST_INT",
    "JsonArgs",
    "NotJson",
    "Validator",
    "compile_problem",
    "dialect_of",
    "is_json",
    "is_suspicious",
    "is_tuple_schema",
    "json_fault",
    "map_subschemas",
    "read_args",
    "read_json",
    "schema_problems",
    "subschemas",
    "write_json",
]
