"""What the tests of the servers share."""

from __future__ import annotations

import pytest

from tests.server import handlers


@pytest.fixture(autouse=True)
def calls() -> list[tuple[str, tuple[object, ...]]]:
    """The calls of the handlers that documents name, from now on."""
    handlers.calls.clear()
    return handlers.calls
