"""JSON Web Tokens checked without code (`x-jwt`; RFC 7519, RFC 7517, RFC 8725)."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from asynction.problems import did_you_mean

Check: TypeAlias = "Callable[[str], Mapping[str, object] | None]"

EXTRA = "`x-jwt` needs the extra `jwt`: install `asynction[jwt]`"
KEYS = ("jwksUri", "publicKey", "secretEnv")
"""Where the key is; one of them is given."""

SETTINGS = (*KEYS, "algorithms", "issuer", "audience")

TIMEOUT = 5.0
"""How many seconds the server that has the keys may take."""

COOLDOWN = 5.0
"""How many seconds lie between two fetches at least: tokens with invented keys ask for no more."""

log = logging.getLogger("asynction")


class JwtError(Exception):
    """`x-jwt` cannot be used as it is written; the message says why."""


def jwt_function(settings: object) -> Check:
    """Make the function that `x-jwt` stands for: it takes a token and returns its claims, or None.

    `settings` has one of `jwksUri`, `publicKey` and `secretEnv` (the name of an environment
    variable), `algorithms`, and perhaps `issuer` and `audience`. Raises JwtError.
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
            "require": ["exp"],
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
        except Exception as error:  # PyJWT lets others through, for keys that are none, say
            log.error("checking a token by `x-jwt` raised %s", type(error).__name__)
            return None
        return claims

    return check


def _known(settings: object) -> Mapping[str, object]:
    """The settings, none of them mistyped: without `audience`, say, every audience would do."""
    if not isinstance(settings, Mapping):
        raise JwtError("it is a mapping")
    for name in settings:
        if name not in SETTINGS:
            raise JwtError(f"there is no `{name}`{did_you_mean(str(name), SETTINGS)}")
    return settings


def _source(settings: Mapping[str, object]) -> str:
    sources = [name for name in KEYS if name in settings]
    if len(sources) != 1:
        raise JwtError("one of `jwksUri`, `publicKey` and `secretEnv` says where the key is")
    if not isinstance(settings[sources[0]], str):
        raise JwtError(f"`{sources[0]}` is text")
    return sources[0]


def _algorithms(settings: Mapping[str, object], source: str, jwt: Any) -> list[str]:
    """The accepted algorithms: a secret's and a key pair's never mix (RFC 8725, 2.1)."""
    algorithms = settings.get("algorithms")
    if not isinstance(algorithms, list) or not algorithms:
        raise JwtError("`algorithms` lists the algorithms that are accepted")
    known = set(jwt.algorithms.get_default_algorithms()) - {"none"}
    for name in algorithms:
        if name not in known:
            raise JwtError(f"there is no algorithm `{name}` that can be accepted")
        if name.startswith("HS") != (source == "secretEnv"):
            raise JwtError(f"the algorithm `{name}` has no key that `{source}` could name")
    return algorithms


def _texts(settings: Mapping[str, object], name: str) -> object:
    value = settings.get(name)
    each = value if isinstance(value, list) and value else [value]
    if name in settings and not all(isinstance(text, str) and text for text in each):
        raise JwtError(f"`{name}` is text, or a list of texts")
    return value


def _key_finder(source: str, value: str, algorithms: list[str], jwt: Any) -> Callable[[str], Any]:
    if source == "jwksUri":
        try:
            client = jwt.PyJWKClient(value, timeout=TIMEOUT, cooldown_duration=COOLDOWN)
        except jwt.PyJWKClientError as error:
            raise JwtError("`jwksUri` is the URL of a server, `https://...`") from error
        return lambda token: client.get_signing_key_from_jwt(token).key
    key = value if source == "publicKey" else os.environ.get(value)
    if not key:
        raise JwtError(f"the environment variable `{value}` is not set")
    for name in algorithms:
        try:
            jwt.get_algorithm_by_name(name).prepare_key(key)
        except Exception:  # which may hold the key, so it is not the cause
            raise JwtError(f"what `{source}` names is no key for `{name}`") from None
    return lambda token: key
