"""Options that no layer knows are refused: the parents would lose them without a word."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from asynction import AsynctionAsyncServer, AsynctionSocketIO, MockAsynctionAsyncServer, MockAsynctionSocketIO
from asynction.server.websocket import SocketRouter

SPEC = {"asyncapi": "2.6.0", "info": {"title": "Options", "version": "1"}, "channels": {"/": {}}}
MAKERS: list[Callable[..., Any]] = [
    AsynctionAsyncServer.from_spec,
    AsynctionSocketIO.from_spec,
    MockAsynctionAsyncServer.from_spec,
    MockAsynctionSocketIO.from_spec,
    SocketRouter.from_spec,
    lambda _, **options: AsynctionAsyncServer(**options),
    lambda _, **options: SocketRouter(**options),
]


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize(
    ("option", "near"), [("validaton", "validation"), ("security_function", "security_functions")]
)
def test_a_misspelt_option_is_refused(make: Callable[..., Any], option: str, near: str) -> None:
    with pytest.raises(TypeError, match=f"has no option `{option}`; did you mean `{near}`"):
        make(SPEC, **{option: None})


@pytest.mark.parametrize("make", MAKERS[:4])
def test_a_misspelt_option_of_the_parents_is_refused(make: Callable[..., Any]) -> None:
    with pytest.raises(TypeError, match="did you mean `cors_allowed_origins`"):
        make(SPEC, cors_alowed_origins="*")


def test_a_misspelt_access_leaves_no_router_open() -> None:
    with pytest.raises(TypeError, match="SocketRouter has no option `acess`"):
        SocketRouter(acess=lambda ws: False)  # type: ignore[call-arg]  # what is tested
