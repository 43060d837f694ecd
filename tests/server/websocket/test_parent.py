"""What the router for plain WebSockets relies on of Starlette, FastAPI and simple-websocket."""

from __future__ import annotations

import pytest

from tests.guards import TABLES, Row, check


@pytest.mark.parametrize("row", TABLES["websocket"], ids=str)
def test_the_parents_have_what_we_rely_on(row: Row) -> None:
    check(row)
