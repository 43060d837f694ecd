#!/usr/bin/env python3
"""Build the sdist and the wheel of a clean checkout into dist, and test what the wheel installs.

The tests run where there is no checkout, in an environment that has the wheel and what they import.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EXTRAS = "asgi,client,pydantic"
TOOLS = ("fastapi", "playwright", "pytest", "pytest-xdist")
DATA = ("tests", "specs", "setup.cfg")
CONSOLE = "tests/browser/test_console.py::test_"
TESTS = (
    "tests/ui",
    "tests/cli/test_docs.py",
    f"{CONSOLE}an_event_is_sent_and_its_ack_shown_with_its_time",
    f"{CONSOLE}a_violation_is_marked_while_typing_and_the_server_says_the_same",
)

WHERE = "import asynction; print(asynction.__file__)"


def main() -> None:
    """Build, install and test."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        checkout, apart, environment = folder / "checkout", folder / "tests", folder / "environment"
        _copy(_tracked(), checkout)
        shutil.rmtree(ROOT / "dist", ignore_errors=True)
        say("building the sdist, and the wheel from it")
        run(sys.executable, "-m", "build", "--outdir", ROOT / "dist", checkout)
        (wheel,) = (ROOT / "dist").glob("*.whl")
        say("installing the wheel into an empty environment")
        venv.create(environment, with_pip=True)
        python = environment / "bin" / "python"
        run(python, "-m", "pip", "install", "--quiet", f"{wheel}[{EXTRAS}]", *TOOLS)
        _copy([path for path in _tracked() if path.parts[0] in DATA], apart)
        found = subprocess.check_output([python, "-c", WHERE], cwd=apart, text=True).strip()
        if not Path(found).is_relative_to(environment):
            raise SystemExit(f"the tests would import {found}, which the wheel did not install")
        say(f"testing {found}")
        run(python, "-m", "pytest", "-n", "2", "-q", *TESTS, cwd=apart)


def _tracked() -> list[Path]:
    names = subprocess.check_output(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, text=True
    )
    return [Path(name) for name in names.split("\0") if name and (ROOT / name).is_file()]


def _copy(files: list[Path], folder: Path) -> None:
    for path in files:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, folder / path)


def say(text: str) -> None:
    """Print what is done now."""
    print(f"package: {text}", flush=True)


def run(*command: object, cwd: Path = ROOT) -> None:
    """Run a command; end this one where it fails."""
    environ = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run([str(word) for word in command], cwd=cwd, env=environ, check=False)
    if done.returncode:
        raise SystemExit(done.returncode)


if __name__ == "__main__":
    main()
