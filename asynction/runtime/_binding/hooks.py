"""Binds the hooks of an event, and its handler to what they may give it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from asynction.contract import Event, Hooks, Schema, Target
from asynction.problems import did_you_mean
from asynction.runtime._binding.binder import Binder
from asynction.runtime._binding.router import Registration
from asynction.runtime._injection.hooks import HookPlans
from asynction.runtime._injection.plan import Convention, Function, Plan, Wanted, many

HOOKS: Mapping[str, tuple[int, int]] = {
    "data_check": (1, 2),  # message, local
    "access": (2, 3),  # connection, message, local
    "hydrate": (2, 2),  # connection, message
    "dehydrate": (1, 1),  # payload
}
"""How many values each hook is passed: it takes the least, or more of them."""


def bind_hooked(  # noqa: PLR0917 - all that there is to know of one event
    binder: Binder,
    registration: Registration,
    target: Target,
    wanted: Wanted,
    event: Event,
    args: Schema | None,
) -> tuple[Plan, HookPlans] | None:
    """Plan the handler of an event and its hooks; None, with problems noted, where they cannot be served."""
    hooks = _bound(binder, registration.hooks, target, wanted, event.hooks)
    single = replace(wanted, least=1, most=1, raw=True, checked=True)
    handler, form = registration.handler, registration.form
    if hooks.hydrate is not None:
        made = given = binder.plan(handler, target, single)
    else:
        given = _tried(binder, handler, target, single) if hooks.data_check or hooks.access else None
        if form is not None:
            wanted = replace(single, least=form.count, most=form.count, convention=Convention())
            made = _tried(binder, handler, target, wanted) or given
        else:
            made = None
        made = made or binder.plan(handler, target, wanted, args)
    if made is None:
        return None
    if form is not None or hooks.dehydrate is not None:  # what is returned is not what is acknowledged
        made = replace(made, shape=None)
    takes_local = given is not None and [free.name for free in given.free] == ["local"]
    return made, replace(hooks, given=given, form=form, takes_local=takes_local and hooks.hydrate is None)


def _bound(
    binder: Binder, given: Mapping[str, Function], handler: Target, wanted: Wanted, named: Hooks
) -> HookPlans:
    """The hooks that code brings, else those that the contract names."""
    plans: dict[str, Plan] = {}
    for unknown in given.keys() - HOOKS.keys():
        binder.note(handler.place, "handler", f"there is no hook `{unknown}`{did_you_mean(unknown, HOOKS)}")
    for name, (least, most) in HOOKS.items():
        function, target = given.get(name), getattr(named, name)
        if function is not None:
            target = Target(getattr(function, "__qualname__", repr(function)), handler.place)
        if target is None:
            continue
        found = binder.function(target) if function is None else binder.checked(function, target)
        if found is None:
            continue
        wants = replace(wanted, convention=Convention(), least=1, most=most, occasion=True, raw=True)
        made = binder.plan(found, target, replace(wants, response_model=None))
        if made is not None and made.most is not None and made.most < least:
            text = f"`{target.path}` takes {many(made.least, made.most)}, but `{name}` is passed {least}"
            binder.note(target.place, "handler-signature", text)
        elif made is not None:
            plans[name] = made
    data_check, access, hydrate, dehydrate = (plans.get(name) for name in HOOKS)
    return HookPlans(data_check, access, hydrate, dehydrate)


def _tried(binder: Binder, handler: Function, target: Target, wanted: Wanted) -> Plan | None:
    """Plan the handler where it takes what is wanted: another way may remain, so nothing is noted."""
    return Binder(allow_async=binder.allow_async, prepare=wanted.prepare).plan(handler, target, wanted)
