"""A fetch ends at its deadline whatever the server does, and takes no more than it must."""

from __future__ import annotations

import datetime
import json
import socket
import ssl
from contextlib import closing
from pathlib import Path
from time import monotonic

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from asynction.security._fetch import MAX_SIZE, FetchError, _TimedSocket, fetch_json, is_url
from tests.security.key_servers import Behaviour, answers, drips, hangs, key_host, says

LONG = 30.0
SHORT = 0.3
OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    "behaviour",
    [
        answers(b'{"keys": []}'),
        answers(b'{"keys": []}' + b" " * (MAX_SIZE - 12)),
        says(OK + b'\r\n{"keys": []}'),
        says(OK + b'Transfer-Encoding: chunked\r\n\r\n6\r\n{"keys\r\n6\r\n": []}\r\n0\r\n\r\n'),
    ],
    ids=["length", "greatest", "close", "chunked"],
)
def test_an_answer(behaviour: Behaviour) -> None:
    with key_host(behaviour) as host:
        assert fetch_json(host.url, LONG) == {"keys": []}
        assert host.requests == ["GET /keys HTTP/1.1"]


@pytest.mark.parametrize(
    ("behaviour", "fault"),
    [
        (answers(b"{}", "500 Internal Server Error"), "status 500"),
        (answers(b"{}", "204 No Content"), "status 204"),
        (answers(b"{}", "404 Not Found"), "status 404"),
        (answers(b"{"), "the answer is not JSON"),
        (answers(b"\xff"), "the answer is not JSON"),
        (answers(b"[" * 200_000), "the answer is not JSON"),
        (answers(b"1" * (MAX_SIZE + 1)), f"the answer has more than {MAX_SIZE} bytes"),
        (says(b"MARKER\r\n\r\n"), "BadStatusLine"),
        (says(b""), "RemoteDisconnected"),
        (says(OK + b"Content-Length: 9\r\n\r\n{"), "the answer is not JSON"),
        (says(OK + b"x" * 70_000), "LineTooLong"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_answer_that_is_of_no_use(behaviour: Behaviour, fault: str) -> None:
    with key_host(behaviour) as host, pytest.raises(FetchError) as caught:
        fetch_json(host.url, LONG)
    assert str(caught.value) == fault


@pytest.mark.parametrize(
    "behaviour",
    [
        hangs,
        drips(b""),
        drips(b"HTTP/1.1 200"),
        drips(OK + b"X-A:"),
        drips(OK + b"Content-Length: 100000\r\n\r\n{"),
        drips(OK + b"Transfer-Encoding: chunked\r\n\r\n1;"),
        drips(OK + b"\r\n"),
    ],
    ids=["hangs", "space", "status", "header", "body", "chunk", "endless body"],
)
def test_a_server_that_takes_its_time(behaviour: Behaviour) -> None:
    with key_host(behaviour) as host:
        with pytest.raises(FetchError) as caught:
            fetch_json(host.url, SHORT)
        assert not host.over.is_set()
    assert str(caught.value) == "no answer within 0.3 s"


@pytest.mark.parametrize(
    "target", ["/other", "http://127.0.0.1:1/", "file:///etc/passwd", "ftp://127.0.0.1/"]
)
def test_redirects_are_not_followed(target: str) -> None:
    with key_host(answers(b"{}", "302 Found", f"Location: {target}")) as host:
        with pytest.raises(FetchError, match=r"^status 302$"):
            fetch_json(host.url, LONG)
        assert len(host.requests) == 1


def test_a_server_that_is_not_there() -> None:
    with key_host(hangs) as host:
        url = host.url
    with pytest.raises(FetchError, match=r"^ConnectionRefusedError$"):
        fetch_json(url, LONG)


def test_a_proxy_is_used_where_the_environment_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with key_host(answers(b"[]")) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url.removesuffix("/keys"))
        monkeypatch.setenv("no_proxy", "")
        assert fetch_json("http://idp.example/keys", LONG) == []
        assert proxy.requests == ["GET http://idp.example/keys HTTP/1.1"]


def test_a_proxy_that_takes_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    with key_host(drips(b"HTTP/1.1 200")) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url.removesuffix("/keys"))
        monkeypatch.setenv("no_proxy", "")
        with pytest.raises(FetchError, match=r"^no answer within 0\.3 s$"):
            fetch_json("https://idp.example/keys", SHORT)
        assert proxy.requests[0].startswith("CONNECT idp.example:443 ")


# TLS --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1 that it has signed itself, and its key, in one file."""
    import ipaddress

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    path.write_bytes(private + made.public_bytes(pem))
    return path


@pytest.fixture
def context(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_a_certificate_is_verified(context: ssl.SSLContext) -> None:
    with key_host(answers(b"[]"), context) as host:
        with pytest.raises(FetchError, match=r"^SSLCertVerificationError$"):
            fetch_json(host.url, LONG)
        assert host.requests == []


def test_an_answer_by_tls(
    context: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with key_host(answers(json.dumps([1]).encode()), context) as host:
        assert fetch_json(host.url, LONG) == [1]
        host.behaviour = drips(OK + b"Content-Length: 100000\r\n\r\n{")
        with pytest.raises(FetchError, match=r"^no answer within"):
            fetch_json(host.url, SHORT)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("https://a.example/keys", True),
        ("http://127.0.0.1:1", True),
        ("HTTPS://a.example", True),
        ("ftp://a.example/keys", False),
        ("file:///etc/passwd", False),
        ("a.example/keys", False),
        ("https://", False),
        ("https://[", False),
        ("", False),
    ],
)
def test_what_can_be_fetched(text: str, is_one: bool) -> None:
    assert is_url(text) is is_one


def test_nothing_is_read_after_the_deadline() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, closing(_TimedSocket(ours, monotonic())) as timed:
        theirs.sendall(b"late")
        with pytest.raises(TimeoutError):
            timed.readinto(bytearray(4))
