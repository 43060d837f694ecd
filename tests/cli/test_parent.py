"""What the commands rely on of Werkzeug, uvicorn and Engine.IO."""

from __future__ import annotations

import pytest
from werkzeug.serving import is_running_from_reloader

from tests.guards import TABLES, Row, check


@pytest.mark.parametrize("row", TABLES["cli"], ids=str)
def test_the_parents_have_what_we_rely_on(row: Row) -> None:
    check(row)


def test_the_parent_knows_its_reloader_by_the_variable_that_we_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WERKZEUG_RUN_MAIN", "true")
    assert is_running_from_reloader()
    monkeypatch.delenv("WERKZEUG_RUN_MAIN")
    assert not is_running_from_reloader()
