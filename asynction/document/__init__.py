"""AsyncAPI documents: from a file or a mapping to a Contract, or to all the problems that it has."""

from __future__ import annotations

import re
from dataclasses import replace

from asynction.contract import Contract
from asynction.document._compile import compile_contract
from asynction.document._objects import VERSIONS
from asynction.document._reader import Reader
from asynction.document._sources import Node, Retriever, Sources, Spec
from asynction.exceptions import DocumentError
from asynction.problems import Problem, did_you_mean

__all__ = ["Retriever", "Spec", "files_of", "load", "validate"]


def load(spec: Spec, *, retriever: Retriever | None = None) -> Contract:
    """Read a document into a Contract.

    `spec` is the path of a YAML or JSON file, or a mapping already loaded. A `$ref` to a URL is
    refused unless `retriever` is given, which takes the URL and returns its text. Raises
    DocumentError with all problems of the document; warnings are in `Contract.warnings`.
    """
    contract, problems = _read(spec, retriever)
    if contract is None or any(problem.severity == "error" for problem in problems):
        raise DocumentError([p for p in problems if p.severity == "error"])
    return replace(contract, warnings=tuple(problems))


def validate(spec: Spec, *, retriever: Retriever | None = None) -> list[Problem]:
    """Return all problems of a document, errors and warnings, in the order of their places."""
    return _read(spec, retriever)[1]


def files_of(spec: Spec) -> tuple[str, ...]:
    """Return the names of all files that a document is made of, so far as they can be read."""
    sources = Sources()
    _read_into(sources, spec)
    return sources.files() or (str(spec),)


def _read(spec: Spec, retriever: Retriever | None) -> tuple[Contract | None, list[Problem]]:
    sources = Sources(retriever)
    contract = _read_into(sources, spec)
    in_order = sorted(sources.problems, key=lambda p: (p.file, p.line or 0, p.column or 0, p.pointer))
    return contract, in_order


def _read_into(sources: Sources, spec: Spec) -> Contract | None:
    root = sources.root(spec)
    version = _version(root) if root is not None else None
    if root is None or version is None:
        return None
    Reader(version).read(root, "Document")
    return replace(compile_contract(root), files=sources.files())


def _version(root: Node) -> str | None:
    """The minor version of a document (`2.6`); None, with a problem noted, where it cannot be read."""
    if not isinstance(root.value, dict):
        root.note("type", "an AsyncAPI document is a mapping")
        return None
    if "asyncapi" not in root.value:
        misspelt = [f"; `{name}` is misspelt" for name in root.value if did_you_mean(name, ["asyncapi"])]
        root.note("asyncapi", f"no field `asyncapi` gives the version of AsyncAPI{''.join(misspelt[:1])}")
        return None
    written = root.value["asyncapi"]
    match = re.fullmatch(r"(\d+\.\d+)\.\d+(-[\w.]+)?", written) if isinstance(written, str) else None
    if match is None or match[1] not in VERSIONS:
        known = f"{VERSIONS[0]}.0 to {VERSIONS[-1]}.0"
        root.note(
            "asyncapi",
            f"`{written}` is no version of AsyncAPI that is read: {known}",
            key="asyncapi",
        )
        return None
    return match[1]
