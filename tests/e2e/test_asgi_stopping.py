"""A server of uvicorn that is told to stop, with clients that are still there, or have left."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.conftest import program
from tests.e2e.processes import DEADLINE, free_port, running
from tests.e2e.wire import TRANSPORTS, Wire


@pytest.mark.parametrize(
    ("transport", "left"), [("websocket", False), ("websocket", True), ("polling", True)]
)
def test_it_stops_in_silence(tmp_path: Path, transport: str, left: bool) -> None:
    port = free_port()
    with running([*program("asgi"), "--port", str(port)], port, tmp_path / "log") as process:
        wire = Wire(TRANSPORTS[transport](process.url, {}))
        assert wire.join().startswith("40{")
        assert wire.call("greet", {"name": "Ada"}) == ["Hello, Ada"]
        if left:
            wire.close()
        process.popen.terminate()
        process.popen.wait(DEADLINE)
        if not left:
            wire.close()
        assert process.log() == ""
