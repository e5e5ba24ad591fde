"""The command line: reads, calls and shows, and turns explained failures into exit codes."""

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from opiscli.cli.address_space import require_address_space
from opiscli.cli.commands import Commands
from opiscli.cli.examples import DOCUMENTATION
from opiscli.cli.failures import INTERRUPTED, explain
from opiscli.cli.process_title import hide_credentials
from opiscli.cli.signals import Signals, handled_signals
from opiscli.cli.streams import guarded_streams
from opiscli.cli.surroundings import calm_surroundings
from opiscli.settings.version import __version__

_COMPLETION = "_OPIS_COMPLETE"

app = typer.Typer(
    name="opis",
    cls=Commands,
    epilog=(
        "First command to try: opis evaluate embeddings.parquet\n"
        "Data goes to stdout; progress, warnings and hints go to stderr.\n"
        f"Documentation: {DOCUMENTATION}"
    ),
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def opis(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", "-V", metavar="", help="Print the version and exit.")
    ] = False,
) -> None:
    """Does one distance threshold work for all your classes, and which value should you use?"""
    if version:
        typer.echo(f"opis {__version__}")
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main(argv: Sequence[str] | None = None) -> None:
    """Run opis. The one place where a failure becomes an exit code."""
    with handled_signals() as signals:
        try:
            with guarded_streams(), calm_surroundings():
                status = _status(argv, signals)
        except KeyboardInterrupt:
            status = signals.explain()
    raise SystemExit(status)


def _status(argv: Sequence[str] | None, signals: Signals) -> int:
    try:
        signals.start()
        status = _run(argv)
        sys.stdout.flush()
        signals.stop()
    except KeyboardInterrupt:
        return signals.explain()
    except Exception as failure:
        # A library may have turned an interruption into a failure of its own.
        return explain(failure) if signals.received is None else signals.explain()
    return status


def _run(argv: Sequence[str] | None) -> int:
    require_address_space()
    if argv is None:
        hide_credentials(sys.argv[1:])
    try:
        status = app(
            args=None if argv is None else list(argv), prog_name="opis", standalone_mode=False
        )
    except SystemExit as leaving:
        # Typer leaves so after a completion; no other library decides how opis ends.
        if leaving.code in (None, 0) or _COMPLETION in os.environ:
            return int(leaving.code or 0)
        raise RuntimeError(f"a library ended the program with {leaving.code!r}") from leaving
    if status == INTERRUPTED:
        raise KeyboardInterrupt
    return int(status or 0)
