"""The reloader notices files that have changed, and files that have come."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from asynction.cli import _reloading
from asynction.cli._reloading import _Reloader, _remember, _state

STARTED = 1_000_000_000.0


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on the import path, with a module and a document that are older than the process."""
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    monkeypatch.setattr("werkzeug._reloader._iter_module_paths", lambda: iter(()))
    for name in ("app.py", "asyncapi.yaml"):
        written(tmp_path / name, STARTED - 60)
    return tmp_path


def written(path: Path, when: float) -> None:
    path.write_text(f"# {when}")
    os.utime(path, (when, when))


def replaced(path: Path) -> None:
    """Put another file in the place of a file, as editors do, one that is older."""
    other = path.with_suffix(".new")
    written(other, STARTED - 120)
    other.replace(path)


Change = Callable[[Path], None]

CHANGES: dict[str, tuple[str, Change]] = {
    "a document is written": ("asyncapi.yaml", lambda path: written(path, STARTED + 1)),
    "a document is replaced by an older file": ("asyncapi.yaml", replaced),
    "a document is removed": ("asyncapi.yaml", Path.unlink),
    "a document that was missing comes": ("missing.yaml", lambda path: written(path, STARTED - 60)),
    "a module is written": ("app.py", lambda path: written(path, STARTED + 1)),
    "a module comes": ("new.py", lambda path: written(path, STARTED + 1)),
}
QUIET: dict[str, tuple[str, Change]] = {
    "a file that no document was read from": ("other.yaml", lambda path: written(path, STARTED + 1)),
    "an old module that is seen for the first time": ("old.py", lambda path: written(path, STARTED - 60)),
    "a module of the future": ("future.py", lambda path: written(path, time.time() + 3600)),
}


def watching(folder: Path) -> _Reloader:
    """Return a reloader of a process that has read the document, and has missed one."""
    read: dict[Path, _reloading._State] = {}
    for name in ("asyncapi.yaml", "missing.yaml"):
        _remember(read, folder / name)
    reloader = _Reloader(read, STARTED)
    with reloader:
        reloader.run_step()
    return reloader


@pytest.mark.parametrize(("name", "change"), CHANGES.values(), ids=CHANGES)
def test_a_change_restarts_the_process(folder: Path, name: str, change: Change) -> None:
    reloader = watching(folder)
    change(folder / name)
    with pytest.raises(SystemExit) as ended:
        reloader.run_step()
    assert ended.value.code == 3


@pytest.mark.parametrize(("name", "change"), QUIET.values(), ids=QUIET)
def test_what_does_not_change_the_process_is_left_alone(folder: Path, name: str, change: Change) -> None:
    reloader = watching(folder)
    change(folder / name)
    reloader.run_step()


def test_a_change_between_reading_and_the_first_look_is_noticed(folder: Path) -> None:
    read = {folder / "asyncapi.yaml": _state(folder / "asyncapi.yaml")}
    written(folder / "asyncapi.yaml", STARTED + 1)
    with pytest.raises(SystemExit):
        _Reloader(read, STARTED).__enter__()


def test_a_module_that_changes_while_it_is_imported_is_imported_again(folder: Path) -> None:
    written(folder / "app.py", STARTED + 1)
    with pytest.raises(SystemExit):
        _Reloader({}, STARTED).__enter__()
