"""Puts the attachments of a Socket.IO packet in their places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from asynction.runtime._errors import MalformedEvent


def with_attachments(data: Any, attachments: Sequence[bytes]) -> Any:
    """Return data with its placeholders replaced; raise MalformedEvent for one without an attachment.

    python-socketio takes `num` as an index of Python, to which -1 and True are numbers, too.
    """
    if isinstance(data, list):
        return [with_attachments(item, attachments) for item in data]
    if not isinstance(data, dict):
        return data
    if data.get("_placeholder") is not True:
        return {key: with_attachments(value, attachments) for key, value in data.items()}
    number = data.get("num")
    if type(number) is not int or not 0 <= number < len(attachments):
        raise MalformedEvent("a placeholder has no attachment")
    return attachments[number]
