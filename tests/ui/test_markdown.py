from __future__ import annotations

import pytest

from asynction.ui._markdown import block, inline


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("a *b* `c`", "<p>a <em>b</em> <code>c</code></p>"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("# Title", '<p class="heading">Title</p>'),
        ("<b>x</b> & <script>", "<p>&lt;b&gt;x&lt;/b&gt; &amp; &lt;script&gt;</p>"),
        (
            "[a](https://a.example)",
            '<p><a href="https://a.example" rel="noopener noreferrer nofollow">a</a></p>',
        ),
        ("[a](javascript:alert(1))", "<p>[a](javascript:alert(1))</p>"),
        ("[a](JaVaScRiPt:alert(1))", "<p>[a](JaVaScRiPt:alert(1))</p>"),
        ("[a](data:text/html,x)", "<p>[a](data:text/html,x)</p>"),
        ("[a](vbscript:x)", "<p>[a](vbscript:x)</p>"),
        ("<javascript:alert(1)>", "<p>&lt;javascript:alert(1)&gt;</p>"),
        ("~~a~~", "<p><s>a</s></p>"),
    ],
)
def test_markdown_becomes_safe_html(text: str, html: str) -> None:
    assert block(text) == html


def test_images_are_links_so_that_no_third_party_learns_of_a_reader() -> None:
    assert "<img" not in block("![a](https://a.example/i.png)")


def test_tables_carry_no_style_of_their_own() -> None:
    html = block("| a | b |\n|:-:|--:|\n| 1 | 2 |")

    assert "<td>1</td>" in html
    assert "style" not in html


def test_a_short_text_has_no_paragraph() -> None:
    assert inline("a **b**") == "a <strong>b</strong>"
