"""Handlers by a naming convention, for documents that name none."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from keyword import iskeyword
from typing import ClassVar, TypeAlias
from unicodedata import normalize

from asynction.contract import Contract, Event, Namespace
from asynction.problems import Problem, problem_at
from asynction.runtime._namespaces import snake_case

Resolver: TypeAlias = Callable[[Namespace, str], "str | None"]
"""Takes a namespace and the name of an event and returns the dotted path of its handler, None for none."""

_PARAMETER = re.compile(r"\{[^{}]*\}")


@dataclass(frozen=True, slots=True)
class ModuleResolver:
    """A module for each namespace, below `package`, and in it a function for each event.

    `sign up` of `/user` is `package.user.sign_up`, `message` of `/` is `package.message`. Names are
    written as Python writes them, and parameters of a namespace are left out.
    """

    package: str
    optional: ClassVar[frozenset[str]] = frozenset({"connect", "disconnect", "error"})
    """The occasions of a namespace, which have a handler only where the function exists."""

    def __call__(self, namespace: Namespace, event: str) -> str | None:
        """Return the dotted path of the handler of `event`; None where the event has no name."""
        if not event:
            return None
        segments = _PARAMETER.sub("", namespace.name).split("/")
        return ".".join([self.package, *(_identifier(name) for name in (*segments, event) if name)])


def collisions(resolver: Resolver, contract: Contract) -> list[Problem]:
    """Say which received events without a handler of their own fall on a path that is taken already.

    What takes a path is another such event, or an occasion that `resolver` has under `optional`.
    """
    taken: dict[str, str] = {}
    for namespace in contract.namespaces.values():
        for occasion in _occasions(resolver, namespace):
            if path := resolver(namespace, occasion):
                taken.setdefault(path, f"the `{occasion}` handler of `{namespace.name}`")
    problems: list[Problem] = []
    for namespace, event in _unbound(contract):
        path = resolver(namespace, event.name)
        if path and path in taken:
            message = f"`{event.name}` falls on `{path}`, as {taken[path]} does; name one by `x-handler`"
            problems.append(problem_at(event.location, "handler", message))
        elif path:
            taken[path] = f"`{event.name}` of `{namespace.name}`"
    return problems


def _occasions(resolver: Resolver, namespace: Namespace) -> Iterator[str]:
    """The occasions of a namespace that the document leaves to `resolver`."""
    for occasion in sorted(getattr(resolver, "optional", ())):
        if getattr(namespace.handlers, occasion, None) is None:
            yield occasion


def _unbound(contract: Contract) -> Iterator[tuple[Namespace, Event]]:
    for namespace in contract.namespaces.values():
        for event in namespace.receives.values():
            if event.handler is None:
                yield namespace, event


def _identifier(name: str) -> str:
    """Write `name` as Python writes the name of a function: `signUp` and `sign up` as `sign_up`.

    Python compares names in the form NFKC, so that is what comes out.
    """
    fits = "".join(char if f"_{char}".isidentifier() else " " for char in normalize("NFKC", name))
    # One `_` after another would lead to what every module has, `__dict__` say.
    written = re.sub("_+", "_", normalize("NFKC", snake_case(re.sub(" +", "_", fits))))
    if not written.isidentifier():
        written = f"_{written}"
    return f"{written}_" if iskeyword(written) else written
