"""The document that a command is given."""

from __future__ import annotations

import sys

from asynction.document import Spec, Text

STDIN = "<stdin>"
"""The name of the document on standard input."""


def document_of(spec: str) -> Spec:
    """Return the document that an argument names: a file, or standard input for `-`."""
    return Text(sys.stdin.buffer.read(), STDIN) if spec == "-" else spec
