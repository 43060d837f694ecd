"""The `asynction` command; each subcommand is a module that is imported when it runs."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import cast

import click

from asynction._version import __version__

_COMMANDS = {
    "bundle": "asynction.cli.bundle",
    "dev": "asynction.cli.dev",
    "docs": "asynction.cli.docs",
    "emit": "asynction.cli.emit",
    "example": "asynction.cli.example",
    "listen": "asynction.cli.listen",
    "mock": "asynction.cli.mock",
    "run": "asynction.cli.run",
    "schema": "asynction.cli.schema",
    "validate": "asynction.cli.validate",
}
HELP = {"help_option_names": ["-h", "--help"]}


class _LazyGroup(click.Group):
    """A group that imports the module of a command only when it runs: `--version` needs no web framework."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        return cast("click.Command", import_module(_COMMANDS[cmd_name]).command)


# The hidden options are those of asynction 0.x, whose only command was `mock run`.
@click.group(cls=_LazyGroup, context_settings=HELP)
@click.version_option(__version__, "--version", prog_name="asynction")
@click.option("--spec", "-s", type=click.Path(path_type=Path), hidden=True)
@click.option("--server", hidden=True)
@click.option("--without-validation", is_flag=True, hidden=True)
@click.pass_context
def main(ctx: click.Context, spec: Path | None, server: str | None, without_validation: bool) -> None:
    """Contract-first Socket.IO: serve AsyncAPI documents."""
    if (spec or server or without_validation) and ctx.invoked_subcommand != "mock":
        raise click.UsageError("options before the command are those of `asynction --spec SPEC mock run`")
