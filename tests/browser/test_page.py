from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from asynction.document import load
from tests.browser.conftest import EXAMPLES, Mocked, Open
from tests.ui.support import document, large

DOCUMENTS = sorted(EXAMPLES.glob("*/asyncapi*.yaml"))
CHAT = EXAMPLES / "chat" / "asyncapi.yaml"
documents = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: f"{path.parent.name}-{path.stem}")
PHONE = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}

LONG = "a" * 200
WIDE = document(
    {
        f"/{LONG}": {
            "description": f"`{LONG}` https://a.example/{LONG}\n\n| a | b |\n|---|---|\n| {LONG} | {LONG} |",
            "publish": {
                "message": {
                    "name": LONG,
                    "summary": LONG,
                    "tags": [{"name": LONG}],
                    "payload": {
                        "type": "array",
                        "items": [
                            {"type": "object", "properties": {LONG: {"enum": [LONG], "pattern": LONG}}},
                            {"type": "string", "default": LONG},
                        ],
                    },
                }
            },
        }
    }
)


def shown(page: Page) -> list[str]:
    """The names of the events that can be seen, in the order of the page."""
    return page.locator(".event:visible > summary h4").all_inner_texts()


def names(path: Path) -> list[str]:
    """What clients send, then what they receive, in each namespace."""
    namespaces = load(path).namespaces.values()
    return [name for each in namespaces for name in (*each.receives, *each.sends)]


@documents
def test_the_page_shows_each_event_by_its_name(path: Path, mocked: Mocked, open_page: Open) -> None:
    page = open_page(mocked(path))

    assert shown(page) == names(path)
    assert page.locator("nav .ns > ul a").all_inner_texts() == names(path)


@documents
def test_without_javascript_the_page_shows_the_same(path: Path, mocked: Mocked, open_page: Open) -> None:
    page = open_page(mocked(path), java_script_enabled=False)

    assert shown(page) == names(path)
    folded = page.locator(".event:not([open])")
    assert folded.count() == 0


@documents
def test_a_phone_needs_no_scrolling_sideways(path: Path, mocked: Mocked, open_page: Open) -> None:
    assert overflow(open_page(mocked(path), **PHONE)) == []


def test_not_even_for_texts_without_spaces(mocked: Mocked, open_page: Open) -> None:
    page = open_page(mocked(WIDE), **PHONE)
    assert overflow(page) == []

    page.locator("[data-try]").click()

    expect(page.locator("#console")).to_be_visible()
    assert overflow(page) == []


def overflow(page: Page) -> Any:
    """What stands out of the page on the right, unless something around it scrolls by itself."""
    return page.evaluate(
        """() => {
            const root = document.documentElement;
            if (root.scrollWidth <= root.clientWidth) return [];
            const out = [...document.querySelectorAll("body *")]
                .filter((each) => each.getBoundingClientRect().right > root.clientWidth + 1);
            return [root.scrollWidth, ...out.slice(0, 5).map((each) => each.outerHTML.slice(0, 120))];
        }"""
    )


def test_args_are_described_one_by_one(mocked: Mocked, open_page: Open) -> None:
    page = open_page(mocked(CHAT))

    args = page.locator('[id="/sends/whisper"] .args').first.locator(":scope > li")

    assert args.count() == 2
    assert "array" not in " ".join(args.all_inner_texts())
    expect(args.nth(0)).to_contain_text("1 to 24 characters")
    expect(args.nth(1)).to_contain_text("1 to 500 characters")


def test_search_is_reached_by_a_slash_and_filters_the_events(mocked: Mocked, open_page: Open) -> None:
    page = open_page(mocked(CHAT))
    search = page.get_by_role("searchbox")

    page.keyboard.press("/")
    expect(search).to_be_focused()
    page.keyboard.type("WHISPER")

    assert shown(page) == ["whisper", "whispered", "read"]
    expect(page.locator("#found")).to_have_text("3 of 9 events")
    expect(page.locator("#overview")).to_be_hidden()
    expect(page.locator("nav").get_by_role("link", name="announce", exact=True)).to_be_hidden()
    page.keyboard.type("/")
    expect(search).to_have_value("WHISPER/")
    page.keyboard.press("Escape")
    assert shown(page) == names(CHAT)


def test_a_deep_link_opens_the_event_and_survives_a_reload(mocked: Mocked, open_page: Open) -> None:
    spec = large(30)
    page = open_page(mocked(spec))
    event = page.locator(".event").nth(20)
    expect(event).not_to_have_attribute("open", "")
    name = event.locator("h4").inner_text()

    page.locator("nav").get_by_role("link", name=name, exact=True).click()

    for _ in range(2):
        expect(event).to_have_attribute("open", "")
        expect(event.locator("> summary")).to_be_in_viewport()
        expect(page.locator("nav a[aria-current]")).to_have_text(name)
        page.reload()


def test_a_link_to_an_event_that_the_search_hides_ends_the_search(mocked: Mocked, open_page: Open) -> None:
    page = open_page(mocked(CHAT))
    page.get_by_role("searchbox").fill("whisper")

    page.evaluate("location.hash = '#/sends/say'")

    expect(page.locator('[id="/sends/say"]')).to_be_in_viewport()
    expect(page.get_by_role("searchbox")).to_have_value("")


def test_the_theme_is_the_systems_until_the_reader_picks_one(mocked: Mocked, open_page: Open) -> None:
    page = open_page(mocked(CHAT), color_scheme="dark")
    dark = background(page)
    theme = page.locator("#theme")
    expect(theme).to_have_text("Theme: system")

    theme.click()
    expect(theme).to_have_text("Theme: light")
    light = background(page)
    assert light != dark
    page.reload()
    expect(theme).to_have_text("Theme: light")
    assert background(page) == light
    theme.click()
    expect(theme).to_have_text("Theme: dark")
    page.emulate_media(color_scheme="light")
    assert background(page) == dark
    theme.click()
    expect(theme).to_have_text("Theme: system")
    assert background(page) == light
    page.reload()
    expect(theme).to_have_text("Theme: system")


def background(page: Page) -> Any:
    return page.evaluate("getComputedStyle(document.body).backgroundColor")


def test_what_is_printed_is_all_of_the_api_and_nothing_to_click(mocked: Mocked, open_page: Open) -> None:
    page = open_page(mocked(large(30)))

    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")

    assert page.locator(".event:not([open])").count() == 0
    for control in ("#contents", "#search", "#theme", "[data-try]"):
        expect(page.locator(control).first).to_be_hidden()
    expect(page.locator("h1")).to_be_visible()


def test_a_page_of_300_messages_is_small_and_works(mocked: Mocked, open_page: Open) -> None:
    page = open_page(mocked(large(300)))

    loaded = page.evaluate(
        """() => performance.getEntries()
            .filter((each) => each.decodedBodySize !== undefined && !each.name.includes("/vendor/"))
            .reduce((sum, each) => sum + each.decodedBodySize, 0)"""
    )
    html = page.evaluate("performance.getEntriesByType('navigation')[0].decodedBodySize")
    assert html < 300_000
    page.reload()  # the first time, the server makes the page
    ready = page.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd")
    print(f"\n300 messages: page {html / 1000:.0f} kB, all {loaded / 1000:.0f} kB, ready in {ready:.0f} ms")
    page.get_by_role("searchbox").fill("order_2")
    expect(page.locator("#found")).to_contain_text("of 300 events")
    page.locator(".event:visible > summary").first.click()
    expect(page.locator(".event[open] [data-try], .event[open] .args").first).to_be_visible()
