"""Checks of what constructors are given: python-socketio ignores what it does not know."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Any

from asynction.contract import Contract
from asynction.problems import did_you_mean

_ARGUMENTS = ("app", "docs", "root", "server_name")
"""The arguments of `from_spec`, which passes its other ones on as options."""


def check_options(options: Mapping[str, Any], known: type, owner: str) -> None:
    """Raise TypeError for an option that `known`, a TypedDict, does not have, and for a text as a switch."""
    for name, value in options.items():
        if name not in known.__annotations__:
            near = did_you_mean(name, (*known.__annotations__, *_ARGUMENTS))
            raise TypeError(f"{owner} has no option `{name}`{near}")
        kind = known.__annotations__[name]  # in modules with postponed annotations a ForwardRef
        if isinstance(value, str) and getattr(kind, "__forward_arg__", kind) in ("bool", bool):
            raise TypeError(f"{owner}: `{name}` is True or False, not the text {value!r}")


def check_contract(contract: object, owner: str, instead: str = "give an app as `app=`") -> None:
    """Raise TypeError for what is not a compiled contract, and say what to write `instead`."""
    if contract is None or isinstance(contract, Contract):
        return
    if isinstance(contract, str | PathLike | Mapping):
        raise TypeError(f"{owner} takes a compiled contract; write `{owner}.from_spec(...)` for a document")
    kind = type(contract).__name__
    raise TypeError(f"the first argument of {owner} is a contract, not a {kind}; {instead}")
