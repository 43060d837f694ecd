"""The handlers that the conformance cases name; `ran` has one entry for each call of one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from functools import wraps
from pathlib import PurePosixPath
from typing import Any, ParamSpec, TypeVar

import fastapi
import flask
import pydantic
import starlette.exceptions

from asynction import EventException

P = ParamSpec("P")
R = TypeVar("R")

ran: list[str] = []


class Color(Enum):
    RED = "red"


class Item(pydantic.BaseModel):
    id: int
    due: date | None = None


class Bill(pydantic.BaseModel):
    price: Decimal
    took: timedelta


@dataclass
class Note:
    text: str
    due: date | None = None


def _handler(function: Callable[P, R]) -> Callable[P, R]:
    if "annotated" not in function.__name__:  # many of the cases are about results that break the ack
        function.__annotations__ = {}

    @wraps(function)
    def counted(*args: P.args, **kwargs: P.kwargs) -> R:
        ran.append(function.__name__)
        return function(*args, **kwargs)

    return counted


@_handler
def echo(*args: object) -> tuple[object, ...]:
    return args


@_handler
def takes_none() -> None:
    pass


@_handler
def takes_two(first: object, second: object) -> object:
    return second


@_handler
def takes_one_or_two(first: object, second: object = None) -> object:
    return first if second is None else second


@_handler
def returns_none(*args: object) -> None:
    pass


@_handler
def returns_tuple_of_none(*args: object) -> tuple[None]:
    return (None,)


@_handler
def returns_empty_tuple(*args: object) -> tuple[()]:
    return ()


@_handler
def returns_pair(*args: object) -> tuple[str, int]:
    return "a", 1


@_handler
def returns_list(*args: object) -> list[object]:
    return ["a", 1]


@_handler
def returns_false(*args: object) -> bool:
    return False


@_handler
def returns_nought(*args: object) -> int:
    return 0


@_handler
def returns_bytes(*args: object) -> bytes:
    return b"abc"


@_handler
def returns_nan(*args: object) -> float:
    return float("nan")


@_handler
def returns_surrogate(*args: object) -> str:
    return "\ud800"


@_handler
def returns_set(*args: object) -> object:
    return {1}


@_handler
def returns_object(*args: object) -> object:
    return object()


@_handler
def returns_values(*args: object) -> dict[str, object]:
    return {
        "at": datetime(2024, 2, 29, 12, 30, tzinfo=timezone.utc),
        "day": date(2024, 2, 29),
        "took": timedelta(seconds=90),
        "price": Decimal("1.50"),
        "total": Decimal("1.50"),
        "data": memoryview(b"\xff"),
        "color": Color.RED,
        "pair": (1, Decimal("1.5")),
        "path": PurePosixPath("a/b"),
    }


@_handler
def returns_models(*args: object) -> dict[str, object]:
    return {"items": [Item(id=1), Item(id=2, due=date(2024, 2, 29))], "notes": {"a": Note("a")}}


@_handler
def returns_null_in_object(*args: object) -> dict[str, object]:
    return {"due": None}


@_handler
def returns_annotated(*args: object) -> Item:
    return Item(id=1)


@_handler
def returns_annotated_numbers(*args: object) -> Bill:
    return Bill(price=Decimal("1.50"), took=timedelta(seconds=90))


@_handler
def returns_annotated_list(*args: object) -> list[Item]:
    return [Item(id=1)]


@_handler
def returns_itself(*args: object) -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


@_handler
def raises(*args: object) -> None:
    raise LookupError("internals")


@_handler
def raises_type_error(*args: object) -> None:
    raise TypeError("internals")


@_handler
def raises_fastapi(*args: object) -> None:
    raise fastapi.HTTPException(401, "log in first")


@_handler
def raises_object(*args: object) -> None:
    raise fastapi.HTTPException(422, {"why": ["late"]})


@_handler
def raises_starlette(*args: object) -> None:
    raise starlette.exceptions.HTTPException(499, "gone")


@_handler
def raises_websocket(*args: object) -> None:
    raise fastapi.WebSocketException(1008, "not yours")


@_handler
def raises_redirect(*args: object) -> None:
    raise fastapi.HTTPException(302, "elsewhere")


@_handler
def aborts(*args: object) -> None:
    flask.abort(404, "gone")


@_handler
def raises_permission(*args: object) -> None:
    raise PermissionError("internals")


@_handler
def raises_refused(*args: object) -> None:
    raise ConnectionRefusedError("internals")


def answers(error: Exception) -> dict[str, str]:
    return {"handled": type(error).__name__}


def answers_twice(error: Exception) -> tuple[str, str]:
    return "error", type(error).__name__


def says_nothing(error: Exception) -> None:
    pass


def raises_again(error: Exception) -> None:
    raise error


def translates(error: Exception) -> None:
    raise EventException(404, "not here")


def fails(error: Exception) -> None:
    raise ArithmeticError("internals")
