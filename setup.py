"""Builds the package with the console's JavaScript libraries, which are not in the repository.

Everything else is in setup.cfg. An editable install needs no Node.js: there the page says what is missing.
"""

import shutil
import subprocess
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

ROOT = Path(__file__).resolve().parent
VENDOR = ROOT / "asynction" / "ui" / "static" / "vendor"
LIBRARIES = ("socket.io.esm.min.js", "json-schema.js", "socket.io.LICENSE.txt", "json-schema.LICENSE.txt")
MISSING = f"""the JavaScript libraries of the docs page's console are missing: {VENDOR}
Install Node.js with npm and build again, or build from an sdist, which has them."""


def provide_libraries() -> None:
    """Make the libraries if they are missing; a package without them must not come about."""
    if all((VENDOR / name).is_file() for name in LIBRARIES):
        return
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None or not (ROOT / "package-lock.json").is_file():
        raise SystemExit(f"error: {MISSING}")
    try:
        for command in ([npm, "ci", "--loglevel=error"], [node, "scripts/assets.mjs"]):
            subprocess.run(command, cwd=ROOT, check=True)  # noqa: S603 - the commands are ours
    except subprocess.CalledProcessError as error:
        raise SystemExit(f"error: `{' '.join(map(str, error.cmd))}` failed; {MISSING}") from error


class BuildWithLibraries(build_py):
    """Builds what a wheel contains, after the libraries."""

    def run(self) -> None:
        """Build, unless the checkout itself is installed: there `make assets` may come later."""
        if not self.editable_mode:
            provide_libraries()
        super().run()


class SdistWithLibraries(sdist):
    """Packs an sdist, after the libraries."""

    def run(self) -> None:
        """Pack."""
        provide_libraries()
        super().run()


setup(cmdclass={"build_py": BuildWithLibraries, "sdist": SdistWithLibraries})
