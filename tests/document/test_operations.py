"""Operations, channels and messages of every version, from the server's side."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from asynction.contract import Contract, Event
from asynction.document import load, validate
from asynction.document._compile import _moved
from asynction.document._nodes import Node, Sources
from asynction.document._operations import channels_2, channels_3, messages_of, with_traits
from asynction.samples import example
from asynction.validation import Validator

CHAT = Path(__file__).parents[2] / "specs" / "examples" / "chat"


def node_of(value: object, **beside: object) -> Node:
    root = Sources().root({"it": value, **beside})
    assert root is not None
    return root.child("it")


def loaded(operations: dict[str, Any], **channel: Any) -> Contract:
    """Return a contract of 3.0 with one channel, `room`."""
    head = {"asyncapi": "3.0.0", "info": {"title": "T", "version": "1"}}
    return load({**head, "channels": {"room": {"address": "/", **channel}}, "operations": operations})


def operation(action: str = "receive", **fields: Any) -> dict[str, Any]:
    return {"action": action, "channel": {"$ref": "#/channels/room"}, **fields}


def message(name: str) -> dict[str, str]:
    return {"$ref": f"#/channels/room/messages/{name}"}


def only(contract: Contract) -> Event:
    (namespace,) = contract.namespaces.values()
    (event,) = namespace.receives.values()
    return event


def test_the_chat_example_is_the_same_contract_in_both_versions() -> None:
    assert load(CHAT / "asyncapi-3.1.yaml") == load(CHAT / "asyncapi.yaml")


@pytest.mark.parametrize(
    ("address", "name"),
    [({"address": "/a/b"}, "/a/b"), ({"address": "a"}, "/a"), ({"address": None}, "/room"), ({}, "/room")],
)
def test_a_namespace_is_called_by_its_address_or_else_by_its_key(address: dict[str, str], name: str) -> None:
    root = node_of({"channels": {"room": address}})

    assert [channel.address for channel in channels_3(root)] == [name.strip("/") if name != "/a/b" else name]


def test_an_operation_without_messages_has_all_of_its_channel() -> None:
    contract = loaded(
        {"in": operation(messages=[message("a")]), "out": operation("send")},
        messages={"a": {}, "b": {"name": "bee"}, "c": {}},
    )
    namespace = contract.namespaces["/"]

    assert list(namespace.receives) == ["a"]
    assert list(namespace.sends) == ["a", "bee", "c"]


def test_an_operation_with_an_empty_list_of_messages_has_none() -> None:
    assert loaded({"in": operation(messages=[])}, messages={"a": {}}).namespaces["/"].receives == {}


@pytest.mark.parametrize(
    ("on_operation", "on_message", "path"),
    [("o.h", None, "o.h"), (None, "m.h", "m.h"), ("o.h", "m.h", "m.h"), (None, None, None)],
)
def test_a_handler_is_named_by_the_message_or_by_the_operation(
    on_operation: str | None, on_message: str | None, path: str | None
) -> None:
    mine: dict[str, Any] = {} if on_message is None else {"x-handler": on_message}
    whole: dict[str, Any] = {} if on_operation is None else {"x-handler": on_operation}
    handler = only(loaded({"in": operation(**whole)}, messages={"a": mine})).handler

    assert (handler.path if handler else None) == path


@pytest.mark.parametrize(
    ("on_operation", "on_message", "paths"),
    [
        ({}, {}, []),
        ({"x-middlewares": "o.m"}, {}, ["o.m"]),
        ({"x-middlewares": ["o.m", "o.n"]}, {"x-middlewares": ["m.m", "m.n"]}, ["o.m", "o.n", "m.m", "m.n"]),
        (
            {"x-middlewares": "o.m", "traits": [{"x-middlewares": "t.m"}]},
            {"traits": [{"x-middlewares": ["t.n"]}]},
            ["o.m", "t.n"],
        ),
    ],
)
def test_middlewares_of_the_operation_come_before_those_of_the_message(
    on_operation: dict[str, Any], on_message: dict[str, Any], paths: list[str]
) -> None:
    event = only(loaded({"in": operation(**on_operation)}, messages={"a": on_message}))

    assert [target.path for target in event.middlewares] == paths


@pytest.mark.parametrize(
    ("one", "other", "paths"),
    [
        ([], ["a.b"], ["a.b"]),
        (["a.b"], [], ["a.b"]),
        (["a.b"], ["a.b"], ["a.b"]),
        (["a.b"], ["a.c"], None),
    ],
)
def test_channels_of_one_address_share_their_middlewares(
    one: list[str], other: list[str], paths: list[str] | None
) -> None:
    document = {
        "asyncapi": "3.1.0",
        "info": {"title": "T", "version": "1"},
        "channels": {
            "a": {"address": "/", "x-middlewares": one},
            "b": {"address": "/", "x-middlewares": other},
        },
    }
    problems = [f"{p.rule} {p.message}" for p in validate(document) if p.severity == "error"]

    if paths is None:
        text = "the namespace `/` is described twice, with different middlewares"
        assert problems == [f"duplicate-channel {text}"]
    else:
        assert [target.path for target in load(document).namespaces["/"].middlewares] == paths


@pytest.mark.parametrize(
    ("fields", "ack"),
    [
        ({}, None),
        ({"x-ack": {"args": {"type": "string"}}}, {"type": "string"}),
        ({"reply": {}}, None),
        ({"reply": {"messages": []}}, None),
        ({"reply": {"messages": [message("yes")]}}, {"const": "yes"}),
        ({"reply": {"messages": [message("empty")]}}, None),
        ({"reply": {"messages": [message("yes")]}, "x-ack": {"args": {}}}, {"const": "yes"}),
        ({"reply": {"channel": {"$ref": "#/channels/room"}, "messages": [message("yes")]}}, {"const": "yes"}),
        (
            {"reply": {"messages": [message("yes"), message("no")]}},
            {
                "anyOf": [{"$ref": "#/definitions/reply-0"}, {"$ref": "#/definitions/reply-1"}],
                "definitions": {
                    "reply-0": {"const": "yes"},
                    "reply-1": {"items": {"$ref": "#/definitions/reply-1.self"}},
                    "reply-1.self": {"items": {"$ref": "#/definitions/reply-1.self"}},
                },
            },
        ),
    ],
)
def test_a_reply_or_x_ack_is_the_acknowledgement(fields: dict[str, Any], ack: object) -> None:
    messages = {
        "a": {},
        "yes": {"payload": {"const": "yes"}},
        "no": {"payload": {"$ref": "#/channels/room/x-self"}},
        "empty": {},
    }
    event = only(
        loaded(
            {"in": operation(messages=[message("a")], **fields)},
            messages=messages,
            **{"x-self": {"items": {"$ref": "#/channels/room/x-self"}}},
        )
    )
    found = event.ack.value if event.ack else None

    assert str(found).replace("x-self", "self") == str(ack)


def test_all_messages_of_a_reply_s_channel_may_acknowledge() -> None:
    contract = load(
        {
            "asyncapi": "3.0.0",
            "info": {"title": "T", "version": "1"},
            "channels": {
                "room": {"address": "/", "messages": {"a": {}}},
                "answers": {"address": None, "messages": {"one": {"payload": {"const": 1}}}},
            },
            "operations": {"in": operation(reply={"channel": {"$ref": "#/channels/answers"}})},
        }
    )
    event = contract.namespaces["/"].receives["a"]

    assert event.ack is not None
    assert event.ack.value == {"const": 1}


def test_a_message_of_several_formats_has_the_dialect_that_it_names() -> None:
    draft_04 = "application/schema+json;version=draft-04"
    event = only(
        loaded(
            {"in": operation()},
            messages={"a": {"payload": {"schemaFormat": draft_04, "schema": {"type": "string"}}}},
        )
    )

    assert event.args is not None
    assert (event.args.value, event.args.dialect) == (
        {"type": "string"},
        "http://json-schema.org/draft-04/schema",
    )


def test_a_schema_of_another_language_is_kept_as_its_name() -> None:
    avro = "application/vnd.apache.avro;version=1.9.0"
    event = only(
        loaded({"in": operation()}, messages={"a": {"payload": {"schemaFormat": avro, "schema": {}}}})
    )

    assert event.args is not None
    assert (event.args.is_json_schema, event.args.dialect) == (False, avro)


def test_traits_of_2_x_win_and_those_of_3_x_do_not() -> None:
    own = {"name": "own", "tags": [1], "headers": {"a": {"b": 1}, "n": None}}
    traits = [
        {"name": "first", "title": "first"},
        {"title": "last", "headers": {"a": {"b": 2, "c": 3}, "n": 1}},
    ]
    node = node_of({**own, "traits": traits})

    assert with_traits(node, trait_wins=True).value == {
        "name": "first",
        "title": "last",
        "tags": [1],
        "headers": {"a": {"b": 2, "c": 3}, "n": 1},
    }
    assert with_traits(node, trait_wins=False).value == {
        "name": "own",
        "title": "last",
        "tags": [1],
        "headers": {"a": {"b": 1, "c": 3}, "n": None},
    }


def test_a_null_in_a_trait_takes_a_field_away_from_what_it_wins_over() -> None:
    node = node_of({"title": "own", "traits": [{"title": None, "summary": "first"}, {"summary": None}]})

    assert with_traits(node, trait_wins=True).value == {}
    assert with_traits(node, trait_wins=False).value == {"title": "own"}


def test_what_is_no_trait_is_passed_by() -> None:
    assert with_traits(node_of({"name": "a", "traits": [1, None]}), trait_wins=True).value == {"name": "a"}


def test_lists_of_messages_may_hold_lists_and_themselves() -> None:
    lists = {
        "inner": {"oneOf": [{"name": "b"}, {"$ref": "#/outer"}, 1]},
        "outer": {"oneOf": [{"name": "a"}, {"$ref": "#/inner"}, {"name": "c"}]},
    }
    found = messages_of(node_of({"message": {"$ref": "#/outer"}}, **lists))

    assert [each.text("name") for each in found] == ["a", "b", "c"]


def test_an_operation_of_2_x_may_have_no_message() -> None:
    (channel,) = channels_2(node_of({"channels": {"/": {"publish": {}, "subscribe": {"message": 1}}}}))

    assert (channel.receives, channel.sends) == ([], [])


@pytest.mark.parametrize("target", ["#/no", "#/other"])
def test_an_operation_of_no_channel_is_passed_by(target: str) -> None:
    document = {"channels": {"room": {}}, "operations": {"o": {"channel": {"$ref": target}}, "p": {}}}
    (channel,) = channels_3(node_of(document, other={}))

    assert (channel.receives, channel.sends) == ([], [])


def test_a_reply_may_refer_to_itself_as_a_whole() -> None:
    assert _moved({"items": {"$ref": "#"}, "not": [{"$ref": "#/definitions/A"}]}, "reply-0") == {
        "items": {"$ref": "#/definitions/reply-0"},
        "not": [{"$ref": "#/definitions/reply-0.A"}],
    }


def test_replies_of_types_that_inherit_are_checked_and_made() -> None:
    ref = "#/components/schemas/"
    payload = {"required": ["deep"], "properties": {"deep": {"$ref": f"{ref}Deep"}}}
    reply = {"messages": [{"$ref": f"#/channels/c/messages/{name}"} for name in ("one", "two")]}
    spec: Any = {
        "asyncapi": "3.1.0",
        "info": {"title": "T", "version": "1"},
        "channels": {
            "c": {
                "address": "/",
                "messages": {"ask": {}, "one": {"payload": payload}, "two": {"payload": payload}},
            }
        },
        "operations": {
            "ask": {
                "action": "receive",
                "channel": {"$ref": "#/channels/c"},
                "messages": [{"$ref": "#/channels/c/messages/ask"}],
                "reply": reply,
            }
        },
        "components": {
            "schemas": {
                "Level": {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}},
                "Base": {
                    "allOf": [{"$ref": f"{ref}Level"}],
                    "properties": {"tags": {"uniqueItems": True, "items": {"$ref": f"{ref}Level"}}},
                },
                "Deep": {"allOf": [{"$ref": f"{ref}Base"}, {"$ref": f"{ref}Level"}]},
            }
        },
    }
    ack = load(spec).namespaces["/"].receives["ask"].ack
    assert ack is not None
    validator = Validator(ack)
    assert validator.accepts((example(ack),))
    assert validator.accepts(({"deep": {"a": 1, "tags": [{"a": 1}, {"a": 2}]}},))
    assert not validator.accepts(({"deep": {"a": 1, "tags": [{"a": 1}, {"a": 1}]}},))
    assert not validator.accepts(({"deep": {"a": "1"}},))
