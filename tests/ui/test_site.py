from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from asynction.document import bundle, load, validate
from asynction.ui import Response, Site, _assets
from tests.ui.support import document, hostile, page_of, parse, read, received, site_of

SECURED = Path("specs/examples/secured/asyncapi.yaml")
ATTACK = (
    "\"'><img src=x onerror=alert(1)></script></pre></code><script>alert(1)</script><!--{{ 7 * 7 }}{% x %}"
)
LINKS = (
    " [a](javascript:alert(1)) <javascript:alert(1)> ![i](data:image/svg+xml,x) [b]( vbscript:x 'onclick=1')"
)
TEXT = ATTACK + LINKS


@pytest.fixture(scope="module")
def site() -> Site:
    return site_of(SECURED)


def answer(site: Site, path: str) -> Response:
    response = site.get(path)
    assert response is not None, path
    return response


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("", "text/html; charset=utf-8"),
        ("index.html", "text/html; charset=utf-8"),
        ("asyncapi.json", "application/json"),
        ("asyncapi.yaml", "application/yaml"),
        ("static/page.css", "text/css; charset=utf-8"),
        ("static/page.js", "text/javascript; charset=utf-8"),
    ],
)
def test_each_file_has_its_type_and_the_headers_that_protect_readers(
    site: Site, path: str, content_type: str
) -> None:
    response = answer(site, path)

    assert (response.status, response.content_type) == (200, content_type)
    headers = dict(response.headers)
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "connect-src 'self' http://127.0.0.1:5000 ws://127.0.0.1:5000;" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-cache"
    assert headers["ETag"] == response.etag


@pytest.mark.parametrize(
    "path",
    [
        "other",
        "static/",
        "static/none.js",
        "static/../_site.py",
        "static//page.css",
        "static/vendor/../page.css",
        "static/.hidden.js",
        "static/page.py",
        "static/vendor",
        "/",
        "static/page.css\n",
    ],
)
def test_nothing_else_is_there(site: Site, path: str) -> None:
    assert site.get(path) is None


def test_what_a_client_has_already_is_not_sent_again(site: Site) -> None:
    tag = answer(site, "").etag

    same = site.get("", if_none_match=f'"other", W/{tag}')
    other = site.get("", if_none_match='"other"')

    assert same is not None
    assert other is not None
    assert (same.status, same.body, same.etag) == (304, b"", tag)
    assert other.status == 200
    assert (site.get("", if_none_match="*") or other).status == 304
    assert site.get("none", if_none_match=tag) is None


def test_the_page_is_made_once_and_is_the_same_each_time(site: Site) -> None:
    assert answer(site, "") is answer(site, "")
    assert answer(site, "").body == answer(site_of(SECURED), "").body


@pytest.mark.parametrize(
    ("url", "origins"),
    [
        ("wss://a.example/x", "https://a.example wss://a.example"),
        ("http://a.example:8080", "http://a.example:8080 ws://a.example:8080"),
        ("socket.io://[::1]:5", "http://[::1]:5 ws://[::1]:5"),
        ("ftp://a.example", ""),
        ("//a.example", ""),
        ("ws://a.example;script-src *", ""),
        ("ws://{host}/", ""),
    ],
)
def test_the_policy_lets_the_page_talk_to_the_servers_of_the_contract(url: str, origins: str) -> None:
    spec = document({"/": {}}, servers={"s": {"url": url, "protocol": "ws", "variables": {"host": {}}}})

    policy = dict(answer(Site(load(spec), spec, socketio_path="io"), "").headers)["Content-Security-Policy"]

    assert f"connect-src {' '.join(('self', origins)).strip()};".replace("self", "'self'") in policy


@pytest.mark.parametrize("path", ["", "asyncapi.json", "asyncapi.yaml"])
def test_what_names_code_or_holds_secrets_never_leaves(site: Site, path: str) -> None:
    text = answer(site, path).body.decode()

    for secret in ("notes.enter", "checks.", "NOTES_SECRET", "x-handler", "x-jwt", "Func"):
        assert secret not in text, secret


def test_the_document_is_offered_in_both_forms(site: Site) -> None:
    as_json: Any = json.loads(answer(site, "asyncapi.json").body)
    as_yaml = yaml.safe_load(answer(site, "asyncapi.yaml").body)

    assert as_json == as_yaml
    assert as_json["info"]["title"] == "Notes"
    assert [problem for problem in validate(as_json) if problem.severity == "error"] == []


@pytest.mark.parametrize("path", sorted(Path("specs/examples").glob("*/asyncapi*.yaml")), ids=str)
def test_what_is_written_works_by_itself(path: Path, tmp_path: Path) -> None:
    site_of(path).write(tmp_path / "docs")

    page = parse((tmp_path / "docs" / "index.html").read_text(encoding="utf-8")).open[0]
    links = [each.attributes.get("href", each.attributes.get("src", "")) for each in page.all()]
    own = [link for link in links if link and not link.startswith(("#", "http", "data:", "mailto:"))]
    assert {"static/page.css", "static/page.js", "asyncapi.yaml", "asyncapi.json"} <= set(own)
    for link in own:
        assert (tmp_path / "docs" / link).is_file(), link


def test_whatever_lies_among_the_libraries_is_served_and_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    static = tmp_path / "static"
    (static / "vendor").mkdir(parents=True)
    for name in ("vendor/lib.esm.min.js", "vendor/lib.LICENSE.txt", "vendor/odd.bin"):
        (static / name).write_text(name)
    monkeypatch.setattr(_assets, "STATIC", static)
    site = site_of(document({"/": {}}))

    site.write(tmp_path / "out")

    assert answer(site, "static/vendor/lib.esm.min.js").body == b"vendor/lib.esm.min.js"
    assert site.get("static/vendor/odd.bin") is None
    written = {each.relative_to(tmp_path / "out").as_posix() for each in (tmp_path / "out").rglob("*.*")}
    assert written == {
        *("index.html", "asyncapi.json", "asyncapi.yaml"),
        *("static/vendor/lib.esm.min.js", "static/vendor/lib.LICENSE.txt"),
    }


def hostile_site(text: str) -> Site:
    spec = hostile(text)
    contract = load(spec, ignore=["component-key", "channel-address", "channel-parameter"])
    return Site(contract, spec, socketio_path="io/" + text, title=text)


def test_no_text_of_a_document_becomes_markup() -> None:
    tame = parse(answer(hostile_site("tame text"), "").body.decode())
    wild = parse(answer(hostile_site(TEXT), "").body.decode())

    assert set(wild.tags) <= {*tame.tags, "a"}
    assert "img" not in wild.tags
    assert wild.tags.count("script") == tame.tags.count("script")
    assert wild.names <= {*tame.names, "rel"}
    assert not {name for name in wild.names if name.startswith("on")}
    page = wild.open[0]
    for each in page.all():
        link = each.attributes.get("href", each.attributes.get("src", ""))
        assert not link.strip().lower().startswith(("javascript", "vbscript", "data:text", "data:image"))
    assert "7 * 7" in page.text
    page_data = json.loads("".join(page.one("script", id="api").texts))
    (namespace,) = page_data["namespaces"]
    assert namespace["name"] == "/" + TEXT.replace("{", "(")
    assert namespace["receives"][0]["name"] == TEXT


def test_the_page_data_cannot_be_left() -> None:
    html = page_of(received({"type": "string", "description": "</script><b>x</b>"}, name="</script><b>"))

    assert html.count("</script>") == parse(html).tags.count("script")


def test_names_with_quotes_stay_in_their_attributes() -> None:
    name = "\"say\" 'it' <now> & then"
    page = read(received({"type": "string"}, name=name))

    button = page.all("button", data_namespace="/")[0]
    assert button.attributes["data-event"] == name
    assert page.one("h4").text == name


def test_a_source_may_be_empty() -> None:
    assert "T" in answer(Site(load(document({"/": {}})), None, socketio_path="io"), "").body.decode()


def test_a_document_of_several_files_is_shown_as_one(tmp_path: Path) -> None:
    (tmp_path / "messages.yaml").write_text(
        "say: {name: say, title: From afar, tags: [{name: far}], payload: {type: string}, x-handler: a.b}\n"
    )
    path = tmp_path / "asyncapi.yaml"
    path.write_text(
        "asyncapi: 2.6.0\ninfo: {title: T, version: '1'}\n"
        "channels: {/: {publish: {message: {$ref: 'messages.yaml#/say'}}}}\n"
    )

    site = Site(load(path), bundle(path), socketio_path="io")

    page = parse(answer(site, "").body.decode()).open[0]
    assert "From afar" in page.text
    assert page.one("p", class_="tags").text == "far"
    assert b"a.b" not in answer(site, "asyncapi.yaml").body


@pytest.mark.parametrize("options", [{}, {"base": "/docs", "http": True}])
def test_the_console_knows_the_path_of_the_page_and_the_options_of_the_server(
    options: dict[str, Any],
) -> None:
    page = parse(answer(site_of(SECURED, **options), "").body.decode()).open[0]

    data = json.loads("".join(page.one("script", id="api").texts))

    assert (data["base"], data["http"]) == (options.get("base"), options.get("http", False))
