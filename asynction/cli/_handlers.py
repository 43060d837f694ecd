"""Checks of the code that a document names, without serving it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from flask import Request

from asynction.document import Retriever, Spec, load
from asynction.exceptions import DocumentError
from asynction.problems import Problem
from asynction.runtime import Binder, ContractSecurity, allowed_modules
from asynction.runtime import handler_problems as problems_of
from asynction.server.asgi import AsynctionAsyncServer
from asynction.server.flask import AsynctionSocketIO


def handler_problems(
    spec: Spec,
    ignore: Sequence[str] = (),
    root: Path | None = None,
    allowed: Sequence[str] | None = None,
    retriever: Retriever | None = None,
) -> list[Problem]:
    """Import all code that a valid document names, and check its signatures against the contract.

    The folder of the document is on the import path, as in `asynction run`; for a document that is not a
    file, the working folder.
    """
    folder = Path(spec).absolute().parent if isinstance(spec, str | Path) else Path.cwd()
    contract = load(spec, ignore=ignore, root=root, retriever=retriever)
    with _importing_from(folder):
        try:
            problems = problems_of(contract, (AsynctionSocketIO, AsynctionAsyncServer, Request), allowed)
        except DocumentError as error:  # a schema that cannot be checked
            return list(error.problems)
        binder = Binder(allow_async=True, allowed=allowed_modules(allowed))
        for server in contract.servers.values() or [None]:
            ContractSecurity(contract, server, binder)
    found = dict.fromkeys([*problems, *binder.problems, *binder.warnings])
    return [problem for problem in found if problem.rule not in ignore]


@contextmanager
def _importing_from(folder: Path) -> Iterator[None]:
    """Import from `folder`, then forget its modules: another document may use the same names."""
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
