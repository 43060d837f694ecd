"""A document means the same in one file, in several, and bundled again."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asynction.document import bundle, load, validate
from tests.document.splitter import Splitter, document
from tests.document.test_bundler import refs


def errors(spec: Any) -> list[str]:
    return [str(problem) for problem in validate(spec) if problem.severity == "error"]


@pytest.mark.parametrize("version", ["2.0", "2.6", "3.0", "3.1"])
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), times=st.integers(1, 12))
def test_a_split_document_bundles_back_to_an_equal_contract(version: str, seed: int, times: int) -> None:
    random = Random(seed)
    whole = document(random, version)
    files = Splitter(random, whole).split(times)
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        try:
            os.chdir(folder)
            for name, content in files.items():
                Path(name).parent.mkdir(parents=True, exist_ok=True)
                Path(name).write_text(json.dumps(content), encoding="utf-8")
            assert errors("asyncapi.yaml") == errors(whole) == []
            bundled: Any = bundle("asyncapi.yaml")
            contract = load("asyncapi.yaml")
        finally:
            os.chdir(here)

    assert [ref for ref in refs(bundled) if not ref.startswith("#/")] == []
    assert errors(bundled) == []
    assert load(bundled) == contract
