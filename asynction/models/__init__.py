"""Python types as data: pydantic, msgspec, dataclasses, TypedDicts; and their comparison with a schema."""
