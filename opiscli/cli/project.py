"""``opis project``: apply a head or a probability to a source and keep all its other columns."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from opiscli.cli.options import output as out
from opiscli.cli.options import rows, running
from opiscli.cli.options.groups import option, takes_groups
from opiscli.cli.options.parsing import source_or_stdin

if TYPE_CHECKING:
    from opiscli.analysis.project import ProjectedFile
    from opiscli.sources import Selection

_Head = Annotated[Path | None, option("Head file written by opis finetune.", None, "--head")]
_Probability = Annotated[
    Path | None,
    option(
        "Threshold file written by opis calibrate --probability: adds the row number of the nearest"
        " other item, and the probability that both are of one class.",
        None,
        "--probability",
        metavar="FILE.json",
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Applied:
    head: _Head = None
    probability: _Probability = None

    def write(
        self, name: str, selection: "Selection", path: Path, run: running.Running, *, force: bool
    ) -> "ProjectedFile":
        """Write the rows of a source with what is asked for."""
        from opiscli.analysis.project import project_to_file

        threads = run.resources.threads
        return project_to_file(
            name, selection, self.head, path,
            force=force, probability=self.probability, threads=threads,
        )  # fmt: skip


@takes_groups
def project(
    source: rows.Source = None,
    *,
    applied: _Applied,
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
    """Apply a head or a probability to a source, write it as Parquet and print the path."""
    name, run = source_or_stdin(source), running.Running(verbose=verbose, memory_limit=memory_limit)

    # Imported here, because these pull in NumPy and pyarrow: --help need not wait.
    from opiscli.sources import Selection

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
    written = applied.write(name, selection, output, run, force=force)
    run.console.say(f"{written.n_rows:,} rows, {written.dims}")
    run.warn(written.warnings)
    out.show_written(output)
