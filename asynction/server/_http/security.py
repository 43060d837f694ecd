"""Converts security schemes for HTTP: to challenges (RFC 9110, 11.6.1), and to OpenAPI's schemes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from asynction.contract import Json, Requirements, SecurityScheme

_CHALLENGES = {
    "apiKey": "Basic",
    "userPassword": "Basic",
    "oauth2": "Bearer",
    "openIdConnect": "Bearer",
    "httpApiKey": "ApiKey",
    "X509": "Certificate",
}
_NAMES = {"basic": "Basic", "bearer": "Bearer"}


def challenges(schemes: Iterable[SecurityScheme]) -> list[str]:
    """Return the challenges of these schemes for `WWW-Authenticate`, without duplicates."""
    return list(dict.fromkeys(_challenge(scheme) for scheme in schemes))


def _challenge(scheme: SecurityScheme) -> str:
    if scheme.type == "http":
        named = _token(str(scheme.fields.get("scheme", "")))
        name = _NAMES.get(named.lower(), named)
    else:
        name = _CHALLENGES.get(scheme.type, _token(scheme.type))
    if name == "Basic":
        return 'Basic realm="events", charset="UTF-8"'
    if name == "ApiKey":
        place, key = (_quoted(str(scheme.fields.get(field, ""))) for field in ("in", "name"))
        return f'ApiKey realm="events", in={place}, name={key}'
    return f'{name} realm="events"'


def _token(text: str) -> str:
    """Return a text without the characters that are not allowed in a token."""
    return (
        "".join(letter for letter in text if letter.isascii() and (letter.isalnum() or letter in "-_"))
        or "Other"
    )


def _quoted(text: str) -> str:
    shown = "".join(letter if letter.isascii() and letter.isprintable() else "?" for letter in text)
    escaped = shown.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def openapi_scheme(scheme: SecurityScheme) -> dict[str, Json]:
    """Return OpenAPI's Security Scheme Object: where this wire reads the credentials of a scheme."""
    fields = scheme.fields
    shown: dict[str, Json]
    if scheme.type == "http":
        shown = {"type": "http", "scheme": fields.get("scheme")}
        if "bearerFormat" in fields:
            shown["bearerFormat"] = fields["bearerFormat"]
    elif scheme.type == "httpApiKey":
        shown = {"type": "apiKey", "name": fields.get("name"), "in": fields.get("in")}
    elif scheme.type == "oauth2":
        shown = {"type": "oauth2", "flows": _flows(fields.get("flows"))}
    elif scheme.type == "openIdConnect":
        shown = {"type": "openIdConnect", "openIdConnectUrl": fields.get("openIdConnectUrl")}
    else:
        shown = {"type": "mutualTLS"} if scheme.type == "X509" else {"type": "http", "scheme": "basic"}
    description = fields.get("description")
    return {**shown, "description": description} if isinstance(description, str) else shown


def _flows(flows: Json) -> Json:
    """Convert OAuth flows: AsyncAPI 3 names the scopes `availableScopes`."""
    found: dict[str, Json] = {}
    for name, flow in flows.items() if isinstance(flows, Mapping) else ():
        if isinstance(flow, Mapping):
            kept = {key: flow[key] for key in ("authorizationUrl", "tokenUrl", "refreshUrl") if key in flow}
            found[name] = {**kept, "scopes": flow.get("scopes", flow.get("availableScopes", {}))}
    return found


def together(first: Requirements, second: Requirements) -> Requirements:
    """Return the requirements that meet both those of the namespace and those of the event."""
    if not first or not second:
        return first or second
    met = []
    for one in first:
        for other in second:
            names = dict.fromkeys((*one, *other))
            met.append(
                {name: tuple(dict.fromkeys((*one.get(name, ()), *other.get(name, ())))) for name in names}
            )
    return tuple(met)
