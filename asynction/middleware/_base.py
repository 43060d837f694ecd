"""Middleware as a class, with methods that are called before and after the handler of an event."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, TypeAlias

from asynction.exceptions import SecurityException
from asynction.runtime import Args, Context, Function, Response, is_async, status_of

Rest: TypeAlias = Callable[[Context], Response]
"""Runs the inner middlewares and the handler with a context; a flow."""

Events: TypeAlias = "str | Iterable[str] | None"

KEYWORDS = ("namespace", "environ", "auth", "server", "context")
"""The keywords that a hook may take: attributes of the context, and the context itself."""

CANCELLED = 499
"""The status of an event that was cancelled: HTTP servers log a request without a response like this."""


class BaseMiddleware:
    """A middleware around received events; override `before_event`, `after_event` or `handle_exception`.

    The methods may be `def` or, on the async server, `async def`; that server runs both on its event loop.
    They take `event`, `sid` and one value by position. Of `namespace`, `environ`, `auth`, `server` and
    `context` they are given those that they name, as keywords, or all if they have `**kwargs`. Methods that
    are not overridden are not called.

    Args:
        events: the names of the events that it runs around; all by default.
        namespace: the only namespace that it runs in; all by default.
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
        """Inspect or change the args of an event: the result replaces them, and is then validated.

        Raise PermissionError to refuse the event.

        Args:
            event: the name of the event.
            sid: the id of the client's connection.
            data: the arg if the event has one, a tuple if it has several, None if it has none.
            namespace: the client's namespace.
            environ: the WSGI environment of the request that opened the connection.
            auth: the `auth` payload; None except on `connect`.
            server: the server.
            **kwargs: `context`, the Context of the event.

        Returns:
            One arg, or a tuple of several or none.
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
        """Inspect or change the result of the handler: what this returns is the acknowledgement.

        Args:
            event: the name of the event.
            sid: the id of the client's connection.
            response: the result of the handler.
            namespace: the client's namespace.
            environ: the WSGI environment of the request that opened the connection.
            auth: the `auth` payload; None except on `connect`.
            server: the server.
            **kwargs: `context`, the Context of the event.
        """
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
        """Handle an exception of the handler or of a check: what this returns is the acknowledgement.

        Raise the exception, or another one, to pass it on.

        Args:
            exc: the exception.
            event: the name of the event.
            sid: the id of the client's connection.
            data: the args of the event, as in `before_event`.
            namespace: the client's namespace.
            environ: the WSGI environment of the request that opened the connection.
            auth: the `auth` payload; None except on `connect`.
            server: the server.
            **kwargs: `context`, the Context of the event.
        """
        raise exc

    @property
    def asynchronous(self) -> bool:
        """True if a method is `async def`; raises TypeError if one cannot take the arguments of a hook."""
        return any(hook is not None and is_async(hook.method) for hook in self._hooks)

    def around(self, context: Context, rest: Rest) -> Response:
        """Call the methods before and after `rest`, which handles the event.

        An exception of `rest` is raised unless `handle_exception` returns an acknowledgement. A
        PermissionError of `before_event` becomes SecurityException (403); other exceptions of the methods
        are raised unchanged.
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
        """Return the method `name` and its keywords; None if it is not overridden."""
        if getattr(type(self), name) is getattr(BaseMiddleware, name):
            return None
        method = getattr(self, name)
        signature = inspect.signature(method)
        parameters = signature.parameters.values()
        everything = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)
        # The first parameters are passed by position: their names are free, and may be those of keywords.
        named = [parameter.name for parameter in list(parameters)[takes:]]
        keywords = tuple(name for name in KEYWORDS if everything or name in named)
        try:
            signature.bind(*(None,) * takes, **dict.fromkeys(keywords))
        except TypeError as error:
            raise TypeError(f"`{type(self).__name__}.{name}` cannot be called as a hook: {error}") from error
        return _Hook(method, keywords)


@dataclass(frozen=True, slots=True)
class _Hook:
    """An overridden method and the keywords that it takes."""

    method: Function
    keywords: tuple[str, ...]

    def call(self, context: Context, *args: object) -> tuple[Function, Args]:
        """Return the call for an event, with `args` by position."""
        if not self.keywords:
            return self.method, args
        return partial(self.method, **{name: _value(context, name) for name in self.keywords}), args


def _value(context: Context, name: str) -> object:
    return context if name == "context" else getattr(context, name)


def _before(hook: _Hook, context: Context) -> Generator[tuple[Function, Args], object, Context]:
    data = data_of(context.args)
    try:
        given = yield hook.call(context, context.event, context.sid, data)
    except PermissionError as error:  # the documented way to refuse an event
        raise SecurityException(403) from error
    if given is data:
        return context
    return context.replace(args=given if isinstance(given, tuple) else (given,))


def data_of(args: Args) -> object:
    """Return the arg if there is one, a tuple if there are several, None if there are none."""
    if len(args) == 1:
        return args[0]
    return args or None


def outcome(error: BaseException) -> int:
    """Return the status of an event that failed with `error`."""
    return status_of(error) if isinstance(error, Exception) else CANCELLED
