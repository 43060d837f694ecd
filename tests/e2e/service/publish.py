"""Emit through a message queue from a process that serves nothing; print what happened as JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from asynction import AsynctionSocketIO
from asynction.exceptions import PayloadValidationException


def main(queue: str) -> None:
    spec = Path(__file__).with_name("asyncapi.yaml")
    asio = AsynctionSocketIO.from_spec(spec, message_queue=queue)
    refusal = None
    try:
        asio.emit("news", {"text": 1})
    except PayloadValidationException as error:
        refusal = str(error)
    asio.emit("news", {"text": "from another process"})
    print(json.dumps({"refusal": refusal, "handlers_imported": "handlers" in sys.modules}))


if __name__ == "__main__":
    main(sys.argv[1])
