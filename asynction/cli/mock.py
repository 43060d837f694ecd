"""`asynction mock`: serve a contract that has no handlers yet."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import click

from asynction.cli import HELP
from asynction.cli._latency import read_latency
from asynction.cli._serving import (
    Address,
    asgi_serve,
    flask_serve,
    require_uvicorn,
    serve,
    serving_options,
)
from asynction.document import load
from asynction.problems import did_you_mean

_RUN = "run"
"""The word that asynction 0.x required after `mock`; it is still accepted."""

_RATE = click.FloatRange(0, 1)


@click.command("mock", context_settings=HELP)
@click.argument("words", nargs=-1, metavar="SPEC")
@serving_options
@click.option("--seed", type=int, help="Send the same data in every run.")
@click.option(
    "--interval",
    default=1.0,
    show_default=True,
    metavar="SECONDS",
    type=click.FloatRange(min=0, min_open=True),
    help="Time between two emissions of an event.",
)
@click.option(
    "--latency",
    default="0s",
    metavar="TIME[..TIME]",
    callback=lambda ctx, param, text: read_latency(text),
    help="Time until an acknowledgement, for example `50ms..200ms`.",
)
@click.option(
    "--error-rate",
    type=_RATE,
    metavar="P",
    default=0.0,
    help="Share of events that are acknowledged with an error.",
)
@click.option(
    "--disconnect-rate",
    type=_RATE,
    metavar="P",
    default=0.0,
    help="Share of events that end in a disconnection.",
)
@click.option("--only", multiple=True, metavar="EVENT", help="Send only this event; may be repeated.")
@click.option("--reload", "reloads", is_flag=True, help="Restart when the document changes.")
# These are the options of asynction 0.x.
@click.option("--custom-formats-sample-size", type=click.IntRange(min=0), hidden=True)
@click.option("--subscription-task-interval", type=click.FloatRange(min=0, min_open=True), hidden=True)
@click.option("--max-workers", type=click.IntRange(min=1), hidden=True)
@click.option("--debugger", "-d", is_flag=True, hidden=True)
@click.pass_context
def command(
    ctx: click.Context,
    /,
    words: tuple[str, ...],
    *,
    host: str | None,
    port: int,
    asgi: bool,
    reloads: bool,
    **options: Any,
) -> None:
    """Serve a mock of SPEC, an AsyncAPI document.

    Events from clients are checked against the contract and acknowledged, and every event of the server
    is sent repeatedly, with generated data. No handler is imported.
    """
    before = ctx.parent.params if ctx.parent is not None else {}
    spec = _spec(ctx, words, before.get("spec"))
    # asynction 0.x listened on all addresses, because it was run in containers.
    address = Address(host or ("0.0.0.0" if words == (_RUN,) else "127.0.0.1"), port)  # noqa: S104
    plan = _plan(options, before)
    if asgi:
        require_uvicorn()
    elif reloads:
        plan.make["async_mode"] = (
            "threading"  # the reloader runs in a thread, which gevent and eventlet would not allow
        )
    start = partial(_asgi if asgi else _flask, spec, address, plan)
    serve(start, address, reloads=reloads)


@dataclass(frozen=True, slots=True)
class _Plan:
    """The arguments of `from_spec` and, on Flask, those of `run`."""

    make: dict[str, Any]
    run: dict[str, Any] = field(default_factory=dict)
    debug: bool = False


def _spec(ctx: click.Context, words: tuple[str, ...], before: Path | None) -> Path:
    """Return the document of `mock SPEC`, or of `--spec SPEC mock run` (default: `asyncapi.yaml`)."""
    named = words[1:] if words[:1] == (_RUN,) else words
    if len(named) + (before is not None) > 1:
        raise click.UsageError("`asynction mock` takes only one document", ctx)
    if named:
        return Path(named[0])
    if before is None and not words:
        raise click.UsageError("Missing argument 'SPEC'.", ctx)
    return before or Path("asyncapi.yaml")


def _plan(options: dict[str, Any], before: dict[str, Any]) -> _Plan:
    """Sort the options, including those of asynction 0.x."""
    sample_size = options.pop("custom_formats_sample_size")
    interval = options.pop("subscription_task_interval")
    workers = options.pop("max_workers")
    debug = options.pop("debugger")
    make = {
        **options,
        "cors_allowed_origins": "*",  # a front end under development comes from another port
        "server_name": options["server_name"] or before.get("server"),
        "validation": not before.get("without_validation"),
    }
    if sample_size:  # in asynction 0.x, 0 meant no formats of Faker; here every schema needs a sample
        make["custom_formats_sample_size"] = sample_size
    if interval is not None:
        make["interval"] = interval
    return _Plan(make, {"max_worker_number": workers} if workers is not None else {}, debug)


def _flask(spec: Path, address: Address, plan: _Plan) -> None:
    from asynction.mock.flask import MockAsynctionSocketIO

    _check_only(spec, plan)
    make = MockAsynctionSocketIO.from_spec
    flask_serve(make, spec, address, "Mocking", debug=plan.debug, run_options=plan.run, **plan.make)


def _asgi(spec: Path, address: Address, plan: _Plan) -> None:
    from asynction.mock.asgi import MockAsynctionAsyncServer

    _check_only(spec, plan)
    asgi_serve(MockAsynctionAsyncServer.from_spec, spec, address, "Mocking", **plan.make)


def _check_only(spec: Path, plan: _Plan) -> None:
    """Raise BadParameter if `only` names an event that the server does not send; or DocumentError."""
    only = plan.make["only"]
    if not only:
        return
    contract = load(spec, root=plan.make["root"], retriever=plan.make["retriever"])
    sent = {name for namespace in contract.namespaces.values() for name in namespace.sends}
    for name in only:
        if name not in sent:
            raise click.BadParameter(
                f"the server sends no event `{name}`{did_you_mean(name, sent)}", param_hint="--only"
            )
