"""A bundle is one document with the meaning of several files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from asynction.contract import Contract, Json
from asynction.document import bundle, load, validate
from asynction.exceptions import DocumentError
from asynction.validation import Validator

HEAD_2 = "asyncapi: 2.6.0\ninfo: {title: T, version: '1'}\n"
HEAD_3 = "asyncapi: 3.1.0\ninfo: {title: T, version: '1'}\n"
EXAMPLES = sorted((Path(__file__).parents[2] / "specs" / "examples").glob("*/asyncapi*.yaml"))


@pytest.fixture(autouse=True)
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(files: dict[str, str]) -> None:
    for name, text in files.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text, encoding="utf-8")


def bundled(files: dict[str, str]) -> tuple[dict[str, Any], Contract]:
    """Bundle `asyncapi.yaml`; check that the result refers to no file and means the same."""
    write(files)
    document: Any = bundle("asyncapi.yaml")
    assert all(ref.startswith("#") for ref in refs(document))
    assert [p for p in validate(document) if p.severity == "error"] == []
    contract = load(document)
    assert contract == load("asyncapi.yaml")
    assert contract.files == ()
    return document, contract


def refs(value: Json) -> list[str]:
    found = [ref for ref in [value.get("$ref")] if isinstance(ref, str)] if isinstance(value, dict) else []
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        found += refs(child)
    return found


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_document_of_one_file_stays_as_it_is(path: Path) -> None:
    assert bundle(path) == yaml.safe_load(path.read_text(encoding="utf-8"))


def test_middlewares_come_along_from_other_files() -> None:
    _, contract = bundled(
        {
            "asyncapi.yaml": HEAD_2 + "x-middlewares: a.root\n"
            "channels: {/: {x-middlewares: [a.b, a.c], publish: {message: {$ref: m.yaml#/e}}}}\n",
            "m.yaml": "e: {name: e, traits: [{$ref: '#/t'}]}\nt: {x-middlewares: [a.d, 'a:E']}\n",
        }
    )
    namespace = contract.namespaces["/"]
    found = (contract.middlewares, namespace.middlewares, namespace.receives["e"].middlewares)

    assert [[target.path for target in each] for each in found] == [
        ["a.root"],
        ["a.b", "a.c"],
        ["a.d", "a:E"],
    ]


def test_many_files_become_one_document() -> None:
    document, _ = bundled(
        {
            "asyncapi.yaml": HEAD_2
            + """
servers: {s: {$ref: 'parts/servers.yaml#/s'}}
channels:
  /: {$ref: parts/channel.yaml}
  /two:
    bindings: {$ref: 'parts/servers.yaml#/ws'}
    publish: {message: {$ref: 'parts/messages.json#/components/messages/Ask'}}
components:
  schemas: {Text: {type: string}}
""",
            "parts/servers.yaml": "{s: {url: ws://x.example/p, protocol: ws}, ws: {ws: {method: GET}}}",
            "parts/channel.yaml": """
publish:
  traits: [{$ref: '#/x-traits/t'}]
  message:
    oneOf:
    - {$ref: 'messages.json#/components/messages/Ask'}
    - {name: b, payload: {$ref: ../deep.yaml}}
x-traits: {t: {security: [], summary: S.}}
""",
            "parts/messages.json": json.dumps(
                {
                    "components": {
                        "messages": {
                            "Ask": {
                                "payload": {"$ref": "../asyncapi.yaml#/components/schemas/Text"},
                                "x-ack": {"$ref": "#/acks/yes"},
                                "tags": [{"name": "a"}],
                            }
                        }
                    },
                    "acks": {"yes": {"args": {"type": "boolean"}}},
                }
            ),
            "deep.yaml": """
type: object
properties: {d: {$ref: '#'}, t: {$ref: 'asyncapi.yaml#/components/schemas/Text'}}
""",
        }
    )

    components = document["components"]
    assert document["servers"] == {"s": {"$ref": "#/components/servers/s"}}
    assert document["channels"]["/"] == {"$ref": "#/components/channels/channel"}
    assert components["channelBindings"] == {"ws": {"ws": {"method": "GET"}}}
    assert components["channels"]["channel"]["publish"]["traits"] == [
        {"$ref": "#/components/channels/channel/x-traits/t"}
    ]
    assert components["x-messageAcks"] == {"yes": {"args": {"type": "boolean"}}}
    assert components["messages"]["Ask"]["payload"] == {"$ref": "#/components/schemas/Text"}
    assert components["schemas"] == {
        "Text": {"type": "string"},
        "deep": {
            "type": "object",
            "properties": {
                "d": {"$ref": "#/components/schemas/deep"},
                "t": {"$ref": "#/components/schemas/Text"},
            },
        },
    }


def test_schemas_may_recurse_across_files() -> None:
    document, contract = bundled(
        {
            "asyncapi.yaml": HEAD_2
            + "channels: {/: {publish: {message: {name: m, payload: {$ref: 'a.yaml#/Tree'}}}}}",
            "a.yaml": "Tree: {properties: {left: {$ref: 'b.yaml#/Node'}, leaf: {type: integer}}}",
            "b.yaml": "Node: {properties: {tree: {$ref: 'a.yaml#/Tree'}, self: {$ref: '#/Node'}}}",
        }
    )

    assert document["components"]["schemas"]["Node"]["properties"]["tree"] == {
        "$ref": "#/components/schemas/Tree"
    }
    args = contract.namespaces["/"].receives["m"].args
    assert args is not None
    assert Validator(args).accepts(({"left": {"self": {"tree": {"leaf": 1}}}},))
    assert not Validator(args).accepts(({"left": {"self": {"tree": {"leaf": "x"}}}},))


def test_what_has_one_name_in_several_files_stays_apart() -> None:
    write(
        {
            "asyncapi.yaml": HEAD_2
            + """
channels:
  /:
    publish:
      message:
        oneOf:
        - {$ref: '#/components/messages/M'}
        - {$ref: 'a.yaml#/components/messages/N'}
        - {$ref: 'b.yaml#/components/messages/N'}
    subscribe: {message: {$ref: 'a.yaml#/components/messages/M'}}
components: {messages: {M: {payload: {$ref: 'a.yaml#/S s'}}}}
""",
            "a.yaml": """
components: {messages: {M: {payload: {$ref: '#/S s'}}, N: {name: na}}}
S s: {type: string}
""",
            "b.yaml": """
components: {messages: {N: {name: nb, payload: {$ref: '#/S s'}}}}
S s: {type: integer}
""",
        }
    )
    document: Any = bundle("asyncapi.yaml")
    contract = load(document).namespaces["/"]

    assert sorted(document["components"]["messages"]) == ["M", "M-2", "N", "N-2"]
    assert document["components"]["messages"]["M-2"]["name"] == "M"
    assert document["components"]["schemas"] == {"S-s": {"type": "string"}, "S-s-2": {"type": "integer"}}
    assert sorted(contract.receives) == ["M", "na", "nb"]
    assert list(contract.sends) == ["M"]


def test_what_the_version_has_no_section_for_is_written_out() -> None:
    document, _ = bundled(
        {
            "asyncapi.yaml": HEAD_2.replace("2.6", "2.0") + "channels: {/: {$ref: c.yaml}}\n",
            "c.yaml": "{publish: {message: {name: a, payload: {$ref: '#/x-s'}}}, x-s: {type: string}}",
        }
    )

    assert document["channels"]["/"]["publish"]["message"]["payload"] == {"$ref": "#/components/schemas/x-s"}
    assert document["components"] == {"schemas": {"x-s": {"type": "string"}}}


def test_a_boolean_schema_is_written_out() -> None:
    write(
        {
            "asyncapi.yaml": HEAD_2
            + "channels: {/: {publish: {message: {name: m, payload: {not: {$ref: 'x.yaml#/no'}}}}}}",
            "x.yaml": "no: false",
        }
    )
    document: Any = bundle("asyncapi.yaml")

    assert document["channels"]["/"]["publish"]["message"]["payload"] == {"not": False}


NAMELESS = {
    "in another file": (
        "channels: {/: {subscribe: {message: {$ref: 'm.yaml#/messages/arrived'}}}}",
        "messages: {arrived: {payload: {type: string}}}",
        [],
    ),
    "a file": ("channels: {/: {subscribe: {message: {$ref: m.yaml}}}}", "payload: {type: string}", []),
    "a component of another file": (
        "channels: {/: {subscribe: {message: {$ref: 'm.yaml#/components/messages/arrived'}}}}",
        "components: {messages: {arrived: {payload: {$ref: '#/x'}}}}\nx: {type: string}",
        ["arrived"],
    ),
    "a component of a channel's file": (
        "channels: {/: {$ref: 'm.yaml#/channel'}}",
        "channel: {subscribe: {message: {$ref: '#/components/messages/arrived'}}}\n"
        "components: {messages: {arrived: {}}}",
        ["arrived"],
    ),
    "a component that is another file": (
        "channels: {/: {subscribe: {message: {$ref: '#/components/messages/S'}}}}\n"
        "components: {messages: {S: {$ref: m.yaml}, T: {$ref: m.yaml}}}",
        "payload: {type: string}",
        [],
    ),
    "a component that is one of another file": (
        "channels: {/: {subscribe: {message: {$ref: '#/components/messages/S'}}}}\n"
        "components: {messages: {S: {$ref: 'm.yaml#/components/messages/T'}, U: {$ref: m.yaml#/u}}}",
        "components: {messages: {T: {payload: {type: string}}}}\nu: {$ref: '#/components/messages/T'}",
        ["T"],
    ),
    "named by a trait": (
        "channels: {/: {subscribe: {message: {$ref: m.yaml}}}}",
        "traits: [{name: N}]",
        ["N"],
    ),
    "a list with itself": (
        "channels: {/: {subscribe: {message: {$ref: 'm.yaml#/All'}}}}",
        "All: {oneOf: [{$ref: '#/M'}, {$ref: '#/All'}, {name: n}]}\nM: {payload: {type: string}}",
        ["n"],
    ),
    "an alias": (
        "channels: {/: {subscribe: {message: *m}, publish: {message: {$ref: '#/components/messages/N'}}}}",
        "",
        ["M"],
    ),
}


@pytest.mark.parametrize("case", NAMELESS)
def test_messages_of_2_x_gain_no_name_and_lose_none(case: str) -> None:
    text, other, names = NAMELESS[case]
    anchor = "x-m: {messages: &n {N: {payload: true}}}\ncomponents: {messages: {M: &m {}, N: {}}}\n"
    _, contract = bundled({"asyncapi.yaml": HEAD_2 + anchor * ("*m" in text) + text, "m.yaml": other or "{}"})

    assert list(contract.namespaces["/"].sends) == names


def test_an_entry_of_the_components_takes_the_text_of_its_file() -> None:
    document, _ = bundled(
        {
            "asyncapi.yaml": HEAD_3
            + """
components:
  schemas:
    A: {$ref: 's.yaml#/X'}
    B: {$ref: 's.yaml#/X'}
    C: {$ref: 's.yaml#/X', description: Of C.}
    D: {$ref: 's.yaml#/no'}
    E: {items: {$ref: 's.yaml#/X'}}
""",
            "s.yaml": "X: {type: string}\nno: false",
        }
    )

    first = {"$ref": "#/components/schemas/A"}
    assert document["components"]["schemas"] == {
        "A": {"type": "string"},
        "B": first,
        "C": {**first, "description": "Of C."},
        "D": False,
        "E": {"items": first},
    }


def test_keywords_beside_a_reference_to_another_file_stay() -> None:
    document, contract = bundled(
        {
            "asyncapi.yaml": HEAD_2
            + """
channels:
  /:
    publish:
      message:
        name: m
        payload: {$schema: https://json-schema.org/draft/2020-12/schema, $ref: 's.yaml#/A', required: [a]}
""",
            "s.yaml": "A: {type: object}",
        }
    )

    assert document["channels"]["/"]["publish"]["message"]["payload"]["required"] == ["a"]
    args = contract.namespaces["/"].receives["m"].args
    assert args is not None
    assert not Validator(args).accepts(({},))


def test_a_file_that_names_its_dialect_is_not_forgotten() -> None:
    document, contract = bundled(
        {
            "asyncapi.yaml": HEAD_2
            + "channels: {/: {publish: {message: {name: m, payload: {$ref: 's.yaml#/d'}}}}}",
            "s.yaml": """
$schema: http://json-schema.org/draft-04/schema#
d: {minimum: 0, exclusiveMinimum: true}
""",
        }
    )

    assert document["components"]["schemas"]["d"]["$schema"] == "http://json-schema.org/draft-04/schema"
    args = contract.namespaces["/"].receives["m"].args
    assert args is not None
    assert not Validator(args).accepts((0,))


def test_what_an_operation_of_3_0_names_is_still_of_its_channel() -> None:
    document, contract = bundled(
        {
            "asyncapi.yaml": HEAD_3
            + """
servers: {s: {$ref: 'servers.yaml#/s'}}
channels:
  room: {$ref: room.yaml}
operations:
  ask: {$ref: 'operations.yaml#/ask'}
  tell:
    action: send
    channel: {$ref: '#/channels/room'}
    messages: [{$ref: 'room.yaml#/messages/told'}]
components: {}
""",
            "servers.yaml": "s: {host: x.example, protocol: ws}",
            "room.yaml": """
address: /
servers: [{$ref: 'asyncapi.yaml#/servers/s'}]
messages:
  ask: {$ref: 'messages.yaml#/ask'}
  told: {payload: {$ref: 'messages.yaml#/avro'}}
  yes: {payload: {type: boolean}}
""",
            "operations.yaml": """
ask:
  action: receive
  channel: {$ref: 'asyncapi.yaml#/channels/room'}
  messages: [{$ref: 'room.yaml#/messages/ask'}]
  reply: {messages: [{$ref: 'room.yaml#/messages/yes'}]}
""",
            "messages.yaml": """
ask: {payload: {type: string}}
avro: {schemaFormat: application/vnd.apache.avro;version=1.9.0, schema: {type: int}}
""",
        }
    )

    assert document["components"]["operations"]["ask"]["messages"] == [
        {"$ref": "#/channels/room/messages/ask"}
    ]
    assert document["operations"]["tell"]["messages"] == [{"$ref": "#/channels/room/messages/told"}]
    assert document["components"]["channels"]["room"]["servers"] == [{"$ref": "#/servers/s"}]
    assert list(contract.namespaces["/"].receives) == ["ask"]
    assert list(contract.namespaces["/"].sends) == ["told"]


def test_a_chain_that_leaves_the_document_and_comes_back() -> None:
    document, _ = bundled(
        {
            "asyncapi.yaml": HEAD_2
            + """
channels: {/: {publish: {message: {$ref: '#/components/messages/A'}}}}
components: {messages: {A: {$ref: 'x.yaml#/a'}, B: {name: b}}}
""",
            "x.yaml": "a: {$ref: 'asyncapi.yaml#/components/messages/B'}",
        }
    )

    assert document["channels"]["/"]["publish"]["message"] == {"$ref": "#/components/messages/A"}
    assert document["components"]["messages"]["A"] == {"$ref": "#/components/messages/B"}


def test_a_document_with_errors_is_not_bundled() -> None:
    write({"asyncapi.yaml": HEAD_2 + "chanels: {}"})

    with pytest.raises(DocumentError, match="did you mean `channels`"):
        bundle("asyncapi.yaml")
    with pytest.raises(DocumentError, match="cannot be read"):
        bundle("missing.yaml")
    with pytest.raises(DocumentError, match="is not a supported version"):
        bundle({"asyncapi": "1.0.0"})


def test_a_bundle_is_the_caller_s_own(tmp_path: Path) -> None:
    spec: dict[str, Any] = {"asyncapi": "2.6.0", "info": {"title": "T", "version": "1"}, "channels": {}}
    document: Any = bundle(spec)
    document["channels"]["/"] = {}

    assert spec["channels"] == {}
