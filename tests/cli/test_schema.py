"""`asynction schema`: the schema for editors on standard output."""

from __future__ import annotations

import json

from click.testing import CliRunner

from asynction.cli import main
from asynction.document import editor_schema


def test_it_prints_the_schema_for_editors() -> None:
    result = CliRunner().invoke(main, ["schema"])

    assert result.exit_code == 0
    assert json.loads(result.output) == editor_schema()


def test_its_help_says_how_an_editor_finds_it() -> None:
    assert "yaml-language-server" in CliRunner().invoke(main, ["schema", "--help"]).output
