"""All commands with their options, each imported."""

from typer.main import get_command

from opiscli.cli import app

GROUP = get_command(app)
COMMANDS = {name: listed.loaded for name, listed in GROUP.commands.items()}
