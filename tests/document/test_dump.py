from __future__ import annotations

from pathlib import Path

import pytest

from asynction.contract import Json
from asynction.document import to_yaml
from asynction.document._files import read_file


@pytest.mark.parametrize("text", ["1e3", "0o17", "on", "a\u2028b", "a\x85b", "2020-01-01", "~", "ä"])
def test_texts_are_read_back_as_texts(text: str, tmp_path: Path) -> None:
    document: Json = {"b": text, "a": [1.5, None, True]}
    path = tmp_path / "a.yaml"
    path.write_text(to_yaml(document), encoding="utf-8")

    assert read_file(path, "a.yaml").data == document
    assert to_yaml(document).startswith("b:")
