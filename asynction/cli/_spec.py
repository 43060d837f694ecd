"""Which document a command is given."""

from __future__ import annotations

import sys

from asynction.document import Spec, Text

STDIN = "<stdin>"
"""What the document on standard input is called."""


def document_of(spec: str) -> Spec:
    """The document that an argument names: a file, or standard input for `-`."""
    return Text(sys.stdin.buffer.read(), STDIN) if spec == "-" else spec
