"""Python types as data: pydantic, msgspec, dataclasses, TypedDicts; and how they compare with a schema."""
