"""`x-jwt` checks tokens without code, and accepts those that match every setting."""

from __future__ import annotations

import base64
import json
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from asynction.exceptions import SecurityException
from asynction.security import JwtError, jwt_function
from asynction.security._jwt import TIMEOUT
from asynction.testing import serve_wsgi

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC = ec.generate_private_key(ec.SECP256R1())
ED = ed25519.Ed25519PrivateKey.generate()
SECRET = "a secret of at least thirty-two bytes"
FETCHED = {"jwksUri": "https://a.example", "algorithms": ["RS256"]}
HASHED = {"secretEnv": "TEST_SECRET", "algorithms": ["HS256"]}


def public(key: Any) -> str:
    pem: bytes = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return pem.decode()


SIGNED = {"publicKey": public(RSA), "algorithms": ["RS256"]}


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_SECRET", SECRET)


def claims(**given: Any) -> dict[str, Any]:
    return {"sub": "ada", "exp": int(time.time()) + 86_400, **given}


def token(key: Any = RSA, algorithm: str | None = "RS256", headers: Any = None, **given: Any) -> str:
    return jwt.encode(claims(**given), key, algorithm=algorithm, headers=headers)


def jwk(key: Any, kid: str) -> dict[str, Any]:
    algorithm = jwt.get_algorithm_by_name("RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256")
    return {**algorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid, "use": "sig"}


def refused(check: Any, text: str) -> str:
    """Return why a token is refused, as the log of the server says it."""
    with pytest.raises(SecurityException) as caught:
        check(text)
    assert caught.value.status == 401
    assert str(caught.value) == "not authenticated"
    return caught.value.reason


class Keys:
    """A server of keys; `status` and `served` may change, `fetches` counts."""

    def __init__(self, *keys: dict[str, Any]) -> None:
        self.served: object = {"keys": list(keys)}
        self.status = "200 OK"
        self.fetches = 0

    def __call__(self, environ: Any, start: Any) -> list[bytes]:
        self.fetches += 1
        start(self.status, [("Content-Type", "application/json")])
        return [json.dumps(self.served).encode()]

    @contextmanager
    def check(self) -> Iterator[Any]:
        with serve_wsgi(self) as url:
            yield jwt_function({"jwksUri": f"{url}/keys", "algorithms": ["RS256", "ES256"]})


# What passes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("key", "algorithm"), [(RSA, "RS256"), (RSA, "PS384"), (EC, "ES256"), (ED, "EdDSA")])
def test_a_token_of_a_key_pair(key: Any, algorithm: str) -> None:
    check = jwt_function({"publicKey": public(key), "algorithms": [algorithm]})
    said = check(token(key, algorithm, scope="read"))
    assert said is not None
    assert (said["sub"], said["scope"]) == ("ada", "read")


def test_a_token_of_a_secret() -> None:
    said = jwt_function(HASHED)(token(SECRET, "HS256"))
    assert said is not None
    assert said["sub"] == "ada"


@pytest.mark.parametrize("given", ["me", ["me"], ["you", "me"]])
@pytest.mark.parametrize("audience", ["me", ["them", "me"]])
def test_issuer_and_audience(given: Any, audience: Any) -> None:
    check = jwt_function({**SIGNED, "issuer": ["us", "them"], "audience": audience})
    assert check(token(iss="us", aud=given)) is not None


@pytest.mark.parametrize("given", [{"iss": "us"}, {"aud": "me"}, {"iss": "us", "aud": ["me", "you"]}])
def test_issuer_and_audience_that_no_setting_names(given: dict[str, Any]) -> None:
    assert jwt_function(SIGNED)(token(**given)) is not None


# What does not ----------------------------------------------------------------------------------


def unsigned(header: Any, payload: Any) -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, payload)]
    return b".".join([*parts, b""]).decode()


@pytest.mark.parametrize(
    "bad",
    [
        token(OTHER),
        token(exp=int(time.time()) - 1),
        token(exp="tomorrow"),
        token(nbf=int(time.time()) + 600),
        token(iss="them", aud="me"),
        token(iss="us", aud="you"),
        token(iss="us"),
        token(aud="me"),
        token(RSA, "RS512", iss="us", aud="me"),
        token(None, None, iss="us", aud="me"),
        unsigned({"alg": "none"}, claims(iss="us", aud="me")),
        unsigned({"alg": "NONE"}, claims(iss="us", aud="me")),
        unsigned({"alg": "HS256"}, claims(iss="us", aud="me")),
        unsigned({"alg": ["RS256"]}, claims()),
        unsigned({}, claims()),
        unsigned([], []),
        token(iss="us", aud="me")[:-8],
        token(iss="us", aud="me") + "x",
        token(iss="us", aud="me").replace(".", ".x", 1),
        "",
        ".",
        "..",
        "a.b.c",
        "é.é.é",
        "\ud800",
        "x" * 10_000,
    ],
    ids=lambda text: f"{len(text)} characters",  # a token has the time of its making in it
)
def test_a_token_that_breaks_a_rule(bad: str) -> None:
    check = jwt_function({**SIGNED, "issuer": "us", "audience": "me"})
    assert check(token(iss="us", aud="me")) is not None
    assert refused(check, bad)


def test_a_token_without_an_end() -> None:
    endless = jwt.encode({"sub": "ada"}, SECRET, algorithm="HS256")
    assert refused(jwt_function(HASHED), endless) == "it has no `exp`"


def test_a_public_key_is_no_secret() -> None:
    header = base64.urlsafe_b64encode(b'{"alg":"HS256"}').rstrip(b"=")
    payload = base64.urlsafe_b64encode(json.dumps(claims()).encode()).rstrip(b"=")
    algorithm = jwt.get_algorithm_by_name("HS256")
    signature = algorithm.sign(header + b"." + payload, public(RSA).encode())
    forged = b".".join([header, payload, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()
    assert refused(jwt_function(SIGNED), forged) == "its algorithm is not accepted"


# Keys from a server -----------------------------------------------------------------------------


def test_keys_are_fetched_once() -> None:
    keys = Keys(jwk(RSA, "a"), jwk(EC, "b"))
    with keys.check() as check:
        for _ in range(3):
            assert check(token(headers={"kid": "a"})) is not None
            assert check(token(EC, "ES256", headers={"kid": "b"})) is not None
        assert refused(check, token(OTHER, headers={"kid": "a"})) == "its signature is not that of the key"
    assert keys.fetches == 1


def test_invented_keys_do_not_make_us_fetch() -> None:
    keys = Keys(jwk(RSA, "a"))
    with keys.check() as check:
        for number in range(20):
            reason = refused(check, token(headers={"kid": str(number)}))
            assert reason == "no key of the key server has its key id (the server has 1)"
        assert check(token(headers={"kid": "a"})) is not None
    assert keys.fetches == 1


@pytest.mark.parametrize("text", [token(), "garbage", unsigned({"kid": 7}, {})])
def test_a_token_without_a_key_id_does_not_make_us_fetch(text: str) -> None:
    keys = Keys(jwk(RSA, "a"))
    with keys.check() as check:
        assert refused(check, text) == "it has no readable key id (`kid`)"
    assert keys.fetches == 0


SOMETHING = jwk(RSA, "a")
NOTHING = "the answer has no keys that can be used"


@pytest.mark.parametrize(
    ("served", "fault"),
    [
        ([], "the answer is not a JSON Web Key Set"),
        ("x", "the answer is not a JSON Web Key Set"),
        ({}, NOTHING),
        ({"keys": []}, NOTHING),
        ({"keys": 1}, NOTHING),
        ({"keys": [{"kty": "oct"}]}, NOTHING),
        ({"keys": [{**SOMETHING, "kid": 7}]}, NOTHING),
        ({"keys": [{**SOMETHING, "use": "enc"}]}, NOTHING),
        ({"keys": [{**SOMETHING, "n": []}]}, NOTHING),
    ],
)
def test_a_server_of_nonsense(served: object, fault: str) -> None:
    keys = Keys()
    keys.served = served
    with keys.check() as check:
        assert refused(check, token(headers={"kid": "a"})) == f"the keys could not be fetched: {fault}"


def test_a_server_that_fails_is_left_alone_for_a_while(caplog: pytest.LogCaptureFixture) -> None:
    keys = Keys(jwk(RSA, "a"))
    keys.status = "500 Internal Server Error"
    with keys.check() as check:
        for _ in range(3):
            reason = refused(check, token(headers={"kid": "a"}))
            assert reason == "the keys could not be fetched: status 500"
    assert keys.fetches == 1
    assert caplog.messages == ["the keys of `x-jwt` could not be fetched from '127.0.0.1': status 500"]


def test_of_two_keys_with_one_id_the_first_counts() -> None:
    keys = Keys(jwk(RSA, "a"), jwk(OTHER, "a"))
    with keys.check() as check:
        assert check(token(headers={"kid": "a"})) is not None
        assert refused(check, token(OTHER, headers={"kid": "a"}))


def test_a_secret_among_public_keys_signs_nothing() -> None:
    keys = Keys({"kty": "oct", "kid": "a", "k": base64.urlsafe_b64encode(SECRET.encode()).decode()})
    with keys.check() as check:
        assert refused(check, token(SECRET, "HS256", headers={"kid": "a"}))
        assert refused(check, token(headers={"kid": "a"})) == "it is not a valid token (InvalidKeyError)"


def test_schemes_with_one_url_share_its_keys() -> None:
    keys, kept = Keys(jwk(RSA, "a")), []
    with serve_wsgi(keys) as url:
        for algorithms in (["RS256"], ["RS256", "RS512"]):
            check = jwt_function({"jwksUri": url, "algorithms": algorithms})
            assert check(token(headers={"kid": "a"})) is not None
            kept.append(check)
    assert keys.fetches == 1


# Clocks and reasons -----------------------------------------------------------------------------


def now(difference: float) -> int:
    return int(time.time() + difference)


@pytest.mark.parametrize(("claim", "difference"), [("nbf", 600), ("iat", 600), ("exp", -600)])
def test_clocks_may_differ_by_the_leeway(claim: str, difference: int) -> None:
    claims: dict[str, Any] = {claim: now(difference)}
    text = token(**claims)
    assert jwt_function({**SIGNED, "leeway": 86_000})(text) is not None
    for settings in (SIGNED, {**SIGNED, "leeway": 0}, {**SIGNED, "leeway": 30}):
        assert refused(jwt_function(settings), text)


@pytest.mark.parametrize(
    ("given", "pattern"),
    [
        ({"exp": 5_000_000}, r"expired 1\d{9} s ago"),
        ({"exp": -(10**400)}, r"expired 10\d{10} s ago"),
        ({"nbf": 9_000_000_000}, r"not yet valid, by [67]\d{9} s"),
        ({"iat": 9_000_000_000, "nbf": 1}, r"not yet valid, by [67]\d{9} s"),
        ({"nbf": 10**400}, r"not yet valid, by 9\d{10} s"),
        ({"exp": None}, "it has no `exp`"),
        ({"exp": "tomorrow"}, r"it is not a valid token \(DecodeError\)"),
        ({"sub": 7}, r"it is not a valid token \(InvalidSubjectError\)"),
        ({"aud": "you"}, "its audience is not accepted"),
        ({"aud": None}, "it has no `aud`"),
        ({"iss": "them"}, "its issuer is not accepted"),
    ],
)
def test_the_log_says_which_rule_refused_a_token(given: dict[str, Any], pattern: str) -> None:
    check = jwt_function({**SIGNED, "issuer": "us", "audience": "me"})
    assert re.fullmatch(pattern, refused(check, token(**{"iss": "us", "aud": "me", **given})))


def test_the_log_has_nothing_of_a_token_that_cannot_be_read() -> None:
    for text in ("MARKER", token(OTHER, sub="MARKER"), token(RSA, "RS512", headers={"kid": "MARKER"})):
        assert "MARKER" not in refused(jwt_function(SIGNED), text)


# Settings ---------------------------------------------------------------------------------------

NO_URL = "`jwksUri` must be a URL, such as `https://example.com/jwks.json`"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (None, "it must be a mapping"),
        ("https://a.example", "it must be a mapping"),
        ({}, "give the key by one of `jwksUri`, `publicKey` and `secretEnv`"),
        ({**SIGNED, **HASHED}, "give the key by one of `jwksUri`, `publicKey` and `secretEnv`"),
        ({**SIGNED, "publicKey": 7}, "`publicKey` must be a string"),
        ({**SIGNED, "audiance": "me"}, "`audiance` is not a setting; did you mean `audience`?"),
        ({"publicKey": public(RSA)}, "`algorithms` must be a list of the accepted algorithms"),
        ({**SIGNED, "algorithms": "RS256"}, "`algorithms` must be a list of the accepted algorithms"),
        ({**SIGNED, "algorithms": []}, "`algorithms` must be a list of the accepted algorithms"),
        ({**SIGNED, "algorithms": ["RS256", "none"]}, "`none` is not a supported algorithm"),
        ({**SIGNED, "algorithms": ["None"]}, "`None` is not a supported algorithm"),
        ({**SIGNED, "algorithms": ["RS257"]}, "`RS257` is not a supported algorithm"),
        (
            {**SIGNED, "algorithms": ["RS256", "HS256"]},
            "the algorithm `HS256` cannot be used with `publicKey`",
        ),
        ({**HASHED, "algorithms": ["RS256"]}, "the algorithm `RS256` cannot be used with `secretEnv`"),
        ({**FETCHED, "algorithms": ["HS256"]}, "the algorithm `HS256` cannot be used with `jwksUri`"),
        ({**SIGNED, "publicKey": "MARKER"}, "`publicKey` does not give a key for `RS256`"),
        ({**SIGNED, "publicKey": public(EC)}, "`publicKey` does not give a key for `RS256`"),
        ({**SIGNED, "publicKey": ""}, "`publicKey` is empty"),
        ({**HASHED, "secretEnv": "TEST_NOT_SET"}, "the environment variable `TEST_NOT_SET` is not set"),
        ({**FETCHED, "jwksUri": "file:///etc/passwd"}, NO_URL),
        ({**SIGNED, "audience": 7}, "`audience` must be a string or a list of strings"),
        ({**SIGNED, "audience": []}, "`audience` must be a string or a list of strings"),
        ({**SIGNED, "issuer": None}, "`issuer` must be a string or a list of strings"),
        ({**SIGNED, "issuer": ["us", 7]}, "`issuer` must be a string or a list of strings"),
        ({**SIGNED, "issuer": ""}, "`issuer` must be a string or a list of strings"),
        ({**SIGNED, "leeway": -1}, "`leeway` must be a number of seconds, not negative"),
        ({**SIGNED, "leeway": "5"}, "`leeway` must be a number of seconds, not negative"),
        ({**SIGNED, "leeway": True}, "`leeway` must be a number of seconds, not negative"),
        ({**SIGNED, "leeway": float("inf")}, "`leeway` must be a number of seconds, not negative"),
        ({**SIGNED, "leeway": float("nan")}, "`leeway` must be a number of seconds, not negative"),
        ({**SIGNED, "timeout": 1}, "`timeout` is only for `jwksUri`"),
        ({**FETCHED, "timeout": -1}, "`timeout` must be a number of seconds, not negative"),
        ({**FETCHED, "timeout": 0}, "`timeout` must be more than 0 seconds"),
        ({**FETCHED, "jwksUri": "https://"}, NO_URL),
        ({**FETCHED, "jwksUri": "https://["}, NO_URL),
    ],
)
def test_settings_that_cannot_be_used(settings: Any, message: str) -> None:
    with pytest.raises(JwtError) as caught:
        jwt_function(settings)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("settings", "leeway", "timeout"),
    [
        (SIGNED, 0, TIMEOUT),
        ({**SIGNED, "leeway": 30}, 30, TIMEOUT),
        (FETCHED, 0, TIMEOUT),
        ({**FETCHED, "leeway": 0.5, "timeout": 2}, 0.5, 2),
    ],
)
def test_the_seconds_that_are_set(settings: Any, leeway: float, timeout: float) -> None:
    check = jwt_function(settings)
    assert (check.leeway, check.timeout) == (leeway, timeout)


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jwt", None)
    with pytest.raises(JwtError, match="install `asynction\\[jwt\\]`"):
        jwt_function(SIGNED)
