"""The files that a `$ref` may lead to: regular ones, below the folder of the document or a wider root."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flask
import pytest
from click.testing import CliRunner

from asynction import AsynctionAsyncServer, AsynctionSocketIO
from asynction.cli import main
from asynction.client import AsynctionClient
from asynction.document import Text, bundle, load, validate
from asynction.exceptions import DocumentError
from asynction.mock.asgi import MockAsynctionAsyncServer
from asynction.mock.flask import MockAsynctionSocketIO
from asynction.server.websocket import SocketRouter

SECRET = "hunter2"
HEAD = "asyncapi: 2.6.0\ninfo: {title: T, version: '1'}\n"


def document(ref: str) -> str:
    return f"{HEAD}channels:\n  /:\n    publish: {{message: {{name: a, payload: {{$ref: '{ref}'}}}}}}\n"


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A document in a folder, and beside that folder a file that is none of its business."""
    private, folder = tmp_path / "private", tmp_path / "api"
    private.mkdir()
    (folder / "types").mkdir(parents=True)
    (private / "config.json").write_text(json.dumps({"type": "string", "const": SECRET}))
    (tmp_path / "api2.yaml").write_text("type: string")
    (folder / "text.yaml").write_text("type: string")
    (folder / "types" / "back.yaml").write_text("$ref: ../text.yaml")
    (folder / "types" / "out.yaml").write_text("$ref: ../../private/config.json")
    (folder / "link.json").symlink_to(private / "config.json")
    (folder / "inner.yaml").symlink_to("types/../text.yaml")
    (folder / "linked").symlink_to(private)
    (folder / "ring.yaml").symlink_to("ring.yaml")
    monkeypatch.chdir(tmp_path)
    return folder


def problems(folder: Path, ref: str, **options: Any) -> list[str]:
    (folder / "asyncapi.yaml").write_text(document(ref))
    return [problem.message for problem in validate("api/asyncapi.yaml", **options) if problem.rule == "ref"]


@pytest.mark.parametrize(
    "ref",
    [
        "../private/config.json",
        "../private/config.json#/const",
        "types/../../private/config.json",
        "%2e%2e/private/config.json",
        "link.json",
        "linked/config.json",
        "types/out.yaml",
        "../api2.yaml",  # its path starts with that of the folder
    ],
)
def test_a_file_outside_the_folder_is_not_read(api: Path, ref: str) -> None:
    (message,) = problems(api, ref)
    assert "the file is outside the folder `api`; to allow a wider one, pass `root`" in message
    assert SECRET not in message


def test_absolute_paths_are_files_too(api: Path, tmp_path: Path) -> None:
    for ref in (str(tmp_path / "private/config.json"), (tmp_path / "private/config.json").as_uri()):
        (message,) = problems(api, ref)
        assert "is outside the folder" in message
    assert not problems(api, (api / "text.yaml").as_uri())


@pytest.mark.parametrize("ref", ["text.yaml", "types/back.yaml", "inner.yaml", "types/../text.yaml"])
def test_a_file_inside_the_folder_is_read(api: Path, ref: str) -> None:
    assert not problems(api, ref)


def test_a_wider_root_allows_more(api: Path, tmp_path: Path) -> None:
    assert not problems(api, "../private/config.json", root=tmp_path)
    assert not problems(api, "link.json", root=".")
    (message,) = problems(api, "text.yaml", root="api/types")
    assert "outside the folder `api/types`" in message


def test_a_mapping_and_a_text_may_refer_to_the_working_folder(
    api: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(api)
    for ref, count in (("text.yaml", 0), ("../private/config.json", 1)):
        spec: Any = {
            "asyncapi": "2.6.0",
            "info": {"title": "T", "version": "1"},
            "channels": {"/": {"publish": {"message": {"name": "a", "payload": {"$ref": ref}}}}},
        }
        for given in (spec, Text(document(ref).encode(), "<stdin>")):
            assert len([p for p in validate(given) if p.rule == "ref"]) == count


def test_a_ring_of_links_is_a_problem(api: Path) -> None:
    (message,) = problems(api, "ring.yaml")
    assert "cannot be read" in message


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
@pytest.mark.parametrize("target", ["fifo", "device"])
def test_only_regular_files_are_read(api: Path, target: str) -> None:
    if target == "fifo":
        os.mkfifo(api / "types.yaml")  # opening it would wait for a writer
    else:
        (api / "types.yaml").symlink_to("/dev/zero")
    (message,) = problems(api, "types.yaml", root="/")
    assert "`api/types.yaml` cannot be read: it is not a regular file" in message


@pytest.mark.parametrize(
    "read",
    [
        load,
        bundle,
        AsynctionAsyncServer.from_spec,
        AsynctionSocketIO.from_spec,
        SocketRouter.from_spec,
        AsynctionClient.from_spec,
        MockAsynctionAsyncServer.from_spec,
        MockAsynctionSocketIO.from_spec,
    ],
)
def test_everything_that_reads_a_document_takes_a_root(
    api: Path, tmp_path: Path, read: Callable[..., object]
) -> None:
    (api / "asyncapi.yaml").write_text(document("../private/config.json"))
    with pytest.raises(DocumentError, match="outside the folder"):
        read("api/asyncapi.yaml")
    assert read("api/asyncapi.yaml", root=tmp_path) is not None


def test_the_page_reads_with_the_same_root(api: Path, tmp_path: Path) -> None:
    (api / "asyncapi.yaml").write_text(document("../private/config.json"))
    app = flask.Flask("test")
    AsynctionSocketIO.from_spec("api/asyncapi.yaml", app=app, root=tmp_path, async_mode="threading")
    assert SECRET in app.test_client().get("/docs/asyncapi.yaml").text
    assert load("api/asyncapi.yaml", root=tmp_path).files == ("api/asyncapi.yaml", "private/config.json")


@pytest.mark.parametrize(
    "command",
    [
        ["validate", "api/asyncapi.yaml"],
        ["bundle", "api/asyncapi.yaml"],
        ["example", "api/asyncapi.yaml", "/", "a"],
        ["docs", "build", "api/asyncapi.yaml", "-o", "site"],
    ],
)
def test_commands_take_a_root(api: Path, command: list[str]) -> None:
    (api / "asyncapi.yaml").write_text(document("../private/config.json"))
    refused = CliRunner().invoke(main, command)
    assert refused.exit_code == 1
    assert "outside the folder" in refused.output
    assert SECRET not in refused.output
    assert CliRunner().invoke(main, [*command, "--root", "."]).exit_code == 0
    assert CliRunner().invoke(main, [*command, "--root", "nowhere"]).exit_code == 2


@pytest.mark.parametrize("command", ["run", "mock", "emit", "listen"])
def test_commands_that_serve_and_connect_take_a_root(command: str) -> None:
    assert "--root DIR" in CliRunner().invoke(main, [command, "--help"]).output
