"""Text of each known format: a typical one, and a random one (JSON Schema Validation, section 7.3).

Dates are random too, never read from the clock, so that a seed gives the same values on any day.
"""

from __future__ import annotations

import base64
import ipaddress
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from uuid import UUID

from asynction.samples._draw import Draw

WORDS = (
    *("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "harbor", "island", "juniper"),
    *("kettle", "lantern", "meadow", "north", "orchard", "pebble", "quartz", "river", "silver"),
    *("timber", "umbra", "valley", "willow", "yarrow", "zephyr"),
)
_DOMAINS = ("example.com", "example.net", "example.org")
_EPOCH = datetime(2020, 1, 1, tzinfo=timezone.utc)
_SECONDS = 10 * 365 * 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class Format:
    """A typical text of a format, and a function that makes a random one."""

    typical: str
    draw: Callable[[Draw], str]


def _moment(draw: Draw) -> datetime:
    return _EPOCH + timedelta(seconds=draw.below(_SECONDS))


def _host(draw: Draw) -> str:
    return f"{draw.one_of(WORDS)}.{draw.one_of(_DOMAINS)}"


def _path(draw: Draw) -> str:
    return "".join(f"/{draw.one_of(WORDS)}" for _ in range(draw.between(1, 3)))


def _email(draw: Draw) -> str:
    return f"{draw.one_of(WORDS)}.{draw.one_of(WORDS)}{draw.below(100)}@{draw.one_of(_DOMAINS)}"


def _uuid(draw: Draw) -> str:
    return str(UUID(int=draw.below(1 << 128), version=4))


def _url(draw: Draw) -> str:
    return f"https://{_host(draw)}{_path(draw)}"


def _duration(draw: Draw) -> str:
    return f"P{draw.between(1, 30)}DT{draw.below(24)}H{draw.below(60)}M"


def _byte(draw: Draw) -> str:
    return base64.b64encode(draw.one_of(WORDS).encode()).decode()


FORMATS: Mapping[str, Format] = {
    "byte": Format("aGVsbG8=", _byte),
    "date": Format("2026-01-31", lambda draw: _moment(draw).date().isoformat()),
    "date-time": Format("2026-01-31T12:30:00Z", lambda draw: f"{_moment(draw):%Y-%m-%dT%H:%M:%SZ}"),
    "duration": Format("P1DT12H", _duration),
    "email": Format("ada@example.com", _email),
    "hostname": Format("api.example.com", _host),
    "idn-email": Format("ada@example.com", _email),
    "idn-hostname": Format("api.example.com", _host),
    "ipv4": Format("192.0.2.1", lambda draw: str(ipaddress.IPv4Address(draw.below(1 << 32)))),
    "ipv6": Format("2001:db8::1", lambda draw: str(ipaddress.IPv6Address(draw.below(1 << 128)))),
    "iri": Format("https://example.com/a", _url),
    "iri-reference": Format("/a", _path),
    "json-pointer": Format("/a/0", _path),
    "password": Format("secret-password", lambda draw: draw.text(string.ascii_letters + string.digits, 16)),
    "regex": Format("^[a-z]+$", lambda draw: f"^{draw.one_of(WORDS)}$"),
    "relative-json-pointer": Format("0/a", lambda draw: f"{draw.below(3)}{_path(draw)}"),
    "time": Format("12:30:00Z", lambda draw: f"{_moment(draw):%H:%M:%SZ}"),
    "uri": Format("https://example.com/a", _url),
    "uri-reference": Format("/a", _path),
    "uri-template": Format("/a/{id}", lambda draw: f"{_path(draw)}/{{id}}"),
    "url": Format("https://example.com/a", _url),
    "uuid": Format("6f2c1e1a-3b1d-4c58-9d5e-0a1b2c3d4e5f", _uuid),
}
