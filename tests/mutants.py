"""A plugin of pytest for `make mutants`: no test that needs a server, and few examples of Hypothesis.

Each mutant runs all tests that call the changed function until one fails, so they have to be fast. The
examples are the same in each run: so is the verdict.
"""

from __future__ import annotations

import pytest
from hypothesis import settings

settings.register_profile("mutants", derandomize=True, max_examples=20, deadline=None, database=None)

SERVED = ("adapter", "wire")
"""The fixtures of the conformance cases; `runtime` is the one without a server."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    served = [item for item in items if _is_served(item)]
    config.hook.pytest_deselected(items=served)
    items[:] = [item for item in items if item not in set(served)]


def _is_served(item: pytest.Item) -> bool:
    callspec = getattr(item, "callspec", None)
    params = {} if callspec is None else callspec.params
    return any(params.get(name, "runtime") != "runtime" for name in SERVED)
