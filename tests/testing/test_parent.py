"""What the test servers rely on of uvicorn and Werkzeug."""

from __future__ import annotations

import pytest

from tests.guards import TABLES, Row, check


@pytest.mark.parametrize("row", TABLES["testing"], ids=str)
def test_the_parents_have_what_we_rely_on(row: Row) -> None:
    check(row)
