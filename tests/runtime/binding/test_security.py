"""What a contract demands is made ready, and what could never work is found before anybody knocks."""

from __future__ import annotations

from typing import Any

import pytest

from asynction import load
from asynction.exceptions import DocumentError, SecurityException
from asynction.runtime import Binder, ContractSecurity

HERE = __name__


def two(token: str, extra: str) -> None:
    """Take one argument too many for a token."""


def token(token: str) -> dict[str, str]:
    return {"sub": token}


def scopes(required: list[str], granted: list[str]) -> bool:
    return True


def flexible(*args: object) -> None:
    """Take whatever there is."""


def keyword(token: str, *, needed: str) -> None:
    """Need what nobody passes."""


async def later(token: str) -> None:
    """Need to be awaited."""


FLOWS = {"implicit": {"authorizationUrl": "https://a.example", "scopes": {"read": ""}}}


def oauth(**fields: Any) -> dict[str, Any]:
    return {
        "type": "oauth2",
        "flows": FLOWS,
        **{key.replace("_", "-"): value for key, value in fields.items()},
    }


GOOD = oauth(x_tokenInfoFunc=f"{HERE}.token")
DEMAND: list[Any] = [{"s": []}]


def server(security: Any = ()) -> dict[str, Any]:
    return {"url": "h", "protocol": "ws", "security": list(security)}


def book(
    scheme: Any = GOOD,
    *,
    servers: Any = None,
    channel: Any = None,
    chosen: str | None = None,
    allow_async: bool = False,
    functions: Any = None,
    **schemes: Any,
) -> ContractSecurity:
    contract = load(
        {
            "asyncapi": "2.6.0",
            "info": {"title": "T", "version": "1"},
            "servers": {"main": server(DEMAND)} if servers is None else servers,
            "channels": {"/": channel or {}},
            "components": {"securitySchemes": {"s": scheme, **schemes}},
        }
    )
    binder = Binder(allow_async=allow_async)
    access = ContractSecurity(contract, contract.servers[chosen] if chosen else None, binder, functions)
    binder.finish()
    return access


def problem(*args: Any, **kwargs: Any) -> str:
    with pytest.raises(DocumentError) as caught:
        book(*args, **kwargs)
    (found,) = caught.value.problems
    assert found.pointer
    return f"{found.rule}: {found.message}"


# What is demanded -------------------------------------------------------------------------------


def test_the_only_server_counts() -> None:
    assert book().required == {"/": ({"s": ()},)}


def test_no_server_demands_nothing() -> None:
    assert book(servers={}).required == {"/": ()}


def test_the_chosen_server_counts() -> None:
    servers = {"open": server(), "closed": server(DEMAND)}
    assert book(servers=servers, chosen="open").required == {"/": ()}
    assert book(servers=servers, chosen="closed").required == {"/": ({"s": ()},)}


@pytest.mark.parametrize("other", [[], [{}], [{"s": []}, {}], [{"s": ["read"]}], [{"t": []}]])
def test_servers_that_differ(other: Any) -> None:
    servers = {"a": server(DEMAND), "b": server(DEMAND), "c": server(other)}
    said = problem(servers=servers, t=GOOD)
    assert said == "security-server: the servers differ in their security; choose one with `server_name`"


def test_servers_that_say_the_same_in_another_order() -> None:
    first = [{"s": [], "t": []}, {"t": ["read", "write"]}]
    second = [{"t": ["write", "read"]}, {"t": [], "s": []}]
    flows = {"implicit": {"authorizationUrl": "https://a.example", "scopes": {"read": "", "write": ""}}}
    access = book(servers={"a": server(first), "b": server(second)}, t={**GOOD, "flows": flows})
    assert len(access.required["/"]) == 2


def test_servers_do_not_matter_where_every_namespace_says_what_it_demands() -> None:
    servers = {"a": server(DEMAND), "b": server()}
    assert book(servers=servers, channel={"x-security": []}).required == {"/": ()}


def test_only_schemes_that_are_demanded_have_guards() -> None:
    unsupported = {"type": "scramSha256"}
    assert list(book(t=unsupported, u=oauth()).guards) == ["s"]


@pytest.mark.parametrize(
    "demanding",
    [
        {"servers": {"main": server([{"t": []}])}},
        {"channel": {"x-security": [{"s": []}, {"t": []}]}},
        {"channel": {"publish": {"security": [{"t": []}], "message": {"name": "e"}}}},
    ],
)
@pytest.mark.parametrize("type_", ["plain", "scramSha256", "gssapi", "symmetricEncryption"])
def test_what_nobody_can_check(demanding: Any, type_: str) -> None:
    said = problem(t={"type": type_}, **demanding)
    assert said == f"security-unsupported: the scheme `t` of type `{type_}` cannot be checked on this wire"


def test_what_events_demand_may_be_offered() -> None:
    operation = {"security": [{"s": []}, {"t": [], "s": []}, {}], "message": {"name": "e"}}
    channel = {"publish": operation, "subscribe": {"message": {"name": "f"}}}
    access = book(channel=channel, t=GOOD, servers={})
    contract = load({"asyncapi": "2.6.0", "info": {"title": "T", "version": "1"}, "channels": {"/": {}}})
    assert access.offered(contract.namespaces["/"]) == ()
    assert list(access.guards) == ["s", "t"]


# Whom to ask ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scheme", "extension"),
    [
        ({"type": "http", "scheme": "basic"}, "x-basicInfoFunc"),
        ({"type": "http", "scheme": "bearer"}, "x-bearerInfoFunc"),
        ({"type": "http", "scheme": "digest"}, "x-httpInfoFunc"),
        ({"type": "httpApiKey", "in": "query", "name": "k"}, "x-apiKeyInfoFunc"),
        ({"type": "apiKey", "in": "user"}, "x-apiKeyInfoFunc"),
        ({"type": "userPassword"}, "x-userPasswordInfoFunc"),
        (oauth(), "x-tokenInfoFunc"),
        ({"type": "openIdConnect", "openIdConnectUrl": "https://a.example"}, "x-tokenInfoFunc"),
        ({"type": "X509"}, "x-certificateInfoFunc"),
    ],
)
def test_a_scheme_without_a_function(scheme: Any, extension: str) -> None:
    said = problem(scheme)
    assert said == f"security-function: the scheme `s` does not name a function; write `{extension}`"
    assert list(book({**scheme, extension: f"{HERE}.flexible"}).guards) == ["s"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"x_tokenInfoFunc": f"{HERE}.nothing"}, f"handler: `{HERE}.nothing`: `{HERE}` has no `nothing`"),
        ({"x_tokenInfoFunc": f"{HERE}.HERE"}, f"handler: `{HERE}.HERE` is a str, which cannot be called"),
        (
            {"x_tokenInfoFunc": f"{HERE}.two"},
            f"handler-signature: `{HERE}.two` takes 2 arguments, but the contract passes 1 argument",
        ),
        (
            {"x_tokenInfoFunc": f"{HERE}.keyword"},
            f"handler-signature: `{HERE}.keyword` needs the keyword argument `needed`, which is not passed",
        ),
        (
            {"x_tokenInfoFunc": f"{HERE}.later"},
            f"async-handler: `{HERE}.later` is `async def`, which Flask cannot await",
        ),
        (
            {"x_tokenInfoFunc": f"{HERE}.token", "x_scopeValidateFunc": f"{HERE}.token"},
            f"handler-signature: `{HERE}.token` takes 1 argument, but the contract passes 2 arguments",
        ),
        (
            {"x_tokenInfoFunc": f"{HERE}.token", "x_scopeValidateFunc": f"{HERE}.nothing"},
            f"handler: `{HERE}.nothing`",
        ),
    ],
)
def test_a_function_that_cannot_be_asked(fields: Any, said: str) -> None:
    assert problem(oauth(**fields)).startswith(said)


def test_an_async_function_where_it_is_awaited() -> None:
    access = book(oauth(x_tokenInfoFunc=f"{HERE}.later"), allow_async=True)
    assert access.guards["s"].function is not None


def test_a_function_for_scopes() -> None:
    access = book(oauth(x_tokenInfoFunc=f"{HERE}.token", x_scopeValidateFunc=f"{HERE}.scopes"))
    scope_function = access.guards["s"].scope_function
    assert scope_function is not None
    assert scope_function([], []) is True


def test_functions_may_be_given_instead_of_those_that_the_document_names() -> None:
    access = book(oauth(x_tokenInfoFunc=f"{HERE}.nothing"), functions={"s": token, "other": two})
    assert access.guards["s"].function is token
    access = book(oauth(x_jwt={"secretEnv": "NONE"}), functions={"s": token})
    guard = access.guards["s"]
    assert guard.kind.arguments(("t",), ["read"], guard.scheme) == ("t",)


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (two, "handler-signature: `two` takes 2 arguments, but the contract passes 1 argument"),
        (later, "async-handler: `later` is `async def`, which Flask cannot await"),
        (7, "handler: `7` is a int, which cannot be called"),
    ],
)
def test_a_function_that_is_given_must_suit_too(function: Any, said: str) -> None:
    assert problem(GOOD, functions={"s": function}).startswith(said)


# Tokens without a function ----------------------------------------------------------------------


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setenv("TEST_SECRET", "s" * 32)
    return {"secretEnv": "TEST_SECRET", "algorithms": ["HS256"]}


@pytest.mark.parametrize(
    "scheme",
    [
        {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
        {"type": "openIdConnect", "openIdConnectUrl": "https://a.example"},
        oauth(),
    ],
)
def test_a_token_is_all_that_is_asked_about(scheme: Any, secret: dict[str, Any]) -> None:
    guard = book({**scheme, "x-jwt": secret}).guards["s"]
    assert guard.kind.arguments(("t",), ["read"], guard.scheme) == ("t",)
    with pytest.raises(SecurityException):
        guard.function("no token")


def test_clocks_may_differ_at_the_end_of_a_token_too(secret: dict[str, Any]) -> None:
    scheme = oauth(x_jwt={**secret, "leeway": 30}, x_enforceExpiry=True)
    end = 2_000_000_000
    assert book(scheme).guards["s"].end_of({"exp": end}) == end + 30
    replaced = book(scheme, functions={"s": token}).guards["s"]  # the function knows no leeway
    assert replaced.end_of({"exp": end}) == end


@pytest.mark.parametrize(
    "scheme", [{"type": "http", "scheme": "basic"}, {"type": "userPassword"}, {"type": "X509"}]
)
def test_no_tokens_for_x_jwt(scheme: Any, secret: dict[str, Any]) -> None:
    said = problem({**scheme, "x-jwt": secret})
    assert said == (
        "security-function: `x-jwt` of `s`: only bearer, oauth2 and openIdConnect schemes have tokens"
    )


@pytest.mark.parametrize("settings", [{}, {"secretEnv": "TEST_NOT_SET", "algorithms": ["HS256"]}])
def test_settings_that_cannot_be_used(settings: Any) -> None:
    assert problem(oauth(x_jwt=settings)).startswith("security-function: `x-jwt` of `s`: ")
