"""The exceptions of other frameworks have a status and a detail, without importing the frameworks."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import fastapi
import flask
import pytest
import starlette.exceptions
import urllib3
import werkzeug.exceptions
from werkzeug.exceptions import HTTPException as WerkzeugException

from asynction._http_exceptions import http_error, phrase


class Unpaid(WerkzeugException):
    code = 402
    description = "pay first"


class Teapot(starlette.exceptions.HTTPException):
    def __init__(self) -> None:
        super().__init__(418, "short and stout")


def aborted(*args: Any) -> WerkzeugException:
    with pytest.raises(WerkzeugException) as caught:
        flask.abort(*args)
    return caught.value


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (fastapi.HTTPException(401, "log in first"), (401, "log in first")),
        (fastapi.HTTPException(422, {"why": ["a"]}), (422, {"why": ["a"]})),
        (fastapi.HTTPException(404), (404, None)),
        (starlette.exceptions.HTTPException(503, "later"), (503, "later")),
        (starlette.exceptions.HTTPException(499), (499, None)),
        (starlette.exceptions.HTTPException(401, ""), (401, None)),
        (Teapot(), (418, "short and stout")),
        (fastapi.WebSocketException(1008, "not yours"), (403, "not yours")),
        (starlette.exceptions.WebSocketException(1013), (503, None)),
        (starlette.exceptions.WebSocketException(4401, "log in first"), (401, "log in first")),
        (aborted(404, "gone"), (404, "gone")),
        (aborted(404), (404, None)),
        (aborted(flask.Response("a page", 409)), (409, None)),
        (werkzeug.exceptions.BadRequestKeyError("room"), (400, None)),
        (Unpaid(), (402, "pay first")),
        (Unpaid("now"), (402, "now")),
    ],
)
def test_an_http_exception_has_a_status_and_a_detail(error: Exception, expected: tuple[int, object]) -> None:
    assert http_error(error) == expected


@pytest.mark.parametrize(
    "error",
    [
        fastapi.HTTPException(302, "elsewhere"),
        fastapi.HTTPException(200, "fine"),
        fastapi.HTTPException(600, "what"),
        starlette.exceptions.WebSocketException(1000, "bye"),
        starlette.exceptions.WebSocketException(1011, "internals"),
        starlette.exceptions.WebSocketException(4999),
        aborted(flask.Response("fine", 200)),
        WerkzeugException("no code"),
        urllib3.exceptions.HTTPError("of another server"),
        LookupError("internals"),
    ],
)
def test_other_exceptions_have_none(error: Exception) -> None:
    assert http_error(error) is None


def test_a_status_without_a_name_has_that_of_its_class() -> None:
    assert (phrase(404), phrase(499), phrase(599)) == ("Not Found", "Bad Request", "Internal Server Error")


def test_nothing_is_imported() -> None:
    code = "import sys, asynction._http_exceptions as m; m.http_error(OSError()); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {"starlette", "fastapi", "werkzeug", "flask"} & set(loaded.split())
