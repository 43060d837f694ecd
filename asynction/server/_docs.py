"""Serves the docs page next to the Socket.IO path, by WSGI and by ASGI."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, cast

from asynction.contract import Contract, Json
from asynction.document import check_extensions
from asynction.server._asgi.app import below, is_below
from asynction.server._asgi.request import header_of, respond, respond_text
from asynction.server._asgi.types import ASGIApp, Receive, Scope, Send
from asynction.server.http import HttpWire

if TYPE_CHECKING:
    from asynction.ui import Response, Site

Source = Callable[[], Json]
"""A function that returns one document with everything that the contract was read from."""


class DocsApp:
    """An ASGI application that serves the docs page, and passes everything else to `other`."""

    def __init__(self, docs: Docs, other: ASGIApp) -> None:
        self._docs = docs
        self._other = other

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, or the lifespan."""
        reads = scope["type"] == "http" and scope["method"] in ("GET", "HEAD")
        if not (reads and is_below(self._docs.base, scope)):
            await self._other(scope, receive, send)
            return
        path = below(self._docs.base, scope)
        found = self._docs.get(path.removeprefix("/"), header_of(scope, b"if-none-match")) if path else None
        is_head = scope["method"] == "HEAD"
        if not path:  # the links of the page are relative to a folder
            await respond(
                send, 308, headers={"Location": f"{self._docs.base.rpartition('/')[2]}/"}, is_head=is_head
            )
        elif found is None:
            await respond_text(send, 404, "Not Found", is_head=is_head)
        else:
            headers = (("Content-Type", found.content_type), *found.headers)
            await respond(send, found.status, found.body, headers, is_head=is_head)


class Docs:
    """The docs page of one server, at the path `base`; it is rendered on the first request.

    Args:
        contract: the contract to describe.
        source: returns the document that the page offers for download.
        socketio_path: the Socket.IO path; `base` is `docs` next to it.
        taken: the paths of the application; if they contain `docs`, `base` is `asyncapi`.
        http: the HTTP wire, if any; its OpenAPI document is then served, too.
        public_extensions: the extensions of the document to publish besides ours.
    """

    def __init__(
        self,
        contract: Contract,
        source: Source,
        socketio_path: str,
        taken: Collection[str] = (),
        *,
        http: HttpWire | None = None,
        public_extensions: Collection[str] = (),
    ) -> None:
        self._extensions = check_extensions(public_extensions)
        self._contract = contract
        self._http = http
        self._source = source
        self._socketio_path = socketio_path.strip("/")
        parent = f"/{self._socketio_path}".rpartition("/")[0]
        names = ("docs", "asyncapi", f"{self._socketio_path.rpartition('/')[2]}-docs")
        places = [f"{parent}/{name}" for name in names]
        self.base = next((place for place in places if place not in taken), places[-1])
        self._site: Site | None = None

    def get(self, path: str, if_none_match: str | None) -> Response | None:
        """Return the response to a GET of `path` below `base`, or None if it does not exist."""
        from asynction.ui import Response, Site  # importing the templates takes time

        if path == "openapi.json" and self._http is not None:
            from asynction.server._http.openapi import openapi

            return Response(200, "application/json", openapi(self._http), (("Cache-Control", "no-cache"),))
        if self._site is None:
            source = cast("Mapping[str, Json]", self._source())
            at = f"/{self._socketio_path}"
            self._site = Site(
                self._contract,
                source,
                socketio_path=at,
                base=self.base,
                http=self._http is not None,
                public_extensions=self._extensions,
            )
        return self._site.get(path, if_none_match=if_none_match)
