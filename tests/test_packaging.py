"""The contents of a package, and its requirements."""

from __future__ import annotations

import os
import runpy
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LIBRARIES = {"socket.io.esm.min.js", "json-schema.js", "socket.io.LICENSE.txt", "json-schema.LICENSE.txt"}
BUILDS = {"wheel": ["build_py", "--build-lib", "out"], "sdist": ["sdist", "--dist-dir", "out"]}

builds = pytest.mark.parametrize("command", BUILDS.values(), ids=BUILDS)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The files of a fresh checkout that a build reads."""
    for name in (
        "setup.py",
        "setup.cfg",
        "pyproject.toml",
        "MANIFEST.in",
        "README.md",
        "LICENSE",
        "CHANGELOG.md",
    ):
        shutil.copy(ROOT / name, tmp_path)
    ignored = shutil.ignore_patterns("vendor", "__pycache__")
    shutil.copytree(ROOT / "asynction" / "ui", tmp_path / "asynction" / "ui", ignore=ignored)
    for name in ("__init__.py", "_version.py"):
        shutil.copy(ROOT / "asynction" / name, tmp_path / "asynction")
    return tmp_path


def run(checkout: Path, command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a build where there is no Node.js."""
    (checkout / "bin").mkdir()
    return subprocess.run(
        [sys.executable, "setup.py", *command],
        cwd=checkout,
        env=os.environ | {"PATH": str(checkout / "bin")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def built(checkout: Path) -> set[str]:
    """The names of the libraries in what was built."""
    archives = list((checkout / "out").glob("*.tar.gz"))
    if not archives:
        return {path.name for path in (checkout / "out").rglob("vendor/*")}
    with tarfile.open(archives[0]) as archive:
        return {Path(name).name for name in archive.getnames() if "/vendor/" in name}


@builds
def test_without_the_libraries_and_without_node_the_build_says_what_to_do(
    checkout: Path, command: list[str]
) -> None:
    done = run(checkout, command)
    assert done.returncode == 1
    assert "the JavaScript libraries of the docs page's console are missing" in done.stdout
    assert "Install Node.js with npm" in done.stdout
    assert built(checkout) == set()


@builds
def test_with_the_libraries_no_node_is_needed(checkout: Path, command: list[str]) -> None:
    vendor = checkout / "asynction" / "ui" / "static" / "vendor"
    vendor.mkdir()
    for name in LIBRARIES:
        (vendor / name).write_text("", encoding="utf-8")
    done = run(checkout, command)
    assert done.returncode == 0, done.stdout
    assert built(checkout) == LIBRARIES


def constraints(requirements: str) -> list[str]:
    """The output of scripts/lowest.py for the requirements of a setup.cfg."""
    script = runpy.run_path(str(ROOT / "scripts" / "lowest.py"))
    setup = f"[options]\ninstall_requires =\n{requirements}\n[options.extras_require]\n{EXTRAS}"
    return list(script["constraints"](setup))


EXTRAS = """
fast =
    uvloop>=0.21; sys_platform != "win32"
all =
    asynction[fast]
test =
    pytest
"""


def test_lower_bounds_become_constraints() -> None:
    lowest = ["click==8.2", "pyjwt==2.15", "uvloop==0.21"]
    assert constraints("    click>=8.2\n    pyjwt[crypto]>=2.15") == lowest


def test_a_requirement_needs_a_lower_bound() -> None:
    with pytest.raises(ValueError, match="`click` has no lower bound: write `NAME>=VERSION`"):
        constraints("    click")


def test_every_requirement_of_ours_has_one() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "lowest.py"], capture_output=True, text=True, check=True
    )
    assert "flask==" in done.stdout
