"""The docs page as a set of files, which a server sends or `asynction docs build` writes."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from asynction.contract import Contract, Json
from asynction.document import check_extensions, public_document, to_yaml
from asynction.ui import _assets
from asynction.ui._json import plain, script_json, text
from asynction.ui._page import Page, build_page
from asynction.ui._page_data import page_data_of

_ORIGIN = re.compile(r"([a-z][a-z0-9+.-]*)://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:\d+)?(?=/|$)")
_SCHEMES = {"http": "ws", "https": "wss", "ws": "http", "wss": "https", "socket.io": "ws", "socketio": "ws"}
"""The other scheme of an origin: Socket.IO starts with HTTP and upgrades to WebSocket, so it needs both."""

_STATIC = "static/"


@dataclass(frozen=True, slots=True)
class Response:
    """A response to a request; `headers` has all headers except the length."""

    status: int
    content_type: str
    body: bytes = field(repr=False)
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def etag(self) -> str:
        """The entity tag of the body (RFC 9110, 8.8.3)."""
        return dict(self.headers)["ETag"]


class Site:
    """The docs page of one contract, with the files that it loads.

    Args:
        contract: the contract.
        source: the document of the contract, bundled. The page offers it without extensions that name code.
        socketio_path: the path of Socket.IO on the server.
        title: the title of the page; that of the document by default.
        base: the path of the page on the server; None if the page is served elsewhere. Behind a proxy that
            adds a prefix, the page derives the prefix from it, and so finds Socket.IO.
        http: true if events can be sent by HTTP requests, too.
    """

    def __init__(
        self,
        contract: Contract,
        source: Json,
        *,
        socketio_path: str,
        title: str | None = None,
        base: str | None = None,
        http: bool = False,
        public_extensions: Collection[str] = (),
    ) -> None:
        self._contract = contract
        self._source = source if isinstance(source, Mapping) else {}
        self._socketio_path = socketio_path
        self._title = title
        self._extensions = check_extensions(public_extensions)
        self._server: dict[str, Json] = {"base": base, "http": http}
        self._responses: dict[str, Response] = {}
        self._pages: Mapping[str, tuple[str, Callable[[], bytes]]] = {
            "": ("text/html; charset=utf-8", self._html),
            "asyncapi.json": ("application/json", self._json),
            "asyncapi.yaml": ("application/yaml", self._yaml),
        }

    def get(self, path: str, *, if_none_match: str | None = None) -> Response | None:
        """Return the response to a GET of `path`, relative to the page; None if there is no such file.

        `if_none_match` is that header of the request: if it has the ETag, the response is 304, without body.
        """
        response = self._asset(path) if path.startswith(_STATIC) else self._page(path)
        if response is None or if_none_match is None:
            return response
        known = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
        if not known & {response.etag, "*"}:
            return response
        return Response(304, response.content_type, b"", response.headers)

    def write(self, folder: Path) -> None:
        """Write the page and its static files to a folder; they work under any path, and without a server."""
        names = {"index.html": "", "asyncapi.json": "asyncapi.json", "asyncapi.yaml": "asyncapi.yaml"}
        names |= {_STATIC + name: _STATIC + name for name in _assets.assets()}
        files = {name: made.body for name, path in names.items() if (made := self.get(path)) is not None}
        for name, body in files.items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(body)

    def _page(self, path: str) -> Response | None:
        path = "" if path == "index.html" else path
        if path not in self._pages:
            return None
        if path not in self._responses:  # rendered on first use: most servers are never asked for it
            content_type, make = self._pages[path]
            self._responses[path] = self._response(content_type, make())
        return self._responses[path]

    def _asset(self, path: str) -> Response | None:
        body = _assets.asset(path.removeprefix(_STATIC))
        if body is None:
            return None
        return self._response(_assets.TYPES[Path(path).suffix], body)

    def _response(self, content_type: str, body: bytes) -> Response:
        headers = (
            ("Content-Security-Policy", self._policy),
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "no-referrer"),
            ("Cache-Control", "no-cache"),  # caches must revalidate: the ETag changes with the body
            ("ETag", f'"{hashlib.sha256(body).hexdigest()[:32]}"'),
        )
        return Response(200, content_type, body, headers)

    @cached_property
    def _policy(self) -> str:
        """The Content-Security-Policy: only the page's files run, and connect only to servers of the API."""
        # Descriptions and names come from documents that need not be trusted. The templates escape them;
        # should markup get through nevertheless, it can load, run and send nothing.
        origins = dict.fromkeys(o for each in self._contract.servers.values() for o in _origins(each.url))
        return "; ".join(
            (
                "default-src 'none'",
                "script-src 'self'",
                "style-src 'self'",
                "img-src 'self' data:",
                " ".join(("connect-src 'self'", *origins)),
                "base-uri 'none'",
                "form-action 'none'",
                "frame-ancestors 'self'",
            )
        )

    @cached_property
    def _content(self) -> Page:
        return build_page(self._contract, self._source, socketio_path=self._socketio_path, title=self._title)

    def _html(self) -> bytes:
        page = self._content
        data = script_json({**self._server, **page_data_of(self._contract, page)})
        template = _templates().get_template("page.html")
        return template.render(page=page, page_data=data, missing=_assets.missing()).encode()

    @cached_property
    def _document(self) -> Json:
        return plain(public_document(self._source, self._extensions))

    def _json(self) -> bytes:
        text = json.dumps(self._document, indent=2, ensure_ascii=False) + "\n"
        return text.encode()

    def _yaml(self) -> bytes:
        return to_yaml(self._document).encode()


def _origins(url: str) -> tuple[str, ...]:
    """Return the origins of a server, for HTTP and WebSocket; none if its URL has parameters, for example."""
    match = _ORIGIN.match(url)
    if match is None or match[1] not in _SCHEMES:
        return ()
    scheme, host = match[1], match[2] + (match[3] or "")
    both = {"ws", "http"} if "ws" in (scheme, _SCHEMES[scheme]) else {"wss", "https"}
    return tuple(f"{each}://{host}" for each in sorted(both))


def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("asynction.ui"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters["text"] = text
    return environment
