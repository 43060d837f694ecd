"""How long it takes to read a contract of 300 messages and 300 schemas, and to check one in CI.

Run by `make bench`, never by `make test`. The bounds are ratios within one run, so that they hold on any
machine: loading is compared with the C loader of PyYAML, the cold command with an interpreter that imports
the libraries behind it. Noise only ever adds, so the least of several runs counts.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import perf_counter

import pytest
import yaml

from asynction.document import load
from asynction.validation import Validator
from tests.benchmarks.measure import quickest, table

LOAD_RATIO = 3.3
COLD_RATIO = 6.0
COLD_MEGABYTES = 80
COUNT = 300

SCHEMA = """\
    S{0}:
      type: object
      required: [id, name]
      additionalProperties: false
      properties:
        id: {{type: integer, minimum: 1}}
        name: {{type: string, minLength: 1, maxLength: 80}}
        tags: {{type: array, items: {{type: string}}}}
        when: {{type: string, format: date-time}}
        next: {{$ref: '#/components/schemas/S{1}'}}
"""
MESSAGE = """\
    M{0}:
      name: event-{0}
      payload:
        type: object
        properties: {{item: {{$ref: '#/components/schemas/S{0}'}}, text: {{type: string}}}}
      x-ack: {{args: {{type: object, required: [ok], properties: {{ok: {{type: boolean}}}}}}}}
"""


def big_document() -> str:
    """A document of 300 messages and as many schemas, in circles of 4."""
    schemas = "".join(SCHEMA.format(index, index - index % 4 + (index + 1) % 4) for index in range(COUNT))
    messages = "".join(map(MESSAGE.format, range(COUNT)))
    refs = "".join(f"        - $ref: '#/components/messages/M{index}'\n" for index in range(COUNT))
    return (
        "asyncapi: 2.6.0\ninfo: {title: Big, version: 1.0.0}\n"
        f"channels:\n  /big:\n    publish:\n      message:\n        oneOf:\n{refs}"
        f"components:\n  messages:\n{messages}  schemas:\n{schemas}"
    )


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("big") / "asyncapi.yaml"
    path.write_text(big_document())
    return path


def least(call: Callable[[], object], runs: int) -> float:
    times = []
    for _ in range(runs):
        start = perf_counter()
        call()
        times.append(perf_counter() - start)
    return min(times)


def compiled(path: Path) -> list[Validator]:
    """The contract with a validator for each of its schemas."""
    namespace = load(path).namespaces["/big"]
    found = [schema for event in namespace.receives.values() for schema in (event.args, event.ack)]
    return [Validator(schema) for schema in found if schema is not None]


def test_a_contract_of_300_messages_is_loaded_in_time(path: Path) -> None:
    assert len(compiled(path)) == 2 * COUNT
    text = path.read_text()
    times = quickest(
        {
            "yaml.CSafeLoader": partial(yaml.load, text, yaml.CSafeLoader),
            "load": partial(load, path),
            "load, with compiled validators": partial(compiled, path),
        },
        rounds=15,
        repeats=1,
    )
    table("a contract of 300 messages", times, base="yaml.CSafeLoader")
    assert times["load, with compiled validators"] / times["yaml.CSafeLoader"] <= LOAD_RATIO


PARENT = f"""
import resource, subprocess, sys
subprocess.run([{sys.executable!r}, "-m", "asynction", "validate", sys.argv[1]], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def test_a_cold_validation_is_quick_and_small(path: Path) -> None:
    command = [sys.executable, "-m", "asynction", "validate", str(path)]
    imports = [sys.executable, "-c", "import click, jsonschema_rs, yaml"]
    seconds = least(lambda: subprocess.run(command, check=True, capture_output=True), 7)
    base = least(lambda: subprocess.run(imports, check=True, capture_output=True), 7)
    done = subprocess.run(
        [sys.executable, "-c", PARENT, str(path)], check=True, capture_output=True, text=True
    )
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024
    megabytes = int(done.stdout.split()[-1]) / unit
    print(f"\ncold validation {seconds:.2f} s, {seconds / base:.1f} times the imports, {megabytes:.0f} MB")

    assert seconds / base <= COLD_RATIO
    assert megabytes < COLD_MEGABYTES
