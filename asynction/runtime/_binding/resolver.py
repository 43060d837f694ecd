"""Finds handlers by a naming convention, for documents without `x-handler`."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from keyword import iskeyword
from typing import ClassVar, TypeAlias
from unicodedata import normalize

from asynction.contract import Contract, Event, Namespace
from asynction.problems import Problem, problem_at
from asynction.runtime._namespaces import snake_case

Resolver: TypeAlias = Callable[[Namespace, str], "str | None"]
"""A function of a namespace and an event's name; it returns the dotted path of the handler, or None."""

_PARAMETER = re.compile(r"\{[^{}]*\}")


@dataclass(frozen=True, slots=True)
class ModuleResolver:
    """A resolver that finds a module below `package` for each namespace, and in it a function for each event.

    `sign up` of `/user` is `package.user.sign_up`, `message` of `/` is `package.message`. Names are
    converted to snake case, and parameters of a namespace are left out.
    """

    package: str
    optional: ClassVar[frozenset[str]] = frozenset({"connect", "disconnect", "error"})
    """The lifecycle events, and `error`: they have a handler only if the function exists."""

    def __call__(self, namespace: Namespace, event: str) -> str | None:
        """Return the dotted path of the handler of `event`; None if the event has no name."""
        if not event:
            return None
        segments = _PARAMETER.sub("", namespace.name).split("/")
        return ".".join([self.package, *(_identifier(name) for name in (*segments, event) if name)])


def collisions(
    resolver: Resolver, contract: Contract, bound: Container[tuple[str, str]] = ()
) -> list[Problem]:
    """Report received events that resolve to the path of another event or lifecycle event.

    `bound` has the events that code has bound: the resolver is not asked for them.
    """
    taken: dict[str, str] = {}
    for namespace in contract.namespaces.values():
        for name in _optional_names(resolver, namespace):
            if path := resolver(namespace, name):
                taken.setdefault(path, f"the `{name}` handler of `{namespace.name}`")
    problems: list[Problem] = []
    for namespace, event in _unbound(contract):
        if (namespace.name, event.name) in bound:
            continue
        path = resolver(namespace, event.name)
        if path and path in taken:
            message = f"`{event.name}` resolves to `{path}`, as does {taken[path]}; set `x-handler` on one"
            problems.append(problem_at(event.location, "handler", message))
        elif path:
            taken[path] = f"`{event.name}` of `{namespace.name}`"
    return problems


def _optional_names(resolver: Resolver, namespace: Namespace) -> Iterator[str]:
    """Yield the names in `resolver.optional` without a handler in the document."""
    for name in sorted(getattr(resolver, "optional", ())):
        if getattr(namespace.handlers, name, None) is None:
            yield name


def _unbound(contract: Contract) -> Iterator[tuple[Namespace, Event]]:
    for namespace in contract.namespaces.values():
        for event in namespace.receives.values():
            if event.handler is None:
                yield namespace, event


def _identifier(name: str) -> str:
    """Convert `name` to the name of a Python function: `signUp` and `sign up` to `sign_up`.

    The result is in the form NFKC, to which Python normalizes identifiers.
    """
    fits = "".join(char if f"_{char}".isidentifier() else " " for char in normalize("NFKC", name))
    # Repeated `_` are joined, so that no event resolves to an attribute like `__dict__`.
    written = re.sub("_+", "_", normalize("NFKC", snake_case(re.sub(" +", "_", fits))))
    if not written.isidentifier():
        written = f"_{written}"
    return f"{written}_" if iskeyword(written) else written
