#!/usr/bin/env python3
"""Print the lower bounds of setup.cfg as constraints for pip: of asynction and its extras for users."""

import configparser
import re
from collections.abc import Iterator
from pathlib import Path

SETUP = Path(__file__).resolve().parents[1] / "setup.cfg"
TOOLS = ("test", "lint", "docs", "dev")
"""The extras for working on asynction: what a user installs does not depend on them."""


def constraints(text: str) -> Iterator[str]:
    """Yield one constraint for each requirement of a setup.cfg; raise ValueError for one without a bound."""
    setup = configparser.ConfigParser()
    setup.read_string(text)
    lists = [setup["options"]["install_requires"]]
    lists += [value for extra, value in setup["options.extras_require"].items() if extra not in TOOLS]
    for line in "\n".join(lists).splitlines():
        if not line or line.startswith("asynction["):
            continue
        match = re.match(r"([\w.-]+)(?:\[.*\])?>=([\w.]+)", line)
        if match is None:
            raise ValueError(f"`{line}` has no lower bound: write `NAME>=VERSION`")
        yield f"{match[1]}=={match[2]}"


if __name__ == "__main__":
    print("\n".join(constraints(SETUP.read_text(encoding="utf-8"))))
