"""`asynction bundle`: one self-contained document from many files."""

from __future__ import annotations

import json
from pathlib import Path

import click

from asynction.cli import HELP
from asynction.cli._spec import document_of, files_options
from asynction.document import Retriever, bundle, to_yaml, validate
from asynction.exceptions import DocumentError


@click.command("bundle", context_settings=HELP)
@click.argument("spec")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write; default: standard output.",
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["yaml", "json"]),
    help="Format of the result; default: by the name of --output.",
)
@files_options
def command(
    spec: str, output: Path | None, format_: str | None, root: Path | None, retriever: Retriever | None
) -> None:
    """Write SPEC and all files that it refers to as one document.

    `-` reads SPEC from standard input. The contents of other files are put under `components`;
    recursive schemas keep their `$ref`s.
    """
    try:
        source = document_of(spec)
        document = bundle(source, root=root, retriever=retriever)
    except DocumentError as error:
        raise click.ClickException(str(error)) from error
    for problem in validate(source, root=root, retriever=retriever):
        if problem.rule == "loose-ref":  # it stays as it is, and may come to mean something else
            click.echo(str(problem), err=True)
    if format_ is None:
        format_ = "json" if output is not None and output.suffix == ".json" else "yaml"
    text = (
        json.dumps(document, indent=2, ensure_ascii=False) + "\n" if format_ == "json" else to_yaml(document)
    )
    if output is None:
        click.echo(text, nl=False)
    else:
        try:
            output.write_text(text, encoding="utf-8")
        except OSError as error:
            raise click.ClickException(str(error)) from error
