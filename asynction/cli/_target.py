"""The application that a command is given: the name of a module or the path of a file, and an attribute."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from asynction.problems import did_you_mean

_TARGET = re.compile(r"(?P<module>.+?)(?::(?P<attribute>[A-Za-z_][\w.]*)(?:\(\))?)?")
_NAMES = ("app", "application", "create_app", "make_app", "asio")
"""The attributes that are looked for if the target names none."""


@dataclass(frozen=True, slots=True)
class Target:
    """A module, the folder to import it from, and the attribute that is the application."""

    module: str
    folder: Path
    attribute: str | None = None


def is_document(text: str) -> bool:
    """Return whether an argument is the path of a document, and not an application."""
    path = Path(text)
    return path.suffix in (".json", ".yaml", ".yml") or (path.suffix != ".py" and path.is_file())


def target_of(text: str) -> Target:
    """Read `module`, `module:attribute`, `folder/file.py` or `folder/file.py:attribute`.

    A module is imported from the working directory; a file from its folder or, in a package, from the folder
    of that. Raises BadParameter.
    """
    match = _TARGET.fullmatch(text)
    if match is None or match["module"].endswith(":"):
        message = f"`{text}` is not an application: write `module:app`, or the path of a document"
        raise click.BadParameter(message, param_hint="TARGET")
    module, attribute = match["module"], match["attribute"]
    if not module.endswith(".py"):
        if not all(map(str.isidentifier, module.split("."))):
            message = f"`{module}` is not the name of a module, nor a file that ends in `.py`"
            raise click.BadParameter(message, param_hint="TARGET")
        return Target(module, Path.cwd(), attribute)
    path = Path(module).absolute()
    names, folder = [path.stem], path.parent
    while (folder / "__init__.py").is_file():
        names.append(folder.name)
        folder = folder.parent
    if path.stem == "__init__":
        del names[0]
    return Target(".".join(reversed(names)), folder, attribute)


def application_of(target: Target) -> Any:
    """Import an application, or call its factory; raise ClickException if it does not exist."""
    sys.path.insert(0, str(target.folder))
    try:
        module = import_module(target.module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{target.module}.".startswith(f"{error.name}."):
            raise
        raise click.ClickException(f"there is no module `{error.name}` in `{target.folder}`") from None
    found: Any = module
    name = target.attribute or _default(module)
    for part in name.split("."):
        if not hasattr(found, part):
            near = did_you_mean(part, vars(found) if hasattr(found, "__dict__") else ())
            raise click.ClickException(f"`{target.module}` has no `{name}`{near}")
        found = getattr(found, part)
    return _made(found, f"{target.module}:{name}")


def _default(module: Any) -> str:
    for name in _NAMES:
        if hasattr(module, name):
            return name
    listed = ", ".join(f"`{name}`" for name in _NAMES)
    raise click.ClickException(
        f"`{module.__name__}` has none of {listed}: name the application, `{module.__name__}:...`"
    )


def _made(found: Any, name: str) -> Any:
    """Return what a factory makes; anything else as it is."""
    if not is_factory(found):
        return found
    if inspect.iscoroutinefunction(found):
        raise click.ClickException(f"`{name}` is an `async def`: a factory is a plain function")
    return found()


def is_factory(found: object) -> bool:
    """Return whether an object is a function that can be called without arguments."""
    if not inspect.isroutine(found):
        return False
    call: Callable[..., object] = found
    try:
        inspect.signature(call).bind()
    except (TypeError, ValueError):
        return False
    return True
