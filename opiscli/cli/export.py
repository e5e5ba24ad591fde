"""``opis export``: write a head for other programs."""

from pathlib import Path
from typing import Annotated

import typer

from opiscli.cli.options import output as out


def export(
    head: Annotated[
        Path, typer.Argument(help="Head file written by opis finetune.", show_default=False)
    ],
    *,
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            help="File to write: .onnx; .faiss (an empty index that applies the head); or .npz.",
            rich_help_panel=out.PANEL,
            show_default=False,
        ),
    ],
    force: out.Force = False,
) -> None:
    """Write a head as ONNX, as a FAISS index or as NumPy arrays, and print the path."""
    # Imported here, because these pull in NumPy: --help need not wait.
    from opiscli.analysis.export import export as export_to_file
    from opiscli.report import show_text

    export_to_file(head, output, force=force)
    show_text(f"{output}\n")
