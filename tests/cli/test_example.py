"""`asynction example`: data for a contract, readable or random."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from asynction.cli import main

SPEC = """\
asyncapi: 3.1.0
info: {title: T, version: '1'}
x-asynction: {ignore: [message-example]}
channels:
  room:
    address: /rooms/{id}
    parameters: {id: {}}
    messages:
      say:
        payload: {type: string, maxLength: 3}
        examples: [{payload: too long}, {payload: hey}]
        x-ack: {args: {type: integer, minimum: 1}}
      whisper:
        payload: {type: array, items: [{type: string}, {type: boolean}]}
        examples: [{payload: [Ada, true]}]
      photo: {payload: {type: string, format: binary, minLength: 1}}
      name: {payload: {type: string, format: first_name}}
      never: {payload: {type: string, enum: []}}
      open: {}
      avro: {payload: {schemaFormat: application/vnd.apache.avro;version=1.9.0, schema: {type: int}}}
  back: {address: /back, messages: {ping: {payload: {const: 1}}}}
operations:
  all: {action: receive, channel: {$ref: '#/channels/room'}}
  back: {action: receive, channel: {$ref: '#/channels/back'}}
  forth: {action: send, channel: {$ref: '#/channels/back'}}
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "asyncapi.yaml").write_text(SPEC)


def run(*args: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, ["example", *args], input=stdin)


@pytest.mark.parametrize(
    ("args", "shown"),
    [
        (["/rooms/{id}", "say"], '"hey"\n'),
        (["rooms/42", "say"], '"hey"\n'),
        (["/rooms/42", "whisper"], '[\n  "Ada",\n  true\n]\n'),
        (["/rooms/42", "say", "--ack"], "1\n"),
        (["/rooms/42", "say", "--received"], '"hey"\n'),
    ],
)
def test_the_readable_example_is_the_documents_own(args: list[str], shown: str) -> None:
    assert run("asyncapi.yaml", *args).output == shown
    assert run("-", *args, stdin=Path("asyncapi.yaml").read_text()).output == shown


def test_a_seed_gives_the_same_random_data() -> None:
    first, again, other = (run("asyncapi.yaml", "/rooms/1", "whisper", "--seed", seed) for seed in "112")

    assert first.output == again.output != other.output
    assert isinstance(json.loads(first.output), list)


def test_a_count_gives_lines() -> None:
    lines = run("asyncapi.yaml", "/rooms/1", "whisper", "--count", "3").output.splitlines()

    assert [[type(arg) for arg in json.loads(line)] for line in lines] == [[str, bool]] * 3


@pytest.mark.parametrize("has_faker", [True, False])
def test_formats_of_faker_need_no_faker(has_faker: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not has_faker:
        monkeypatch.setitem(sys.modules, "faker", None)

    assert isinstance(json.loads(run("asyncapi.yaml", "/rooms/1", "name", "--seed", "1").output), str)


def test_binary_data_is_shown_in_base64() -> None:
    result = run("asyncapi.yaml", "/rooms/1", "photo", "--count", "2")

    assert len(result.stdout.splitlines()) == 2
    assert result.stderr == "Note: binary data is shown in base64.\n"


def test_an_event_in_both_directions_is_chosen() -> None:
    both = "asyncapi.yaml", "/back", "ping"

    result = run(*both)
    assert (result.exit_code, "choose by `--sent` or `--received`" in result.output) == (2, True)
    assert run(*both, "--sent").output == run(*both, "--received").output == "1\n"


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["/bakc", "x"], "the contract has no namespace `/bakc`; did you mean `/back`?"),
        (["/back", "pong"], "the contract has no event `pong` in `/back`"),
        (["/back", "pin"], "did you mean `ping`?"),
        (["/rooms/1", "say", "--sent"], "the contract sends no event `say` in `/rooms/{id}`"),
        (
            ["/rooms/1", "sayy", "--received"],
            "the contract receives no event `sayy` in `/rooms/{id}`; did you",
        ),
        (["/rooms/1", "whisper", "--ack"], "the contract does not describe the acknowledgement of `whisper`"),
        (["/rooms/1", "open"], "the contract does not describe the args of `open`"),
        (["/rooms/1", "never"], "cannot make a value"),
        (["/rooms/1", "avro"], "it is written in `application/vnd.apache.avro"),
    ],
)
def test_an_error_is_reported_without_a_traceback(args: list[str], message: str) -> None:
    result = run("asyncapi.yaml", *args)

    assert result.exit_code == 1
    assert message in result.stderr
    assert isinstance(result.exception, SystemExit)


def test_a_broken_document_is_reported() -> None:
    assert run("missing.yaml", "/", "x").stderr.startswith("Error: missing.yaml file /")
