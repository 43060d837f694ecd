from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import EXAMPLES, Mocked, Open
from tests.browser.reader import Console
from tests.ui.support import large

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS = ("serious", "critical")


def faults(page: Page) -> list[str]:
    """The rules that a page breaks seriously, and where."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: Any = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{each['id']}: {node['target']} {node['failureSummary']}"
        for each in found["violations"]
        if each["impact"] in SERIOUS
        for node in each["nodes"][:3]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["chat", "rooms", "secured", "300 messages"])
def test_a_page_has_no_serious_fault(name: str, scheme: str, mocked: Mocked, open_page: Open) -> None:
    spec = large(300) if name == "300 messages" else EXAMPLES / name / "asyncapi.yaml"
    page = open_page(mocked(spec), color_scheme=scheme, bypass_csp=True)  # axe sets styles to measure

    assert faults(page) == []


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_console_has_no_serious_fault(width: int, scheme: str, mocked: Mocked, open_page: Open) -> None:
    url = mocked(EXAMPLES / "chat" / "asyncapi.yaml")
    page = open_page(url, color_scheme=scheme, bypass_csp=True, viewport={"width": width, "height": 800})
    console = Console(page, "say")
    assert faults(page) == []
    console.connect(name="x" * 25)
    expect(console.state).to_contain_text("Refused")
    console.connected(name="Ada").send('{"text": "hello"}')
    expect(console.ack_status).to_contain_text("ack after")
    console.send('{"text": 1}', button="Send anyway")
    expect(console.ack_status).to_contain_text("error 400")
    console.composer.get_by_role("button", name="Copy as Python").click()
    console.log.locator("summary").first.click()

    assert faults(page) == []
