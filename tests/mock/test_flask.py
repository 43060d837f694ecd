"""The mock on Flask."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import flask
import pytest

from asynction import AsynctionSocketIO, MockAsynctionSocketIO, Router
from asynction.inject import SocketID
from asynction.runtime import ModuleResolver
from asynction.testing import serve_wsgi
from tests.e2e.processes import free_port, running
from tests.mock import documents
from tests.mock.support import NEVER
from tests.mock.test_behaviour import AVRO
from tests.server.support import INTEGER, STRING, app_of, channel, client_of, document, message, of
from tests.serving import connected


def mock(spec: Any, **options: Any) -> MockAsynctionSocketIO:
    """Return a mock with an app, which sends nothing unless a test sets an interval."""
    options.setdefault("interval", NEVER)
    app = options.pop("app", None) or flask.Flask("test")
    return MockAsynctionSocketIO.from_spec(spec, app=app, async_mode="threading", **options)


class Tasks(list[tuple[Any, Any]]):
    """The background tasks of a server, which the test runs step by step."""

    def __init__(self, asio: MockAsynctionSocketIO) -> None:
        super().__init__()
        asio.server.start_background_task = lambda *task: self.append(task)
        self.sleep = asio.server.sleep

    def run_once(self) -> None:
        """Run the only task until its next emission; remove it if it is over."""
        ((_, flow),) = self
        try:
            function, args = next(flow)
            while function != self.sleep:
                function, args = flow.send(function(*args))
        except StopIteration:
            self.clear()


def test_every_event_is_checked_and_acknowledged() -> None:
    client = client_of(mock(of(message("say", STRING, INTEGER), message("bye"))))
    (answer,) = client.ask("say", "hello")
    assert isinstance(answer, int)
    assert client.ask("say", 1)[0]["error"]["status"] == 400
    assert client.ask("bye") == []
    assert client.ask("else")[0]["error"]["status"] == 404


def test_no_code_of_the_document_is_imported() -> None:
    asked: list[object] = []

    def resolver(*names: object) -> str:
        asked.append(names)
        return "no.such.module.handler"

    client = client_of(mock(documents.coded(), resolver=resolver), query_string="key=1")
    assert isinstance(client.ask("say", "hello")[0], int)
    assert asked == []
    mock(documents.big(), resolver=ModuleResolver("no.such.module"))


def test_credentials_are_required_and_any_are_accepted() -> None:
    asio = mock(documents.coded())
    assert not client_of(asio).is_connected()
    assert client_of(asio, query_string="key=any").is_connected()


def test_a_function_that_is_given_decides() -> None:
    def key(value: str, scopes: list[str]) -> dict[str, object] | None:
        return {"sub": "ada"} if value == "right" else None

    asio = mock(documents.coded(), security_functions={"key": key})
    assert not client_of(asio, query_string="key=wrong").is_connected()
    assert client_of(asio, query_string="key=right").is_connected()


def test_the_chosen_server_says_what_is_demanded() -> None:
    assert client_of(mock(documents.several(), server_name="open")).is_connected()
    closed = mock(documents.several(), server_name="closed")
    assert not client_of(closed).is_connected()
    assert client_of(closed, headers={"Authorization": "Basic YTpi"}).is_connected()


def test_the_handshake_is_enforced() -> None:
    asio = mock(documents.handshake())
    assert not client_of(asio).is_connected()
    assert client_of(asio, query_string="token=1").is_connected()


def test_without_validation_nothing_is_checked_but_all_is_answered() -> None:
    client = client_of(mock(of(message("say", STRING, INTEGER)), validation=False))
    assert isinstance(client.ask("say", 1, 2)[0], int)
    assert client_of(mock(documents.handshake(), validation=False)).is_connected()


@pytest.mark.parametrize("setting", ["TESTING", "DEBUG", "PROPAGATE_EXCEPTIONS"])
def test_clients_are_answered_while_testing_too(setting: str) -> None:
    app = flask.Flask("test")
    app.config[setting] = True
    client = client_of(mock(of(message("say", STRING)), app=app, error_rate=1))
    assert client.ask("say", 1)[0]["error"]["status"] == 400
    assert client.ask("say", "hello") == [
        {"error": {"status": 503, "title": "Service Unavailable", "detail": "the mock simulates an error"}}
    ]


def test_an_answer_waits_and_a_client_is_put_out() -> None:
    asio = mock(of(message("say")), latency=(1, 2), disconnect_rate=1, seed=1)
    slept: list[float] = []
    asio.sleep = slept.append
    client = client_of(asio)
    assert client.ask("say")[0]["error"]["status"] == 503
    assert not client.is_connected()
    assert len(slept) == 1
    assert 1 <= slept[0] <= 2


def test_handlers_of_code_go_before_the_mock() -> None:
    router = Router()

    @router.on("say")
    def say(sid: SocketID) -> str:
        return "router"

    asio = mock(of(message("say", ack=STRING), message("ask", ack=STRING)), routers=[router])
    asio.on("ask")(lambda: "server")
    client = client_of(asio)
    assert client.ask("say") == ["router"]
    assert client.ask("ask") == ["server"]


def test_what_is_written_in_another_language_is_reported_and_the_rest_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    asio = mock(documents.foreign())
    tasks = Tasks(asio)
    client = client_of(asio)
    assert isinstance(client.ask("say", {"any": "thing"})[0], int)
    tasks.run_once()
    tasks.run_once()
    assert [event["name"] for event in client.get_received()] == ["ticked"]
    assert [text for text in caplog.messages if AVRO in text and "cannot make a value" in text]


def test_binary_data_is_sent_and_answered() -> None:
    asio = mock(documents.binary())
    tasks = Tasks(asio)
    client = client_of(asio)
    assert isinstance(client.ask("put", {"data": b"x"})[0]["data"], bytes)
    assert client.ask("put", {"data": "x"})[0]["error"]["status"] == 400
    tasks.run_once()
    tasks.run_once()
    (event,) = client.get_received()
    assert isinstance(event["args"][0]["data"], bytes)


def test_sending_starts_with_the_first_client_and_ends_with_the_last() -> None:
    asio = mock(of(sends=[message("ticked", {"const": 1})]))
    tasks = Tasks(asio)
    for _ in range(2):
        first, second = client_of(asio), client_of(asio)
        assert len(tasks) == 1
        tasks.run_once()  # it sleeps
        tasks.run_once()
        first.disconnect()
        tasks.run_once()
        assert len(second.get_received()) == 2
        second.disconnect()
        tasks.run_once()
        assert tasks == []


def test_a_client_that_is_refused_starts_nothing() -> None:
    spec = document(
        {"/": channel(sends=[message("ticked")], x_security=[{"user": []}])},
        components={"securitySchemes": {"user": {"type": "userPassword"}}},
    )
    asio = mock(spec)
    tasks = Tasks(asio)
    assert not client_of(asio).is_connected()
    assert tasks == []


def test_a_client_that_left_while_it_came_in_starts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    asio = mock(of(sends=[message("ticked")]))
    tasks = Tasks(asio)
    monkeypatch.setattr(AsynctionSocketIO, "_connect", lambda self, auth=None: False)
    asio._connect()
    assert tasks == []


def test_every_namespace_of_a_pattern_is_sent_its_events() -> None:
    asio = mock(documents.big(), only=["moved"])
    tasks = Tasks(asio)
    clients = {name: client_of(asio, name) for name in documents.NAMESPACES}
    tasks.run_once()
    tasks.run_once()
    found = {name: [event["name"] for event in client.get_received(name)] for name, client in clients.items()}
    assert found == {"/": [], "/rooms/1": ["moved"], "/rooms/2": ["moved"]}


def test_run_takes_what_the_first_mock_took(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[object, ...]] = []
    monkeypatch.setattr(AsynctionSocketIO, "run", lambda self, *args, **kwargs: calls.append((*args, kwargs)))
    asio = mock(of(sends=[message("a"), message("b"), message("c")]), custom_formats_sample_size=5)
    tasks = Tasks(asio)

    asio.run(app_of(asio), "localhost", 1, subscription_task_interval=0.5, max_worker_number=2, debug=True)
    client_of(asio)

    assert calls == [(app_of(asio), "localhost", 1, {"debug": True})]
    assert len(tasks) == 2
    assert next(tasks[0][1]) == (asio.server.sleep, (0.5,))


def test_run_alone_has_eight_workers_and_the_interval_of_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AsynctionSocketIO, "run", lambda self, *args, **kwargs: None)
    asio = mock(of(sends=[message(f"e{number}") for number in range(9)]), interval=7)
    tasks = Tasks(asio)
    asio.run(app_of(asio))
    client_of(asio)
    assert len(tasks) == 8
    assert next(tasks[0][1]) == (asio.server.sleep, (7,))


@pytest.mark.parametrize("numbers", [{"subscription_task_interval": 0}, {"max_worker_number": 0}])
def test_run_refuses_numbers_out_of_range(numbers: dict[str, Any]) -> None:
    asio = mock(of())
    with pytest.raises(ValueError, match=r"at least 1|above 0"):
        asio.run(app_of(asio), **numbers)


def test_a_mock_that_is_made_of_a_contract_behaves_as_by_default() -> None:
    from asynction import load

    asio = MockAsynctionSocketIO(load(of(message("say"))), app=flask.Flask("test"), async_mode="threading")
    assert client_of(asio).ask("say") == []


def test_two_mocks_know_nothing_of_each_other() -> None:
    first, second = (mock(of(message("say", ack=INTEGER)), seed=1) for _ in range(2))
    assert client_of(first).ask("say") == client_of(second).ask("say")


def test_a_real_client_is_answered_and_sent_events() -> None:
    asio = mock(documents.big(), interval=0.01, latency=(0.001, 0.002))
    with serve_wsgi(app_of(asio)) as url, connected(url, "/", "/rooms/1") as client:
        assert isinstance(client.call("ask", "x", documents.person(1))[0], list)
        assert client.call("make", documents.person(9), namespace="/rooms/1")[0]["id"] == 9
        assert client.call("make", 9, namespace="/rooms/1")[0]["error"]["status"] == 400
        found: set[str] = set()
        while found != {"listed", "ticked", "moved"}:
            found.add(client.next_event()[0])


GEVENT = """\
from gevent import monkey
monkey.patch_all()
import flask
from asynction import MockAsynctionSocketIO
app = flask.Flask("test")
spec = {spec!r}
asio = MockAsynctionSocketIO.from_spec(spec, app=app, async_mode="gevent", interval=0.01, latency=(0, 0.001))
asio.run(app, "127.0.0.1", {port}, max_worker_number=2)
"""


def test_a_mock_runs_on_gevent(tmp_path: Path) -> None:
    port = free_port()
    code = tmp_path / "serve.py"
    code.write_text(GEVENT.format(spec=documents.big(), port=port))
    with (
        running([sys.executable, code], port, tmp_path / "log", cwd=Path(__file__).parents[2]) as process,
        connected(process.url, "/", "/rooms/1") as client,
    ):
        assert client.call("make", documents.person(9), namespace="/rooms/1")[0]["id"] == 9
        found: set[str] = set()
        while found != {"listed", "ticked", "moved"}:
            found.add(client.next_event()[0])


def test_servers_import_nothing_of_the_mock() -> None:
    code = (
        "import sys, asynction.server.flask, asynction.server.asgi;"
        "print([name for name in sys.modules if name.startswith(('asynction.mock', 'faker'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"


def test_importing_the_package_imports_no_mock() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import sys, asynction; print('asynction.mock' in sys.modules)"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.strip() == "False"
