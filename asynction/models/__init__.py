"""Python types as data: pydantic, msgspec, dataclasses, TypedDicts; and their comparison with a schema."""

from asynction.models._compare import schema_of_arg
from asynction.models._convert import ModelError, converter, is_model, plain, shaper
from asynction.models._fit import Fit, default_fault, fit_of, fit_of_result

__all__ = [
    "Fit",
    "ModelError",
    "converter",
    "default_fault",
    "fit_of",
    "fit_of_result",
    "is_model",
    "plain",
    "schema_of_arg",
    "shaper",
]
