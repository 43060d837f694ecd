"""Binds the hooks of an event, and plans its handler for the argument that they may provide."""

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
"""The number of values for each hook: it must take the first number of them, and may take the second."""


def bind_hooked(  # noqa: PLR0917 - the parts of one event
    binder: Binder,
    registration: Registration,
    target: Target,
    spec: CallSpec,
    event: Event,
    args: Schema | None,
) -> tuple[Plan, HookPlans] | None:
    """Plan the handler of an event and its hooks; report problems and return None if they cannot be served.

    Args:
        binder: imports the hooks, and collects problems.
        registration: the handler, and hooks from code, which replace those of the contract.
        target: the dotted path of the handler and its location, for problems.
        spec: how a handler of this kind is called.
        event: the event in the contract.
        args: the schema of the event's args, to compare with the models of the handler.
    """
    hooks = _bound(binder, registration.hooks, target, spec, event.hooks)
    single = replace(spec, min_args=1, max_args=1, raw=True, checked=True)
    handler, style = registration.handler, registration.style
    # With `hydrate` the handler always takes its one value. Checks may leave a value in `local`, which is
    # known only when the event arrives: then both plans are needed, if the signature allows them.
    if hooks.hydrate is not None:
        plan = given = binder.plan(handler, target, single)
    else:
        given = _plan_quietly(binder, handler, target, single) if hooks.data_check or hooks.access else None
        if style is not None:
            spec = replace(single, min_args=style.count, max_args=style.count, convention=Convention())
            plan = _plan_quietly(binder, handler, target, spec) or given
        else:
            plan = None
        plan = plan or binder.plan(handler, target, spec, args)
    if plan is None:
        return None
    if style is not None or hooks.dehydrate is not None:  # the handler's result is not yet the ack
        plan = replace(plan, shape=None)
    takes_local = given is not None and [parameter.name for parameter in given.arg_parameters] == ["local"]
    return plan, replace(hooks, given=given, style=style, takes_local=takes_local and hooks.hydrate is None)


def _bound(
    binder: Binder, given: Mapping[str, Function], handler: Target, spec: CallSpec, named: Hooks
) -> HookPlans:
    """Return the plans of the hooks from code, else of those that the contract names."""
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
        # A hook may take fewer values than it is passed, as handlers of lifecycle events may.
        hook_spec = replace(
            spec, convention=Convention(), min_args=1, max_args=max_args, is_lifecycle=True, raw=True
        )
        plan = binder.plan(found, target, replace(hook_spec, response_model=None))
        if plan is not None and plan.max_args is not None and plan.max_args < min_args:
            takes = many(plan.min_args, plan.max_args)
            text = f"`{target.path}` takes {takes}, but `{name}` is passed {min_args}"
            binder.report(target.location, "handler-signature", text)
        elif plan is not None:
            plans[name] = plan
    data_check, access, hydrate, dehydrate = (plans.get(name) for name in HOOKS)
    return HookPlans(data_check, access, hydrate, dehydrate)


def _plan_quietly(binder: Binder, handler: Function, target: Target, spec: CallSpec) -> Plan | None:
    """Plan the handler, or return None without a problem: another call convention may still fit."""
    return Binder(allow_async=binder.allow_async).plan(handler, target, spec)
