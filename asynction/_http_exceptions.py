"""Reads the exceptions by which code of other frameworks answers with an HTTP status.

The classes are known by name: whoever raises one has imported its library, and asynction need not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple


class HttpError(NamedTuple):
    """The status of an exception, from 400 to 599, and its detail for the client; None without one."""

    status: int
    detail: object


def http_error(error: BaseException) -> HttpError | None:
    """Return the status and detail of an HTTP exception of Starlette, FastAPI, Werkzeug or Flask.

    Return None for any other exception, and for one whose status is not that of an error: a redirect, or a
    success, cannot be an answer to an event.
    """
    for kind in type(error).__mro__:
        read = _READERS.get((kind.__module__, kind.__qualname__))
        if read is not None:
            status, detail = read(error)
            if not isinstance(status, int) or not 400 <= status <= 599:
                return None
            # Without a detail, Starlette repeats the phrase of the status, which is the title already.
            return HttpError(int(status), None if detail in ("", phrase(status)) else detail)
    return None


def phrase(status: int) -> str:
    """Return the reason phrase of a status; that of its class for an unregistered one (RFC 9110, 15)."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return HTTPStatus(status // 100 * 100).phrase


def _starlette(error: Any) -> tuple[Any, object]:
    return error.status_code, error.detail


def _werkzeug(error: Any) -> tuple[Any, object]:
    if error.response is not None:  # `abort(response)`: its body is a page
        return error.response.status_code, None
    given = vars(error).get("description")
    owner = next(kind for kind in type(error).__mro__ if "description" in vars(kind))
    if given is None and owner.__module__ != "werkzeug.exceptions":  # those speak of URLs and forms
        given = error.description
    return error.code, None if given is None else str(given)


def _websocket(error: Any) -> tuple[Any, object]:
    return _CLOSE_CODES.get(error.code, error.code - _PRIVATE), error.reason


_PRIVATE = 4000
"""The first close code for applications; many write 4401 for 401 (RFC 6455, 7.4.2)."""

_CLOSE_CODES: Mapping[int, int] = {
    **dict.fromkeys((1002, 1003, 1007), 400),
    1008: 403,
    1009: 413,
    **dict.fromkeys((1012, 1013), 503),
}
"""The statuses of the close codes by which a server refuses a client (RFC 6455, 7.4.1)."""

_READERS: Mapping[tuple[str, str], Callable[[Any], tuple[Any, object]]] = {
    ("starlette.exceptions", "HTTPException"): _starlette,
    ("starlette.exceptions", "WebSocketException"): _websocket,
    ("werkzeug.exceptions", "HTTPException"): _werkzeug,
}
