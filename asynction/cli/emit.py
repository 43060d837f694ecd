"""`asynction emit`: send one event to a running server."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click

from asynction.cli import HELP
from asynction.cli._client import Target, client_of, client_options, connect, read_json, target_of
from asynction.cli._json import JsonPrinter, whole
from asynction.exceptions import MessageAckValidationException, UnknownEventException
from asynction.problems import printable
from asynction.runtime import Args

if TYPE_CHECKING:
    from asynction.client import AsynctionAsyncClient


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

    The acknowledgement is printed. Each of ARGS is JSON; a word that is not JSON is sent as a string.
    Exits with 1 if the server refuses, if the acknowledgement is an error, or if either side breaks
    the contract.
    """
    asyncio.run(_emit(target_of(url, **options), event, tuple(map(_value, args)), wants_ack))


def _value(word: str) -> object:
    try:
        return read_json(word)
    except ValueError:
        if word.startswith(("{", "[", '"')):
            click.echo(f"Note: `{printable(word)}` is not JSON; it is sent as a string.", err=True)
        return word


async def _emit(target: Target, event: str, args: Args, wants_ack: bool) -> None:
    async with client_of(target) as client:
        await connect(client, target)
        try:
            if wants_ack:
                await _call(client, target, event, args)
            else:
                await client.emit(event, args, target.namespace)
                await _flush(client, target.timeout)
        except UnknownEventException as error:
            # The client has the mirror image of the document: it sends what the server receives.
            message = str(error).replace("the contract sends", "the contract receives", 1)
            raise click.ClickException(message) from error


async def _call(client: AsynctionAsyncClient, target: Target, event: str, args: Args) -> None:
    """Emit an event and print its acknowledgement, even if that is an error or breaks the contract."""
    from asynction.client import CallError

    printer = JsonPrinter()
    try:
        ack = await client.call(event, args, target.namespace, target.timeout)
    except (CallError, MessageAckValidationException) as error:
        if error.ack:
            printer.print(whole(error.ack), indent=2)
        raise
    if ack is not None:
        printer.print(ack, indent=2)


async def _flush(client: AsynctionAsyncClient, timeout: float) -> None:
    """Wait until all packets are written: closing the connection would drop those that are queued."""
    try:
        await asyncio.wait_for(client.eio.queue.join(), timeout)
    except asyncio.TimeoutError:
        message = f"the event could not be sent within {timeout:g} seconds"
        raise click.ClickException(message) from None
