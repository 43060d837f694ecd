"""`asynction docs`: the docs page of a document, as files or served."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import unquote, urlsplit

import click

from asynction.cli import HELP
from asynction.cli._serving import Address
from asynction.cli._spec import document_of, files_options
from asynction.contract import Json
from asynction.document import Retriever, bundle, check_extensions, load
from asynction.exceptions import DocumentError

if TYPE_CHECKING:
    from asynction.ui import Site

_DEFAULT_PATH = "socket.io"

C = TypeVar("C", bound=Callable[..., Any])


def _page_options(command: C) -> C:
    """Add the options that both commands have."""
    options = (
        click.option("--server-name", help="The server of the document whose path is used."),
        click.option("--title", help="The title of the page; default: that of the document."),
        files_options,
        click.option(
            "--public-extension",
            "public_extensions",
            multiple=True,
            metavar="NAME",
            help="An `x-` field of the document to publish; may be repeated.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.group("docs", context_settings=HELP)
def command() -> None:
    """Build or serve the docs page of a document."""


@command.command("build", context_settings=HELP)
@click.argument("spec")
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder to write to; it is created if it is missing.",
)
@_page_options
def build(spec: str, output: Path, **page: Any) -> None:
    """Write the docs page as files, for any web server.

    `-` reads SPEC from standard input.
    """
    site = _site(spec, **page)
    try:
        site.write(output)
    except OSError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"Wrote {output / 'index.html'}", err=True)


@command.command("serve", context_settings=HELP)
@click.argument("spec")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "-p", "--port", default=5001, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on."
)
@_page_options
def serve(spec: str, host: str, port: int, **page: Any) -> None:
    """Serve the docs page, without a Socket.IO server.

    The servers that `asynction run` and `asynction mock` start have it, too. `-` reads SPEC from
    standard input.
    """
    site = _site(spec, **page)
    try:
        server = _Server(host, port, site)
    except OSError as error:
        raise click.ClickException(str(error)) from error
    with server:
        click.echo(f"Serving the docs page of {spec} on {Address(host, port)}", err=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            click.echo(err=True)  # after the `^C` of the terminal


def _site(
    spec: str,
    *,
    server_name: str | None,
    title: str | None,
    root: Path | None = None,
    retriever: Retriever | None = None,
    public_extensions: tuple[str, ...] = (),
) -> Site:
    from asynction.runtime import choose_server
    from asynction.ui import Site

    document = document_of(spec)
    try:
        contract = load(document, root=root, retriever=retriever)
        server = choose_server(contract, server_name)
        source = cast("Mapping[str, Json]", bundle(document, root=root, retriever=retriever))
        extensions = check_extensions(public_extensions)
    except (DocumentError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    path = (server.path if server is not None else None) or _DEFAULT_PATH
    return Site(contract, source, socketio_path=f"/{path}", title=title, public_extensions=extensions)


class _Server(ThreadingHTTPServer):
    def __init__(self, host: str, port: int, site: Site) -> None:
        self.site = site
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path).lstrip("/")
        response = self.server.site.get(path, if_none_match=self.headers.get("If-None-Match"))
        if response is None:
            self.send_error(404)
            return
        self.send_response(response.status)
        self.send_header("Content-Type", response.content_type)
        self.send_header("Content-Length", str(len(response.body)))
        for name, value in response.headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(response.body)

    do_HEAD = do_GET  # noqa: N815 - the name is that of the parent

    def log_message(self, format: str, *args: object) -> None:
        """Do not log requests."""
