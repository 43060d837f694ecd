"""The document that a command is given."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from asynction.document import Spec, Text

STDIN = "<stdin>"
"""The name of the document on standard input."""


C = TypeVar("C", bound=Callable[..., Any])


def root_option(command: C) -> C:
    """Add `--root` to a command that reads a document."""
    return click.option(
        "--root",
        type=click.Path(path_type=Path, exists=True, file_okay=False),
        metavar="DIR",
        help="Folder whose files a `$ref` may lead to; default: that of the document.",
    )(command)


def handlers_option(command: C) -> C:
    """Add `--handlers-from` to a command that imports the code that a document names."""
    return click.option(
        "--handlers-from",
        multiple=True,
        metavar="MODULE",
        callback=_known_modules,
        help="Module whose code the document may name, and no other; may be repeated.",
    )(command)


def _known_modules(ctx: click.Context, param: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
    if not names:
        return ()
    from asynction.runtime import allowed_modules  # its import takes a while

    try:
        allowed_modules(names)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
    return names


def document_of(spec: str) -> Spec:
    """Return the document that an argument names: a file, or standard input for `-`."""
    return Text(sys.stdin.buffer.read(), STDIN) if spec == "-" else spec
