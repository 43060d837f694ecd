"""The modules of asynction as their source has them: for tests about what a module may touch."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Module:
    """One module: its dotted name, its file from the repository's root, and its parsed source."""

    name: str
    file: str
    tree: ast.Module
    is_package: bool

    def __str__(self) -> str:
        return self.name


@cache
def modules() -> tuple[Module, ...]:
    """Return all modules of asynction."""
    return tuple(_read(path) for path in sorted((ROOT / "asynction").rglob("*.py")))


def _read(path: Path) -> Module:
    relative = path.relative_to(ROOT)
    is_package = path.name == "__init__.py"
    parts = relative.parent.parts if is_package else relative.with_suffix("").parts
    return Module(".".join(parts), relative.as_posix(), ast.parse(path.read_text("utf-8")), is_package)


def is_private(name: str) -> bool:
    """True for `_name` and `__name`, but not for `__name__`, which belongs to the language."""
    return name.startswith("_") and not (name.startswith("__") and name.endswith("__"))


def classes_of(tree: ast.AST, outer: str = "") -> Iterator[tuple[str, ast.ClassDef]]:
    """Yield the classes of a module and their qualified names, without those that a function makes."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef):
            yield f"{outer}{node.name}", node
            yield from classes_of(node, f"{outer}{node.name}.")
