"""Names that were changed: the old one keeps working for one release, and says what to write instead."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from importlib import import_module


def renamed(module: str, names: Mapping[str, str]) -> Callable[[str], object]:
    """Return a `__getattr__` for `module` (PEP 562) that finds the old `names` under the new ones."""

    def find(name: str) -> object:
        if name not in names:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        warn_renamed(f"{module}.{name}", f"{module}.{names[name]}", stacklevel=2)
        return getattr(import_module(module), names[name])

    return find


def warn_renamed(old: str, new: str, *, stacklevel: int) -> None:
    """Warn that `old` will go in the next release; `stacklevel` counts from the caller."""
    warnings.warn(f"`{old}` is deprecated; write `{new}`", DeprecationWarning, stacklevel=stacklevel + 1)
