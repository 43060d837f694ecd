"""Decides which modules a document may name code of: a document may come from a stranger."""

from __future__ import annotations

import inspect
import sys
import sysconfig
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MethodType, ModuleType

STANDARD_LIBRARY = "the standard library"

_OWN = "asynction"
"""The built-in middleware may always be named."""


@dataclass(frozen=True, slots=True)
class AllowedModules:
    """The modules that a document may name code of, with all modules below them.

    Args:
        names: dotted names; `my_api` and `my_api.*` mean the same.
    """

    names: tuple[str, ...]

    def __contains__(self, path: str) -> bool:
        """Return whether a module, or the path of a function, is in an allowed module."""
        dotted = f"{path.replace(':', '.')}."
        return any(dotted.startswith(f"{name}.") for name in (*self.names, _OWN))

    def __str__(self) -> str:
        return ", ".join(f"`{name}`" for name in self.names)


def allowed_modules(names: Collection[str] | None) -> AllowedModules | None:
    """Read the option `handlers`: None allows all modules. Raise ValueError for other names."""
    if names is None:
        return None
    if isinstance(names, str):
        raise ValueError(f"`handlers` is a list of modules: write [{names!r}]")
    plain = tuple(name.removesuffix(".*") for name in names)
    for name in plain:
        if not all(part.isidentifier() for part in name.split(".")):
            raise ValueError(f"`handlers`: `{name}` is not a module; write `my_api` or `my_api.*`")
    return AllowedModules(plain)


def module_of(found: object, path: str) -> str:
    """Return the module that the object at an imported path really comes from.

    `my_api.handlers.os.system` and `my_api.handlers.run`, where that module has imported `os` and `run`, are
    not code of `my_api`.
    """
    names = [name for name in path.replace(":", ".").split(".") if name]
    length = next(n for n in range(len(names), 0, -1) if ".".join(names[:n]) in sys.modules)
    value: object = sys.modules[".".join(names[:length])]
    module = ".".join(names[:length])
    for name in names[length:]:
        value = getattr(value, name)
        if isinstance(value, ModuleType):
            module = value.__name__
    if origin_of(module) is not None:  # `os.system`, whose own module is `posix`
        return module
    is_own_method = isinstance(found, MethodType) and not inspect.isclass(found.__self__)
    if (inspect.isroutine(found) or inspect.isclass(found)) and not is_own_method:
        module = getattr(found, "__module__", None) or module
    return module


@cache
def _folders() -> dict[str, str]:
    return sysconfig.get_paths()


def origin_of(module: str) -> str | None:
    """Return where a module that is not the application's comes from: for example, `the standard library`."""
    top = module.partition(".")[0]
    if top == _OWN:
        return None
    file = getattr(sys.modules.get(top), "__file__", None)
    if file is None:
        return STANDARD_LIBRARY if top in sys.builtin_module_names else None
    path = Path(file)
    folders = _folders()
    if any(path.is_relative_to(folders[name]) for name in ("purelib", "platlib")):
        return f"the installed package `{top}`"
    return STANDARD_LIBRARY if path.is_relative_to(folders["stdlib"]) else None
