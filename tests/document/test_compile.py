"""A document that was read becomes a Contract; contradictions in it are problems."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from asynction.contract import Contract, Handlers, Hooks, Mock, Target
from asynction.document import load
from asynction.document._compile import compile_contract
from asynction.document._nodes import Sources
from asynction.document._schemas import Schemas
from asynction.exceptions import DocumentError
from asynction.validation import DRAFT_07, Validator

INFO = {"title": "T", "version": "1", "description": "D"}


def compiled(**parts: object) -> tuple[Contract, list[str]]:
    root = Sources().root({"asyncapi": "2.6.0", "info": INFO, "channels": {}, **parts})
    assert root is not None
    contract = compile_contract(root, "2.6", Schemas())
    return contract, [f"{p.rule} {p.pointer} {p.message}" for p in root.sources.problems]


def sound(**parts: object) -> Contract:
    contract, problems = compiled(**parts)
    assert problems == []
    return contract


def received(*messages: object, **parts: object) -> Contract:
    return sound(channels={"/": {"publish": {"message": {"oneOf": list(messages)}}}}, **parts)


def test_a_document_says_what_it_is() -> None:
    info = sound().info

    assert (info.title, info.version, info.description) == ("T", "1", "D")


def test_what_clients_publish_the_server_receives_and_they_subscribe_to_what_it_sends() -> None:
    contract = sound(
        channels={
            "chat": {
                "description": "D",
                "publish": {"message": {"name": "say", "x-handler": "a.b"}},
                "subscribe": {"message": {"oneOf": [{"name": "said", "x-handler": "c.d"}, {"name": "left"}]}},
            },
            "/empty": {},
        }
    )
    chat = contract.namespaces["/chat"]

    assert list(contract.namespaces) == ["/chat", "/empty"]
    assert (chat.name, chat.description, list(chat.receives), list(chat.sends)) == (
        "/chat",
        "D",
        ["say"],
        ["said", "left"],
    )
    assert contract.namespaces["/empty"].receives == contract.namespaces["/empty"].sends == {}
    handler = chat.receives["say"].handler
    assert handler is not None
    assert (handler.path, handler.location.pointer) == ("a.b", "/channels/chat/publish/message/x-handler")
    assert chat.sends["said"].handler is None


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ({"name": "a", "messageId": "b"}, "a"),
        ({"messageId": "b"}, "b"),
        ({"name": "", "messageId": "b"}, "b"),
        ({"$ref": "#/components/messages/ByKey"}, "ByKey"),
        ({"$ref": "#/components/messages/a~1b~0c"}, "a/b~c"),
        ({"$ref": "#/components/messages/Named"}, "its name"),
    ],
)
def test_an_event_is_called_by_its_name_its_id_or_its_key(message: object, name: str) -> None:
    components = {"messages": {"ByKey": {}, "a/b~c": {}, "Named": {"name": "its name"}}}

    assert list(received(message, components=components).namespaces["/"].receives) == [name]


def test_an_aliased_message_is_called_by_its_key(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(
        "components: {messages: {Key: &m {payload: true}}}\nchannels: {/: {publish: {message: *m}}}\n"
    )
    root = Sources().root(path)
    assert root is not None

    assert list(compile_contract(root, "2.6", Schemas()).namespaces["/"].receives) == ["Key"]


def test_an_event_has_all_that_its_message_says() -> None:
    event = (
        received(
            {
                "name": "e",
                "summary": "S",
                "description": "D",
                "payload": {"type": "string"},
                "x-ack": {"args": {"$ref": "#/components/schemas/N"}},
                "examples": [{"payload": "x"}, {"headers": {}}, "none", {"payload": "y"}],
            },
            components={"schemas": {"N": {"type": "null"}}},
        )
        .namespaces["/"]
        .receives["e"]
    )

    assert (event.summary, event.description, event.examples) == ("S", "D", ("x", "y"))
    assert event.args is not None
    assert event.ack is not None
    assert (event.args.value, event.args.dialect, event.ack.value) == (
        {"type": "string"},
        DRAFT_07,
        {"type": "null"},
    )
    assert event.location.pointer == "/channels/~1/publish/message/oneOf/0"


@pytest.mark.parametrize(
    "message",
    [
        {"name": "e"},
        {"name": "e", "x-ack": {}},
        {"name": "e", "x-ack": {"$ref": "#/components/x-messageAcks/A"}},
    ],
)
def test_what_a_message_does_not_say_is_open(message: object) -> None:
    components: dict[str, Any] = {"x-messageAcks": {"A": {}}}
    event = received(message, components=components).namespaces["/"].receives["e"]

    assert (event.args, event.ack, event.handler, event.security) == (None, None, None, ())


def test_an_acknowledgement_may_be_a_component() -> None:
    event = (
        received(
            {"name": "e", "x-ack": {"$ref": "#/components/x-messageAcks/A"}},
            components={"x-messageAcks": {"A": {"args": {"type": "null"}}}},
        )
        .namespaces["/"]
        .receives["e"]
    )

    assert event.ack is not None
    assert event.ack.value == {"type": "null"}


def test_middlewares_are_targets_of_the_document_the_namespace_and_the_event() -> None:
    message = {"name": "e", "x-middlewares": ["a.b", "a.b"]}
    channel = {"x-middlewares": ["a.c", "a:C"], "publish": {"message": message}}
    contract = sound(**{"x-middlewares": "a.d", "channels": {"/": channel, "/2": {}}})
    namespace = contract.namespaces["/"]

    found = [*contract.middlewares, *namespace.middlewares, *namespace.receives["e"].middlewares]

    assert [(target.path, target.location.pointer) for target in found] == [
        ("a.d", "/x-middlewares"),
        ("a.c", "/channels/~1/x-middlewares/0"),
        ("a:C", "/channels/~1/x-middlewares/1"),
        ("a.b", f"{PUBLISH}/x-middlewares/0"),
        ("a.b", f"{PUBLISH}/x-middlewares/1"),
    ]
    assert contract.namespaces["/2"].middlewares == ()


def test_hooks_are_targets_of_the_message_or_else_the_operation() -> None:
    named = {"dataCheck": "a.b", "access": "a:C", "hydrate": "a.d", "dehydrate": "a.e"}
    message = {"name": "e", "x-hooks": named}
    operation = {"message": {"oneOf": [message, {"name": "f"}]}, "x-hooks": {"access": "b.a"}}
    contract = sound(channels={"/": {"publish": operation, "subscribe": {"message": message}}})
    receives = contract.namespaces["/"].receives
    assert receives["e"].hooks == Hooks(Target("a.b"), Target("a:C"), Target("a.d"), Target("a.e"))
    assert receives["e"].hooks.access is not None
    assert receives["e"].hooks.access.location.pointer.endswith("/x-hooks/access")
    assert receives["f"].hooks == Hooks(access=Target("b.a"))
    assert contract.namespaces["/"].sends["e"].hooks == Hooks()


def test_an_event_that_is_only_sent_has_no_middlewares() -> None:
    message = {"name": "e", "x-middlewares": ["a.b"]}
    contract = sound(channels={"/": {"subscribe": {"message": message}}})

    assert contract.namespaces["/"].sends["e"].middlewares == ()


def test_an_empty_path_of_a_middleware_is_not_passed_by() -> None:
    assert sound(**{"x-middlewares": ""}).middlewares == (Target(""),)


def test_middlewares_of_a_trait_of_2_x_win() -> None:
    event = received(
        {
            "name": "e",
            "x-middlewares": ["own.one"],
            "traits": [{"x-middlewares": ["first.one"]}, {"x-middlewares": ["last.one", "last.two"]}],
        }
    )
    middlewares = event.namespaces["/"].receives["e"].middlewares

    assert [(target.path, target.location.pointer) for target in middlewares] == [
        ("last.one", f"{PUBLISH}/oneOf/0/traits/1/x-middlewares/0"),
        ("last.two", f"{PUBLISH}/oneOf/0/traits/1/x-middlewares/1"),
    ]


@pytest.mark.parametrize("name", ["x-handlers", "x-handers"])
def test_handlers_of_a_namespace_are_targets(name: str) -> None:
    namespaces = sound(channels={"/": {name: {"connect": "a.b", "error": "c.d"}}, "/2": {}}).namespaces
    handlers = namespaces["/"].handlers

    assert handlers.connect is not None
    assert handlers.error is not None
    assert (handlers.connect.path, handlers.disconnect, handlers.error.path) == ("a.b", None, "c.d")
    assert handlers.error.location.pointer == f"/channels/~1/{name}/error"
    assert namespaces["/2"].handlers == Handlers()


def test_a_misspelt_handler_binds() -> None:
    handler = received({"name": "e", "x-hander": "a.b"}).namespaces["/"].receives["e"].handler

    assert handler is not None
    assert (handler.path, handler.location.pointer.endswith("/x-hander")) == ("a.b", True)


@pytest.mark.parametrize(
    ("bindings", "expected"),
    [
        (None, None),
        ({}, None),
        ({"amqp": {}}, None),
        ({"ws": {}}, (None, None, None)),
        (
            {
                "ws": {
                    "method": "GET",
                    "query": {"type": "object"},
                    "headers": {"$ref": "#/components/schemas/H"},
                }
            },
            ("GET", {"type": "object"}, True),
        ),
        ({"$ref": "#/components/channelBindings/B"}, ("POST", None, None)),
    ],
)
def test_the_ws_binding_is_the_handshake(bindings: object, expected: object) -> None:
    channel = {} if bindings is None else {"bindings": bindings}
    components = {"schemas": {"H": True}, "channelBindings": {"B": {"ws": {"method": "POST"}}}}
    handshake = sound(channels={"/": channel}, components=components).namespaces["/"].handshake

    found = handshake and (
        handshake.method,
        handshake.query and handshake.query.value,
        handshake.headers and handshake.headers.value,
    )
    assert found == expected


def test_a_trait_wins_over_what_it_is_applied_to_and_the_last_one_over_the_first() -> None:
    event = (
        received(
            {
                "name": "e",
                "summary": "mine",
                "description": "mine",
                "x-ack": {"args": {"type": "string", "maxLength": 3}},
                "traits": [
                    {"summary": "first", "x-ack": {"args": {"maxLength": 5}}},
                    {"$ref": "#/components/messageTraits/T"},
                    "no trait",
                ],
            },
            components={"messageTraits": {"T": {"summary": "last", "description": None, "x-handler": "a.b"}}},
        )
        .namespaces["/"]
        .receives["e"]
    )

    assert (event.summary, event.description) == ("last", "")
    assert event.ack is not None
    assert event.ack.value == {"type": "string", "maxLength": 5}
    assert event.handler is not None
    assert event.handler.path == "a.b"


def test_traits_of_operations_apply_too() -> None:
    contract = sound(
        channels={"/": {"publish": {"traits": [{"security": [{"s": []}]}], "message": {"name": "e"}}}},
        components={"securitySchemes": {"s": {"type": "http"}}},
    )

    assert contract.namespaces["/"].receives["e"].security == ({"s": ()},)


def test_a_trait_of_another_file_keeps_its_references(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.yaml").write_text(
        "t: {x-ack: {args: {type: array, items: [{$ref: '#/s'}]}}}\ns: {type: 'null'}\n"
    )
    ack = received({"name": "e", "traits": [{"$ref": "t.yaml#/t"}]}).namespaces["/"].receives["e"].ack

    assert ack is not None
    assert Validator(ack).accepts((None,))
    assert not Validator(ack).accepts((1,))


@pytest.mark.parametrize(
    ("url", "filled", "path"),
    [
        ("ws://h:5000/socket.io", "ws://h:5000/socket.io", "socket.io"),
        ("wss://h/api/socket.io/", "wss://h/api/socket.io/", "api/socket.io"),
        ("ws://h", "ws://h", None),
        ("ws://h/", "ws://h/", None),
        ("h:5000/a", "h:5000/a", "a"),
        ("h/a?u=http://x/y", "h/a?u=http://x/y", "a"),
        ("/a", "/a", "a"),
        ("{port}/a", "5000/a", "a"),
        ("{scheme}://h/{stage}/x", "{scheme}://h/v1/x", "v1/x"),
        ("ws://h/{first}", "ws://h/one", "one"),
        ("ws://h/{none}/x", "ws://h/{none}/x", "{none}/x"),
    ],
)
def test_a_server_has_its_variables_filled_and_a_path(url: str, filled: str, path: str | None) -> None:
    variables = {
        "port": {"default": "5000"},
        "stage": {"$ref": "#/components/serverVariables/stage"},
        "first": {"enum": ["one", "two"]},
        "scheme": {},
        "none": {},
    }
    components = {"serverVariables": {"stage": {"default": "v1", "enum": ["v0"]}}}
    servers = {"s": {"url": url, "protocol": "ws", "description": "D", "variables": variables}}
    server = sound(servers=servers, components=components).servers["s"]

    assert (server.url, server.path, server.protocol, server.description) == (filled, path, "ws", "D")
    assert (server.name, server.security, server.location.pointer) == ("s", (), "/servers/s")


SCHEMES: dict[str, dict[str, Any]] = {
    "basic": {"type": "http", "scheme": "basic"},
    "oauth": {
        "type": "oauth2",
        "flows": {"implicit": {"scopes": {"read": "", "write": ""}}, "password": {"scopes": {"all": ""}}},
    },
    "open": {"type": "openIdConnect"},
    "odd": {"type": "oauth2"},
    "flowless": {"type": "oauth2", "flows": {"implicit": 1, "password": {}}},
}


def test_security_schemes_are_as_the_document_has_them() -> None:
    schemes = sound(components={"securitySchemes": SCHEMES}).security_schemes

    assert {name: (s.name, s.type, s.fields) for name, s in schemes.items()} == {
        name: (name, fields["type"], fields) for name, fields in SCHEMES.items()
    }


def test_requirements_stand_on_servers_channels_and_operations() -> None:
    security = [{"oauth": ["write", "all"], "basic": []}, {"open": ["any"]}, {}]
    contract = sound(
        servers={"s": {"url": "h", "security": security}},
        channels={
            "/": {"x-security": security, "publish": {"security": security, "message": {"name": "e"}}},
            "/open": {"x-security": []},
            "/silent": {},
        },
        components={"securitySchemes": SCHEMES},
    )
    expected: tuple[dict[str, tuple[str, ...]], ...] = (
        {"oauth": ("write", "all"), "basic": ()},
        {"open": ("any",)},
        {},
    )

    assert contract.servers["s"].security == expected
    assert contract.namespaces["/"].security == expected
    assert contract.namespaces["/"].receives["e"].security == expected
    assert contract.namespaces["/open"].security == ()
    assert contract.namespaces["/silent"].security is None


@pytest.mark.parametrize(
    ("requirement", "problems"),
    [
        (
            {"baisc": []},
            ["security-scheme /baisc no security scheme `baisc` is defined; did you mean `basic`?"],
        ),
        (
            {"basic": ["a"]},
            ["security-scope /basic the scheme `basic` is of type `http`, which has no scopes"],
        ),
        (
            {"oauth": ["raed"]},
            ["security-scope /oauth the scheme `oauth` has no scope `raed`; did you mean `read`?"],
        ),
        ({"oauth": [["read"], {"a": 1}]}, []),
        ({"odd": ["any"], "open": ["any"]}, []),
        ({"flowless": ["x"]}, ["security-scope /flowless the scheme `flowless` has no scope `x`"]),
        ({"basic": "no list"}, []),
    ],
)
def test_a_requirement_names_what_is_defined(requirement: object, problems: list[str]) -> None:
    _, found = compiled(
        channels={"/": {"x-security": [requirement, "none"]}}, components={"securitySchemes": SCHEMES}
    )

    assert found == [text.replace(" /", " /channels/~1/x-security/0/", 1) for text in problems]


PUBLISH = "/channels/~1/publish/message"


@pytest.mark.parametrize(
    ("parts", "problem"),
    [
        (
            {"channels": {"a": {}, "/a": {}}},
            "duplicate-channel /channels/~1a the namespace `/a` is described twice",
        ),
        (
            {"channels": {"/": {"publish": {"message": {"oneOf": [{"name": "a"}, {"name": "a"}]}}}}},
            f"duplicate-event {PUBLISH}/oneOf/1 the event `a` is defined twice, first at <mapping>",
        ),
        (
            {"channels": {"/": {"publish": {"message": {"payload": True}}}}},
            f"event-name {PUBLISH} a message needs a `name`: it is the Socket.IO event",
        ),
        (
            {"channels": {"/": {"publish": {"message": {"$ref": "#/x"}}}}, "x": {"traits": []}},
            "event-name /x a message needs a `name`: it is the Socket.IO event",
        ),
        *(
            (
                {"channels": {"/": {"subscribe": {"message": {"name": name}}}}},
                f"event-name /channels/~1/subscribe/message `{name}` is a reserved name of Socket.IO;"
                " put the handlers of a namespace under `x-handlers`",
            )
            for name in ("*", "connect", "connect_error", "disconnect", "disconnecting", "newListener")
        ),
        (
            {"channels": {"/": {"publish": {"message": {"name": "a", "payload": 1}}}}},
            f"schema {PUBLISH}/payload a schema is a mapping or a boolean",
        ),
        (
            {
                "channels": {
                    "/": {
                        "publish": {"message": {"name": "a", "payload": False, "examples": [{"payload": 1}]}}
                    }
                }
            },
            f"message-example {PUBLISH}/examples/0/payload"
            " the example breaks the schema of the payload: /0: is not allowed here",
        ),
        (
            {
                "channels": {
                    "/": {
                        "publish": {
                            "message": {
                                "name": "a",
                                "payload": {"items": [True]},
                                "examples": [{"payload": [1, 2]}],
                            }
                        }
                    }
                }
            },
            f"message-example {PUBLISH}/examples/0/payload"
            " the example breaks the schema of the payload: expected 1 argument, got 2",
        ),
        (
            {"servers": {"s": {"url": "ws://[::1"}}},
            "server-url /servers/s/url `ws://[::1` is not a URL: Invalid IPv6 URL",
        ),
    ],
)
def test_what_contradicts_itself_is_a_problem(parts: dict[str, Any], problem: str) -> None:
    assert compiled(**parts)[1] == [problem]


def test_examples_of_binary_payloads_are_not_checked() -> None:
    received({"name": "e", "payload": {"type": "string", "format": "binary"}, "examples": [{"payload": "x"}]})


@pytest.mark.parametrize(
    "parts",
    [
        {"info": 1},
        {"components": 1},
        {"components": {"securitySchemes": {"a": 1}}},
        {"servers": [1]},
        {"servers": {"s": 1}},
        {"channels": {"/": 1}},
        {"channels": {"/": {"publish": 1}}},
        {"channels": {"/": {"publish": {"message": 1}}}},
        {"channels": {"/": {"publish": {}, "x-handlers": 1, "bindings": 1, "x-security": 1}}},
        {"channels": {"/": {"publish": {"message": {"oneOf": 1}}, "x-handlers": {"connect": 1}}}},
        {"x-middlewares": 1, "channels": {"/": {"x-middlewares": [1, {"$ref": "#/info"}]}}},
        {
            "channels": {
                "/": {"publish": {"message": {"name": "a", "x-ack": 1, "examples": 1, "schemaFormat": 1}}}
            }
        },
    ],
)
def test_what_the_reader_refused_is_passed_by(parts: dict[str, Any]) -> None:
    compiled(**parts)


# How a mock plays an event --------------------------------------------------------------------


def _mocked(mock: object) -> dict[str, Any]:
    ack = {"args": {"type": "object", "properties": {"id": {"type": "integer"}}}}
    message = {"name": "say", "payload": {"type": "object"}, "x-ack": ack, "x-mock": mock}
    return {
        "asyncapi": "2.6.0",
        "info": {"title": "Mock", "version": "1.0.0"},
        "channels": {"/": {"publish": {"message": message}}},
    }


def test_what_a_mock_is_told_of_an_event() -> None:
    contract = load(_mocked({"interval": 2.5, "answers": [{"id": 1}], "copies": {"/0/id": "/0/number"}}))
    assert contract.namespaces["/"].receives["say"].mock == Mock(2.5, ({"id": 1},), {"/0/id": "/0/number"})
    assert not contract.warnings


@pytest.mark.parametrize(
    ("mock", "rule", "text"),
    [
        ([], "type", "expected a Mock"),
        ({"intervall": 1}, "unknown-field", "did you mean `interval`"),
        ({"interval": "often"}, "type", "expected a number"),
        ({"interval": True}, "type", "expected a number"),
        ({"interval": 0}, "type", "above 0"),
        ({"copies": []}, "type", "expected a mapping"),
        ({"copies": {"/0": 1}}, "type", "expected a string"),
        ({"answers": [{"id": "one"}]}, "message-example", "acknowledgement"),
    ],
)
def test_what_a_mock_cannot_be_told(mock: object, rule: str, text: str) -> None:
    with pytest.raises(DocumentError) as caught:
        load(_mocked(mock))
    assert [problem.rule for problem in caught.value.problems] == [rule]
    assert text in str(caught.value)


def _with_jwt(settings: object) -> dict[str, object]:
    scheme = {"type": "http", "scheme": "bearer", "x-jwt": settings}
    return {
        "asyncapi": "2.6.0",
        "info": {"title": "Tokens", "version": "1.0.0"},
        "channels": {"/": {}},
        "components": {"securitySchemes": {"token": scheme}},
    }


def test_how_tokens_are_checked_is_kept_as_it_is_written() -> None:
    settings = {
        "jwksUri": "https://a.example/keys",
        "algorithms": ["RS256"],
        "issuer": ["us", "them"],
        "audience": "me",
        "leeway": 0,
        "timeout": 0.5,
    }
    assert load(_with_jwt(settings)).security_schemes["token"].fields["x-jwt"] == settings


@pytest.mark.parametrize(
    ("settings", "pointer", "rule", "text"),
    [
        (None, "", "type", "expected a Jwt"),
        ({"audiance": "me"}, "/audiance", "unknown-field", "did you mean `audience`"),
        ({"leeway": -1}, "/leeway", "type", "`leeway` must be a number of seconds, 0 or more"),
        ({"leeway": "5 s"}, "/leeway", "type", "expected a number"),
        ({"leeway": True}, "/leeway", "type", "expected a number"),
        ({"timeout": 0}, "/timeout", "type", "`timeout` must be a number of seconds, more than 0"),
        ({"algorithms": "RS256"}, "/algorithms", "type", "expected a list"),
        ({"issuer": 7}, "/issuer", "type", "expected a string or a list of strings"),
    ],
)
def test_how_tokens_cannot_be_checked(settings: object, pointer: str, rule: str, text: str) -> None:
    with pytest.raises(DocumentError) as caught:
        load(_with_jwt(settings))
    (problem,) = caught.value.problems
    assert (problem.rule, problem.pointer) == (rule, f"/components/securitySchemes/token/x-jwt{pointer}")
    assert text in problem.message
