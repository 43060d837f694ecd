"""JSON Web Tokens that a document checks without code: `x-jwt` (RFC 7519, RFC 7517, RFC 8725)."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

from asynction.exceptions import SecurityException
from asynction.problems import did_you_mean
from asynction.security._fetch import FetchError, is_url
from asynction.security._key_server import Keys, KeyServer, Pending, key_server

EXTRA = "`x-jwt` needs the extra `jwt`: install `asynction[jwt]`"
KEYS = ("jwksUri", "publicKey", "secretEnv")
"""The settings that give the key; a document uses exactly one of them."""

SETTINGS = (*KEYS, "algorithms", "issuer", "audience", "leeway", "timeout")

TIMEOUT = 5.0
"""The seconds after which a fetch of keys is given up, all of it counted."""

_REASONS = {
    "InvalidAlgorithmError": "its algorithm is not accepted",
    "InvalidAudienceError": "its audience is not accepted",
    "InvalidIssuerError": "its issuer is not accepted",
    "InvalidSignatureError": "its signature is not that of the key",
}
"""The reasons that tokens are refused, for the log, by the class of PyJWT's exception."""


_FOREVER = 10**11
"""The year 5138: much larger numbers do not fit into a float."""


class JwtError(Exception):
    """An error in the settings under `x-jwt`; the message says which one."""


@dataclass(frozen=True, slots=True)
class JwtCheck:
    """A security function: it takes a token and returns its claims, or raises SecurityException.

    `reason` of the exception says which rule failed, without anything of the token.

    Args:
        rules: the keyword arguments of `jwt.decode`.
        leeway: the seconds by which clocks may differ: for `exp`, `nbf` and `iat`.
        key: the key of every token; None if `server` has the keys.
        server: the key server.
        timeout: the seconds after which a fetch of keys is given up.
    """

    rules: Mapping[str, Any]
    leeway: float
    key: object = None
    server: KeyServer | None = None
    timeout: float = TIMEOUT

    def __call__(self, token: str) -> Mapping[str, object]:
        """Check a token; block this thread while keys are fetched."""
        pending = self.pending(token)
        if pending is not None:
            pending.wait()
        return self.verify(token)

    def pending(self, token: str) -> Pending | None:
        """Return the fetch of keys to wait for before `verify`; None for none."""
        kid = None if self.server is None else _key_id(token)
        return None if self.server is None or kid is None else self.server.pending(kid, self.timeout)

    def verify(self, token: str) -> Mapping[str, object]:
        """Check a token with the keys that are known by now."""
        import jwt

        key: Any = self.key if self.server is None else _key_of(self.server, token)
        try:
            claims: Mapping[str, object] = jwt.decode(token, key, leeway=self.leeway, **self.rules)
        except jwt.PyJWTError as error:
            raise SecurityException(401, _reason(error, token)) from None
        except Exception as error:  # PyJWT lets others through, such as those of a malformed key
            raise SecurityException(401, f"checking it raised {type(error).__name__}") from None
        return claims


def _key_id(token: str) -> str | None:
    """Return the key id of a token; None for one without, or that cannot be read."""
    import jwt

    try:
        kid = jwt.get_unverified_header(token).get("kid")
    except Exception:  # `verify` says what is wrong
        return None
    return kid if isinstance(kid, str) else None


def _key_of(server: KeyServer, token: str) -> object:
    kid = _key_id(token)
    if kid is None:
        raise SecurityException(401, "it has no readable key id (`kid`)")
    key = server.key(kid)
    if key is None:
        raise SecurityException(401, server.why_not())
    return key


def _reason(error: Exception, token: str) -> str:
    """Return why PyJWT refused a token, without anything of the token but times."""
    name = type(error).__name__
    if name == "MissingRequiredClaimError":
        return f"it has no `{error.claim}`"  # type: ignore[attr-defined]  # PyJWT is optional
    if name == "ExpiredSignatureError":
        return f"expired {-_seconds_until(token, 'exp'):.0f} s ago"
    if name == "ImmatureSignatureError":
        return f"not yet valid, by {max(_seconds_until(token, 'iat'), _seconds_until(token, 'nbf')):.0f} s"
    return _REASONS.get(name, f"it is not a valid token ({name})")


def _seconds_until(token: str, claim: str) -> float:
    """Return the seconds until a time in a token, whose signature has been checked."""
    import jwt

    value = int(jwt.decode(token, options={"verify_signature": False}).get(claim, 0))
    return min(max(value, -_FOREVER), _FOREVER) - time.time()


def jwt_function(settings: object) -> JwtCheck:
    """Return the function that `x-jwt` describes: it takes a token and returns its claims, or raises.

    `settings` has `algorithms`, one of `jwksUri`, `publicKey` and `secretEnv` (the name of an environment
    variable), and optionally `issuer`, `audience`, `leeway` and `timeout`. Raises JwtError.
    """
    try:
        import jwt
    except ImportError as error:
        raise JwtError(EXTRA) from error
    given = _known(settings)
    source = _source(given)
    algorithms = _algorithms(given, source, jwt)
    rules: dict[str, Any] = {
        "algorithms": algorithms,
        "audience": _texts(given, "audience"),
        "issuer": _texts(given, "issuer"),
        "options": {
            "require": ["exp"],  # optional in RFC 7519, 4.1.4; without it a stolen token never ends
            "verify_aud": "audience" in given,
        },
    }
    leeway, value = _seconds(given, "leeway", 0.0), str(given[source])
    if source == "jwksUri":
        timeout = _seconds(given, "timeout", TIMEOUT)
        if not timeout:
            raise JwtError("`timeout` must be more than 0 seconds")
        return JwtCheck(rules, leeway, None, _key_server(value), timeout)
    if "timeout" in given:
        raise JwtError("`timeout` is only for `jwksUri`")
    return JwtCheck(rules, leeway, _key(source, value, algorithms, jwt))


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


def _seconds(settings: Mapping[str, object], name: str, default: float) -> float:
    value = settings.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < inf:
        raise JwtError(f"`{name}` must be a number of seconds, not negative")
    return float(value)


def _key(source: str, value: str, algorithms: list[str], jwt: Any) -> str:
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
    return key


def _key_server(url: str) -> KeyServer:
    if not is_url(url):
        raise JwtError("`jwksUri` must be a URL, such as `https://example.com/jwks.json`")
    return key_server(url, _keys_by_id)


def _keys_by_id(document: object) -> Keys:
    """Return the keys for signatures of a JSON Web Key Set, by their ids; raise FetchError for none."""
    import jwt

    if not isinstance(document, Mapping):
        raise FetchError("the answer is not a JSON Web Key Set")
    try:
        keys = jwt.PyJWKSet.from_dict(dict(document)).keys
    except Exception as error:  # a PyJWTError, or that of a malformed key
        raise FetchError("the answer has no keys that can be used") from error
    found = {
        key.key_id: key.key
        for key in reversed(keys)  # of two keys with the same id, the first counts
        if isinstance(key.key_id, str) and key.public_key_use in ("sig", None)
    }
    if not found:
        raise FetchError("the answer has no keys that can be used")
    return found
