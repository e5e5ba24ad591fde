"""``opis translate``: the threshold of a new model that accepts as many pairs as the old one's."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from opiscli.atomic_file import require_free
from opiscli.cli.options import method, rows, running
from opiscli.cli.options import output as out
from opiscli.cli.options.groups import option, takes_groups
from opiscli.cli.options.parsing import sources_or_stdin
from opiscli.distance import Distance
from opiscli.settings.target import Target

if TYPE_CHECKING:
    from opiscli.results.translation import Translation

_PANEL = "Matching"
_Old = Annotated[str, typer.Argument(help="Items embedded by the old model.", show_default=False)]
_New = Annotated[
    str,
    typer.Argument(
        help="The same items embedded by the new model, with the same ids; - for one of the two is"
        " a table on stdin.",
        show_default=False,
    ),
]
_NewColumn = Annotated[
    str | None,
    option(
        "Column of embeddings in NEW, if it has another name than in OLD: both may be columns of"
        " one file.",
        _PANEL,
        metavar="COLUMN",
    ),
]
_ByRow = Annotated[
    bool,
    option(
        "Match items by their rows instead of by id, for two sources in the same order.",
        _PANEL,
        "--by-row",
    ),
]
_Output = Annotated[
    Path | None,
    option(
        "Write the threshold of the new model to a JSON file.",
        out.PANEL,
        "-o",
        "--output",
        metavar="FILE.json",
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Matching:
    new_embedding_column: _NewColumn = None
    by_row: _ByRow = False

    def of(self, read: rows.Rows) -> rows.Rows:
        """What is read of the new source, if it differs from what is read of the old one."""
        return replace(read, embedding_column=self.new_embedding_column or read.embedding_column)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    output: _Output = None
    force: out.Force = False

    def require_free(self) -> None:
        """Raise an error before any work if the file cannot be written."""
        if self.output is not None:
            require_free(self.output, force=self.force)

    def write(self, result: "Translation", say: Callable[[str], None]) -> None:
        """Write the threshold file, if one was asked for."""
        from opiscli.thresholds import translated_file

        if self.output is not None:
            translated_file.write(result, self.output, force=self.force)
            say(f"threshold written to {self.output}")


@takes_groups
def translate(
    old: _Old,
    new: _New,
    *,
    read: rows.Rows,
    matching: _Matching,
    at: method.GivenThreshold,
    threshold_file: method.ThresholdFile = None,
    distance: method.DistanceKind = None,
    written: _Written,
    shown: out.Shown,
    run: running.Counting,
) -> None:
    """Find the threshold of a new model that accepts the same share of pairs of the same items."""
    target = Target.one_of(**asdict(at), threshold_file=threshold_file)
    written.require_free()
    sources_or_stdin([old, new])
    from opiscli.analysis.translate import translate as translated

    with run.work() as work:
        result = translated(
            read.of(old),
            matching.of(read).of(new),
            work,
            target=target,
            threshold_file=threshold_file,
            distance=distance or Distance.EUCLIDEAN,
            by_row=matching.by_row,
        )
    run.warn(result.warnings)
    written.write(result, run.console.say)
    shown.show(result)
