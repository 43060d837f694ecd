"""The page for contributors names commands, files and cases that exist."""

from __future__ import annotations

import re

from tests.docs.blocks import ROOT, blocks_of
from tests.docs.session import make_targets

PAGE = ROOT / "CONTRIBUTING.md"
TEXT = PAGE.read_text(encoding="utf-8")


def test_the_table_has_the_commands_of_the_makefile() -> None:
    assert set(re.findall(r"`make ([a-z]+)`", TEXT)) == make_targets() - {"help"}


def test_ci_runs_what_the_page_says() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    commands = re.findall(r"^make ([a-z]+)$", script, re.MULTILINE)
    assert f"It runs {', '.join(commands[:-1])} and {commands[-1]}, as CI does." in TEXT


def test_every_path_that_the_page_names_exists() -> None:
    paths = set(re.findall(r"(?<![\w.])((?:asynction|docs|specs|tests|\.ci)/[\w./-]*\w)", TEXT))
    assert len(paths) > 5
    assert {path for path in paths if not (ROOT / path).exists()} == set()


def test_the_page_lists_the_files_of_conformance_cases() -> None:
    folder = ROOT / "specs" / "conformance"
    listed = re.findall(r"^\| `([a-z*]+\.yaml)` \|", TEXT, re.MULTILINE)
    assert {path for glob in listed for path in folder.glob(glob)} == set(folder.glob("*.yaml"))


def test_the_case_that_the_page_shows_is_one() -> None:
    (block,) = (block for block in blocks_of(PAGE) if block.value == "case.yaml")
    assert block.text in (ROOT / "specs" / "conformance" / "events.yaml").read_text(encoding="utf-8")
