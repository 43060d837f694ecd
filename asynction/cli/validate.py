"""`asynction validate`: the contract check for CI."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypedDict

import click

from asynction.cli import HELP
from asynction.cli._report import FORMATS, as_text
from asynction.cli._spec import STDIN, document_of, files_options, handlers_option
from asynction.cli._time_limit import time_limit
from asynction.document import Retriever, Spec, load, validate
from asynction.exceptions import DocumentError
from asynction.problems import Problem, did_you_mean
from asynction.rules import RULES


def _known_rules(ctx: click.Context, param: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if name not in RULES:
            raise click.BadParameter(f"there is no rule `{name}`{did_you_mean(name, RULES)}")
        if not RULES[name].ignorable:
            raise click.BadParameter(f"`{name}` cannot be ignored: {RULES[name].why}")
    return names


def _list_rules(ctx: click.Context, param: click.Parameter, wanted: bool) -> None:
    if wanted:
        width = max(map(len, RULES))
        for rule in RULES.values():
            click.echo(f"{rule.name:{width}}  {rule.severity:7}  {rule.summary}")
        ctx.exit()


def _explain(ctx: click.Context, param: click.Parameter, name: str | None) -> None:
    if name is None:
        return
    if name not in RULES:
        raise click.BadParameter(f"there is no rule `{name}`{did_you_mean(name, RULES)}")
    rule = RULES[name]
    ignore = "It can be switched off." if rule.ignorable else "It cannot be switched off."
    click.echo(f"{rule.name} ({rule.severity})\n\n{rule.summary} {rule.why}\n{ignore}")
    ctx.exit()


class _Reading(TypedDict):
    """How a document is read."""

    ignore: tuple[str, ...]
    root: Path | None
    retriever: Retriever | None


COST_SECONDS = 5.0
"""The time in which the slowest events of one document are searched."""


@click.command("validate", context_settings=HELP)
@click.argument("specs", nargs=-1, required=True, metavar="SPEC...")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", *FORMATS]),
    default="text",
    show_default=True,
    help="Format of the report.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning"]),
    default="error",
    show_default=True,
    help="The lowest severity that makes the exit code 1.",
)
@click.option("--handlers", is_flag=True, help="Also import every handler and check its signature.")
@handlers_option
@files_options
@click.option(
    "--cost",
    "shows_cost",
    is_flag=True,
    help="Also print the event of each namespace that is slowest to check, on standard error.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="Give up after this time, with exit code 3.",
)
@click.option(
    "--ignore",
    multiple=True,
    metavar="RULE",
    callback=_known_rules,
    help="Switch a rule off; may be repeated.",
)
@click.option(
    "--list-rules",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_list_rules,
    help="List all rules and exit.",
)
@click.option(
    "--explain",
    metavar="RULE",
    is_eager=True,
    expose_value=False,
    callback=_explain,
    help="Explain a rule and exit.",
)
def command(
    specs: tuple[str, ...],
    *,
    format_: str,
    fail_on: str,
    handlers: bool,
    handlers_from: tuple[str, ...],
    root: Path | None,
    retriever: Retriever | None,
    shows_cost: bool,
    timeout: float,
    ignore: tuple[str, ...],
) -> None:
    """Check AsyncAPI documents; `-` reads one from standard input.

    Exits with 0 if all are valid, with 1 if a problem is at least as severe as --fail-on, with 2 for a wrong
    command line, and with 3 after --timeout.
    """
    allowed = handlers_from or None
    options: _Reading = {"ignore": ignore, "root": root, "retriever": retriever}
    documents: dict[str, Spec] = {}
    with time_limit(timeout):
        documents = {spec: document_of(spec) for spec in specs}  # standard input can be read only once
        problems = [
            problem
            for document in documents.values()
            for problem in _check(document, options, handlers=handlers or bool(allowed), allowed=allowed)
        ]
    files = [STDIN if spec == "-" else spec for spec in specs]
    if format_ == "text":
        click.echo(as_text(problems, files, lambda text, colour: click.style(text, fg=colour)))
    else:
        click.echo(FORMATS[format_](problems, files))
    if shows_cost:
        with time_limit(timeout):  # of its own: the report above is not lost
            _print_costs(documents, options)
    severities = {problem.severity for problem in problems}
    sys.exit(1 if "error" in severities or (fail_on == "warning" and severities) else 0)


def _print_costs(documents: Mapping[str, Spec], options: _Reading) -> None:
    """Print the slowest event of each namespace of the documents that have no errors."""
    from asynction.cli._cost import boundless, worst_events

    for spec, document in documents.items():
        with suppress(DocumentError):  # its problems are reported already
            contract = load(document, **options)
            for line in (*boundless(contract), *worst_events(contract, COST_SECONDS)):
                click.echo(f"{spec}: {line}", err=True)


def _check(
    document: Spec, options: _Reading, *, handlers: bool, allowed: tuple[str, ...] | None
) -> list[Problem]:
    problems = validate(document, **options)
    if handlers and not any(problem.severity == "error" for problem in problems):
        from asynction.cli._handlers import handler_problems

        problems += handler_problems(document, allowed=allowed, **options)
    return problems
