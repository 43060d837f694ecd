"""Run a script of the manual on a port of the test's choice: `python serve.py SCRIPT PORT`."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import flask_socketio

script, port = sys.argv[1:]
sys.path.insert(0, str(Path(script).absolute().parent))
serve = flask_socketio.SocketIO.run


def _run(self: object, app: object, host: str | None = None, _: object = None, **kwargs: object) -> None:
    serve(self, app, host, int(port), **kwargs)


flask_socketio.SocketIO.run = _run
runpy.run_path(script, run_name="__main__")
