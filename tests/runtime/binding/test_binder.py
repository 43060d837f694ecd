"""From dotted paths to functions; everything wrong is found and reported together."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial, wraps
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest

from asynction.contract import Contract, Event, Handlers, Info, Namespace, Schema, Target
from asynction.exceptions import DocumentError
from asynction.inject import Depends
from asynction.problems import Location
from asynction.runtime import (
    Binder,
    CallSpec,
    Context,
    Convention,
    handler_problems,
    import_path,
    is_async,
    misfit,
    positional,
)
from asynction.validation import DRAFT_07

MODULE = '''
"""Handlers."""
import functools

THE_ANSWER = 42

def function(data): ...
async def later(data): ...
def four(a, b, c, d): ...

class Class:
    def method(self, data): ...
    @staticmethod
    def static(data): ...
    @classmethod
    def of_class(cls, data): ...
    def __call__(self, data): ...
    class Inner:
        @staticmethod
        def deep(data): ...

instance = Class()
part = functools.partial(function)
'''

PLACE = Location("spec.yaml", 3, 7, "/channels/~1/publish/message/x-handler")


@pytest.fixture(autouse=True)
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a package of handlers on the import path, and forget it afterwards."""
    package = tmp_path / "bindme"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "handlers.py").write_text(MODULE)
    (package / "broken.py").write_text("raise LookupError('while importing')")
    (package / "leaves.py").write_text("raise SystemExit(3)")
    (package / "needs.py").write_text("import no_such_library")
    monkeypatch.syspath_prepend(tmp_path)


def bound(*paths: str) -> Binder:
    binder = Binder()
    for path in paths:
        binder.function(Target(path, PLACE))
    return binder


def message_of(path: str) -> str:
    (problem,) = bound(path).problems
    return problem.message


@pytest.mark.parametrize(
    "path",
    [
        "bindme.handlers.function",
        "bindme.handlers:function",
        "bindme.handlers.Class.static",
        "bindme.handlers:Class.static",
        "bindme.handlers.Class.of_class",
        "bindme.handlers.Class.Inner.deep",
        "bindme.handlers.instance",
        "bindme.handlers.instance.method",
        "bindme.handlers.part",
        "builtins.print",
        "os.path.join",
    ],
)
def test_a_path_leads_to_something_to_call(path: str) -> None:
    binder = bound(path)
    binder.finish()
    assert callable(import_path(path))


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("nowhere.function", "`nowhere.function`: no module `nowhere` on the import path"),
        ("bindme.nowhere.function", "`bindme.nowhere.function`: no module `bindme.nowhere`"),
        ("bindme.nowhere:function", "`bindme.nowhere:function`: no module `bindme.nowhere`"),
        ("bindme.handlers.functoin", "`bindme.handlers` has no `functoin`; did you mean `function`?"),
        ("bindme.handlers:Class.sttic", "`Class` has no `sttic`; did you mean `static`?"),
        ("bindme.handlers.instance.nothing", "`Class` has no `nothing`"),
        ("bindme.handlers.THE_ANSWER", "is a int, which cannot be called"),
        ("bindme.handlers.Class.method", "is a method that needs an instance"),
        ("bindme.handlers.later", "is `async def`, which Flask cannot await"),
        ("bindme.broken.function", "importing `bindme.broken` raised LookupError: while importing"),
        ("bindme.leaves.function", "importing `bindme.leaves` raised SystemExit: 3"),
        ("bindme.needs.function", "importing `bindme.needs` failed: No module named 'no_such_library'"),
        ("function", "is not a path to a function; write `package.module.function`"),
        ("", "is not a path to a function"),
        ("bindme.handlers.", "is not a path to a function"),
        ("bindme..function", "is not a path to a function"),
        ("bindme/handlers.py", "is not a path to a function"),
        ("bindme.handlers:", "is a module, which cannot be called"),
    ],
)
def test_a_path_that_leads_nowhere_is_a_problem(path: str, message: str) -> None:
    assert message in message_of(path)


def test_all_problems_are_reported_together_with_their_places() -> None:
    binder = bound("nowhere.function", "bindme.handlers.THE_ANSWER", "bindme.handlers.later")
    with pytest.raises(DocumentError) as caught:
        binder.finish()
    lines = str(caught.value).splitlines()
    assert len(lines) == 3
    assert all(line.startswith("spec.yaml:3:7 ") for line in lines)
    assert [problem.rule for problem in caught.value.problems] == ["handler", "handler", "async-handler"]


def test_the_first_cause_is_kept() -> None:
    binder = bound("bindme.handlers.THE_ANSWER", "bindme.broken.function", "nowhere.function")
    with pytest.raises(DocumentError) as caught:
        binder.finish()
    cause = caught.value.__cause__
    assert isinstance(cause, LookupError)
    assert cause.__traceback__ is not None


def test_nothing_wrong_is_no_error() -> None:
    binder = Binder()
    assert binder.checked(print, Target("print")) is print
    binder.finish()


def test_a_handler_is_held_to_the_args_of_its_event() -> None:
    def one(data: object) -> None: ...

    binder = Binder()
    target = Target("handlers.one", PLACE)
    assert binder.plan(one, target, CallSpec(min_args=1, max_args=1)) is not None
    assert binder.plan(one, target, CallSpec()) is not None
    assert not binder.problems
    assert binder.plan(one, target, CallSpec(min_args=2, max_args=2)) is None
    (problem,) = binder.problems
    assert problem.rule == "handler-signature"
    assert problem.message == "`handlers.one` takes 1 argument, but the contract passes 2 arguments"


def none() -> None: ...
def one(a: object) -> None: ...
def two(a: object, b: object) -> None: ...
def one_or_two(a: object, b: object = None) -> None: ...
def rest(a: object, *others: object) -> None: ...
def keyword(a: object, *, b: object = None) -> None: ...
def needs_keyword(a: object, *, b: object) -> None: ...


@pytest.mark.parametrize(
    ("function", "counts"),
    [
        (none, (0, 0)),
        (one, (1, 1)),
        (one_or_two, (1, 2)),
        (rest, (1, None)),
        (keyword, (1, 1)),
        (partial(two, 1), (1, 1)),
        (lambda *args: None, (0, None)),
        (dict.fromkeys, (1, 2)),
        (type, (0, None)),  # written in C, and says nothing of its signature
    ],
)
def test_positional_counts_what_a_function_takes(
    function: Callable[..., Any], counts: tuple[int, int | None]
) -> None:
    assert positional(function) == counts


@pytest.mark.parametrize(
    ("function", "min_args", "max_args"),
    [(none, 0, 0), (one, 1, 1), (one_or_two, 1, 2), (one_or_two, 2, 2), (rest, 1, None), (type, 3, 9)],
)
def test_a_function_that_fits(function: Callable[..., Any], min_args: int, max_args: int | None) -> None:
    assert misfit(function, min_args, max_args) is None


@pytest.mark.parametrize(
    ("function", "min_args", "max_args", "message"),
    [
        (none, 1, 1, "takes 0 arguments, but the contract passes 1 argument"),
        (two, 1, 2, "takes 2 arguments, but the contract passes 1 to 2 arguments"),
        (one_or_two, 1, None, "takes 1 to 2 arguments, but the contract passes at least 1 argument"),
        (rest, 0, 0, "takes at least 1 argument, but the contract passes 0 arguments"),
        (one, 0, 1, "takes 1 argument, but the contract passes 0 to 1 argument"),
        (one, 11, None, "takes 1 argument, but the contract passes at least 11 arguments"),
        (needs_keyword, 1, 1, "needs the keyword argument `b`, which is not passed"),
    ],
)
def test_a_function_that_does_not_fit(
    function: Callable[..., Any], min_args: int, max_args: int | None, message: str
) -> None:
    assert misfit(function, min_args, max_args) == message


async def coroutine() -> None: ...


class AsyncCall:
    async def __call__(self) -> None: ...


@wraps(coroutine)
def decorated() -> Any:
    return coroutine()


@pytest.mark.parametrize(
    "function",
    [coroutine, partial(coroutine), partial(partial(coroutine)), AsyncCall(), decorated, partial(decorated)],
)
def test_async_functions_are_known_behind_what_wraps_them(function: object) -> None:
    assert is_async(function)


@pytest.mark.parametrize("function", [one, partial(one), len, AsyncCall, MagicMock(), 7])
def test_other_things_are_not_async(function: object) -> None:
    assert not is_async(function)


def test_the_async_examples_are_async() -> None:
    """The examples above would otherwise be functions that nobody ran."""

    async def all_of_them() -> None:
        await coroutine()
        await AsyncCall()()
        await decorated()

    asyncio.run(all_of_them())


@pytest.mark.parametrize(
    ("handlers", "handler", "problems"),
    [
        (Handlers(), None, []),
        (Handlers(Target("bindme.handlers.function"), Target("bindme.handlers.later")), None, []),
        (Handlers(error=Target("bindme.handlers.function")), "bindme.handlers.later", []),
        (Handlers(connect=Target("bindme.handlers.no")), None, ["handler"]),
        (Handlers(disconnect=Target("bindme.no.no")), None, ["handler"]),
        (Handlers(error=Target("bindme.handlers.THE_ANSWER")), None, ["handler"]),
        (Handlers(), "bindme.handlers.Class.static", []),
        (Handlers(), "bindme.broken.function", ["handler"]),
        (Handlers(error=Target("builtins.max")), "builtins.min", ["foreign-handler"] * 2),
        (Handlers(connect=Target("operator.add")), None, ["foreign-handler"]),  # sid goes first on one server
        (Handlers(Target("bindme.handlers.four")), "bindme.handlers.four", ["handler-signature"] * 2),
    ],
)
def test_all_handlers_of_a_contract_can_be_checked_without_a_server(
    handlers: Handlers, handler: str | None, problems: list[str]
) -> None:
    target = Target(handler) if handler is not None else None
    event = Event("e", Schema({"type": "string"}, DRAFT_07), handler=target)
    namespace = Namespace("/", {"e": event}, {}, handlers=handlers)
    contract = Contract(Info("T", "1"), {}, {"/": namespace}, {})

    assert [problem.rule for problem in handler_problems(contract)] == problems


def prepared(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args: ("prepared", function(*args))


def test_functions_are_prepared_for_the_server() -> None:
    assert Binder().prepared(len) is len
    assert Binder(prepare_security=prepared).prepared(len)("abc") == ("prepared", 3)


# Dependencies and models ------------------------------------------------------------------------


@dataclass
class Wrong:
    name: int


@dataclass
class Right:
    name: str


NAMED = Schema({"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}, DRAFT_07)
ONE = CallSpec(min_args=1, max_args=1, checked=True)
TARGET = Target("handlers.it", PLACE)


def takes_wrong(data: Wrong) -> None: ...
def takes_right(data: Right) -> None: ...
def depends_on_wrong(data: object, other: object = Depends(takes_wrong)) -> None: ...
def deeply(data: object, other: object = Depends(depends_on_wrong)) -> None: ...
def after_sid(sid: str, data: Wrong) -> None: ...
def takes_any(data: Any) -> None: ...


@pytest.mark.parametrize(
    ("handler", "is_wrong"),
    [
        (takes_any, False),
        (takes_right, False),
        (takes_wrong, True),
        (depends_on_wrong, True),
        (after_sid, True),
    ],
)
def test_models_are_held_to_the_schema_of_the_arg(handler: Callable[..., Any], is_wrong: bool) -> None:
    binder = Binder()
    spec = replace(ONE, convention=Convention(("sid",)))
    assert binder.plan(handler, TARGET, spec, NAMED) is not None
    assert [problem.rule for problem in binder.problems] == ["handler-model"] * is_wrong
    assert all(problem.message.startswith("`handlers.it`: ") for problem in binder.problems)


def takes_int(data: int, more: str = "x") -> None: ...


def test_a_handler_without_room_for_more_is_not_planned_again() -> None:
    binder, number = Binder(), Schema({"type": "number"}, DRAFT_07)
    made = binder.plan(takes_int, TARGET, ONE, number)
    assert made is not None
    assert made.call(Context("server", "/", "e", None, (1,)))[1] == (1, "x")
    assert [problem.rule for problem in binder.warnings] == ["handler-type"]
    raw = binder.plan(takes_int, TARGET, replace(ONE, raw=True), number)
    assert raw is not None
    assert len(binder.warnings) == 1


def test_without_a_library_a_narrower_type_is_taken_as_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    for library in ("pydantic", "msgspec"):
        monkeypatch.setitem(sys.modules, library, None)

    def handler(data: list[int]) -> None: ...

    made = Binder().plan(handler, TARGET, ONE, Schema({"type": "array"}, DRAFT_07))
    assert made is not None
    assert made.call(Context("server", "/", "e", None, (["x"],)))[1] == (["x"],)


def test_without_a_schema_a_model_is_what_it_is() -> None:
    binder = Binder()
    assert binder.plan(takes_wrong, TARGET, CallSpec(min_args=1, max_args=1)) is not None
    assert not binder.problems


def returns_wrong() -> Wrong: ...  # type: ignore[empty-body]  # never called
def returns_right() -> Right: ...  # type: ignore[empty-body]  # never called
def returns_any() -> object: ...


@pytest.mark.parametrize(
    ("handler", "response_model", "is_wrong"),
    [
        (returns_any, None, False),
        (returns_right, None, False),
        (returns_wrong, None, True),
        (returns_wrong, Right, False),
        (returns_right, Wrong, True),
        (len, None, False),
    ],
)
def test_what_shapes_the_acknowledgement_is_held_to_its_schema(
    handler: Callable[..., Any], response_model: object, is_wrong: bool
) -> None:
    binder = Binder()
    spec = CallSpec(response_model=response_model)
    made = binder.plan(handler, TARGET, spec)
    assert made is not None
    binder.check_ack_model(handler, TARGET, spec, NAMED, None)
    assert [problem.rule for problem in binder.problems] == ["handler-model"] * is_wrong


async def later() -> None: ...


async def generates() -> Any:
    yield 1


class Generates:
    async def __call__(self) -> Any:
        yield 1


@pytest.mark.parametrize("dependency", [later, generates, partial(generates), Generates()])
def test_a_server_that_awaits_nothing_takes_no_async_dependency(dependency: Callable[..., Any]) -> None:
    def handler(data: object, other: object = Depends(dependency)) -> None: ...

    binder = Binder()
    assert binder.plan(handler, TARGET, ONE) is None
    assert binder.node(Depends(dependency), TARGET, ONE) is None
    assert ["which is `async def`, which Flask cannot await" in p.message for p in binder.problems] == [
        True
    ] * 2
    assert Binder(allow_async=True).plan(handler, TARGET, ONE) is not None
    node = Binder(allow_async=True).node(Depends(dependency), TARGET, ONE)
    assert node is not None
    assert node.key is dependency


def test_a_dependency_that_is_not_shared_has_a_key_of_its_own() -> None:
    binder = Binder()
    made = [binder.node(Depends(list, use_cache=False), TARGET, ONE) for _ in range(2)]
    assert made[0] is not None
    assert made[1] is not None
    assert made[0].key != made[1].key
