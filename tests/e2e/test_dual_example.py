"""The gateway example: its server, and its client's two ways."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.processes import DEADLINE, free_port, running

ROOT = Path(__file__).parents[2]

CALLS = """\
callback: {'id': 1, 'name': 'Ada'}
result: {'id': 2, 'name': 'Bea'}
refused: 400 must be integer at /0/id
"""


def test_the_client_calls_both_ways(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port, own = free_port(), free_port()
    monkeypatch.setenv("CALLBACKS", f"http://localhost:{own}")
    serve = [sys.executable, "-m", "uvicorn", "specs.examples.gateway.app:app", "--port", port]
    client = [sys.executable, "-m", "specs.examples.gateway.client"]
    client += ["--server", f"localhost:{port}", "--port", str(own)]
    with running(serve, port, tmp_path / "log", ROOT) as service:
        done = subprocess.run(
            client, capture_output=True, text=True, timeout=DEADLINE, cwd=ROOT, env=os.environ, check=False
        )
        assert (done.stdout, done.stderr) == (f"by socket\n{CALLS}by http\n{CALLS}", "")
        assert "Traceback" not in service.log()
