"""The names of fastapi_opinionated and its socket extension, as their users write them."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from asynction import NotEnabledError
from asynction.compat.opinionated import App, SocketEvent, SocketPlugin, socket_api
from asynction.runtime import default_router
from asynction.testing import serve_asgi
from tests.server.asgi.support import ask, talk
from tests.server.support import STRING, message, of


@pytest.fixture(autouse=True)
def _nothing_from_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_registrations", "_listeners"):
        monkeypatch.setattr(default_router, name, [])
    monkeypatch.setattr(App, "app", None)
    monkeypatch.setattr(App, "plugins", [])


def test_an_application_has_a_server() -> None:
    @SocketEvent("cheer", namespace="/stadium")
    async def cheer(sid: str, data: str) -> str:
        await socket_api().emit("heard", {"from": sid}, namespace="/stadium")
        return data.upper()

    app = App.create(title="Stadium")
    App.enable(
        SocketPlugin(),
        async_mode="asgi",
        cors_allowed_origins=["*"],
        ping_interval=25,
        ping_timeout=5,
        socketio_path="socket.io",
    )

    @app.get("/")
    async def root() -> dict[str, str]:
        return {"title": app.title}

    async def body(client: Any) -> None:
        assert await client.call("cheer", "go") == ["GO"]
        assert (await client.receive())["args"] == [{"from": client.sid()}]

    talk(socket_api(), body, "/stadium")
    with serve_asgi(app) as url:
        assert requests.get(url, timeout=30).json() == {"title": "Stadium"}
        polled = requests.get(f"{url}/socket.io/?EIO=4&transport=polling", timeout=30).text
        assert '"pingTimeout":5000' in polled


def test_a_plugin_may_have_a_document() -> None:
    App.create()
    plugin = SocketPlugin(of(message("say", STRING)))
    App.enable(plugin)
    assert plugin.server is socket_api()
    plugin.server.on("say", lambda data: data)
    assert ask(plugin.server, "say", "x") == ["x"]
    assert ask(plugin.server, "say", 1)[0]["error"]["status"] == 400


def test_a_plugin_needs_an_application() -> None:
    with pytest.raises(NotEnabledError, match=r"call `App.create\(\)` first"):
        App.enable(SocketPlugin())


def test_there_are_no_other_plugins() -> None:
    App.create()
    with pytest.raises(TypeError, match="only a SocketPlugin can be enabled, not a str"):
        App.enable("socket")  # type: ignore[arg-type]  # what is tested


def test_a_misspelt_option_is_refused() -> None:
    App.create()
    with pytest.raises(TypeError, match="did you mean `cors_allowed_origins`"):
        App.enable(SocketPlugin(), cors_alowed_origins=["*"])
