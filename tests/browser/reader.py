"""Somebody who reads a page, and uses its console, in a real browser."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Locator, Page, expect

WAIT = 10_000
"""Milliseconds until a wait is a failure; no test measures time."""


class Reader:
    """Opens pages, and keeps what a page must not do: ask another host, fail, or break its own policy."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self.complaints: list[str] = []
        self.without = ""  # a pattern of what the server is made not to have

    def open(self, url: str, **options: Any) -> Page:
        """Open a page in a context of its own; the options are the context's."""
        context = self._browser.new_context(**options)
        self._contexts.append(context)
        context.set_default_timeout(WAIT)
        page = context.new_page()
        self._watch(page, urlsplit(url).netloc)
        if self.without:
            page.route(self.without, lambda route: route.fulfill(status=404))
        page.goto(url)
        return page

    def leave(self) -> None:
        """Close all pages."""
        while self._contexts:
            self._contexts.pop().close()

    def _watch(self, page: Page, host: str) -> None:
        def asked(url: str) -> None:
            parts = urlsplit(url)
            if parts.scheme not in ("data", "blob") and parts.netloc != host:
                self.complaints.append(f"asked {url}")

        def said(message: ConsoleMessage) -> None:
            if "Content Security Policy" in message.text:
                self.complaints.append(message.text)

        def dialog(dialog: Dialog) -> None:
            self.complaints.append(f"dialog: {dialog.message}")
            dialog.dismiss()

        page.on("request", lambda request: asked(request.url))
        page.on("websocket", lambda socket: asked(socket.url))
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("console", said)
        page.on("dialog", dialog)


class Console:
    """The console of a page, as its user sees it."""

    def __init__(self, page: Page, event: str, namespace: str = "/") -> None:
        self.page = page
        page.locator(f'[data-try][data-namespace="{namespace}"][data-event="{event}"]').click()
        self.element = page.get_by_role("region", name="Console", exact=True)
        # Its libraries come with the first opening.
        expect(self.element.get_by_role("heading", name="Console")).to_be_focused()
        self.connection = self.element.get_by_role("region", name="Connection")
        self.composer = self.element.get_by_role("region", name="Send")
        self.state = self.connection.get_by_role("status").first
        self.ack = self.composer.locator(".c-ack")
        self.ack_status = self.composer.locator(".c-ack-status")
        self.log = self.element.get_by_role("list", name="Log, newest first")

    def fill(self, label: str, value: str) -> None:
        """Fill in a field of the connection."""
        self.connection.get_by_label(label).fill(value)

    def connect(self, **fields: str) -> Console:
        """Connect with these values, by the names of their fields."""
        for name, value in fields.items():
            self.fill(name, value)
        self.connection.get_by_role("button", name="Connect", exact=True).click()
        return self

    def connected(self, **fields: str) -> Console:
        """Connect, and wait until the server has let us in."""
        self.connect(**fields)
        expect(self.state).to_contain_text("Connected, sid", timeout=WAIT)
        return self

    def choose(self, event: str) -> None:
        self.composer.get_by_label("Event").select_option(event)

    def arg(self, number: int) -> Locator:
        """The editor of an arg, counted from 1."""
        return self.composer.locator(".c-editor").nth(number - 1)

    def write(self, *args: str) -> None:
        """Write the args, as JSON text."""
        for number, text in enumerate(args, 1):
            self.arg(number).locator("textarea").fill(text)

    def send(self, *args: str, button: str = "Send") -> Console:
        """Write the args, and send them."""
        self.write(*args)
        self.composer.get_by_role("button", name=button, exact=True).click()
        return self

    def entries(self, direction: str, name: str) -> Locator:
        """The lines of the log in a direction (in, out, ack, state) for an event."""
        found = self.log.locator(f".c-entry.is-{direction}")
        return found.filter(has=self.page.locator(".c-name").get_by_text(name, exact=True))
