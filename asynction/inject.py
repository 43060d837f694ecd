"""Annotations of handler parameters that are injected; the name and the position of a parameter are free.

    async def join(data: Join, sid: SocketID, server: Server, db: Session = Depends(get_db)) -> Joined: ...

They may be wrapped in `Optional` or `Annotated`. `asynction.SecurityInfo`, and the class of the server, are
injected in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias, TypeVar

F = TypeVar("F", bound=Callable[..., object])


@dataclass(frozen=True, slots=True)
class Injected:
    """Marks a parameter that is given the attribute `name` of the event's context."""

    name: str


SocketID: TypeAlias = Annotated[str, Injected("sid")]
"""The id of the client's connection to the namespace."""

Environ: TypeAlias = Annotated[Mapping[str, Any], Injected("environ")]
"""The WSGI environment of the request that opened the connection."""

Auth: TypeAlias = Annotated[Any, Injected("auth")]
"""The `auth` payload of the client, on `connect`; None elsewhere."""

Reason: TypeAlias = Annotated[Any, Injected("reason")]
"""The reason why the connection ended, on `disconnect`; None elsewhere."""

Data: TypeAlias = Annotated[Any, Injected("data")]
"""The args of the event: one arg as it is, several as a tuple, None if there are none."""

Event: TypeAlias = Annotated[str, Injected("event")]
"""The name of the event."""

Server: TypeAlias = Annotated[Any, Injected("server")]
"""The server that received the event."""


@dataclass(frozen=True, slots=True)
class Dependency:
    """Marks a parameter that is given the result of a function; made by `Depends`.

    `scopes` are those of FastAPI's `Security`.
    """

    dependency: Callable[..., object]
    use_cache: bool = True
    scopes: tuple[str, ...] = ()


def Depends(dependency: Callable[..., object], *, use_cache: bool = True) -> Any:  # noqa: N802 - the field's name
    """Inject the result of a function, or what a generator yields: it is closed after the acknowledgement.

    The function may have every parameter that a handler may have, including other dependencies. It is called
    once for each event, even if several parameters depend on it, unless `use_cache` is false. FastAPI's
    `Depends` has the same meaning.
    """
    return Dependency(dependency, use_cache)


def inline(function: F) -> F:
    """Mark a `def` handler as fast: the async server calls it on its event loop, not in a thread.

    That saves about 50 microseconds. A function that may block must not be marked: it would block the loop.
    """
    function.__asynction_inline__ = True  # type: ignore[attr-defined]  # a mark of our own
    return function
