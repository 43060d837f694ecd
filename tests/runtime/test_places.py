"""The place of application code that caused a failure."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from functools import partial, wraps
from pathlib import Path
from typing import Any

import pytest

from asynction.exceptions import EventException
from asynction.runtime._places import name_and_place_of, place_of_call


def outer() -> None:
    inner()


def inner() -> None:
    Path("no/such/file").read_text()


def raised(function: Callable[[], object]) -> Exception:
    try:
        function()
    except Exception as error:
        return error
    raise AssertionError("it did not raise")


def line(function: Callable[..., object], offset: int = 0) -> str:
    return f"{__file__}:{function.__code__.co_firstlineno + offset}"


@contextmanager
def around() -> Any:
    yield


def within() -> None:
    with around():
        EventException(200)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(("function", "place"), [(outer, line(inner, 1)), (within, line(within, 2))])
def test_the_place_is_the_last_call_outside_of_libraries(function: Any, place: str) -> None:
    assert place_of_call(raised(function)) == place


def test_an_exception_that_was_not_raised_has_no_place() -> None:
    assert place_of_call(LookupError()) is None


def test_code_without_a_module_counts_as_the_application() -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        exec(compile("1 / 0", "made.py", "exec"), {"__name__": None})
    assert place_of_call(caught.value) == "made.py:1"


def test_a_place_below_the_working_directory_is_relative(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(Path(__file__).parent)
    assert name_and_place_of(outer) == (f"{__name__}.outer", line(outer).rpartition("/")[2])
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert name_and_place_of(outer) == (f"{__name__}.outer", line(outer))


class Handlers:
    def method(self) -> None: ...

    def __call__(self) -> None: ...


@wraps(outer)
def decorated() -> None: ...


@pytest.mark.parametrize(
    ("function", "name", "place"),
    [
        (outer, "outer", line(outer)),
        (partial(partial(outer)), "outer", line(outer)),
        (decorated, "outer", line(outer)),
        (partial(decorated), "outer", line(outer)),
        (Handlers().method, "Handlers.method", line(Handlers.method)),
        (Handlers(), "Handlers.__call__", line(Handlers.__call__)),
    ],
)
def test_a_handler_has_a_name_and_a_place(function: Any, name: str, place: str | None) -> None:
    assert name_and_place_of(function) == (f"{__name__}.{name}", place)


@pytest.mark.parametrize("function", [name_and_place_of, partial(name_and_place_of)])
def test_what_is_no_function_of_the_application_has_none(function: Any) -> None:
    assert name_and_place_of(function) == (None, None)


def test_a_handler_in_c_has_a_name_only() -> None:
    assert name_and_place_of(len) == ("builtins.len", None)
