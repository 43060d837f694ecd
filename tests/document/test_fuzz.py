"""Twenty thousand documents, most of them broken, give problems or a Contract, and never another error."""

from __future__ import annotations

import copy
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml

from asynction.contract import Contract, Schema
from asynction.document import Text, bundle, load, validate
from asynction.document._objects_2 import VERSIONS
from asynction.exceptions import DocumentError
from asynction.validation import Validator
from tests.document.generator import Generator

pytestmark = pytest.mark.no_cover  # tracing would double its time, and other tests reach the same lines

EXAMPLES = sorted((Path(__file__).parents[2] / "specs" / "examples").glob("*/asyncapi*.yaml"))
BYTES, TEXTS, EXAMPLE_MAPPINGS, MADE = 4_000, 5_000, 5_000, 6_000
"""The number of documents of each kind: 20 000 in all."""

PIECES = [
    b"asyncapi: 3.0.0\n",
    b"{",
    b"}",
    b"[",
    b"]",
    b": ",
    b"- ",
    b"\n",
    b"  ",
    b"$ref: '#'",
    b"&a ",
    b"*a ",
]
PIECES += [
    b"<<: ",
    b"!!int ",
    b"'",
    b'"',
    b"\\u",
    b"\xff",
    b"\xed\xa0\x80",
    b"\x00",
    b"\xef\xbb\xbf",
    b"1e999",
]
PIECES += [
    b"channels:\n",
    b"? ",
    b"| ",
    b"> ",
    b"---\n",
    b"%YAML 9.9\n",
    b"# ",
    b",",
    b"0o9",
    b".nan",
    b"~",
    b"\t",
]
REFS = [
    "#",
    "#/",
    "#/components",
    "#/channels/~1",
    "no.yaml",
    ".",
    "/etc/passwd",
    "http://x.example",
    "#/%",
    "//[",
    "\x00",
]


def schemas(contract: Contract) -> list[Schema | None]:
    found: list[Schema | None] = []
    for namespace in contract.namespaces.values():
        found += namespace.parameters.values()
        for event in (*namespace.receives.values(), *namespace.sends.values()):
            found += [event.args, event.ack]
        if namespace.handshake is not None:
            found += [namespace.handshake.query, namespace.handshake.headers, namespace.handshake.auth]
    return found


def ends_well(spec: Any, *, bundles: bool = False) -> bool:
    """Read `spec` and use every schema of its Contract; return True where there is one."""
    try:
        contract = load(spec)
    except DocumentError:
        return False
    for schema in schemas(contract):
        if schema is not None and schema.is_json_schema:
            Validator(schema).check(("a",))
    if bundles:
        document: Any = bundle(spec)
        assert load(document).namespaces.keys() == contract.namespaces.keys()
    return True


def test_bytes_at_random() -> None:
    random = Random(1)
    for _ in range(BYTES):
        pieces = random.choices(PIECES, k=random.randint(0, 25))
        ends_well(Text(b"".join(pieces) + random.randbytes(random.randint(0, 3)), "fuzz.yaml"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_the_text_of_examples_changed_at_random(path: Path) -> None:
    random = Random(path.name)
    text = path.read_bytes()
    for _ in range(TEXTS // len(EXAMPLES)):
        changed = bytearray(text)
        for _ in range(random.randint(1, 3)):
            start = random.randrange(len(changed))
            end = start + random.choice([0, 1, 1, 5, 60])
            changed[start:end] = random.choice([*PIECES, random.randbytes(1), bytes(changed[start:end])])
        ends_well(Text(bytes(changed), path.name))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_the_content_of_examples_changed_at_random(path: Path) -> None:
    original = yaml.safe_load(path.read_text(encoding="utf-8"))
    generator = Generator(Random(path.name), original["asyncapi"][:3])
    loaded = 0
    for _ in range(EXAMPLE_MAPPINGS // len(EXAMPLES)):
        document = copy.deepcopy(original)
        for _ in range(generator.random.randint(1, 3)):
            generator.mutate(document)
        if generator.random.random() < 0.2:
            generator.point(document, REFS)
        loaded += ends_well(document)
    assert loaded > 10


@pytest.mark.parametrize("version", VERSIONS)
def test_documents_made_from_the_rows(version: str) -> None:
    generator = Generator(Random(f"{version} fuzz"), version)
    loaded = 0
    for number in range(MADE // len(VERSIONS)):
        document = generator.document()
        for _ in range(generator.random.randint(0, 3)):
            generator.mutate(document)
        if generator.random.random() < 0.5:
            generator.point(document, REFS)
        loaded += ends_well(document, bundles=True)
        if number % 50 == 0:
            assert all(str(problem).isprintable() for problem in validate(document))
    assert loaded > 5
