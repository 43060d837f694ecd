"""`asynction schema`: a JSON Schema of AsyncAPI documents, for editors."""

from __future__ import annotations

import json

import click

from asynction.cli import HELP
from asynction.document import editor_schema


@click.command("schema", context_settings=HELP)
def command() -> None:
    """Print a JSON Schema of AsyncAPI documents, for editors.

    It has all versions and the extensions of asynction. Save it beside your documents and start each
    with the line
    `# yaml-language-server: $schema=asyncapi.schema.json`.
    """
    click.echo(json.dumps(editor_schema(), indent=2))
