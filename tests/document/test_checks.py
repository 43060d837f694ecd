"""The parts of a document agree with each other."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from asynction.document import validate
from asynction.document._checks import LATEST

INFO = {"title": "T", "version": "1"}


def problems(version: str, rule: str, **parts: Any) -> list[str]:
    """Return the problems of one rule in a document."""
    document = {"asyncapi": f"{version}.0", "info": INFO, "channels": {}, **parts}
    return [f"{p.pointer} {p.message}" for p in validate(document) if p.rule == rule]


@pytest.mark.parametrize(("version", "found"), [("2.0", 1), ("3.0", 1), ("3.1", 0)])
def test_an_older_version_is_advised_against(version: str, found: int) -> None:
    assert (
        problems(version, "latest-version")
        == [f"/asyncapi {LATEST} is the latest version of AsyncAPI"] * found
    )


@pytest.mark.parametrize(
    ("server", "found"),
    [
        ({"url": "ws://{a}/{b}", "variables": {"a": {}, "b": {"enum": ["x"], "default": "x"}}}, []),
        ({"url": "ws://{a}"}, ["/servers/s/url `{a}` is used in the url but not defined in `variables`"]),
        (
            {"url": "ws://{port}", "variables": {"prot": {}}},
            [
                "/servers/s/url `{port}` is used in the url but not defined in `variables`;"
                " did you mean `prot`?"
            ],
        ),
        (
            {"url": "ws://{a}", "variables": {"a": {"enum": ["x"], "default": "y", "examples": ["x", "z"]}}},
            [
                "/servers/s/variables/a/default the default `y` is not in `enum`",
                "/servers/s/variables/a/examples/1 the example `z` is not in `enum`",
            ],
        ),
        (
            {"url": "ws://{a}", "variables": 1},
            ["/servers/s/url `{a}` is used in the url but not defined in `variables`"],
        ),
    ],
)
def test_variables_of_servers_are_described(server: dict[str, Any], found: list[str]) -> None:
    assert problems("2.6", "server-variable", servers={"s": {"protocol": "ws", **server}}) == found


def test_variables_of_servers_of_3_x_stand_in_host_and_pathname() -> None:
    server = {"host": "{a}", "pathname": "/{b}", "protocol": "ws", "variables": {"c": {}}}

    assert problems("3.0", "server-variable", servers={"s": server}) == [
        "/servers/s/host `{a}` is used in the host but not defined in `variables`",
        "/servers/s/pathname `{b}` is used in the pathname but not defined in `variables`",
    ]
    assert problems("3.0", "unused-variable", servers={"s": server}) == [
        "/servers/s/variables/c `c` is not used"
    ]


@pytest.mark.parametrize(
    ("address", "wrong"), [("/a", False), ("/{a}", False), ("/{a?}", False), ("/a?b", True), ("a/#", True)]
)
def test_a_channel_has_no_query_and_no_fragment(address: str, wrong: bool) -> None:
    assert bool(problems("2.6", "channel-address", channels={address: {}})) is wrong
    assert bool(problems("3.1", "channel-address", channels={"c": {"address": address}})) is wrong


def test_channels_name_servers() -> None:
    servers_2 = {"one": {"url": "ws://x.example", "protocol": "ws"}}
    servers_3 = {"one": {"host": "x.example", "protocol": "ws"}}
    found_2 = problems(
        "2.6", "channel-servers", servers=servers_2, channels={"/": {"servers": ["one", "onee", 1]}}
    )
    refs = [{"$ref": f"#/{location}"} for location in ("servers/one", "components/servers/one", "servers/no")]
    found_3 = problems(
        "3.0",
        "channel-servers",
        servers=servers_3,
        channels={"c": {"servers": refs}, "d": {"servers": 1}},
        components={"servers": servers_3},
    )

    assert found_2 == ["/channels/~1/servers/1 the document has no server `onee`; did you mean `one`?"]
    assert found_3 == ["/channels/c/servers/1 the server is not under `servers` of the document"]


def test_a_message_met_twice_does_not_clash_with_itself() -> None:
    ref = {"$ref": "#/components/messages/m"}
    channels = {
        "/": {"publish": {"message": ref}, "subscribe": {"message": ref}},
        "/b": {"publish": {"message": ref}},
    }
    components = {"messages": {"m": {"messageId": "m"}}}

    assert problems("2.6", "duplicate-message-id", channels=channels, components=components) == []


def test_an_operation_id_of_a_trait_counts() -> None:
    channel = {"publish": {"traits": [{"operationId": "o"}]}, "subscribe": {"operationId": "o"}}

    assert len(problems("2.6", "duplicate-operation-id", channels={"/": channel})) == 1


@pytest.mark.parametrize(
    ("payload", "unused"),
    [
        (True, ["a"]),
        ({"x-other": {"$ref": "#/components/schemas/a"}}, []),
        ({"x-other": {"$ref": "#/components/schemas/a/not"}}, []),
        ({"x-other": [{"$ref": "#/components/schemas/b"}, {"$ref": 1}]}, ["a"]),
        ({"not": {"$ref": "#/components/schemas/b"}}, ["a"]),
        ({"$ref": "#/components/schemas/a"}, []),
    ],
)
def test_components_that_nothing_refers_to_are_told(payload: object, unused: list[str]) -> None:
    components = {"schemas": {"a": {"not": {"$ref": "#/components/schemas/b"}}, "b": {}, "c": True}}
    channels = {"/": {"publish": {"message": {"name": "m", "payload": payload}}}}

    assert problems("2.6", "unused-component", components=components, channels=channels) == [
        f"/components/schemas/{name} `{name}` is not used" for name in unused
    ]


@pytest.mark.parametrize("section", ["x-messageAcks", "x-mine"])
def test_only_components_of_asyncapi_have_to_be_used(section: str) -> None:
    assert problems("2.6", "unused-component", components={section: {"a": {}}}) == []


CHANNEL = {"messages": {"m": {}, "n": {"$ref": "#/components/messages/M"}}}
SPLIT = {
    "channels": {"c": {"$ref": "#/components/channels/c"}, "d": {"messages": {"m": {}}}},
    "components": {
        "channels": {"c": CHANNEL, "other": {"messages": {"m": {}}}},
        "messages": {"M": {}, "N": {}},
        "operations": {},
    },
}
INTO = {
    "#/channels/c/messages/m": (True, True),
    "#/channels/c/messages/n": (True, True),
    "#/components/channels/c/messages/m": (False, True),
    "#/components/messages/M": (False, True),
    "#/components/messages/N": (False, False),
    "#/channels/d/messages/m": (False, False),
    "#/components/channels/other/messages/m": (False, False),
}
"""Pointers to messages, and whether an operation may name them: under `operations`, and in `components`."""


@pytest.mark.parametrize("ref", INTO)
@pytest.mark.parametrize("in_components", [False, True])
@pytest.mark.parametrize("in_reply", [False, True])
def test_an_operation_names_messages_of_its_channel_and_under_operations_by_the_channel(
    ref: str, in_components: bool, in_reply: bool
) -> None:
    messages = {"messages": [{"$ref": ref}]}
    operation: dict[str, Any] = {"action": "send", "channel": {"$ref": "#/channels/c"}}
    operation |= {"reply": messages} if in_reply else messages
    parts: dict[str, Any] = copy.deepcopy(SPLIT)
    parts["operations"] = {"o": operation}
    if in_components:
        parts["components"]["operations"]["o"] = operation
        parts["operations"] = {"o": {"$ref": "#/components/operations/o"}}
    rule = "reply-message" if in_reply else "operation-message"

    above = f"{'/components' * in_components}/operations/o{'/reply' * in_reply}"
    whose = "reply" if in_reply else "operation"
    assert problems("3.0", rule, **parts) == [
        f"{above}/messages/0 the message is not in the {whose}'s channel"
    ] * (not INTO[ref][in_components])


def test_an_operation_that_leads_nowhere_is_one_problem() -> None:
    assert problems("3.1", "ref", operations={"o": {"$ref": "#/components/operations/no"}}) == [
        "/operations/o/$ref `$ref: #/components/operations/no` cannot be resolved: `#` has no `components`"
    ]


@pytest.mark.parametrize(
    ("operation", "channel", "sound"),
    [
        ("operations", "channels", True),
        ("operations", "components/channels", False),
        ("components", "channels", True),
        ("components", "components/channels", True),
    ],
)
def test_an_operation_among_the_components_may_have_a_channel_anywhere(
    operation: str, channel: str, sound: bool
) -> None:
    written = {"action": "send", "channel": {"$ref": f"#/{channel}/c"}}
    components: dict[str, Any] = {"channels": {"c": {}}, "operations": {"o": written}}
    named = written if operation == "operations" else {"$ref": "#/components/operations/o"}
    found = problems(
        "3.1", "operation-channel", channels={"c": {}}, operations={"o": named}, components=components
    )

    assert (found == []) is sound


@pytest.mark.parametrize(
    ("place", "server", "sound"),
    [
        ("channels", "#/servers/main", True),
        ("channels", "#/components/servers/main", False),
        ("channels", "#/components/servers/other", False),
        ("components", "#/servers/main", True),
        ("components", "#/components/servers/main", True),
        ("components", "#/components/servers/other", True),
    ],
)
def test_a_channel_among_the_components_may_have_a_server_anywhere(
    place: str, server: str, sound: bool
) -> None:
    one = {"host": "x.example", "protocol": "ws"}
    channel = {"servers": [{"$ref": server}]}
    components: dict[str, Any] = {"servers": {"main": one, "other": one}, "channels": {"c": channel}}
    named = channel if place == "channels" else {"$ref": "#/components/channels/c"}
    servers = {"main": {"$ref": "#/components/servers/main"}}
    found = problems("3.1", "channel-servers", servers=servers, channels={"c": named}, components=components)

    assert (found == []) is sound


@pytest.mark.parametrize(
    ("address", "found"),
    [({}, 0), ({"address": None}, 0), ({"address": "/b"}, 1)],
)
def test_a_reply_has_one_address(address: dict[str, Any], found: int) -> None:
    reply = {"address": {"location": "$message.header#/to"}, "channel": {"$ref": "#/channels/b"}}
    operations = {"o": {"action": "receive", "channel": {"$ref": "#/channels/a"}, "reply": reply}}

    assert (
        len(problems("3.0", "reply-address", channels={"a": {}, "b": address}, operations=operations))
        == found
    )


def test_the_channel_of_a_reply_is_of_the_document() -> None:
    reply = {"channel": {"$ref": "#/components/channels/b"}}
    operations = {"o": {"action": "receive", "channel": {"$ref": "#/channels/a"}, "reply": reply}}
    found = problems(
        "3.0", "reply-message", channels={"a": {}}, operations=operations, components={"channels": {"b": {}}}
    )

    assert found == [
        "/operations/o/reply/channel the reply's channel is not under `channels` of the document"
    ]


@pytest.mark.parametrize(
    ("ignore", "found"),
    [
        (["latest-version"], []),
        (["latst-version"], ["there is no rule `latst-version`; did you mean `latest-version`?"]),
        (["schema"], ["the rule `schema` cannot be ignored: a document has no meaning without it"]),
    ],
)
def test_only_rules_that_can_be_are_ignored(ignore: list[str], found: list[str]) -> None:
    settings = {"ignore": ignore}

    assert [line.partition(" ")[2] for line in problems("2.6", "enum", **{"x-asynction": settings})] == found


@pytest.mark.parametrize(
    "parts",
    [
        {"channels": {"c": {"servers": 1, "parameters": 1}}, "servers": {"s": {"variables": {"a": 1}}}},
        {"operations": {"o": {"channel": 1, "messages": 1, "reply": 1}}, "components": 1},
        {"operations": {"o": {"channel": {"$ref": "#/no"}, "reply": {"channel": 1, "messages": [1]}}}},
        {"components": {"schemas": 1, "messages": {"m": 1}}, "x-asynction": 1},
    ],
)
@pytest.mark.parametrize("version", ["2.6", "3.1"])
def test_what_the_reader_refused_is_passed_by(version: str, parts: dict[str, Any]) -> None:
    document = {"asyncapi": f"{version}.0", "info": INFO, "channels": {}, **parts}

    assert any(problem.severity == "error" for problem in validate(document))
