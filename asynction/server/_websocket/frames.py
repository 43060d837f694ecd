"""The frames of a plain WebSocket: JSON texts; a request and its answer have the same `uuid`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from http import HTTPStatus
from typing import Any, TypedDict, cast

from asynction.exceptions import SecurityException, UnknownEventException
from asynction.runtime import Ack, MalformedEvent, error_body, written_args
from asynction.validation import NotJson, is_json, is_suspicious, read_json, write_json

PING, PONG = "PING", "PONG"
NO_UUID = 0
"""The `uuid` of an answer to a frame without a valid `uuid`."""


class Status(IntEnum):
    """The status of an answer: the status codes of HTTP, except PENDING."""

    OK = 200
    CREATED = 201
    ACCEPTED = 202
    NON_AUTHORITATIVE_INFORMATION = 203
    NO_CONTENT = 204
    RESET_CONTENT = 205
    PARTIAL_CONTENT = 206
    MULTI_STATUS = 207
    ALREADY_REPORTED = 208
    IM_USED = 226
    MULTIPLE_CHOICES = 300
    MOVED_PERMANENTLY = 301
    FOUND = 302
    SEE_OTHER = 303
    NOT_MODIFIED = 304
    USE_PROXY = 305
    TEMPORARY_REDIRECT = 307
    PERMANENT_REDIRECT = 308
    BAD_REQUEST = 400
    UNAUTHORIZED = 401
    PENDING = 402
    FORBIDDEN = 403
    NOT_FOUND = 404
    METHOD_NOT_ALLOWED = 405
    NOT_ACCEPTABLE = 406
    PROXY_AUTHENTICATION_REQUIRED = 407
    REQUEST_TIMEOUT = 408
    CONFLICT = 409
    GONE = 410
    LENGTH_REQUIRED = 411
    PRECONDITION_FAILED = 412
    REQUEST_ENTITY_TOO_LARGE = 413
    REQUEST_URI_TOO_LONG = 414
    UNSUPPORTED_MEDIA_TYPE = 415
    REQUESTED_RANGE_NOT_SATISFIABLE = 416
    EXPECTATION_FAILED = 417
    IM_A_TEAPOT = 418
    MISDIRECTED_REQUEST = 421
    UNPROCESSABLE_ENTITY = 422
    LOCKED = 423
    FAILED_DEPENDENCY = 424
    TOO_EARLY = 425
    UPGRADE_REQUIRED = 426
    PRECONDITION_REQUIRED = 428
    TOO_MANY_REQUESTS = 429
    REQUEST_HEADER_FIELDS_TOO_LARGE = 431
    UNAVAILABLE_FOR_LEGAL_REASONS = 451
    INTERNAL_SERVER_ERROR = 500
    NOT_IMPLEMENTED = 501
    BAD_GATEWAY = 502
    SERVICE_UNAVAILABLE = 503
    GATEWAY_TIMEOUT = 504
    HTTP_VERSION_NOT_SUPPORTED = 505


class HandlerResult(TypedDict, total=False):
    """The result of a route's handler; `status` is 200 by default."""

    status: int
    headers: Mapping[str, Any]
    payload: Any


@dataclass(frozen=True, slots=True)
class Frame:
    """A request, read from `text`; `has_payload` is False if the payload was left out, not null."""

    uuid: str | int
    route: str
    headers: Mapping[str, Any] = field(default_factory=dict)
    payload: Any = None
    has_payload: bool = True
    text: str = field(default="", repr=False)


class MalformedFrame(MalformedEvent):
    """A frame that is not a request; `uuid` is its `uuid`, or NO_UUID."""

    def __init__(self, message: str, uuid: str | int = NO_UUID) -> None:
        super().__init__(message)
        self.uuid = uuid


def read_frame(data: str | bytes) -> Frame:
    """Read a frame; raise MalformedFrame if it is not a request."""
    try:
        value = read_json(data)
    except NotJson as error:
        raise MalformedFrame(f"the frame is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise MalformedFrame("the frame is not a JSON object")
    uuid = value.get("uuid", value.get("track_id"))
    known = isinstance(uuid, str | int) and not isinstance(uuid, bool)
    echoed: str | int = cast("str | int", uuid) if known else NO_UUID
    if not isinstance(data, str):
        raise MalformedFrame("the frame is binary", echoed)
    route, headers = value.get("route", value.get("path")), value.get("headers")
    if not isinstance(route, str):
        raise MalformedFrame("the frame has no route", echoed)
    if not known and (route != PING or uuid is not None):
        raise MalformedFrame("`uuid` is not a string or an integer")
    if not isinstance(headers, dict | None):
        raise MalformedFrame("`headers` is not an object", echoed)
    # The payload is checked with the args of its event, which says where the fault is.
    if is_suspicious(data) and not (is_json(route) and is_json(headers)):
        raise MalformedFrame("the route or the headers have a lone surrogate, or are nested too deep", echoed)
    return Frame(echoed, route, headers or {}, value.get("payload"), "payload" in value, data)


def written(uuid: str | int, status: int, headers: Mapping[str, object] | None, payload: object) -> str:
    """Write an answer; raise ValueError or TypeError if the payload or the headers are not JSON."""
    return write_json({"headers": headers, "payload": payload, "uuid": uuid, "status": status})


def refusal(uuid: str | int, error: BaseException, *, is_tuple: bool = False) -> str:
    """Write the answer for an error; it reveals nothing internal.

    Its pointer starts at the payload; `is_tuple` says that the payload is the list of args, not the only arg.
    """
    body = error_body(error)
    status = body["status"]
    known = next((text for kind, text in _MESSAGES if isinstance(error, kind)), None)
    payload: dict[str, object] = {"Message": known}
    if known is None or status == 500:
        payload = {"Message": body["title"]}
        payload |= {name: body[name] for name in _DETAILS if name in body}
        if "pointer" in body and not is_tuple:
            payload["pointer"] = str(body["pointer"]).removeprefix("/0")
    return write_json({"headers": None, "payload": payload, "uuid": uuid, "status": status})


_DETAILS = ("detail", "pointer")
_MESSAGES: tuple[tuple[type[Exception], str], ...] = (
    (MalformedEvent, "Illegal Request Format"),
    (UnknownEventException, "Path not found"),
    (SecurityException, "Access denied"),
)
"""The messages of some errors, which clients of this wire know; others have HTTP's phrase."""


def pong(uuid: str | int) -> str:
    """Write the answer to a PING."""
    return write_json({"headers": None, "payload": None, "uuid": uuid, "route": PONG})


def pushed(uuid: str, route: str, headers: object, payload: object) -> str:
    """Write a frame without a request; raise as `written` does."""
    return write_json({"headers": headers, "payload": payload, "uuid": uuid, "route": route})


def reply_of(result: object) -> Ack:
    """Convert the result of a route's handler to an ack; raise TypeError if it is not a HandlerResult."""
    if not isinstance(result, Mapping) or not result.keys() <= {"status", "headers", "payload"}:
        raise TypeError(f"a route must return a HandlerResult, not {type(result).__name__}")
    status, headers = result.get("status", Status.OK), result.get("headers")
    if not isinstance(status, int) or not 200 <= status <= HTTPStatus.HTTP_VERSION_NOT_SUPPORTED:
        raise TypeError("the status of a HandlerResult must be a number from 200 to 505")
    if not isinstance(headers, Mapping | None):
        raise TypeError("the headers of a HandlerResult must be a mapping")
    written_headers = written_args(None, (headers or {},))[0]
    return Ack((result.get("payload"),), int(status), cast("Mapping[str, object]", written_headers))
