"""The examples of two packages that users come from run here: only their import lines have changed.

Each file of seeds/ is an example word for word; a line that is ours ends in `# asynction`.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.e2e.clients import Address, Args, Connect, JavaScriptClient, JavaScriptDriver, PythonClient
from tests.e2e.processes import DEADLINE, HOST, Process, free_port, running

ROOT = Path(__file__).parents[2]
SEEDS = Path(__file__).parent / "seeds"
MARK = "  # asynction"

# How many lines of each example are ours, and a digest of all others, which are the user's.
EXAMPLES = {
    "beside_fastapi": (2, "35c3737198706286"),
    "complete": (2, "17c02383d000e1a4"),
    "injection": (2, "98777a251c9539ea"),
    "middlewares": (9, "f611e629b4bfc043"),
    "plugin": (8, "c0462ffa42a839a0"),
    "quick_start": (2, "b454a94b0f819d7b"),
    "routers": (7, "40660400cae74406"),
    "typed": (1, "a4299ed0cdcbd352"),
}
# Examples that are fragments, and how many of our lines complete them; all others are imports.
FRAGMENTS = {"middlewares": 7, "plugin": 4, "routers": 3}
TO_STDERR = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"stderr": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
}
NAMES_A_PACKAGE = re.compile(r"asynction|(import|from) (socketio|fastsio)|opinionated")

Serve = Callable[[str], Process]


@contextmanager
def uvicorn(app: str, folder: Path) -> Iterator[Process]:
    """Serve `module:app` of seeds/ by a uvicorn of its own, with all that is logged in the output."""
    port = free_port()
    config = folder / "logging.json"
    config.write_text(json.dumps(TO_STDERR))
    options = ["--host", HOST, "--port", port, "--ws", "websockets-sansio", "--log-config", config]
    command = [sys.executable, "-m", "uvicorn", f"tests.e2e.seeds.{app}", *options]
    with running([*command, "--timeout-graceful-shutdown", 1], port, folder / "log", ROOT) as process:
        yield process


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """Serve an example, once for all tests: what it declares is its process's own."""
    served: dict[str, Process] = {}
    with ExitStack() as stack:

        def serving(app: str) -> Process:
            if app not in served:
                folder = tmp_path_factory.mktemp(app.partition(":")[0])
                served[app] = stack.enter_context(uvicorn(app, folder))
            served[app].mark()
            return served[app]

        yield serving


def logged(process: Process, pattern: str) -> str:
    """Wait until the output has a line that matches, and return its first group, or all of it."""
    found = process.wait_for(lambda: list(re.finditer(pattern, process.log())))[0]
    return str(found[found.re.groups and 1])


def status(ack: Args) -> object:
    """The status of an error acknowledgement."""
    (body,) = ack
    return body["error"]["status"]


# The plugin ----------------------------------------------------------------------------------------


def test_handlers_declared_after_the_server_echo_to_all(serve: Serve, connect: Connect) -> None:
    service = serve("plugin:app")
    ada, bob = connect(service.url), connect(service.url)
    assert ada.call("message", "hello") == []
    assert ada.receive("response") == bob.receive("response") == ["Echo: hello"]


def test_an_event_of_a_namespace_stays_in_it(serve: Serve, connect: Connect) -> None:
    service = serve("plugin:app")
    ada, bob, root = connect(service.url, "/chat"), connect(service.url, "/chat"), connect(service.url)
    ada.call("message", "hello")
    root.call("message", "later")
    assert ada.receive("response") == bob.receive("response") == ["Chat Echo: hello"]
    assert root.receive("response") == ["Echo: later"]


def test_the_socket_api_emits_to_all_to_a_room_and_to_a_client(serve: Serve, connect: Connect) -> None:
    service = serve("plugin:app")
    ada = connect(service.url)
    sid = logged(service, r"Client (\S+) connected")
    bob = connect(service.url)
    for _ in range(2):
        response = requests.get(f"{service.url}/notify", params={"sid": sid}, timeout=DEADLINE)
        assert response.status_code == requests.codes.ok
    everyone, room = {"message": "Hello, everyone!"}, {"message": "Hello, room!"}
    assert [ada.receive("notification") for _ in range(4)] == [[everyone], [room], [everyone], [room]]
    assert [bob.receive("notification") for _ in range(2)] == [[everyone], [everyone]]
    assert ada.receive("private") == [{"message": "Hello, client!"}]


def test_handlers_declared_before_the_server_get_the_sid(serve: Serve, connect: Connect) -> None:
    service = serve("complete:app")
    client = connect(service.url)
    sid = logged(service, r"Client (\S+) connected")
    client.call("message", ["any", 1])
    assert client.receive("response") == [{"message": ["any", 1], "from": sid}]
    assert logged(service, rf"Received message from {sid}: .*").endswith("['any', 1]")


@pytest.mark.parametrize("transport", ["websocket", "polling"])
@pytest.mark.parametrize("app", ["plugin:app", "complete:app", "quick_start:app"])
def test_handlers_hear_of_who_leaves(serve: Serve, app: str, transport: str) -> None:
    service = serve(app)
    with closing(PythonClient(transport, Address(service.url))):
        sid = logged(service, r"Client (\S+) connected")
    assert logged(service, rf"Client {sid} disconnected")


@pytest.mark.parametrize(
    ("app", "root"),
    {
        "complete:app": {"message": "FastAPI with Socket.IO"},
        "plugin:app": {"detail": "Not Found"},
        "beside_fastapi:combined_app": {"message": "FastAPI + fastsio"},
    }.items(),
)
def test_the_applications_own_routes_answer(serve: Serve, app: str, root: object) -> None:
    service = serve(app)
    assert requests.get(service.url, timeout=DEADLINE).json() == root
    elsewhere = requests.get(f"{service.url}/socket.io.js", timeout=DEADLINE)
    assert (elsewhere.status_code, elsewhere.json()) == (404, {"detail": "Not Found"})


def test_the_options_reach_the_mounted_server(serve: Serve) -> None:
    service = serve("plugin:app")
    response = requests.get(
        f"{service.url}/socket.io/",
        {"EIO": "4", "transport": "polling"},
        headers={"Origin": "https://elsewhere.example"},
        timeout=DEADLINE,
    )
    handshake = json.loads(response.text.removeprefix("0"))
    assert (handshake["pingInterval"], handshake["pingTimeout"]) == (25000, 5000)
    assert response.headers["Access-Control-Allow-Origin"] == "https://elsewhere.example"


@pytest.mark.parametrize("app", ["plugin", "complete"])
@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_the_server_stops_with_its_application(
    javascript: JavaScriptDriver, app: str, transport: str, tmp_path: Path
) -> None:
    with uvicorn(f"{app}:app", tmp_path) as service:
        with closing(JavaScriptClient(javascript, transport, Address(service.url))):
            sid = logged(service, r"Client (\S+) connected")
            os.kill(service.popen.pid, signal.SIGTERM)
            service.popen.wait(DEADLINE)
        log = service.log()
    assert f"Client {sid} disconnected" in log
    assert "Application shutdown complete" in log


def test_the_socket_api_says_what_to_do_where_there_is_no_server() -> None:
    code = """
from asynction import NotEnabledError, SocketEvent, socket_api

@SocketEvent("message")
async def message(sid, data):
    await socket_api().emit("response", data)

try:
    socket_api()
except NotEnabledError as error:
    print(error)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert "create one" in run.stdout
    assert "AsynctionAsyncServer(app=app)" in run.stdout


# The typed handlers --------------------------------------------------------------------------------


def test_the_quick_start_answers_the_sender_alone(serve: Serve, connect: Connect) -> None:
    service = serve("quick_start:app")
    ada, bob = connect(service.url), connect(service.url)
    ada.call("message", "one")
    bob.call("message", {"two": 2})
    assert ada.receive("response") == ["Received: one"]
    assert bob.receive("response") == ["Received: {'two': 2}"]


def test_typed_handlers_are_given_models_and_the_server(serve: Serve, connect: Connect) -> None:
    service = serve("typed:app")
    ada = connect(service.url, auth={"token": "x"})
    assert logged(service, r"Connection: \S+, auth: (.*)") == "{'token': 'x'}"
    bob, outside = connect(service.url), connect(service.url)
    for client, room in ((ada, "blue"), (bob, "blue"), (outside, "red")):
        assert client.call("join_room", {"room": room}) == []
        assert client.receive("joined") == [{"room": room}]
    for client, room in ((ada, "blue"), (outside, "red")):
        assert client.call("send_message", {"text": "hello", "room": room}) == []
    assert ada.receive("new_message") == bob.receive("new_message") == [{"text": "hello", "room": "blue"}]
    assert outside.receive("new_message") == [{"text": "hello", "room": "red"}]


@pytest.mark.parametrize(
    ("event", "args", "pointer"),
    [
        ("join_room", ({},), "/0/room"),
        ("join_room", ({"room": 1},), "/0/room"),
        ("join_room", ("blue",), "/0"),
        ("send_message", ({"text": ["no"], "room": "blue"},), "/0/text"),
    ],
)
def test_what_is_not_the_model_is_answered_at_once(
    serve: Serve, connect: Connect, event: str, args: tuple[object, ...], pointer: str
) -> None:
    client = connect(serve("typed:app").url)
    (ack,) = client.call(event, *args)
    assert (ack["error"]["status"], ack["error"]["pointer"]) == (400, pointer)
    assert client.call("join_room", {"room": "blue"}) == []


@pytest.mark.parametrize("args", [(), ({"room": "a"}, {"room": "b"})])
def test_too_few_or_too_many_args_are_answered_at_once(
    serve: Serve, connect: Connect, args: tuple[object, ...]
) -> None:
    client = connect(serve("typed:app").url)
    assert status(client.call("join_room", *args)) == 400


def test_a_server_in_front_of_fastapi_greets_who_connects(serve: Serve, connect: Connect) -> None:
    client = connect(serve("beside_fastapi:combined_app").url)
    assert client.receive("hello") == [{"message": "Welcome!"}]


class Headed(JavaScriptClient):
    """A JavaScript client that brings headers."""

    def __init__(self, driver: JavaScriptDriver, transport: str, address: Address, **headers: str) -> None:
        self._headers = headers
        super().__init__(driver, transport, address)

    def _run(self, do: str, **rest: Any) -> Any:
        if do == "connect":
            rest["options"]["extraHeaders"] = self._headers
        return super()._run(do, **rest)


@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_middleware_reads_the_headers_of_the_connection(
    serve: Serve, javascript: JavaScriptDriver, transport: str
) -> None:
    address = Address(serve("middlewares:app").url)
    with closing(Headed(javascript, transport, address, Authorization="Bearer x")) as client:
        assert client.call("join_room", {"room": "blue"}) == [{"status": "joined"}]
        assert client.call("send_message", "hello") == [{"status": "done"}]


def test_middleware_refuses_the_events_that_it_is_for(serve: Serve, connect: Connect) -> None:
    service = serve("middlewares:app")
    client = connect(service.url)
    for event in ("join_room", "send_message"):
        assert status(client.call(event, {"room": "blue"})) == 403
        assert logged(service, rf"403 event '{event}' in '/'")
    assert client.call("leave_room", "blue") == [{"status": "done"}]
    assert logged(service, "200 event 'leave_room' in '/'")


def test_middleware_is_for_one_event_of_one_namespace(serve: Serve, connect: Connect) -> None:
    service = serve("middlewares:app")
    client = connect(service.url, "/admin")
    for event, lines in (("admin_action", 2), ("admin_look", 1)):
        assert client.call(event, 1) == [{"status": "done"}]
        assert service.log().count(f"200 event '{event}' in '/admin'") == lines


@pytest.mark.parametrize(
    ("namespace", "event", "payload"),
    [
        ("/", "join_room", {"room": "blue"}),
        ("/chat", "message", {"text": "hello", "room": "blue"}),
        ("/admin", "user_ban", {"user": "Bob"}),
    ],
)
def test_each_router_has_its_namespace(
    serve: Serve, connect: Connect, namespace: str, event: str, payload: dict[str, str]
) -> None:
    client = connect(serve("routers:app").url, namespace)
    assert client.call(event, payload) == []
    assert status(client.call(event, dict.fromkeys(payload, 1))) == 400
    assert status(client.call("nobody handles this")) == 404


@pytest.mark.parametrize(
    ("args", "shown"),
    [(("hello",), "hello"), (({"a": 1},), "{'a': 1}"), ((1, 2), "(1, 2)"), ((), "None")],
)
def test_a_handler_is_given_all_that_it_asks_for(
    serve: Serve, connect: Connect, args: tuple[object, ...], shown: str
) -> None:
    service = serve("injection:app")
    client = connect(service.url)
    sid = logged(service, r"Connection: (\S+),")
    assert client.call("example", *args) == []
    assert logged(service, r"Event example from .*") == f"Event example from {sid}: {shown}"


# The examples themselves ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", EXAMPLES)
def test_only_marked_lines_name_a_package(name: str) -> None:
    lines = (SEEDS / f"{name}.py").read_text().splitlines()
    ours = [line for line in lines if line.endswith(MARK)]
    theirs = [line for line in lines if not line.endswith(MARK)]
    assert not [line for line in theirs if NAMES_A_PACKAGE.search(line)]
    digest = hashlib.sha256("\n".join(line.strip() for line in theirs).encode()).hexdigest()
    assert (len(ours), digest[:16]) == EXAMPLES[name]
    added = [line for line in ours if not line.startswith(("from ", "import "))]
    assert len(added) == FRAGMENTS.get(name, 0)


def test_every_example_is_served() -> None:
    assert {path.stem for path in SEEDS.glob("*.py")} == set(EXAMPLES)
