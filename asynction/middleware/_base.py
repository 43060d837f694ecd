"""Middleware as a class, with methods that are called before and after each event that it is around."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, TypeAlias

from asynction.exceptions import SecurityException
from asynction.runtime import Args, Function, is_async, status_of
from asynction.runtime._context import Context
from asynction.runtime._flow import Response

Rest: TypeAlias = Callable[[Context], Response]
"""Everything inside a middleware: what is left of the flow, for the context that it is given."""

Events: TypeAlias = "str | Iterable[str] | None"

KEYWORDS = ("namespace", "environ", "auth", "server", "context")
"""What a hook may take by keyword; each is an attribute of the context, which is the last one itself."""

CANCELLED = 499
"""The status of an event that was cancelled, which answers nobody: HTTP's servers log it that way."""


class BaseMiddleware:
    """Something around received events: override any of `before_event`, `after_event`, `handle_exception`.

    `events` names those that it is for, all by default, `namespace` the only one that it is for. The
    methods may be `def`, or `async def` on the async server, which runs both on its event loop. They take
    `event`, `sid` and one value by position; of `namespace`, `environ`, `auth`, `server` and `context`, by
    keyword, those that they name, or all where they have `**kwargs`. A method that is not overridden costs
    nothing.
    """

    events: frozenset[str] = frozenset()
    namespace: str | None = None

    def __init__(self, events: Events = None, namespace: str | None = None) -> None:
        if events is not None:
            self.events = frozenset((events,) if isinstance(events, str) else events)
        if namespace is not None:
            self.namespace = namespace

    def before_event(
        self,
        event: str,
        sid: str,
        data: Any,
        *,
        namespace: str | None = None,
        environ: Any = None,
        auth: Any = None,
        server: Any = None,
        **kwargs: Any,
    ) -> Any:
        """See, and perhaps change, what the client sent: what this returns takes the place of `data`.

        `data` is the arg where the event has one, a tuple where it has several, None without any; a
        tuple is returned for several, or none. It is checked afterwards. Raise PermissionError to refuse.
        """
        return data

    def after_event(
        self,
        event: str,
        sid: str,
        response: Any,
        *,
        namespace: str | None = None,
        environ: Any = None,
        auth: Any = None,
        server: Any = None,
        **kwargs: Any,
    ) -> Any:
        """See, and perhaps change, what the handler returned: what this returns is acknowledged."""
        return response

    def handle_exception(
        self,
        exc: Exception,
        event: str,
        sid: str,
        data: Any,
        *,
        namespace: str | None = None,
        environ: Any = None,
        auth: Any = None,
        server: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Answer for what failed inside, the handler or a check: what this returns is acknowledged."""
        raise exc

    @property
    def asynchronous(self) -> bool:
        """True where a method is `async def`; raises TypeError where one cannot be called as it will be."""
        return any(hook is not None and is_async(hook.method) for hook in self._hooks)

    def around(self, context: Context, rest: Rest) -> Response:
        """Run the methods around `rest`, which is called once at the most.

        Raises what is raised inside, unless `handle_exception` answers, and SecurityException (403) for
        a PermissionError of `before_event`; other exceptions of the methods go through as they are.
        """
        before, after, on_error = self._hooks
        if before is not None:
            context = yield from _before(before, context)
        try:
            response = yield from rest(context)
        except Exception as error:
            if on_error is None:
                raise
            return (yield on_error.call(context, error, context.event, context.sid, data_of(context.args)))
        if after is None:
            return response
        return (yield after.call(context, context.event, context.sid, response))

    @cached_property
    def _hooks(self) -> tuple[_Hook | None, _Hook | None, _Hook | None]:
        return self._hook("before_event"), self._hook("after_event"), self._hook("handle_exception", 4)

    def _hook(self, name: str, takes: int = 3) -> _Hook | None:
        """The method `name`, and what it takes; None where it is not overridden."""
        if getattr(type(self), name) is getattr(BaseMiddleware, name):
            return None
        method = getattr(self, name)
        signature = inspect.signature(method)
        parameters = signature.parameters.values()
        everything = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)
        # Of the names that it has, not those that its first arguments go by.
        named = [parameter.name for parameter in list(parameters)[takes:]]
        keywords = tuple(name for name in KEYWORDS if everything or name in named)
        try:
            signature.bind(*(None,) * takes, **dict.fromkeys(keywords))
        except TypeError as error:
            raise TypeError(f"`{type(self).__name__}.{name}` cannot be called as a hook: {error}") from error
        return _Hook(method, keywords)


@dataclass(frozen=True, slots=True)
class _Hook:
    """A method that is overridden, and the keywords that it takes."""

    method: Function
    keywords: tuple[str, ...]

    def call(self, context: Context, *args: object) -> tuple[Function, Args]:
        """The call to make for an event, with `args` by position."""
        if not self.keywords:
            return self.method, args
        return partial(self.method, **{name: _value(context, name) for name in self.keywords}), args


def _value(context: Context, name: str) -> object:
    return context if name == "context" else getattr(context, name)


def _before(hook: _Hook, context: Context) -> Generator[tuple[Function, Args], object, Context]:
    data = data_of(context.args)
    try:
        given = yield hook.call(context, context.event, context.sid, data)
    except PermissionError as error:  # how such a method says no
        raise SecurityException(403) from error
    if given is data:
        return context
    return context.replace(args=given if isinstance(given, tuple) else (given,))


def data_of(args: Args) -> object:
    """The arg where there is one, a tuple where there are several, None without any."""
    if len(args) == 1:
        return args[0]
    return args or None


def outcome(error: BaseException) -> int:
    """The status of an event that ended in `error`."""
    return status_of(error) if isinstance(error, Exception) else CANCELLED
