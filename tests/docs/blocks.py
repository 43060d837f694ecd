"""The code blocks of a Markdown page, and how each of them is tested.

An HTML comment on the line before a block says what it is; readers do not see it:

    <!-- file: NAME -->      written to the page's folder; a document in YAML is loaded as well, and
                             what another tool's YAML runs of ours is run
    <!-- part: WHERE -->     a piece of a 2.6 document, loaded in its place in one (see PLACES)
    <!-- part: WHERE 3.1.0 -->  the same of a 3.1 document
    <!-- server -->          a command that serves until the next one, or the end of the page
    <!-- output -->          what the block before it printed
    <!-- text: MODULE -->    taken from the docstring of that module
    <!-- layers -->          the drawing of the layers, which test_architecture.py checks

Blocks without a comment: `python` is run (an async server is spoken to by its test client, in `asyncio.run`),
`console` has commands and what they print, and a Sphinx directive is left to `make docs`. All blocks of a
page share one folder, one Python module and one port.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]

_MARK = re.compile(r"<!-- (?P<kind>\w+)(: (?P<value>.+?))? -->\n?")


class Kind(Enum):
    """What is done with a block."""

    FILE = "file"
    PART = "part"
    SERVER = "server"
    OUTPUT = "output"
    TEXT = "text"
    LAYERS = "layers"
    PYTHON = "python"
    CONSOLE = "console"
    DIRECTIVE = "directive"


_UNMARKED = {kind.value: kind for kind in (Kind.PYTHON, Kind.CONSOLE)}
_MARKED = {kind.value: kind for kind in Kind if kind not in (*_UNMARKED.values(), Kind.DIRECTIVE)}


@dataclass(frozen=True)
class Block:
    """A code block: `mark` and `value` come from the comment before it, `line` counts from 1."""

    page: Path
    line: int
    language: str
    text: str
    mark: str = ""
    value: str = ""

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def kind(self) -> Kind | None:
        """How the block is tested; None where nobody has said."""
        if self.mark:
            return _MARKED.get(self.mark)
        if self.language.startswith("{") and self.page.parent.name == "docs":
            return Kind.DIRECTIVE
        return _UNMARKED.get(self.language)


def blocks_of(page: Path) -> Iterator[Block]:
    """Yield the fenced and the indented code blocks of a page, in order."""
    mark: re.Match[str] | None = None
    for token in MarkdownIt("commonmark").parse(page.read_text(encoding="utf-8")):
        if token.type in ("fence", "code_block"):
            line = (token.map or [0])[0] + 1
            marks = (mark["kind"], mark["value"] or "") if mark else ("", "")
            yield Block(page, line, token.info, token.content, *marks)
        mark = _MARK.fullmatch(token.content) if token.type == "html_block" else None


def anchors_of(page: Path) -> Iterator[str]:
    """Yield the anchors that GitHub, and Sphinx with myst, give the headings of a page."""
    tokens = MarkdownIt("commonmark").parse(page.read_text(encoding="utf-8"))
    for before, token in pairwise(tokens):
        if before.type == "heading_open":
            yield re.sub(r"[^\w\- ]", "", token.content.lower()).replace(" ", "-")


def links_of(page: Path) -> Iterator[str]:
    """Yield where the links of a page lead to."""
    for token in MarkdownIt("commonmark").parse(page.read_text(encoding="utf-8")):
        for child in token.children or ():
            if child.type == "link_open":
                yield str(child.attrs["href"])
