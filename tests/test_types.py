"""What applications import from `asynction.types` of asynction 0.8."""

from __future__ import annotations

import pytest

from asynction import types


def test_names_of_documents_are_gone_and_the_error_says_what_to_use() -> None:
    assert types.GLOBAL_NAMESPACE == "/"
    with pytest.raises(AttributeError, match=r"no `AsyncApiSpec` any more: `asynction.load` returns"):
        getattr(types, "AsyncApiSpec")  # noqa: B009 - the type checker knows that it is not there
