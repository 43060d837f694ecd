"""`asynction example`: data that conforms to the contract."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from random import Random

import click

from asynction.cli import HELP
from asynction.cli._json import JsonPrinter, whole
from asynction.cli._spec import document_of, files_options
from asynction.contract import Contract, Event, Json, Namespace, Schema, namespace_name
from asynction.document import Retriever, load
from asynction.exceptions import DocumentError, NotEnabledError
from asynction.problems import did_you_mean
from asynction.runtime import Args
from asynction.validation import Validator


@click.command("example", context_settings=HELP)
@click.argument("spec")
@click.argument("namespace")
@click.argument("event")
@click.option("--ack", is_flag=True, help="Print an acknowledgement of the event instead.")
@click.option(
    "--sent/--received",
    "is_sent",
    default=None,
    help="The direction, if the server both sends and receives an event of this name.",
)
@click.option("--seed", type=int, help="Print random data, the same for the same number.")
@click.option(
    "--count", type=click.IntRange(min=1), metavar="N", help="Print N random examples, one per line."
)
@files_options
def command(
    spec: str,
    namespace: str,
    event: str,
    *,
    root: Path | None,
    retriever: Retriever | None,
    ack: bool,
    is_sent: bool | None,
    seed: int | None,
    count: int | None,
) -> None:
    """Print data for an event that conforms to the contract.

    EVENT is an event of NAMESPACE in SPEC. If the document has an example, it is printed. One arg is
    printed as it is, several as a list. `-` reads SPEC from standard input.
    """
    from asynction.samples import CannotSample

    try:
        contract = load(document_of(spec), root=root, retriever=retriever)
        found = _event(_namespace(contract, namespace), event, is_sent)
        schema = found.ack if ack else found.args
        if schema is None:
            what = "acknowledgement" if ack else "args"
            raise click.ClickException(f"the contract does not describe the {what} of `{event}`")
        if seed is None and count is None:
            examples = iter([_readable(schema, () if ack else found.examples)])
        else:
            examples = _random(schema, seed)
        printer = JsonPrinter()
        for args in islice(examples, count or 1):
            printer.print(whole(args), indent=None if count else 2)
    except (CannotSample, DocumentError) as error:
        raise click.ClickException(str(error)) from error


def _readable(schema: Schema, written: tuple[Json, ...]) -> Args:
    """Return the first valid example of the document, or else a generated one."""
    from asynction.samples import example_args

    if schema.is_json_schema:
        validator = Validator(schema)
        for payload in written:
            args = tuple(payload) if validator.is_tuple and isinstance(payload, list) else (payload,)
            if validator.accepts(args):
                return args
    return example_args(schema)


def _random(schema: Schema, seed: int | None) -> Iterator[Args]:
    from asynction.samples import Sampler, new_faker

    try:
        faker = new_faker()
    except NotEnabledError:  # formats that are names of its providers become plain text
        faker = None
    sampler = Sampler(schema, random=Random(seed), faker=faker)  # noqa: S311 - nothing here is a secret
    while True:
        yield sampler.sample_args()


def _namespace(contract: Contract, name: str) -> Namespace:
    """Return the namespace with this name, or the one whose pattern it matches."""
    from asynction.runtime import ContractSchemas

    name = namespace_name(name)
    if name in contract.namespaces:
        return contract.namespaces[name]
    match = ContractSchemas(contract, validation=False).match(name)
    if match is None:
        near = did_you_mean(name, contract.namespaces)
        raise click.ClickException(f"the contract has no namespace `{name}`{near}")
    return contract.namespaces[match.name]


def _event(namespace: Namespace, name: str, is_sent: bool | None) -> Event:
    """Return the event with this name, in the chosen direction or the only one that has it."""
    directions = {True: namespace.sends, False: namespace.receives}
    if is_sent is not None:
        directions = {is_sent: directions[is_sent]}
    found = [events[name] for events in directions.values() if name in events]
    if not found:
        verb = {True: "sends", False: "receives", None: "has"}[is_sent]
        near = did_you_mean(name, {known for events in directions.values() for known in events})
        raise click.ClickException(f"the contract {verb} no event `{name}` in `{namespace.name}`{near}")
    if len(found) > 1:
        raise click.UsageError(f"`{name}` is sent and received: choose by `--sent` or `--received`")
    return found[0]
