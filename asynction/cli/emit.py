"""`asynction emit`: send one event to a running server."""

from __future__ import annotations

import asyncio
from typing import Any

import click

from asynction.cli import HELP
from asynction.cli._client import Target, client_options, connected, read_json, target_of, violations_of
from asynction.cli._json import JsonPrinter, whole
from asynction.exceptions import UnknownEventException, ValidationException
from asynction.problems import printable
from asynction.runtime import Args, EventSchemas, checked_ack, checked_args


@click.command("emit", context_settings=HELP)
@click.argument("url")
@click.argument("event")
@click.argument("args", nargs=-1)
@client_options
@click.option(
    "--ack/--no-ack", "wants_ack", default=True, show_default=True, help="Whether to wait for the ack."
)
def command(url: str, event: str, args: tuple[str, ...], wants_ack: bool, **options: Any) -> None:
    """Send EVENT with ARGS to the server at URL.

    What acknowledges the event is printed. Each of ARGS is JSON; a word that is none is taken as a
    string. Exits with 1 where the server
    refuses, the acknowledgement is an error, or one of them breaks the contract.
    """
    target = target_of(url, **options)
    values = tuple(map(_value, args))
    schemas = _checked(target, event, values)
    answer = asyncio.run(_emit(target, event, values, wants_ack))
    if answer is None:
        return
    if answer:
        JsonPrinter().print(whole(answer), indent=2)
    error = _error(answer)
    if error is not None:
        raise click.ClickException(printable(error))
    if schemas is not None:
        try:
            checked_ack(schemas, answer)
        except ValidationException as broken:
            raise click.ClickException("\n".join(violations_of(broken))) from broken


def _value(word: str) -> object:
    try:
        return read_json(word)
    except ValueError:
        if word.startswith(("{", "[", '"')):
            click.echo(f"Note: `{printable(word)}` is no JSON; it is sent as a string.", err=True)
        return word


def _checked(target: Target, event: str, args: Args) -> EventSchemas | None:
    """The rules of the event, where there is a contract; raises ClickException where it breaks that."""
    if target.schemas is None:
        return None
    try:
        schemas = target.schemas.received(target.known_as, event)
        checked_args(schemas, args)
    except ValidationException as error:
        raise click.ClickException("\n".join(violations_of(error))) from error
    except UnknownEventException as error:
        raise click.ClickException(str(error)) from error
    return schemas


async def _emit(target: Target, event: str, args: Args, wants_ack: bool) -> Args | None:
    async with connected(target) as peer:
        if wants_ack:
            return await peer.call(event, args)
        await peer.send(event, args)
        return None


def _error(answer: Args) -> str | None:
    """What an error acknowledgement says; None for any other one."""
    match answer:
        case ({"error": {"status": int() as status, "title": str() as title, **more}},):
            detail = f": {more['detail']}" if "detail" in more else ""
            place = f" ({more['pointer']})" if more.get("pointer") else ""
            return f"{status} {title}{detail}{place}"
    return None
