"""JSON Web Tokens that a document checks without code: `x-jwt` (RFC 7519, RFC 7517, RFC 8725)."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from asynction.problems import did_you_mean

Check: TypeAlias = "Callable[[str], Mapping[str, object] | None]"

EXTRA = "`x-jwt` needs the extra `jwt`: install `asynction[jwt]`"
KEYS = ("jwksUri", "publicKey", "secretEnv")
"""The settings that give the key; a document uses exactly one of them."""

SETTINGS = (*KEYS, "algorithms", "issuer", "audience")

TIMEOUT = 5.0
"""Seconds until a request for the key set is given up."""

COOLDOWN = 5.0
"""Minimum seconds between two fetches: tokens with invented key ids cannot cause more of them."""

log = logging.getLogger("asynction")


class JwtError(Exception):
    """An error in the settings under `x-jwt`; the message says which one."""


def jwt_function(settings: object) -> Check:
    """Return the function that `x-jwt` describes: it takes a token and returns its claims, or None.

    `settings` has `algorithms`, one of `jwksUri`, `publicKey` and `secretEnv` (the name of an
    environment variable), and optionally `issuer` and `audience`. Raises JwtError.
    """
    try:
        import jwt
    except ImportError as error:
        raise JwtError(EXTRA) from error
    given = _known(settings)
    source = _source(given)
    algorithms = _algorithms(given, source, jwt)
    key = _key_finder(source, str(given[source]), algorithms, jwt)
    rules: dict[str, Any] = {
        "algorithms": algorithms,
        "audience": _texts(given, "audience"),
        "issuer": _texts(given, "issuer"),
        "options": {
            "require": ["exp"],  # optional in RFC 7519, 4.1.4; without it a stolen token never ends
            "verify_aud": "audience" in given,
            "verify_iss": "issuer" in given,
        },
    }

    def check(token: str) -> Mapping[str, object] | None:
        try:
            claims: Mapping[str, object] = jwt.decode(token, key(token), **rules)
        except jwt.PyJWKClientConnectionError:
            log.error("the keys of `x-jwt` cannot be fetched")
            return None
        except jwt.PyJWTError:
            return None
        except Exception as error:  # PyJWT lets others through, such as those of a malformed key
            log.error("checking a token by `x-jwt` raised %s", type(error).__name__)
            return None
        return claims

    return check


def _known(settings: object) -> Mapping[str, object]:
    """Return the settings; raise JwtError for an unknown one.

    A misspelt `audience` that is ignored would allow every audience.
    """
    if not isinstance(settings, Mapping):
        raise JwtError("it must be a mapping")
    for name in settings:
        if name not in SETTINGS:
            raise JwtError(f"`{name}` is not a setting{did_you_mean(str(name), SETTINGS)}")
    return settings


def _source(settings: Mapping[str, object]) -> str:
    sources = [name for name in KEYS if name in settings]
    if len(sources) != 1:
        raise JwtError("give the key by one of `jwksUri`, `publicKey` and `secretEnv`")
    if not isinstance(settings[sources[0]], str):
        raise JwtError(f"`{sources[0]}` must be a string")
    return sources[0]


def _algorithms(settings: Mapping[str, object], source: str, jwt: Any) -> list[str]:
    """Return the accepted algorithms, all for secrets or all for key pairs.

    With both, a public key could be taken for the secret of an HMAC (RFC 8725, 2.1).
    """
    algorithms = settings.get("algorithms")
    if not isinstance(algorithms, list) or not algorithms:
        raise JwtError("`algorithms` must be a list of the accepted algorithms")
    known = set(jwt.algorithms.get_default_algorithms()) - {"none"}
    for name in algorithms:
        if name not in known:
            raise JwtError(f"`{name}` is not a supported algorithm")
        if name.startswith("HS") != (source == "secretEnv"):
            raise JwtError(f"the algorithm `{name}` cannot be used with `{source}`")
    return algorithms


def _texts(settings: Mapping[str, object], name: str) -> object:
    value = settings.get(name)
    each = value if isinstance(value, list) and value else [value]
    if name in settings and not all(isinstance(text, str) and text for text in each):
        raise JwtError(f"`{name}` must be a string or a list of strings")
    return value


def _key_finder(source: str, value: str, algorithms: list[str], jwt: Any) -> Callable[[str], Any]:
    if source == "jwksUri":
        try:
            client = jwt.PyJWKClient(value, timeout=TIMEOUT, cooldown_duration=COOLDOWN)
        except jwt.PyJWKClientError as error:
            raise JwtError("`jwksUri` must be a URL, such as `https://example.com/jwks.json`") from error
        return lambda token: client.get_signing_key_from_jwt(token).key
    if source == "publicKey" and not value:
        raise JwtError("`publicKey` is empty")
    key = value if source == "publicKey" else os.environ.get(value)
    if not key:
        raise JwtError(f"the environment variable `{value}` is not set")
    for name in algorithms:
        try:
            jwt.get_algorithm_by_name(name).prepare_key(key)
        except Exception:  # its text may hold the key, so it must not become the cause
            raise JwtError(f"`{source}` does not give a key for `{name}`") from None
    return lambda token: key
