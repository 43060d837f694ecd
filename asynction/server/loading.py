"""Loads the document that a server serves."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path
from typing import TypedDict

from asynction.contract import Contract, Server
from asynction.document import Retriever, Spec, bundle, load
from asynction.runtime import choose_server
from asynction.server._docs import Source

log = logging.getLogger("asynction")


class Loaded(TypedDict):
    """The arguments of a server that come from its document."""

    contract: Contract
    server: Server | None
    source: Source | None


def load_served(
    spec_path: Spec,
    server_name: str | None,
    docs: bool,
    root: str | Path | None = None,
    retriever: Retriever | None = None,
) -> Loaded:
    """Load the document that a server serves, and log its warnings; raise DocumentError.

    Args:
        spec_path: The document.
        server_name: The server of the document to serve; None for its only one.
        docs: Whether the page about the API is served.
        root: The folder whose files a `$ref` may lead to; None for that of the document.
        retriever: Takes the URL of a `$ref` and returns its text; None for a document without URLs.
    """
    contract = load(spec_path, root=root, retriever=retriever)
    for problem in contract.warnings:
        log.warning("%s", problem)
    source = partial(bundle, spec_path, root=root, retriever=retriever) if docs else None
    return {"contract": contract, "server": choose_server(contract, server_name), "source": source}
