"""How the servers serve the page about their contract."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import flask
import pytest
import yaml
from fastapi import FastAPI
from starlette.applications import Starlette
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from asynction import AsynctionAsyncServer
from asynction.document import load
from asynction.mock.asgi import MockAsynctionAsyncServer
from asynction.mock.flask import MockAsynctionSocketIO
from asynction.server._docs import Docs, DocsApp
from tests.server.support import build, document, message, of

SPEC = of(
    message("say", {"type": "string"}, handler="echo"),
    **{"x-handlers": {"connect": "tests.server.handlers.connect", "error": "tests.server.handlers.on_error"}},
)
SECRETS = ("x-handler", "x-hooks", "x-middlewares", "x-jwt", "Func", "handlers.", "checks.", "_SECRET")


@dataclass
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


Ask = Callable[..., Answer]
Serve = Callable[..., Ask]


def of_wsgi(app: Any) -> Ask:
    """Ask a WSGI application."""

    def ask(path: str, method: str = "GET", **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        response = flask.Flask.test_client(app).open(path, method=method, headers=named)
        return Answer(response.status_code, dict(response.headers), response.data)

    return ask


def of_asgi(app: Any, root_path: str = "") -> Ask:
    """Ask an ASGI application, as a server would that hands on what it was asked for."""

    def ask(path: str, method: str = "GET", **headers: str) -> Answer:
        async def body() -> Answer:
            sent: list[Any] = []

            async def receive() -> Any:
                return {"type": "http.request", "body": b"", "more_body": False}

            async def send(event: Any) -> None:
                sent.append(event)

            named = [(k.replace("_", "-").lower().encode(), v.encode()) for k, v in headers.items()]
            scope = {
                "type": "http",
                "asgi": {"version": "3.0"},
                "http_version": "1.1",
                "method": method,
                "scheme": "http",
                "path": path,
                "raw_path": path.encode(),
                "query_string": b"",
                "root_path": root_path,
                "headers": named,
                "server": ("127.0.0.1", 80),
                "client": ("127.0.0.1", 1),
            }
            await app(scope, receive, send)
            start = sent[0]
            got = {k.decode().title(): v.decode("latin-1") for k, v in start["headers"]}
            return Answer(start["status"], got, b"".join(each.get("body", b"") for each in sent[1:]))

        return asyncio.run(body())

    return ask


def on_flask(spec: Any, **options: Any) -> Ask:
    app = flask.Flask("test")
    build(spec, app=app, **options)
    return of_wsgi(app)


def on_asgi(spec: Any, **options: Any) -> Ask:
    return of_asgi(AsynctionAsyncServer.from_spec(spec, **options).asgi_app())


def on_starlette(spec: Any, **options: Any) -> Ask:
    app = Starlette()
    AsynctionAsyncServer.from_spec(spec, app=app, **options)
    return of_asgi(app)


SERVERS = [on_flask, on_asgi, on_starlette]
on_each = pytest.mark.parametrize("serve", SERVERS)


@on_each
@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("", "text/html; charset=utf-8"),
        ("index.html", "text/html; charset=utf-8"),
        ("asyncapi.json", "application/json"),
        ("asyncapi.yaml", "application/yaml"),
        ("static/page.js", "text/javascript; charset=utf-8"),
    ],
)
def test_each_file_comes_with_what_protects_its_readers(serve: Serve, path: str, content_type: str) -> None:
    ask = serve(SPEC)

    answer = ask(f"/docs/{path}")

    assert (answer.status, answer.headers["Content-Type"]) == (200, content_type)
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert int(answer.headers["Content-Length"]) == len(answer.body)
    head = ask(f"/docs/{path}", "HEAD")
    assert (head.status, head.body) == (200, b"")
    assert head.headers == answer.headers


@on_each
def test_what_a_client_has_already_is_not_sent_again(serve: Serve) -> None:
    ask = serve(SPEC)
    tag = ask("/docs/").headers["Etag" if serve is not on_flask else "ETag"]

    same = ask("/docs/", If_None_Match=tag)
    other = ask("/docs/", If_None_Match='"other"')

    assert (same.status, same.body) == (304, b"")
    assert (other.status, other.body) == (200, ask("/docs/").body)


@on_each
def test_the_page_is_in_a_folder(serve: Serve) -> None:
    answer = serve(SPEC)("/docs")

    assert answer.status == 308
    assert answer.headers["Location"].removeprefix("http://localhost/") in ("docs/", "/docs/")


@on_each
@pytest.mark.parametrize(
    "path",
    [
        "none",
        "static/none.js",
        "static/../_site.py",
        "static/../../server/flask.py",
        "static/%2e%2e/_site.py",
        "static/..%2f_site.py",
        "static//etc/passwd",
        "../docs/../setup.cfg",
        "static/vendor",
    ],
)
def test_nothing_else_is_served(serve: Serve, path: str) -> None:
    assert serve(SPEC)(f"/docs/{path}").status in (404, 308)


@on_each
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_what_writes_is_not_ours(serve: Serve, method: str) -> None:
    assert serve(SPEC)("/docs/", method).status in (404, 405)


@on_each
def test_the_page_may_be_left_out(serve: Serve) -> None:
    assert serve(SPEC, docs=False)("/docs/").status == 404


@on_each
def test_the_page_is_beside_the_socketio_path(serve: Serve) -> None:
    ask = serve(SPEC | {"servers": {"main": {"url": "ws://a.example/api/v1/live", "protocol": "ws"}}})

    assert ask("/docs/").status == 404
    assert '"path": "/api/v1/live"' in ask("/api/v1/docs/").text.replace('":"', '": "')


def test_a_post_goes_on_to_the_application_behind() -> None:
    async def other(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 201, "headers": []})
        await send({"type": "http.response.body", "body": scope["path"].encode()})

    ask = of_asgi(AsynctionAsyncServer.from_spec(SPEC).asgi_app(other))

    assert ask("/docs/", "POST").body == b"/docs/"
    assert ask("/docsy").body == b"/docsy"
    assert ask("/docs/").status == 200


def mocked(spec: Any) -> list[Ask]:
    app = flask.Flask("test")
    MockAsynctionSocketIO.from_spec(spec, app=app, async_mode="threading")
    return [of_wsgi(app), of_asgi(MockAsynctionAsyncServer.from_spec(spec).asgi_app())]


@pytest.mark.parametrize("name", ["secured", "rooms", "chat"])
@pytest.mark.parametrize("path", ["", "asyncapi.json", "asyncapi.yaml"])
def test_what_names_code_or_holds_secrets_never_leaves(name: str, path: str) -> None:
    for ask in mocked(f"specs/examples/{name}/asyncapi.yaml"):
        text = ask(f"/docs/{path}").text

        assert [secret for secret in SECRETS if secret in text] == []


def test_both_forms_of_the_document_say_the_same_and_load() -> None:
    for ask in mocked("specs/examples/rooms/asyncapi.yaml"):
        document = json.loads(ask("/docs/asyncapi.json").body)

        assert yaml.safe_load(ask("/docs/asyncapi.yaml").body) == document
        assert load(document).namespaces.keys() == {"/", "/rooms/{roomId}"}


def test_two_servers_of_one_application_have_a_page_each() -> None:
    app = flask.Flask("test")
    for name, path in (("One", "a/io"), ("Two", "a/io2"), ("Three", "b/io"), ("Four", "a/io3")):
        build(titled(name), app=app, path=path)
    both = Starlette()
    for name, path in (("One", "a/io"), ("Two", "a/io2"), ("Three", "b/io"), ("Four", "a/io3")):
        AsynctionAsyncServer.from_spec(titled(name), app=both, socketio_path=path)

    for ask in (of_wsgi(app), of_asgi(both)):
        pages = {place: ask(f"/{place}/") for place in ("a/docs", "a/asyncapi", "b/docs", "a/io3-docs")}
        titles = [
            f"<title>{name} 1.0.0</title>" in page.text
            for name, page in zip(("One", "Two", "Three", "Four"), pages.values(), strict=True)
        ]
        assert titles == [True] * 4


def titled(name: str) -> dict[str, Any]:
    return document(info={"title": name, "version": "1.0.0"})


def test_where_all_its_places_are_taken_the_page_takes_the_last() -> None:
    taken = ["/docs", "/asyncapi", "/io-docs"]

    docs = Docs(load(SPEC), lambda: SPEC, "io", taken)

    assert docs.base == "/io-docs"


def test_pages_that_the_application_has_stay_its_own() -> None:
    app = FastAPI()
    AsynctionAsyncServer.from_spec(SPEC, app=app)
    ask = of_asgi(app)

    assert "swagger" in ask("/docs").text
    assert "<title>Test 1.0.0</title>" in ask("/asyncapi/").text


def test_below_a_prefix_the_page_is_found_and_knows_its_place() -> None:
    app = flask.Flask("test")
    build(SPEC, app=app)
    outer = flask.Flask("outer")
    outer.wsgi_app = DispatcherMiddleware(outer.wsgi_app, {"/v1": app})  # type: ignore[method-assign]
    inner, mounting = FastAPI(), FastAPI()
    AsynctionAsyncServer.from_spec(SPEC, app=inner)
    mounting.mount("/v1", inner)
    engine = AsynctionAsyncServer.from_spec(SPEC).asgi_app()

    for ask, base in (
        (of_wsgi(outer), "/docs"),
        (of_asgi(mounting), "/asyncapi"),
        (of_asgi(engine, "/v1"), "/docs"),
    ):
        text = ask(f"/v1{base}/").text
        assert f'"base":"{base}"' in text.replace('": "', '":"')
        assert ask(f"/v1{base}/static/page.js").status == 200
        assert ask(f"/v1{base}").headers["Location"] in ("docs/", "asyncapi/", "http://localhost/v1/docs/")


def test_what_is_no_request_goes_on() -> None:
    seen = []

    async def other(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["type"])

    app = DocsApp(Docs(load(SPEC), lambda: SPEC, "io"), other)
    for kind in ("websocket", "lifespan"):
        asyncio.run(app({"type": kind, "path": "/docs/"}, other, other))  # type: ignore[arg-type]

    assert seen == ["websocket", "lifespan"]


@on_each
@pytest.mark.parametrize("http", [False, True])
def test_where_events_are_taken_by_http_their_openapi_document_is_there(serve: Serve, http: bool) -> None:
    ask = serve(SPEC, http=http)

    answer = ask("/docs/openapi.json")

    assert answer.status == (200 if http else 404)
    assert (b'"openapi"' in answer.body) == http
    assert f'"http":{json.dumps(http)}' in ask("/docs/").text.replace('": ', '":')
