"""AsyncAPI documents: reads a file or a mapping into a Contract, or reports all its problems."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from asynction.contract import Contract, Json
from asynction.document._bundler import bundle_document
from asynction.document._checks import check
from asynction.document._compile import compile_contract
from asynction.document._costs import MAX_MESSAGE, client_schemas, cost_problems
from asynction.document._dump import to_yaml
from asynction.document._editor import editor_schema
from asynction.document._files import Text, report_read, reporting_reads
from asynction.document._lookup import locate
from asynction.document._nodes import Node, Retriever, Sources, Spec
from asynction.document._objects_2 import VERSIONS
from asynction.document._operations import CHANNELS, Channel, Message
from asynction.document._public import check_extensions, public_document, public_schema
from asynction.document._reader import Reader
from asynction.document._rings import ring_problems
from asynction.exceptions import DocumentError
from asynction.problems import Problem, did_you_mean
from asynction.rules import RULES

__all__ = [
    "CHANNELS",
    "MAX_MESSAGE",
    "Channel",
    "Message",
    "Node",
    "Retriever",
    "Sources",
    "Spec",
    "Text",
    "bundle",
    "check_extensions",
    "client_schemas",
    "editor_schema",
    "load",
    "locate",
    "public_document",
    "public_schema",
    "report_read",
    "reporting_reads",
    "to_yaml",
    "validate",
]


def load(
    spec: Spec,
    *,
    retriever: Retriever | None = None,
    ignore: Iterable[str] = (),
    root: str | Path | None = None,
) -> Contract:
    """Read a document into a Contract.

    Args:
        spec: The path of a YAML or JSON file, a Text, or a mapping that is already loaded.
        retriever: Takes the URL of a `$ref` and returns the text at that URL. Without it, a `$ref` to a
            URL is an error: reading a document does not use the network.
        ignore: The names of rules to ignore, besides those under `x-asynction.ignore` in the document.
        root: The folder whose files a `$ref` may lead to; by default that of the document.

    Returns:
        The contract; its `warnings` are the problems that are not errors.

    Raises:
        DocumentError: The document has errors; the exception has all of them.
    """
    document = _Document(spec, retriever, root)
    problems = document.problems(ignore)
    if document.contract is None or any(problem.severity == "error" for problem in problems):
        raise DocumentError([p for p in problems if p.severity == "error"])
    warnings = tuple(problem for problem in problems if not RULES[problem.rule].lint)
    return replace(document.contract, warnings=warnings)


def validate(
    spec: Spec,
    *,
    retriever: Retriever | None = None,
    ignore: Iterable[str] = (),
    root: str | Path | None = None,
) -> list[Problem]:
    """Return all problems of a document, errors and warnings, in the order of their locations.

    Args:
        spec: The path of a YAML or JSON file, a Text, or a mapping that is already loaded.
        retriever: Takes the URL of a `$ref` and returns the text at that URL.
        ignore: The names of rules to ignore, besides those under `x-asynction.ignore` in the document.
            A rule without which a document has no meaning cannot be ignored.
        root: The folder whose files a `$ref` may lead to; by default that of the document.
    """
    return _Document(spec, retriever, root).problems(ignore)


def bundle(spec: Spec, *, retriever: Retriever | None = None, root: str | Path | None = None) -> Json:
    """Return a document and the files that it refers to as one self-contained document.

    Raises DocumentError where the document has errors. `root` is the folder whose files a `$ref` may lead to.
    """
    document = _Document(spec, retriever, root)
    errors = [problem for problem in document.problems() if problem.severity == "error"]
    if errors or document.root is None or document.reader is None:
        raise DocumentError(errors)
    return bundle_document(document.root, document.reader)


class _Document:
    """A document that is read as far as possible, so that all its problems are found at once."""

    def __init__(self, spec: Spec, retriever: Retriever | None, root: str | Path | None) -> None:
        self.sources = Sources(retriever, None if root is None else Path(root))
        self.contract: Contract | None = None
        self.reader: Reader | None = None
        self.root = self.sources.root(spec)
        version = _version(self.root) if self.root is not None else None
        if self.root is not None and version is not None:
            self.reader = Reader(version)
            self.reader.read_document(self.root)
            components = self.root.get("components")
            if components is not None and (schemas := components.get("schemas")) is not None:
                self.reader.schemas.reserve_names(schemas.entries())
            contract = compile_contract(
                self.root, version, self.reader.schemas, is_bound=self.reader.is_bound
            )
            check(self.root, self.reader)
            for problem in (*ring_problems(contract), *cost_problems(contract)):
                self.sources.report(problem)
            self.contract = replace(contract, files=self.sources.files())

    def problems(self, ignore: Iterable[str] = ()) -> list[Problem]:
        """Return all problems except those of ignored rules, in the order of their locations."""
        ignored = {rule for rule in (*ignore, *self._ignored()) if rule in RULES and RULES[rule].ignorable}
        found = [problem for problem in self.sources.problems if problem.rule not in ignored]
        return sorted(found, key=lambda p: (p.file, p.line or 0, p.column or 0, p.pointer, p.rule))

    def _ignored(self) -> list[str]:
        settings = self.root.get("x-asynction") if self.root is not None else None
        return [str(rule.value) for rule in settings.each("ignore")] if settings is not None else []


def _version(root: Node) -> str | None:
    """Return the minor version of a document (`2.6`); None, with a problem reported, for an unknown one."""
    if not isinstance(root.value, dict):
        root.report("type", "an AsyncAPI document is a mapping")
        return None
    if "asyncapi" not in root.value:
        misspelt = [f"; `{name}` is misspelt" for name in root.value if did_you_mean(name, ["asyncapi"])]
        near = "".join(misspelt[:1])
        root.report("asyncapi", f"the field `asyncapi`, the version of AsyncAPI, is missing{near}")
        return None
    written = root.value["asyncapi"]
    match = re.fullmatch(r"(\d+\.\d+)\.\d+", written) if isinstance(written, str) else None
    if match is None or match[1] not in VERSIONS:
        known = f"{VERSIONS[0]}.0 to {VERSIONS[-1]}.0"
        root.report(
            "asyncapi",
            f"`{written}` is not a supported version of AsyncAPI; supported are {known}",
            key="asyncapi",
        )
        return None
    return match[1]
