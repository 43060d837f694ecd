"""Renders descriptions in CommonMark as safe HTML: the author of a document need not be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

_LINK_ATTRIBUTES = {"rel": "noopener noreferrer nofollow"}


def _parser() -> MarkdownIt:
    # Without HTML all text is escaped; images would tell a third party who reads the page.
    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).disable(["image"])


_PARSER = _parser()


@lru_cache(maxsize=4096)
def block(text: str) -> Markup:
    """Render a description as paragraphs, lists and tables; its headings are not headings of the page."""
    tokens = _PARSER.parse(text)
    return _rendered(tokens)


@lru_cache(maxsize=4096)
def inline(text: str) -> Markup:
    """Render a short text without paragraphs around it."""
    return _rendered(_PARSER.parseInline(text))


def _rendered(tokens: list[Token]) -> Markup:
    _adapt(tokens)
    html = _PARSER.renderer.render(tokens, _PARSER.options, {})
    return Markup(html.strip())  # noqa: S704 - the parser has escaped all text


def _adapt(tokens: Sequence[Token]) -> None:
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = "p"
            if token.nesting == 1:
                token.attrSet("class", "heading")
        elif token.type == "link_open":
            for name, value in _LINK_ATTRIBUTES.items():
                token.attrSet(name, value)
        elif token.type in ("th_open", "td_open") and "style" in token.attrs:
            del token.attrs["style"]  # the Content-Security-Policy of the page forbids it
        _adapt(token.children or ())
