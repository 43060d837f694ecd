"""Python types as data: pydantic, msgspec, dataclasses, TypedDicts; and their comparison with a schema."""

from asynction.models._compare import incompatibilities, schema_of_arg
from asynction.models._convert import ModelError, converter, is_model, plain, shaper

__all__ = [
    "ModelError",
    "converter",
    "incompatibilities",
    "is_model",
    "plain",
    "schema_of_arg",
    "shaper",
]
