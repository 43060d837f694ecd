"""Whatever a document or a server says stays text."""

from __future__ import annotations

from typing import Any

import pytest
import socketio
from flask import Flask
from playwright.sync_api import Page, expect

from asynction.document import load
from asynction.server._docs import Docs
from asynction.testing import serve_wsgi
from tests.browser.conftest import Open
from tests.browser.reader import WAIT, Console
from tests.ui.support import hostile

ATTACK = (
    "\"'><img src=x onerror=window.__xss=1><svg onload=window.__xss=1></script></style></textarea></pre>"
    "<script>window.__xss=1;alert(1)</script><!--{{ 7 * 7 }}{% x %}${window.__xss=1}\u2028"
    "[a](javascript:window.__xss=1) <javascript:alert(1)> ![i](x' onerror='window.__xss=1)"
)


def lying(spec: Any, event: str, *args: object) -> Flask:
    """Serve the page of a contract, and beside it a server that answers all with these args."""
    app = Flask("lying")
    server = socketio.Server(async_mode="threading", cors_allowed_origins=None)

    def answer(sid: str, *_: object) -> tuple[object, ...]:
        server.emit(event, args, to=sid)
        return args

    def refuse(sid: str, environ: object, auth: object) -> None:
        raise socketio.exceptions.ConnectionRefusedError(ATTACK, {ATTACK: ATTACK})

    server.on("say", answer)
    server.on("connect", refuse, namespace="/closed")
    app.wsgi_app = socketio.WSGIApp(server, app.wsgi_app)  # type: ignore[method-assign]
    docs = Docs(
        load(spec, ignore=["component-key", "channel-address", "channel-parameter"]),
        lambda: spec,
        "socket.io",
    )

    @app.get("/docs/")
    @app.get("/docs/<path:path>")
    def page(path: str = "") -> Any:
        found = docs.get(path, None)
        assert found is not None
        return found.body, found.status, {**dict(found.headers), "Content-Type": found.content_type}

    return app


def unfold(page: Page) -> None:
    """Open all folds, also those inside of what others show when they open."""
    page.evaluate(
        """async () => {
            for (let depth = 0; depth < 5; depth += 1) {
                for (const fold of document.querySelectorAll("details:not([open])")) fold.open = true;
                await new Promise(requestAnimationFrame);
            }
        }"""
    )


def is_harmless(page: Page) -> None:
    assert page.evaluate("window.__xss") is None
    for tag in ("img", "svg", "iframe", "object", "embed"):
        assert page.locator(tag).count() == 0, tag
    assert page.locator("script").count() == 3
    links = page.locator("a").evaluate_all("links => links.map((link) => link.protocol)")
    assert set(links) <= {"http:", "https:", "mailto:"}


def test_a_hostile_document_stays_text(open_page: Open) -> None:
    spec = hostile(ATTACK)
    with serve_wsgi(lying(spec, "said")) as url:
        page = open_page(f"{url}/docs/")
        page.get_by_role("searchbox").fill("<img")
        expect(page.locator("#found")).to_have_text("2 of 2 events")
        page.get_by_role("searchbox").fill("")
        page.locator("[data-try]").click()
        expect(page.locator("#console")).to_be_visible()
        unfold(page)
        for button in page.locator("#console button:visible", has_text="Copy").all():
            button.click()
        is_harmless(page)
        expect(page.locator("h1")).to_contain_text("<script>window.__xss=1;alert(1)</script>")


@pytest.mark.parametrize(
    "args",
    [
        (ATTACK,),
        ({ATTACK: [ATTACK, {"__proto__": ATTACK}]}, 1),
        ({"error": {"status": ATTACK, "title": ATTACK, "detail": ATTACK, "pointer": ATTACK}},),
        ({"error": {"status": 400, "title": ATTACK, "detail": ATTACK, "pointer": f"/0/{ATTACK}"}},),
        (b"<img src=x onerror=alert(1)>",),
    ],
    ids=["text", "keys", "no error", "error", "bytes"],
)
@pytest.mark.parametrize("event", ["said", ATTACK])
def test_a_hostile_server_stays_text(event: str, args: tuple[object, ...], open_page: Open) -> None:
    spec = {
        "asyncapi": "2.6.0",
        "info": {"title": "T", "version": "1"},
        "channels": {
            "/": {
                "publish": {"message": {"name": "say", "x-ack": {"args": {"type": "integer"}}}},
                "subscribe": {"message": {"name": "said", "payload": {"type": "integer"}}},
            },
            "/closed": {"publish": {"message": {"name": "say"}}},
        },
    }
    with serve_wsgi(lying(spec, event, *args)) as url:
        page = open_page(f"{url}/docs/")
        console = Console(page, "say").connected()
        console.send()
        received = console.entries("in", event)
        expect(received).to_contain_text("breaks the contract" if event == "said" else "unknown event")
        expect(console.ack_status).to_contain_text("ack after")
        unfold(page)
        page.keyboard.press("Escape")
        closed = Console(page, "say", "/closed").connect()
        expect(closed.state).to_contain_text("Refused: ", timeout=WAIT)
        expect(closed.connection.get_by_label("Data of the refusal")).to_contain_text("<script>")
        is_harmless(page)
