"""Python types as data: pydantic, msgspec, dataclasses, TypedDicts; and their comparison with a schema."""

from asynction.models._compare import schema_of_arg
from asynction.models._convert import ModelError, converter, fields_of, is_model, shaper
from asynction.models._fit import Fit, default_fault, fit_of, fit_of_result
from asynction.models._writer import Dumps, Unwritable, Writer, is_data

__all__ = [
    "Dumps",
    "Fit",
    "ModelError",
    "Unwritable",
    "Writer",
    "converter",
    "default_fault",
    "fields_of",
    "fit_of",
    "fit_of_result",
    "is_data",
    "is_model",
    "schema_of_arg",
    "shaper",
]
