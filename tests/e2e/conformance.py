"""Serve all cases of specs/conformance/events*.yaml as one contract, by a kind of server."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def main() -> None:
    kind, port = sys.argv[1], int(sys.argv[2])
    if kind == "gevent":  # before anything else is imported
        from gevent import monkey

        monkey.patch_all()
    sys.path.insert(0, str(ROOT))
    from tests.conformance.cases import CASES, document

    spec = document(CASES)
    if kind == "asgi":
        import uvicorn

        from asynction import AsynctionAsyncServer

        app = AsynctionAsyncServer.from_spec(spec).asgi_app()
        uvicorn.run(
            app,
            host="127.0.0.1",
            port=port,
            log_level="error",
            ws="websockets-sansio",
            timeout_graceful_shutdown=1,  # a long poll outlives the client that has left
        )
        return
    import flask

    from asynction import AsynctionSocketIO

    flask_app = flask.Flask(__name__)
    asio = AsynctionSocketIO.from_spec(spec, app=flask_app, async_mode=kind)
    asio.run(flask_app, "127.0.0.1", port, allow_unsafe_werkzeug=True)


if __name__ == "__main__":
    main()
