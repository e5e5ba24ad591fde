"""``opis project``: apply a head to a source and keep all its other columns."""

from pathlib import Path
from typing import Annotated

from opiscli.cli.options import output as out
from opiscli.cli.options import rows, running
from opiscli.cli.options.groups import option
from opiscli.cli.options.parsing import source_or_stdin

_Head = Annotated[Path, option("Head file written by opis finetune.", None, "--head")]


def project(
    source: rows.Source = None,
    *,
    head: _Head,
    output: out.RowsOutput,
    embedding_column: rows.EmbeddingColumn = None,
    embedding_columns: rows.EmbeddingColumns = None,
    where: rows.Where = None,
    exclude: rows.Exclude = None,
    labels: rows.LabelsFile = None,
    no_offset: rows.NoOffset = False,
    query: rows.Query = None,
    force: out.Force = False,
    verbose: running.Verbose = False,
    memory_limit: running.MemoryLimit = None,
) -> None:
    """Apply a head to the embeddings of a source, write them as Parquet and print the path."""
    name, run = source_or_stdin(source), running.Running(verbose=verbose, memory_limit=memory_limit)

    # Imported here, because these pull in NumPy and pyarrow: --help need not wait.
    from opiscli.sources import Selection, map_embeddings
    from opiscli.training.head import Head

    projection = Head.load(head).projection
    selection = Selection(
        embedding_column,
        embedding_columns=embedding_columns,
        where=tuple(where or ()),
        exclude=tuple(exclude or ()),
        labels_file=labels,
        memory_limit=run.resources.memory_limit,
        no_offset=no_offset,
        query=query,
    )
    n_rows = map_embeddings(name, selection, projection.apply, output, force=force)
    run.console.say(f"{n_rows:,} rows, {projection.dims:,} to {projection.dim:,} dims")
    out.show_written(output)
