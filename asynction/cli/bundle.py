"""`asynction bundle`: one self-contained document from many files."""

from __future__ import annotations

import json
from pathlib import Path

import click

from asynction.cli import HELP
from asynction.cli._spec import document_of
from asynction.document import bundle, to_yaml
from asynction.exceptions import DocumentError


@click.command("bundle", context_settings=HELP)
@click.argument("spec")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write; else standard output.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["yaml", "json"]),
    help="Form of the result; else by the name of --output.",
)
def command(spec: str, output: Path | None, form: str | None) -> None:
    """Write SPEC and all that it refers to as one document.

    `-` reads SPEC from standard input. What stands in other files comes under `components`; schemas
    that recurse keep their `$ref`s.
    """
    try:
        document = bundle(document_of(spec))
    except DocumentError as error:
        raise click.ClickException(str(error)) from error
    if form is None:
        form = "json" if output is not None and output.suffix == ".json" else "yaml"
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n" if form == "json" else to_yaml(document)
    if output is None:
        click.echo(text, nl=False)
    else:
        try:
            output.write_text(text, encoding="utf-8")
        except OSError as error:
            raise click.ClickException(str(error)) from error
