from __future__ import annotations

import re
import shlex
import subprocess
import sys

import pytest
import requests
from fastapi import FastAPI
from flask import Flask
from flask_socketio import emit
from playwright.sync_api import expect
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from asynction import AsynctionSocketIO
from asynction.mock.asgi import MockAsynctionAsyncServer
from asynction.mock.flask import MockAsynctionSocketIO
from asynction.testing import serve_asgi, serve_wsgi
from tests.browser.conftest import NEVER, Mocked, Open
from tests.browser.reader import WAIT, Console, Reader
from tests.serving import DEADLINE, connected
from tests.ui.support import document

EXAMPLE = "specs/examples/chat/asyncapi.yaml"
TIMED = re.compile(r"ok ack after \d+ ms")


def test_an_event_is_sent_and_its_ack_shown_with_its_time(chat: str, open_page: Open) -> None:
    console = Console(open_page(chat), "say").connected(name="Ada")

    console.send('{"text": "hello"}')

    expect(console.ack_status).to_have_text(TIMED)
    expect(console.ack).to_contain_text('"reached":')
    expect(console.entries("in", "said")).to_contain_text('"text":"hello"')
    expect(console.entries("in", "said")).not_to_contain_text("breaks the contract")
    expect(console.entries("ack", "say")).to_contain_text("ok in")
    expect(console.entries("out", "say")).to_contain_text("hello")


def test_a_refusal_is_shown_with_its_reason(chat: str, open_page: Open) -> None:
    page = open_page(chat)
    console = Console(page, "say").connect(name="x" * 25)
    expect(console.state).to_have_text(re.compile(r"^Refused: .*\bname\b.*[^.]\.$"), timeout=WAIT)
    console.connected(name="Bo")

    other = Console(open_page(chat), "say").connect(name="Bo")

    expect(other.state).to_have_text("Refused: Somebody here is called Bo already.", timeout=WAIT)


def test_a_violation_is_marked_while_typing_and_the_server_says_the_same(chat: str, open_page: Open) -> None:
    console = Console(open_page(chat), "say").connected(name="Cy")

    console.write('{\n  "text": 42\n}')

    expect(console.arg(1).get_by_role("button", name="line 2 /text")).to_be_visible()
    expect(console.arg(1).locator("textarea")).to_have_attribute("aria-invalid", "true")
    console.send(button="Send anyway")
    expect(console.ack_status).to_contain_text("error 400")
    expect(console.ack).to_contain_text("400 Bad Request")
    expect(console.ack).to_contain_text("/0/text")
    expect(console.entries("out", "say")).to_contain_text("breaks the contract")
    console.write('{"text": "fine"}')
    expect(console.composer.get_by_role("button", name="Send", exact=True)).to_be_visible()


def test_what_is_no_json_is_not_sent(chat: str, open_page: Open) -> None:
    console = Console(open_page(chat), "say").connected(name="Di")

    console.send('{"text": ')

    expect(console.ack_status).to_have_text("Not sent: an arg is not JSON.")
    expect(console.arg(1)).to_contain_text("Not JSON")
    expect(console.entries("out", "say")).to_have_count(0)


def test_an_event_of_several_args_has_an_editor_for_each(chat: str, open_page: Open) -> None:
    console = Console(open_page(chat), "whisper").connected(name="Eve")
    expect(console.composer.locator(".c-editor")).to_have_count(2)

    console.send('"Eve"', '"psst"')

    expect(console.ack_status).to_have_text(TIMED)
    expect(console.ack).to_contain_text("true")
    whispered = console.entries("in", "whispered")
    expect(whispered).to_contain_text('"Eve", "psst"')
    whispered.locator("summary").click()
    whispered.get_by_role("textbox", name="Ack: a list of args").fill("[true]")
    whispered.get_by_role("button", name="Send ack").click()
    expect(console.entries("in", "read")).to_contain_text('"Eve", true')


def test_sending_connects_first_and_resending_sends_the_same_again(chat: str, open_page: Open) -> None:
    console = Console(open_page(chat), "say")
    console.fill("name", "Flo")

    console.send('{"text": "once"}')
    sent = console.entries("out", "say")
    expect(sent).to_have_count(1)
    sent.locator("summary").click()
    sent.get_by_role("button", name="Resend").click()

    expect(console.entries("in", "said")).to_have_count(2)
    expect(console.entries("ack", "say")).to_have_count(2)


def test_an_end_by_the_server_is_told(chat: str, open_page: Open) -> None:
    console = Console(open_page(chat), "say").connected(name="Gil")
    admin = Console(open_page(chat), "show out", "/admin").connected(level="1")

    admin.send('"Gil"')

    expect(admin.ack_status).to_have_text(TIMED)
    expect(console.state).to_contain_text("Disconnected: the server closed the connection.")


def test_the_call_is_copied_as_python_that_runs(chat: str, open_page: Open) -> None:
    page = open_page(chat, permissions=["clipboard-read", "clipboard-write"])
    console = Console(page, "say")
    console.fill("name", "Hal")
    console.write('{"text": "it\'s \\"true\\", null & \\u2028 ü"}')

    console.composer.get_by_role("button", name="Copy as Python").click()

    expect(console.composer.get_by_role("status").filter(has_text="Copied as Python")).to_be_visible()
    code = page.evaluate("navigator.clipboard.readText()")
    printed = subprocess.check_output([sys.executable, "-c", code], text=True, timeout=DEADLINE)
    assert re.fullmatch(r"\{'id': \d+, 'reached': \d+\}\n", printed)


def test_the_call_is_copied_as_javascript(chat: str, open_page: Open) -> None:
    page = open_page(chat, permissions=["clipboard-read", "clipboard-write"])
    console = Console(page, "whisper")
    console.fill("name", "Ian")
    console.write('"Jo"', '"hi"')

    console.composer.get_by_role("button", name="Copy as JavaScript").click()

    expect(console.composer.get_by_role("status").filter(has_text="Copied as JavaScript")).to_be_visible()
    code = page.evaluate("navigator.clipboard.readText()")
    origin = chat.removesuffix("/docs/")
    assert f'const socket = io("{origin}", {{"query": {{"name": "Ian"}}}});' in code
    assert 'socket.emitWithAck("whisper", "Jo", "hi")' in code


def test_the_console_closes_by_escape_and_gives_the_focus_back(chat: str, open_page: Open) -> None:
    page = open_page(chat)
    console = Console(page, "say")

    page.keyboard.press("Escape")

    expect(console.element).to_be_hidden()
    expect(page.locator('[data-try][data-event="say"]')).to_be_focused()


def test_a_mock_answers_as_the_contract_says(mocked: Mocked, open_page: Open) -> None:
    console = Console(open_page(mocked(EXAMPLE)), "say").connected(name="Ada")

    console.send('{"text": "hello"}')

    expect(console.ack_status).to_have_text(TIMED)
    console.send('{"text": ""}', button="Send anyway")
    expect(console.ack_status).to_contain_text("error 400")


def test_what_a_mock_sends_by_itself_fits_the_contract(mocked: Mocked, open_page: Open) -> None:
    page = open_page(mocked(EXAMPLE, interval=0.05, only=["said"]))
    console = Console(page, "say").connected(name="Ada")

    expect(console.entries("in", "said").first).to_be_visible()
    expect(console.entries("in", "said").nth(2)).to_be_visible()
    expect(console.log.locator(".is-marked")).to_have_count(0)


def test_a_namespace_with_a_parameter_is_entered_by_its_value(rooms: str, open_page: Open) -> None:
    page = open_page(rooms)
    lobby = Console(page, "create").connected()
    lobby.send('{"id": "attic", "title": "The attic", "seats": 2}')
    expect(lobby.ack_status).to_have_text(TIMED)
    page.keyboard.press("Escape")

    room = Console(page, "join", "/rooms/{roomId}").connected(roomId="attic")
    room.send('{"name": "Ada"}')

    expect(room.ack_status).to_have_text(TIMED)
    expect(room.ack).to_contain_text('"people":')
    expect(room.log.locator(".is-in").filter(has_text="people").first).to_be_visible()
    with connected(rooms.removesuffix("/asyncapi/")) as client:
        (infos,) = client.call("list")
    assert {"id": "attic", "title": "The attic", "seats": 2, "taken": 1} in infos


def test_a_parameter_without_a_value_is_asked_for(rooms: str, open_page: Open) -> None:
    console = Console(open_page(rooms), "join", "/rooms/{roomId}").connect(roomId="")

    expect(console.connection.get_by_role("alert")).to_have_text("Not connected: roomId needs a value.")


def test_credentials_go_with_the_auth_payload(secured: str, open_page: Open) -> None:
    console = Console(open_page(secured), "who am i")
    auth = console.connection.get_by_role("textbox", name="auth payload (JSON)")
    auth.fill('{"username": "ada", "password": "wrong"}')
    console.connect()
    expect(console.state).to_contain_text("Refused: ", timeout=WAIT)

    auth.fill('{"username": "ada", "password": "correct horse"}')
    console.connected().send()

    expect(console.ack_status).to_have_text(TIMED)
    expect(console.ack).to_have_text('"ada"')


@pytest.mark.parametrize("width", [1024, 1280, 1440])
def test_beside_the_page_the_console_covers_nothing(width: int, mocked: Mocked, open_page: Open) -> None:
    page = open_page(mocked(EXAMPLE), viewport={"width": width, "height": 800})
    console = Console(page, "say")

    drawer = console.element.bounding_box()

    assert drawer is not None
    rights = page.locator("#theme, .event, .connect pre").evaluate_all(
        "parts => parts.map((part) => part.getBoundingClientRect().right)"
    )
    assert max(rights) <= drawer["x"]


@pytest.mark.parametrize("prefix", ["/v1", "/a/b"])
def test_below_a_prefix_the_console_finds_flask(prefix: str, open_page: Open) -> None:
    app = Flask("mock")
    MockAsynctionSocketIO.from_spec(EXAMPLE, app=app, async_mode="threading", interval=NEVER)
    with serve_wsgi(DispatcherMiddleware(Flask("outer"), {prefix: app})) as url:
        console = Console(open_page(f"{url}{prefix}/docs/"), "say").connected(name="Ada")

        console.send('{"text": "hello"}')

        expect(console.ack_status).to_have_text(TIMED)
        console.composer.get_by_role("button", name="Copy as Python").click()
        expect(console.composer).to_contain_text(f'socketio_path="{prefix}/socket.io"')


def test_below_a_prefix_the_console_finds_asgi(open_page: Open) -> None:
    inner, outer = FastAPI(), FastAPI()
    MockAsynctionAsyncServer.from_spec(EXAMPLE, app=inner, interval=NEVER)
    outer.mount("/v1", inner)
    with serve_asgi(outer) as url:
        console = Console(open_page(f"{url}/v1/asyncapi/"), "say").connected(name="Ada")

        console.send('{"text": "hello"}')

        expect(console.ack_status).to_have_text(TIMED)


def test_without_the_schema_validator_the_console_works_and_says_that_it_checks_nothing(
    mocked: Mocked, reader: Reader
) -> None:
    reader.without = "**/vendor/json-schema.js"
    console = Console(reader.open(mocked(EXAMPLE)), "say").connected(name="Ada")

    expect(console.element).to_contain_text("Nothing is checked here")
    console.send('{"text": 42}')

    expect(console.ack_status).to_contain_text("error 400")


def test_what_the_server_sends_against_the_contract_is_marked(open_page: Open) -> None:
    app = Flask("loose")
    asio = AsynctionSocketIO.from_spec(
        {
            "asyncapi": "2.6.0",
            "info": {"title": "Loose", "version": "1"},
            "channels": {
                "/": {
                    "publish": {"message": {"name": "say", "x-ack": {"args": {"type": "integer"}}}},
                    "subscribe": {"message": {"name": "said", "payload": {"type": "integer"}}},
                }
            },
        },
        app=app,
        async_mode="threading",
        validation=False,
        strict=False,
    )

    @asio.on("say")
    def say() -> str:
        emit("said", "one")
        emit("said", 1)
        emit("unheard of")
        return "no number"

    with serve_wsgi(app) as url:
        console = Console(open_page(f"{url}/docs/"), "say").connected()
        console.send()

        expect(console.ack_status).to_contain_text("breaks the contract")
        expect(console.entries("in", "said")).to_have_count(2)
        bad = console.entries("in", "said").filter(has_text='"one"')
        expect(bad).to_contain_text("breaks the contract")
        expect(console.entries("in", "unheard of")).to_contain_text("unknown event")
        bad.locator("summary").click()
        expect(bad).to_contain_text("/0 must be integer")
        console.log.page.get_by_label("Show").select_option("Breaks the contract")
        expect(console.entries("in", "said")).to_have_count(1)


def test_the_call_is_copied_as_curl_where_the_server_takes_http(open_page: Open) -> None:
    app = Flask("http")
    servers = {"main": {"url": "ws://a.example/api/socket.io", "protocol": "ws"}}
    say = {"name": "say it", "payload": {"type": "string"}, "x-ack": {"args": {"type": "string"}}}
    spec = document({"/room": {"publish": {"message": say}}}, servers=servers)
    asio = AsynctionSocketIO.from_spec(spec, app=app, async_mode="threading", http=True, strict=False)

    @asio.on("say it", namespace="/room")
    def handle(text: str) -> str:
        return text.upper()

    with serve_wsgi(DispatcherMiddleware(Flask("outer"), {"/v1": app})) as url:
        console = Console(open_page(f"{url}/v1/api/docs/"), "say it", "/room")
        console.write('"it\'s"')

        console.composer.get_by_role("button", name="Copy as curl").click()
        code = console.composer.locator(".c-snippet pre").inner_text()

        words = shlex.split(code)
        assert words[:2] == ["curl", f"{url}/v1/api/events/room/say%20it"]
        answer = requests.post(
            words[1], words[-1].encode(), headers={"Content-Type": "application/json"}, timeout=DEADLINE
        )
        assert (answer.status_code, answer.json()) == (200, "IT'S")
