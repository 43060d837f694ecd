"""The code that a document names, checked without serving it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from flask import Request

from asynction.document import Spec, load
from asynction.exceptions import DocumentError
from asynction.problems import Problem
from asynction.runtime import Binder, ContractSecurity
from asynction.runtime import handler_problems as problems_of
from asynction.server.asgi import AsynctionAsyncServer
from asynction.server.flask import AsynctionSocketIO


def handler_problems(spec: Spec, ignore: Sequence[str] = ()) -> list[Problem]:
    """Import all code that a sound document names and hold its signatures to the contract.

    The document's folder is on the import path, as it is for `asynction run`; the working folder
    for a document that is no file.
    """
    folder = Path(spec).absolute().parent if isinstance(spec, str | Path) else Path.cwd()
    contract = load(spec, ignore=ignore)
    with _importing_from(folder):
        try:
            problems = problems_of(contract, (AsynctionSocketIO, AsynctionAsyncServer, Request))
        except DocumentError as error:  # a schema that cannot be checked
            return list(error.problems)
        binder = Binder(allow_async=True)
        for server in contract.servers.values() or [None]:
            ContractSecurity(contract, server, binder)
    return list(dict.fromkeys([*problems, *binder.problems]))


@contextmanager
def _importing_from(folder: Path) -> Iterator[None]:
    """Import from `folder` first, and forget its modules after: the next one may have the same names."""
    before, path = set(sys.modules), list(sys.path)
    sys.path[:0] = [str(folder), str(Path.cwd())]
    try:
        yield
    finally:
        sys.path[:] = path
        for name in set(sys.modules) - before:
            file = getattr(sys.modules[name], "__file__", None)
            if file is not None and Path(file).is_relative_to(folder):
                del sys.modules[name]
