"""What a handler may ask for by annotation, under any name and in any position.

    async def join(data: Join, sid: SocketID, server: Server, db: Session = Depends(get_db)) -> Joined: ...

Each of these may stand in `Optional` or `Annotated`; `asynction.SecurityInfo` is given in the same way,
and so is the server by its own class.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias, TypeVar

F = TypeVar("F", bound=Callable[..., object])


@dataclass(frozen=True, slots=True)
class Injected:
    """The mark of a parameter that is given what the context of the event has under `name`."""

    name: str


SocketID: TypeAlias = Annotated[str, Injected("sid")]
"""The id of the client's connection to the namespace."""

Environ: TypeAlias = Annotated[Mapping[str, Any], Injected("environ")]
"""The WSGI environment of the request that opened the connection."""

Auth: TypeAlias = Annotated[Any, Injected("auth")]
"""The `auth` payload of the client, on `connect`; None elsewhere."""

Reason: TypeAlias = Annotated[Any, Injected("reason")]
"""Why the connection ended, on `disconnect`; None elsewhere."""

Data: TypeAlias = Annotated[Any, Injected("data")]
"""What the client sent: the arg where there is one, a tuple where there are several, None without any."""

Event: TypeAlias = Annotated[str, Injected("event")]
"""The name of the event."""

Server: TypeAlias = Annotated[Any, Injected("server")]
"""The server that received the event."""


@dataclass(frozen=True, slots=True)
class Dependency:
    """The mark of a parameter that is given what a function returns; made by `Depends`."""

    dependency: Callable[..., object]
    use_cache: bool = True


def Depends(dependency: Callable[..., object], *, use_cache: bool = True) -> Any:  # noqa: N802 - the field's name
    """Give a parameter what `dependency` returns, or yields: a generator is closed after the acknowledgement.

    The function may ask for whatever a handler may, other dependencies included. It is called once an
    event, however many ask for it, unless `use_cache` is false. FastAPI's own `Depends` means the same.
    """
    return Dependency(dependency, use_cache)


def inline(function: F) -> F:
    """Mark a `def` handler as cheap: the async server calls it on its event loop, not in a thread.

    A thread costs some 50 microseconds; a function that may wait for anything must not be marked.
    """
    function.__asynction_inline__ = True  # type: ignore[attr-defined]  # a mark of our own
    return function
