"""The page about the architecture says of the code what the code says of itself."""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterator

import pytest

from asynction.runtime import STEPS
from tests.docs.blocks import ROOT, Kind, blocks_of

PAGE = ROOT / "docs" / "architecture.md"
TEXT = PAGE.read_text(encoding="utf-8")

Layers = list[set[str]]
"""The modules of each layer, the highest first."""


def drawn() -> Layers:
    """The layers of the page's drawing: one line each, the modules in its first column."""
    (block,) = (block for block in blocks_of(PAGE) if block.kind is Kind.LAYERS)
    return [set(line.split("│")[1].split()) for line in block.text.splitlines() if line.startswith("│")]


def checked() -> Layers:
    """The layers that import-linter checks; a module in parentheses counts as soon as it exists."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    lines = setup["importlinter:contract:layers"]["layers"].split("\n")
    return [set(_existing(line)) for line in lines if line]


def _existing(line: str) -> Iterator[str]:
    for part in line.split("|"):
        name = part.strip(" ()")
        module = ROOT / "asynction" / name
        if "(" not in part or module.is_dir() or module.with_suffix(".py").is_file():
            yield name


def rows(heading: str) -> list[list[str]]:
    """The rows of the table under a heading, without its head."""
    section = TEXT.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_the_drawing_has_the_layers_that_are_checked() -> None:
    assert drawn() == checked()


def test_the_table_of_steps_is_that_of_the_code() -> None:
    assert rows("The life of an event") == [[step.name, step.does, step.reason] for step in STEPS]


@pytest.mark.parametrize("row", rows("To change something"), ids=lambda row: row[0])
def test_a_change_starts_at_files_that_exist(row: list[str]) -> None:
    paths = re.findall(r"`([^`]+)`", row[1])
    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_every_file_that_the_page_names_exists() -> None:
    paths = set(re.findall(r"`((?:asynction|tests)/[^`]+)`", TEXT))
    assert {path for path in paths if not (ROOT / path).exists()} == set()
