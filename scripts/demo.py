#!/usr/bin/env python3
"""Serve the chat example, and a mock of its contract, until interrupted, and print their URLs."""

import argparse
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

CHAT = Path(__file__).resolve().parents[1] / "specs" / "examples" / "chat"
URLS = """
  chat        {chat}/        open it in two browser tabs
  docs page   {chat}/docs/   its events, and a console to call them
  mock        {mock}/docs/   the same contract, played without code

Ctrl-C stops both.
"""


def main() -> int:
    """Serve; return the status of the first process that ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=5000)
    parser.add_argument("--mock-port", type=int, help="default: the port after --port, else a free one")
    options = parser.parse_args()
    host, port, mock = (
        options.host,
        options.port,
        options.mock_port or _free_port(options.host, options.port + 1),
    )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    chat = [CHAT / "app.py", "--host", host, "--port", port]
    played = ["-m", "asynction", "mock", CHAT / "asyncapi.yaml", "--host", host, "--port", mock]
    processes = [subprocess.Popen([sys.executable, *map(str, words)]) for words in (chat, played)]
    try:
        waiting = [port, mock]
        while all(process.poll() is None for process in processes):
            if waiting and _answers(host, waiting[0]):
                waiting.pop(0)
                if not waiting:
                    print(URLS.format(chat=f"http://{host}:{port}", mock=f"http://{host}:{mock}"), flush=True)
            time.sleep(0.1)  # Python cannot wait for whichever of two processes ends first
        return max(process.returncode or 0 for process in processes)
    except KeyboardInterrupt:
        return 0
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait()


def _free_port(host: str, wanted: int) -> int:
    """Return a port that nothing listens on: `wanted`, if possible."""
    try:
        probe = socket.create_server((host, wanted))
    except OSError:
        probe = socket.create_server((host, 0))
    with probe:
        port: int = probe.getsockname()[1]
        return port


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
