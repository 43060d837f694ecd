"""Reads the messages of clients that call an `api`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from asynction.exceptions import EventException
from asynction.validation import JsonArgs, NotJson, read_args, read_json

Message: TypeAlias = "Mapping[str, Any]"

_MAX_ID = 200
_MIN_KEY = 22
"""The length of 128 random bits in base 64: a shorter `client_key` could be guessed."""


def parsed(body: bytes) -> JsonArgs:
    """Read the one arg of a call from the body of a request; raise EventException (400)."""
    try:
        return read_args((read_json(body),), body)
    except NotJson as error:
        raise EventException(400, f"the body is not JSON: {error}") from None


_FIELDS: Mapping[str, tuple[type, ...]] = {
    "callback_type": (str,),
    "callback_url": (str, type(None)),
    "callback_func": (str, type(None)),
    "request_id": (str, type(None)),
    "server_id": (str, type(None)),
    "client_key": (str, type(None)),
}


def checked(message: object) -> Message:
    """Return the message of a client, with the types of its fields checked; raise EventException (400)."""
    if not isinstance(message, dict):
        raise EventException(400, "a call must be one object")
    if not isinstance(message.get("api"), str):
        raise EventException(400, "`api` must be a string")
    for name, kinds in _FIELDS.items():
        if name in message and not isinstance(message[name], kinds):
            raise EventException(400, f"`{name}` must be a string")
    if message.get("callback_type", "socket") not in ("socket", "http"):
        raise EventException(400, "`callback_type` must be `socket` or `http`")
    if len(message.get("request_id") or "") > _MAX_ID:
        raise EventException(400, f"`request_id` must have at most {_MAX_ID} characters")
    if not _MIN_KEY <= len(message.get("client_key") or "-" * _MIN_KEY) <= _MAX_ID:
        raise EventException(400, f"`client_key` must have {_MIN_KEY} to {_MAX_ID} characters")
    return message


def echo(message: Message) -> dict[str, Any]:
    """Return what an answer repeats of a call: all but its data, and the secret of its client."""
    return {name: value for name, value in message.items() if name not in ("data", "client_key")}
