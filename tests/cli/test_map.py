"""`--map` says where the text of a URL is, on every command that reads a document."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import flask
import pytest
from click.testing import CliRunner

import asynction
from asynction import AsynctionAsyncServer, AsynctionSocketIO
from asynction.cli import main
from asynction.client import AsynctionClient
from asynction.exceptions import DocumentError
from asynction.mock.asgi import MockAsynctionAsyncServer
from asynction.mock.flask import MockAsynctionSocketIO
from asynction.server.websocket import SocketRouter

URL = "https://x.example/types/text.yaml"
DOCUMENT = f"""\
asyncapi: 2.6.0
info: {{title: T, version: '1'}}
channels:
  /: {{publish: {{message: {{name: a, payload: {{$ref: '{URL}#/Text'}}}}}}}}
"""


@pytest.fixture(autouse=True)
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("asyncapi.yaml").write_text(DOCUMENT)
    Path("copies/types").mkdir(parents=True)
    Path("copies/types/text.yaml").write_text("Text: {$ref: more.yaml}")
    Path("copies/types/more.yaml").write_text("\ufeff{type: string, const: seven}", encoding="utf-8")
    Path("secret.yaml").write_text("secret: 1")


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, list(words))
    return result.exit_code, result.output


COMMANDS = [
    ["validate", "asyncapi.yaml"],
    ["bundle", "asyncapi.yaml"],
    ["docs", "build", "asyncapi.yaml", "-o", "page"],
    ["example", "asyncapi.yaml", "/", "a"],
]


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
@pytest.mark.parametrize(
    "places",
    [
        [f"{URL}=copies/types/text.yaml", "https://x.example/types/more.yaml=copies/types/more.yaml"],
        ["https://x.example/=copies"],
        ["https://x.example=copies"],
        ["https://y.example/=copies", "https://x.example/types=copies/types"],
    ],
)
def test_a_copy_is_read_in_place_of_a_url(words: list[str], places: list[str]) -> None:
    code, output = run(*words, *(word for place in places for word in ("--map", place)))

    assert (code, "not fetched" in output) == (0, False)
    if words[0] == "example":
        assert output == '"seven"\n'


@pytest.mark.parametrize(
    "words",
    [
        *COMMANDS,
        ["emit", "localhost:1", "a", "--spec", "asyncapi.yaml"],
        ["run", "asyncapi.yaml"],
        ["mock", "asyncapi.yaml"],
    ],
    ids=lambda words: words[0],
)
def test_without_a_copy_the_error_says_how_to_name_one(words: list[str]) -> None:
    code, output = run(*words)

    assert (code, "`--map URL=FILE`" in output) == (1, True)
    code, output = run(*words, "--map", "https://y.example=copies")
    assert (code, "no `--map` names it" in output) == (1, True)


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("copies", "is not a URL, `=` and a path"),
        ("=copies", "is not a URL, `=` and a path"),
        (f"{URL}=", "is not a URL, `=` and a path"),
        (f"{URL}=missing.yaml", "`missing.yaml` does not exist"),
    ],
)
def test_a_wrong_place_is_an_error_of_usage(place: str, message: str) -> None:
    code, output = run("validate", "asyncapi.yaml", "--map", place)

    assert (code, message in output) == (2, True)


@pytest.mark.parametrize(
    "url", ["https://x.example/a/%2e%2e/%2e%2e/secret.yaml", "https://x.example/%2e%2e/secret.yaml"]
)
def test_a_url_does_not_lead_out_of_its_folder(url: str) -> None:
    Path("asyncapi.yaml").write_text(DOCUMENT.replace(f"{URL}#/Text", f"{url}#/secret"))
    code, output = run("validate", "asyncapi.yaml", "--map", "https://x.example=copies")

    assert (code, "it is outside the folder `copies`" in output) == (1, True)


def fetched(url: str) -> str:
    return Path("copies/types", url.rpartition("/")[2]).read_text(encoding="utf-8-sig")


@pytest.mark.parametrize(
    "read",
    [
        asynction.load,
        asynction.bundle,
        AsynctionAsyncServer.from_spec,
        AsynctionClient.from_spec,
        MockAsynctionAsyncServer.from_spec,
        MockAsynctionSocketIO.from_spec,
        SocketRouter.from_spec,
        lambda spec, **options: AsynctionSocketIO.from_spec(
            spec, app=flask.Flask("x"), strict=False, **options
        ),
    ],
)
def test_whatever_reads_a_document_takes_a_retriever(read: Callable[..., Any]) -> None:
    options = {"strict": False} if read in (AsynctionAsyncServer.from_spec, SocketRouter.from_spec) else {}
    assert read(Path("asyncapi.yaml").absolute(), retriever=fetched, **options)
    with pytest.raises(DocumentError, match="is not fetched"):
        read(Path("asyncapi.yaml").absolute(), **options)
