"""The document that a command is given."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote

import click

from asynction.document import Spec, Text, report_read

STDIN = "<stdin>"
"""The name of the document on standard input."""


C = TypeVar("C", bound=Callable[..., Any])


class LocalCopies:
    """A retriever that reads the text of a URL from a file, or from one below a folder; it never fetches."""

    def __init__(self, paths: Mapping[str, Path]) -> None:
        self.paths = paths

    def __call__(self, url: str) -> str:
        for start, path in self.paths.items():
            if url == start:
                return _text_of(path)
            folder = start if start.endswith("/") else f"{start}/"
            if url.startswith(folder) and path.is_dir():
                file = path.joinpath(unquote(url.removeprefix(folder)))
                if not file.resolve().is_relative_to(path.resolve()):
                    raise ValueError(f"it is outside the folder `{path}`")
                return _text_of(file)
        raise LookupError("no `--map` names it")


def _text_of(path: Path) -> str:
    report_read(path)
    return path.read_text(encoding="utf-8-sig")


def _local_copies(ctx: click.Context, param: click.Parameter, texts: tuple[str, ...]) -> LocalCopies | None:
    paths: dict[str, Path] = {}
    for text in texts:
        url, _, path = text.rpartition("=")  # a URL may have a `=`
        if not url or not path:
            raise click.BadParameter(f"`{text}` is not a URL, `=` and a path")
        if not Path(path).exists():
            raise click.BadParameter(f"`{path}` does not exist")
        paths[url] = Path(path)
    return LocalCopies(paths) if paths else None


def files_options(command: C) -> C:
    """Add `--root` and `--map`, as `root` and `retriever`, to a command that reads a document."""
    root = click.option(
        "--root",
        type=click.Path(path_type=Path, exists=True, file_okay=False),
        metavar="DIR",
        help="Folder whose files a `$ref` may lead to; default: that of the document.",
    )
    copies = click.option(
        "--map",
        "retriever",
        multiple=True,
        metavar="URL=PATH",
        callback=_local_copies,
        help="File that has the text of a URL in a `$ref`, or folder for all below the URL; may be repeated.",
    )
    return root(copies(command))


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
