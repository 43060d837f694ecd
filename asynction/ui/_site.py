"""The docs page as a set of files: decided without I/O of its own, served or written by others."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from asynction.contract import Contract, Json
from asynction.document import to_yaml
from asynction.document._public import public_document
from asynction.ui import _assets
from asynction.ui._json import plain, script_json, text
from asynction.ui._page import Page, build_page
from asynction.ui._page_data import page_data_of

_ORIGIN = re.compile(r"([a-z][a-z0-9+.-]*)://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:\d+)?(?=/|$)")
_SCHEMES = {"http": "ws", "https": "wss", "ws": "http", "wss": "https", "socket.io": "ws", "socketio": "ws"}
"""Socket.IO talks HTTP first and WebSocket then: an origin is needed in both spellings."""

_STATIC = "static/"


@dataclass(frozen=True, slots=True)
class Response:
    """What to answer a request with; `headers` has all but the length."""

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

    `source` is the document that the contract was compiled from, as one (`asynction bundle`); it is shown
    and offered without the extensions that name code. `socketio_path` is where the server has Socket.IO,
    `base` where it has the page, if it has both: below a prefix that only a proxy knows, the page finds one
    by the other. `http` tells whether events may be sent by HTTP requests, too.
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
    ) -> None:
        self._contract = contract
        self._source = source if isinstance(source, Mapping) else {}
        self._socketio_path = socketio_path
        self._title = title
        self._server: dict[str, Json] = {"base": base, "http": http}
        self._made: dict[str, Response] = {}
        self._pages: Mapping[str, tuple[str, Callable[[], bytes]]] = {
            "": ("text/html; charset=utf-8", self._html),
            "asyncapi.json": ("application/json", self._json),
            "asyncapi.yaml": ("application/yaml", self._yaml),
        }

    def get(self, path: str, *, if_none_match: str | None = None) -> Response | None:
        """Answer a GET of `path`, which counts from where the page is; None where nothing is there.

        With the `If-None-Match` header of the request, what the client has already is answered with
        304 and no body.
        """
        response = self._asset(path) if path.startswith(_STATIC) else self._page(path)
        if response is None or if_none_match is None:
            return response
        known = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
        if not known & {response.etag, "*"}:
            return response
        return Response(304, response.content_type, b"", response.headers)

    def write(self, folder: Path) -> None:
        """Write the page and all that it loads as files; they work below any path, and from a disk."""
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
        if path not in self._made:
            content_type, make = self._pages[path]
            self._made[path] = self._response(content_type, make())
        return self._made[path]

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
            ("Cache-Control", "no-cache"),  # keep it, but ask: the ETag tells whether it is still good
            ("ETag", f'"{hashlib.sha256(body).hexdigest()[:32]}"'),
        )
        return Response(200, content_type, body, headers)

    @cached_property
    def _policy(self) -> str:
        """Only what comes with the page runs; it may talk to its own server and to those of the contract."""
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
        return plain(public_document(self._source))

    def _json(self) -> bytes:
        text = json.dumps(self._document, indent=2, ensure_ascii=False) + "\n"
        return text.encode()

    def _yaml(self) -> bytes:
        return to_yaml(self._document).encode()


def _origins(url: str) -> tuple[str, ...]:
    """The origin of a server, for HTTP and for WebSocket; none where it is no plain one."""
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
