"""The credentials that a client needs, in the terms of Socket.IO."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from markupsafe import Markup

from asynction.contract import Contract, Json, Namespace, Requirements, SecurityScheme
from asynction.ui import _markdown as markdown
from asynction.ui._details import Link, web_url

_PASSWORD = "`auth: {username, password}` or the header `Authorization: Basic`"  # noqa: S105 - not a password
_TOKEN = "`auth: {token}` or the header `Authorization: Bearer`"  # noqa: S105 - not a password
_WAYS: Mapping[str, tuple[str, str]] = {
    "basic": ("User name and password", _PASSWORD),
    "userPassword": ("User name and password", _PASSWORD),
    "bearer": ("Token", _TOKEN),
    "oauth2": ("OAuth 2 token", _TOKEN),
    "openIdConnect": ("OpenID Connect token", _TOKEN),
    "X509": ("TLS client certificate", "the certificate that the client presents when it connects"),
    "http": ("HTTP authentication", "the header `Authorization`"),
}
"""The types of schemes, and how a client sends their credentials; `http` is any other HTTP scheme."""

_KEY_LOCATIONS = {
    "query": "the query parameter `{}`",
    "header": "the header `{}`",
    "cookie": "the cookie `{}`",
}
_FLOWS = ("authorizationUrl", "tokenUrl", "refreshUrl")


@dataclass(frozen=True, slots=True)
class Scheme:
    """A security scheme for readers, without the code or the secrets that check it."""

    name: str
    anchor: str
    kind: str
    way: Markup
    description: Markup
    links: tuple[Link, ...]
    scopes: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Need:
    """A required scheme and its scopes."""

    scheme: str
    anchor: str
    scopes: tuple[str, ...]


Alternatives = tuple[tuple[Need, ...], ...]
"""Alternative requirements: one of them must be met completely; an empty one needs no credentials."""


def scheme_anchor(name: str) -> str:
    """Return the anchor of a scheme in the page."""
    return f"security/{quote(name, safe='')}"


def read_scheme(scheme: SecurityScheme) -> Scheme:
    """Describe a scheme for readers."""
    kind, way = _way(scheme)
    description = scheme.fields.get("description")
    links, scopes = _flows(scheme.fields)
    url = scheme.fields.get("openIdConnectUrl")
    if isinstance(url, str):
        links = [Link(url, web_url(url)), *links]
    return Scheme(
        scheme.name,
        scheme_anchor(scheme.name),
        kind,
        markdown.inline(way),
        markdown.block(description) if isinstance(description, str) else Markup(),
        tuple(links),
        tuple(scopes.items()),
    )


def alternatives(required: Requirements) -> Alternatives:
    """Describe requirements for readers."""
    return tuple(
        tuple(Need(name, scheme_anchor(name), tuple(scopes)) for name, scopes in each.items())
        for each in required
    )


def required_by(contract: Contract, namespace: Namespace) -> Requirements:
    """Return the requirements of a connection: those of the namespace, or else of the first server."""
    if namespace.security is not None:
        return namespace.security
    return next((server.security for server in contract.servers.values()), ())


def _way(scheme: SecurityScheme) -> tuple[str, str]:
    fields = scheme.fields
    if scheme.type == "http":
        named = str(fields.get("scheme", "")).lower()
        kind, way = _WAYS.get(named, _WAYS["http"])
        return kind, way if named in _WAYS else f"the header `Authorization: {_code(named)}`"
    if scheme.type == "httpApiKey":
        name = _code(str(fields.get("name", "")))
        location = _KEY_LOCATIONS.get(str(fields.get("in")), "`{}`").format(name)
        return "Key", f"`auth: {{{name}}}` or {location}"
    if scheme.type == "apiKey":
        return "Key", "`auth: {username}`" if fields.get("in") == "user" else "`auth: {password}`"
    return _WAYS.get(scheme.type, (scheme.type, ""))


def _code(text: str) -> str:
    """Replace backticks in a text that is put between backticks."""
    return text.replace("`", "'")


def _flows(fields: Mapping[str, Json]) -> tuple[list[Link], dict[str, str]]:
    links: list[Link] = []
    scopes: dict[str, str] = {}
    flows = fields.get("flows")
    for name, flow in flows.items() if isinstance(flows, Mapping) else ():
        if isinstance(flow, Mapping):
            links += _urls(name, flow)
            known = flow.get("scopes", flow.get("availableScopes"))
            scopes |= (
                {scope: str(text) for scope, text in known.items()} if isinstance(known, Mapping) else {}
            )
    return links, scopes


def _urls(name: str, flow: Mapping[str, Json]) -> Iterator[Link]:
    for key in _FLOWS:
        url = flow.get(key)
        if isinstance(url, str):
            yield Link(f"{name}, {key.removesuffix('Url')}: {url}", web_url(url))
