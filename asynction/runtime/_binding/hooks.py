"""Binds the hooks of an event, and its handler to what they may give it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from asynction.contract import Event, Hooks, Schema, Target
from asynction.problems import did_you_mean
from asynction.runtime._binding.binder import Binder
from asynction.runtime._binding.router import Registration
from asynction.runtime._injection.hooks import HookPlans
from asynction.runtime._injection.plan import CallSpec, Convention, Function, Plan, many

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
    spec: CallSpec,
    event: Event,
    args: Schema | None,
) -> tuple[Plan, HookPlans] | None:
    """Plan the handler of an event and its hooks; None, with problems noted, where they cannot be served."""
    hooks = _bound(binder, registration.hooks, target, spec, event.hooks)
    single = replace(spec, min_args=1, max_args=1, raw=True, checked=True)
    handler, style = registration.handler, registration.style
    if hooks.hydrate is not None:
        plan = given = binder.plan(handler, target, single)
    else:
        given = _tried(binder, handler, target, single) if hooks.data_check or hooks.access else None
        if style is not None:
            spec = replace(single, min_args=style.count, max_args=style.count, convention=Convention())
            plan = _tried(binder, handler, target, spec) or given
        else:
            plan = None
        plan = plan or binder.plan(handler, target, spec, args)
    if plan is None:
        return None
    if style is not None or hooks.dehydrate is not None:  # what is returned is not what is acknowledged
        plan = replace(plan, shape=None)
    takes_local = given is not None and [parameter.name for parameter in given.arg_parameters] == ["local"]
    return plan, replace(hooks, given=given, style=style, takes_local=takes_local and hooks.hydrate is None)


def _bound(
    binder: Binder, given: Mapping[str, Function], handler: Target, spec: CallSpec, named: Hooks
) -> HookPlans:
    """The hooks that code brings, else those that the contract names."""
    plans: dict[str, Plan] = {}
    for unknown in given.keys() - HOOKS.keys():
        binder.report(
            handler.location, "handler", f"there is no hook `{unknown}`{did_you_mean(unknown, HOOKS)}"
        )
    for name, (min_args, max_args) in HOOKS.items():
        function, target = given.get(name), getattr(named, name)
        if function is not None:
            target = Target(getattr(function, "__qualname__", repr(function)), handler.location)
        if target is None:
            continue
        found = binder.function(target) if function is None else binder.checked(function, target)
        if found is None:
            continue
        wants = replace(spec, convention=Convention(), min_args=1, max_args=max_args, occasion=True, raw=True)
        plan = binder.plan(found, target, replace(wants, response_model=None))
        if plan is not None and plan.max_args is not None and plan.max_args < min_args:
            takes = many(plan.min_args, plan.max_args)
            text = f"`{target.path}` takes {takes}, but `{name}` is passed {min_args}"
            binder.report(target.location, "handler-signature", text)
        elif plan is not None:
            plans[name] = plan
    data_check, access, hydrate, dehydrate = (plans.get(name) for name in HOOKS)
    return HookPlans(data_check, access, hydrate, dehydrate)


def _tried(binder: Binder, handler: Function, target: Target, spec: CallSpec) -> Plan | None:
    """Plan the handler where it takes what is wanted: another way may remain, so nothing is noted."""
    return Binder(allow_async=binder.allow_async, prepare=spec.prepare).plan(handler, target, spec)
