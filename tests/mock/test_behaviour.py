"""The options of a mock, and the contract that it serves."""

from __future__ import annotations

from math import inf, nan
from typing import Any

import pytest

from asynction.contract import Handlers
from asynction.document import load
from asynction.mock._behaviour import Behaviour, accept_any_credentials, without_code
from tests.server.support import STRING, channel, document, message

AVRO = "application/vnd.apache.avro;version=1.9.0"


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ({"interval": 0}, "the interval must be a number of seconds above 0"),
        ({"interval": nan}, "the interval"),
        ({"interval": inf}, "the interval"),
        ({"latency": (2, 1)}, "the latency must be two numbers of seconds, the smaller one first"),
        ({"latency": (-1, 1)}, "the latency"),
        ({"latency": (0, inf)}, "the latency"),
        ({"error_rate": 1.1}, "the error rate must be between 0 and 1, not 1.1"),
        ({"disconnect_rate": -0.1}, "the disconnect rate must be between 0 and 1, not -0.1"),
        ({"pool_size": 0}, "the pool size must be at least 1, not 0"),
    ],
)
def test_numbers_out_of_range_are_refused(numbers: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        Behaviour(**numbers)


def test_a_contract_without_code_names_none() -> None:
    said = {**message("say", STRING, STRING, "no.such.say"), "x-middlewares": "no.such.one"}
    told = {**message("tell", STRING, STRING), "x-handler": "no.such.tell"}
    spec = document(
        {"/": channel([said], [told], x_handlers={"connect": "no.such.enter"}, x_middlewares="no.such.two")},
        **{"x-middlewares": "no.such.three"},
        components={
            "securitySchemes": {
                "key": {
                    "type": "httpApiKey",
                    "name": "key",
                    "in": "query",
                    "x-apiKeyInfoFunc": "no.such.key",
                    "x-scopeValidateFunc": "no.such.scopes",
                    "x-enforceExpiry": True,
                }
            }
        },
    )
    contract = load(spec)

    bare = without_code(contract)

    namespace = bare.namespaces["/"]
    assert (bare.middlewares, namespace.middlewares, namespace.handlers) == ((), (), Handlers())
    event = namespace.receives["say"]
    assert (event.handler, event.middlewares) == (None, ())
    assert (event.args, event.ack) == (
        contract.namespaces["/"].receives["say"].args,
        contract.namespaces["/"].receives["say"].ack,
    )
    assert bare.security_schemes["key"].fields == {
        "type": "httpApiKey",
        "name": "key",
        "in": "query",
        "x-enforceExpiry": True,
    }


def test_what_is_written_in_another_language_is_left_open() -> None:
    said = {**message("say", {"type": "string"}), "schemaFormat": AVRO}
    bare = without_code(load(document({"/": channel([said], [said])})))
    assert bare.namespaces["/"].receives["say"].args is None
    assert bare.namespaces["/"].sends["say"].args is None


SECURED = document(
    {
        "/": channel(
            x_security=[{"oauth": ["read"]}],
            publish={"security": [{"oauth": ["write"]}], "message": message("say")},
        )
    },
    servers={"one": {"url": "ws://localhost", "protocol": "ws", "security": [{"oauth": ["admin"]}]}},
    components={
        "securitySchemes": {
            "oauth": {
                "type": "oauth2",
                "flows": {
                    "clientCredentials": {
                        "tokenUrl": "https://example.com/token",
                        "scopes": {"read": "", "write": "", "admin": ""},
                    }
                },
            },
            "user": {"type": "userPassword"},
        }
    },
)


def test_any_credential_has_every_required_scope() -> None:
    functions = accept_any_credentials(load(SECURED), {})
    assert sorted(functions) == ["oauth", "user"]
    assert functions["oauth"]("any token") == {"sub": "mock", "scopes": ["admin", "read", "write"]}


def test_a_given_security_function_is_used() -> None:
    def function(token: str) -> dict[str, object]:
        return {"sub": token}

    functions = accept_any_credentials(load(SECURED), {"oauth": function})
    assert functions["oauth"] is function
    assert functions["user"] is not function


def test_a_function_of_no_scheme_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="no security scheme `oaut`; did you mean `oauth`"):
        accept_any_credentials(load(SECURED), {"oaut": print})
