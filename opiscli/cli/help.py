"""``opis help``: the help of a command, as its ``--help`` shows it."""

from typing import Annotated, cast

import typer
from typer.core import TyperGroup

_Name = Annotated[
    str | None, typer.Argument(metavar="COMMAND", help="A command.", show_default=False)
]


def help(context: typer.Context, command: _Name = None) -> None:
    """Show the help of a command, or the list of all commands."""
    everything = context.find_root()
    if command is None:
        typer.echo(everything.get_help())
        return
    found = cast(TyperGroup, everything.command).get_command(everything, command)
    if found is None:
        everything.fail(f"no such command {command!r}; opis help lists all commands")
    parsed = found.make_context(command, [], everything, resilient_parsing=True)
    typer.echo(parsed.get_help())
