"""Run a user's example on ports of the test's choice: `python run.py SCRIPT SERVER_PORT OWN_PORT`."""

from __future__ import annotations

import sys
from pathlib import Path

script, server_port, own_port = sys.argv[1:]
path = Path(__file__).with_name(script)
sys.path.insert(0, str(path.parents[3]))
text = path.read_text(encoding="utf-8")
for shown, meant in (("localhost:3000", server_port), ("localhost:8000", own_port)):
    text = text.replace(shown, f"localhost:{meant}")
text = text.replace("port=8000", f"port={own_port}").replace('host="0.0.0.0"', 'host="127.0.0.1"')
sys.modules["__main__"].__dict__.update(__file__=str(path))
exec(compile(text, str(path), "exec"))
