"""`asynction bundle`: one self-contained document from many files."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click
import yaml

from asynction.cli import HELP
from asynction.cli._spec import document_of
from asynction.contract import Json
from asynction.document import bundle
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
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n" if form == "json" else _yaml(document)
    if output is None:
        click.echo(text, nl=False)
    else:
        try:
            output.write_text(text, encoding="utf-8")
        except OSError as error:
            raise click.ClickException(str(error)) from error


class _Dumper(yaml.SafeDumper):
    """Quotes also what only YAML 1.2 reads as a number or as no line break; PyYAML knows 1.1."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = '"' if {"\x85", "\u2028", "\u2029"} & set(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_NUMBER = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)[eE][-+]?[0-9]+|0o[0-7]+")
_Dumper.add_implicit_resolver("tag:yaml.org,2002:float", _NUMBER, list("-+.0123456789"))
_Dumper.add_representer(str, _text)


def _yaml(document: Json) -> str:
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True)
