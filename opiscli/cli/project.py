"""``opis project``: apply a head to a source and keep all its other columns."""

from pathlib import Path
from typing import Annotated

from opiscli.cli.options import output as out
from opiscli.cli.options import rows, running
from opiscli.cli.options.groups import option
from opiscli.cli.options.parsing import source_or_stdin

_Head = Annotated[Path, option("Head file written by opis finetune.", None, "--head")]
_Output = Annotated[Path, option("Parquet file to write.", out.PANEL, "-o", "--output")]


def project(
    source: rows.Source = None,
    *,
    head: _Head,
    output: _Output,
    embedding_column: rows.EmbeddingColumn = None,
    embedding_columns: rows.EmbeddingColumns = None,
    where: rows.Where = None,
    exclude: rows.Exclude = None,
    labels: rows.LabelsFile = None,
    no_offset: rows.NoOffset = False,
    force: out.Force = False,
    verbose: running.Verbose = False,
) -> None:
    """Apply a head to the embeddings of a source, write them as Parquet and print the path."""
    # Imported here, because these pull in NumPy and pyarrow: --help need not wait.
    from opiscli.cli.options.console import Console
    from opiscli.report import show_text
    from opiscli.sources import Selection, map_embeddings
    from opiscli.training.head import Head

    projection = Head.load(head).projection
    selection = Selection(
        embedding_column,
        embedding_columns=embedding_columns,
        where=tuple(where or ()),
        exclude=tuple(exclude or ()),
        labels_file=labels,
        no_offset=no_offset,
    )
    n_rows = map_embeddings(
        source_or_stdin(source), selection, projection.apply, output, force=force
    )
    said = f"{n_rows:,} rows, {projection.dims:,} to {projection.dim:,} dims"
    Console(quiet=False, verbose=verbose).say(said)
    show_text(f"{output}\n")
