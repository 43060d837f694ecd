"""The options of a dual-mode client, and its errors for wrong ones."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from asynction.client._dual.options import LogLevel, Options, checked_url, read_options


def test_the_defaults_are_those_of_the_documentation() -> None:
    options = read_options(None)
    assert options == Options() == read_options({})
    documented = {
        "log_level": LogLevel.INFO,
        "max_concurrent": 10,
        "reconnection": True,
        "reconnection_attempts": 3,
        "reconnection_delay": 1,
        "reconnection_delay_max": 5,
    }
    assert {name: getattr(options, name) for name in documented} == documented


def test_what_is_given_goes_before_the_defaults() -> None:
    options = read_options({"timeout": 0.5, "auth": {"token": "x"}, "headers": {"X-Key": "y"}})
    assert (options.timeout, options.auth, options.headers) == (0.5, {"token": "x"}, {"X-Key": "y"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("log_level", "INFO"),
        ("max_concurrent", 0),
        ("max_concurrent", 1.5),
        ("max_concurrent", True),
        ("reconnection", 1),
        ("reconnection_attempts", -1),
        ("reconnection_delay", "1"),
        ("reconnection_delay_max", -0.1),
        ("timeout", 0),
        ("headers", "X-Key: y"),
    ],
)
def test_an_option_of_another_type_is_refused(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"the option `{name}` must be"):
        read_options({name: value})


def test_an_unknown_option_is_refused_with_advice() -> None:
    with pytest.raises(ValueError, match="did you mean `max_concurrent`"):
        read_options({"max_concurent": 1})


def test_the_levels_are_those_of_logging() -> None:
    assert {level.name: int(level) for level in LogLevel} == {
        name: getattr(logging, name) for name in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
    }


@pytest.mark.parametrize("url", [None, "ws://localhost:3000", "wss://example.com/socket.io"])
def test_an_address_may_be_left_out_or_is_one(url: str | None) -> None:
    assert checked_url("socket_url", url, "ws", "wss") == url


@pytest.mark.parametrize("url", ["", "localhost:3000", "ws://", "http://localhost", 7])
def test_an_invalid_url_is_refused(url: Any) -> None:
    with pytest.raises(ValueError, match="socket_url must start with `ws://` or `wss://`"):
        checked_url("socket_url", url, "ws", "wss")
