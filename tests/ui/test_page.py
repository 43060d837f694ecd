from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from asynction.ui import _assets
from asynction.ui._page import OPEN_EVENTS
from tests.ui.support import Element, document, large, page_of, parse, read, received

EXAMPLES = sorted(Path("specs/examples").glob("*/asyncapi*.yaml"))


def page_data_of(page: Element) -> Any:
    return json.loads("".join(page.one("script", id="api").texts))


def event_of(page: Element, anchor: str) -> Element:
    return page.one("details", id=anchor)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_example_has_a_page_whose_links_lead_somewhere(path: Path) -> None:
    page = read(path)

    ids = {each.attributes["id"] for each in page.all() if "id" in each.attributes}
    for link in page.all("a"):
        target = link.attributes["href"]
        assert not target.startswith("#") or target[1:] in ids, target
    assert len(page.all("h1")) == 1
    events = page.all("details", class_="event")
    page_data = page_data_of(page)
    shown = [e for n in page_data["namespaces"] for e in (*n["receives"], *n["sends"])]
    assert [each.one("h4").text for each in events] == [e["name"] for e in shown]
    assert all(e["examples"] for e in shown)


def test_the_chat_is_described_in_the_terms_of_socketio() -> None:
    page = read(Path("specs/examples/chat/asyncapi.yaml"))

    assert [each.text for each in page.all("h2")] == ["Namespace /", "Namespace /admin", "Errors"]
    assert [each.text for each in page.all("h3")] == [
        *("Connect", "Client sends", "Client receives"),
        *("Connect", "Client sends"),
    ]
    whisper = event_of(page, "/sends/whisper")
    assert whisper.one("h4").text == "whisper"
    args, ack = whisper.all("ol", class_="args")
    assert [each.text for each in args.all("li")] == [
        "1 Name string · 1 to 24 characters".replace(" ·", ""),
        "2 Text string 1 to 500 characters",
    ]
    assert ack.text == "boolean"
    assert whisper.one("button").attributes["data-event"] == "whisper"
    assert event_of(page, "/receives/said").all("button") == []
    assert 'socket.emit("say", {"text": "Good morning"}, (ack) => {})' in event_of(page, "/sends/say").text
    assert 'io("ws://127.0.0.1:5000/admin", { query: { … } })' in page.text


def test_the_page_data_has_what_the_console_needs() -> None:
    page_data = page_data_of(read(Path("specs/examples/chat/asyncapi.yaml"), socketio_path="/live/"))

    root = page_data["namespaces"][0]
    assert page_data["path"] == "/live"
    assert page_data["servers"] == [
        {"name": "local", "url": "ws://127.0.0.1:5000/socket.io", "description": ""}
    ]
    assert root.keys() == {"name", "anchor", "parameters", "handshake", "security", "receives", "sends"}
    assert root["handshake"]["query"]["required"] == ["name"]
    assert root["handshake"]["auth"] is None
    whisper = next(each for each in root["receives"] if each["name"] == "whisper")
    assert whisper["args"] == {
        "items": [{"$ref": "#/definitions/Name"}, {"$ref": "#/definitions/Text"}],
        "definitions": ["Name", "Text"],
        "minItems": 2,
        "maxItems": 2,
    }
    assert page_data["definitions"]["Name"] == {"type": "string", "minLength": 1, "maxLength": 24}
    assert whisper["ack"]["items"] == [{"type": "boolean"}]
    assert whisper["examples"] == [["text", "text"]]
    assert page_data["namespaces"][1]["security"] == []


def test_a_namespace_shows_what_it_takes_to_connect() -> None:
    page = read(Path("specs/examples/secured/asyncapi.yaml"))

    needs = [each.text for each in page.all("p", class_="needs")]
    assert "Needs password or session (notes:read) or jwt (notes:read)" in needs
    assert "Needs nothing or session" in needs
    assert "Needs device and password" in needs
    assert "Needs session (notes:write) or jwt (notes:write)" in event_of(page, "/writing/sends/write").text
    fails = [each.text for each in page.all("p", class_="fails")]
    assert fails == [
        "Errors: 400, 500",
        *["Errors: 400, 500; 403 if an event needs credentials"] * 2,
        "Errors: 400, 500",
    ]
    assert 'io("ws://127.0.0.1:5000", { auth: { … } })' in page.text


def test_all_that_a_document_says_is_shown() -> None:
    page = read(
        document(
            {
                "/rooms/{id}": {
                    "description": "A *room*.",
                    "parameters": {"id": {"schema": {"type": "string", "pattern": "^r"}}},
                    "bindings": {
                        "ws": {"method": "GET", "headers": {"type": "object", "properties": {"k": True}}}
                    },
                    "x-handlers": {"error": "a.b"},
                    "publish": {
                        "message": {
                            "name": "say",
                            "title": "Title",
                            "summary": "Summary",
                            "description": "Long **text**",
                            "deprecated": True,
                            "tags": [{"name": "tagged"}],
                            "externalDocs": {"url": "https://docs.example", "description": "docs"},
                            "payload": {"type": "string"},
                            "examples": [{"payload": "hi", "summary": "A greeting"}],
                        }
                    },
                    "subscribe": {
                        "message": {
                            "name": "none",
                            "payload": {"items": [True], "maxItems": 0, "type": "array"},
                        }
                    },
                },
                "/empty": {},
            },
            servers={
                "a": {"url": "wss://a.example/path", "protocol": "wss", "description": "The *first*"},
                "b": {"url": "ws://b.example", "protocol": "ws"},
            },
        ),
        title="Own title",
    )

    text = page.text
    assert page.one("title").text == "Own title 1"
    for said in (
        "A room.",
        "id string matches ^r",
        "The handshake is a GET request.",
        'io("wss://a.example/rooms/{id}", { extraHeaders: { … } })',
        "Summary",
        "Long text",
        "Deprecated.",
        "tagged",
        "docs",
        "Example: A greeting",
        "No args.",
        "No events.",
        "the server may acknowledge it with an error of its own form",
        "wss://a.example/path The first",
    ):
        assert said in text, said
    assert page.all("h4", class_="old")


@pytest.mark.parametrize(
    ("spec", "snippet"),
    [
        (document({"/": {}}), 'io("/")'),
        (document({"/chat": {}}), 'io("/chat")'),
        (document({"/": {}}, servers={"s": {"url": "ws://h:1/x", "protocol": "ws"}}), 'io("ws://h:1")'),
        (document({"/": {}}, servers={"s": {"url": "h:1/x", "protocol": "ws"}}), 'io("h:1")'),
    ],
)
def test_the_way_to_connect_names_server_and_namespace(spec: Any, snippet: str) -> None:
    assert f"const socket = {snippet}" in read(spec).text


def test_the_path_of_the_server_is_shown() -> None:
    assert 'io("/", { path: "/live" })' in read(document({"/": {}}), socketio_path="live").text


def test_what_3_x_says_of_a_channel_is_shown() -> None:
    spec = {
        "asyncapi": "3.0.0",
        "info": {
            "title": "T",
            "version": "1",
            "license": {"name": "MIT"},
            "contact": {"name": "Ann", "url": "https://ann.example"},
        },
        "channels": {
            "c": {
                "address": "/c",
                "summary": "In short",
                "tags": [{"name": "t"}],
                "externalDocs": {"url": "https://docs.example"},
                "messages": {
                    "m": {
                        "title": "What m is",
                        "payload": {"schemaFormat": "application/vnd.apache.avro", "schema": {}},
                    }
                },
                "parameters": {},
            }
        },
        "operations": {"o": {"action": "send", "channel": {"$ref": "#/channels/c"}}},
    }

    text = read(spec).text

    assert "In short" in text
    assert "What m is" in text
    assert "Described in another language: application/vnd.apache.avro" in text
    assert "Ann · MIT" in text


def test_a_handshake_in_another_language_is_only_named() -> None:
    from dataclasses import replace

    from asynction.contract import Handshake, Schema
    from asynction.document import load
    from asynction.ui import Site

    contract = load(document({"/": {}}))
    other = Handshake(
        query=Schema(None, "text/odd"),
        auth=Schema({"type": "string"}, "https://json-schema.org/draft/2020-12/schema"),
    )
    namespace = replace(contract.namespaces["/"], handshake=other)
    response = Site(replace(contract, namespaces={"/": namespace}), {}, socketio_path="io").get("")

    assert response is not None
    page = parse(response.body.decode()).open[0]
    assert "in another language: text/odd" in page.text
    handshake = page_data_of(page)["namespaces"][0]["handshake"]
    assert handshake["query"] is None
    assert handshake["auth"]["$schema"].endswith("2020-12/schema")


def test_a_recursive_type_is_shown_once_and_linked() -> None:
    node = {
        "type": "object",
        "properties": {"kids": {"type": "array", "items": {"$ref": "#/components/schemas/Node"}}},
    }
    spec = document(
        {"/": {"publish": {"message": {"name": "say", "payload": {"$ref": "#/components/schemas/Node"}}}}},
        components={"schemas": {"Node": node}},
    )

    page = read(spec)

    assert page.one("article", id="types/Node").one("h3").text == "Node"
    assert [each.attributes["href"] for each in page.all("a", class_="type")] == ["#types/Node"] * 2


def test_anchors_are_unique() -> None:
    message = {"name": "a", "payload": {"type": "string"}}
    page = read(
        document({"/": {"publish": {"message": message}}, "/sends/a": {"publish": {"message": message}}})
    )

    anchors = [n["anchor"] for n in page_data_of(page)["namespaces"]]
    assert anchors == ["/", "/sends/a-2"]


def test_an_event_without_a_possible_value_has_no_example() -> None:
    page = read(received({"type": "string", "enum": ["a"], "minLength": 9}, name="never"))

    (event,) = page_data_of(page)["namespaces"][0]["receives"]
    assert event["examples"] == []
    assert page.all("pre") != []


def test_examples_of_tuples_are_lists_of_args() -> None:
    tuple_of_two = {"type": "array", "items": [{"type": "string"}, {"type": "integer"}]}
    page = read(received(tuple_of_two, examples=[{"payload": ["a", 1]}]))

    assert page_data_of(page)["namespaces"][0]["receives"][0]["examples"] == [["a", 1]]
    assert 'socket.emit("say", "a", 1)' in page.text


def test_bytes_in_an_example_are_base64() -> None:
    page = read(received({"type": "string", "format": "binary"}))

    ((value,),) = page_data_of(page)["namespaces"][0]["receives"][0]["examples"]
    assert value.keys() == {"$binary"}


def test_without_its_libraries_the_page_says_how_to_get_a_console(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(_assets, "STATIC", tmp_path)
    without = read(received({"type": "string"}))
    for name in _assets.CONSOLE:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    complete = read(received({"type": "string"}))

    assert "make assets" in without.text
    assert without.all("button", data_event="say") == []
    assert not (tmp_path / "vendor" / "json-schema.js").exists()  # it only checks what is sent
    assert "make assets" not in complete.text
    assert len(complete.all("button", data_event="say")) == 1
    assert complete.all("script")[-1].attributes == {"type": "module", "src": "static/console.js"}


LARGE = 300


def test_a_page_of_300_messages_stays_small(capsys: pytest.CaptureFixture[str]) -> None:
    html = page_of(large(LARGE))

    with capsys.disabled():
        print(f"\n{LARGE} messages: {len(html.encode()) / 1000:.0f} kB")
    page = parse(html).open[0]
    assert len(page.all("details", class_="event")) == LARGE
    assert len(html.encode()) < 300_000


def test_many_events_are_folded_at_first() -> None:
    few = read(large(OPEN_EVENTS)).all("details", class_="event")
    many = read(large(OPEN_EVENTS + 1)).all("details", class_="event")

    assert {"open" in each.attributes for each in few} == {True}
    assert {"open" in each.attributes for each in many} == {False}
