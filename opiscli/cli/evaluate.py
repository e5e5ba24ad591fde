"""``opis evaluate``: how well one threshold works for all classes."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from opiscli.cli.next_steps import next_steps
from opiscli.cli.options import method, rows, running
from opiscli.cli.options import output as out
from opiscli.cli.options.groups import option, takes_groups
from opiscli.cli.options.parsing import parse_ranks, parse_whole, save_path
from opiscli.settings.choice import require_together

if TYPE_CHECKING:
    from opiscli.analysis.inputs import Source
    from opiscli.cli.options.console import Console
    from opiscli.counts.counts import CountedSet
    from opiscli.results import Evaluation

_Thresholds = Annotated[
    int | None,
    option(
        "Number of grid points in the calibration range. Default: 201.",
        method.PANEL,
        "--thresholds",
    ),
]
_Ranking = Annotated[
    bool | None, option("Also compute MAP@R and R-precision.", method.PANEL, "--ranking")
]
_Index = Annotated[
    str | None,
    option(
        "Also evaluate through a FAISS index: a factory string such as SQ8 or "
        "'IVF64,Flat;nprobe=8', or a saved index of the same items in the same order.",
        method.PANEL,
        metavar="FACTORY|FILE",
    ),
]
_SamplePairs = Annotated[
    float | None,
    option(
        "Estimate from a random sample of about N pairs, for example 1e9, instead of counting all.",
        running.PANEL,
        metavar="N",
    ),
]
_Gallery = Annotated[
    str | None,
    option(
        "Compare SOURCE (queries) with this gallery instead of with itself.",
        "Input",
        metavar="SOURCE",
    ),
]
_GalleryWhere = Annotated[
    list[str] | None,
    option("Read only gallery rows with this value. Repeatable.", "Input", metavar="COLUMN=VALUE"),
]
_GalleryLabels = Annotated[
    str | None, option("File with the labels of an NPY gallery.", "Input", metavar="FILE")
]
_Full = Annotated[
    bool,
    option(
        "Also show all operating points, the calibration range and the lowest class scores.",
        out.PANEL,
        "--full",
    ),
]
_Save = Annotated[
    str | None,
    option(
        "Save all counts; other commands accept the file as SOURCE. Use - for stdout.",
        out.PANEL,
        metavar="FILE.opis",
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Against:
    gallery: _Gallery = None
    gallery_where: _GalleryWhere = None
    gallery_labels: _GalleryLabels = None

    def of(self, read: rows.Rows) -> "Source | None":
        """The gallery to compare SOURCE with; ``None`` compares it with itself."""
        if self.gallery is None:
            require_together("--gallery", **asdict(self))
            return None
        where = tuple(self.gallery_where or ())
        return read.of(self.gallery, where=where, labels_file=self.gallery_labels, side="gallery")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Method(method.Method):
    n_thresholds: _Thresholds = None
    distance: method.DistanceKind = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Retrieval:
    k: method.Ranks = None
    ranking: _Ranking = None

    def given(self) -> dict[str, Any]:
        """Fields of `EvaluationSettings`."""
        return {"ks": parse_ranks(self.k), "ranking": self.ranking}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Saved:
    save: _Save = None
    force: out.Force = False
    full: _Full = False
    shown: out.Shown

    def path(self) -> Path | None:
        """The file that counts are saved to, if any."""
        return save_path(self.save, force=self.force)

    def show(
        self, counts: "CountedSet", result: "Evaluation", console: "Console", typed: str | None
    ) -> None:
        """Save the counts, if requested, print the result and suggest the next commands.

        Parameters
        ----------
        typed
            The source as it was typed; ``None`` where it cannot be read again.
        """
        from opiscli.counts import opis_file
        from opiscli.report import show_bytes

        path = self.path()
        if path is not None:
            opis_file.write(counts, path, force=self.force)
            console.say(f"counts saved to {path}")
        elif self.save is not None:
            show_bytes(opis_file.to_bytes(counts))
        is_stdout_taken = self.save is not None and path is None
        self.shown.show(result, on_stderr=is_stdout_taken, full=self.full)
        if typed is not None and result.gallery is None and self.shown.is_table:
            console.suggest(next_steps(typed))


@takes_groups
def evaluate(
    source: rows.Source = None,
    *,
    read: rows.Rows,
    against: _Against,
    counted: rows.Counted,
    how: _Method,
    threshold_file: method.ThresholdFile = None,
    retrieval: _Retrieval,
    index: _Index = None,
    sample_pairs: _SamplePairs = None,
    group_by: method.GroupBy = None,
    saved: _Saved,
    seed: running.Seed = None,
    run: running.Counting,
) -> None:
    """Measure R@1, OPIS and ε-OPIS, the rates at common thresholds and the lowest class scores."""
    asked = how.given(
        **retrieval.given(),
        **counted.given(),
        sample_pairs=parse_whole("--sample-pairs", sample_pairs),
        seed=seed,
    )
    further: Any = {"threshold_file": threshold_file, "index": index, "group_by": group_by}
    evaluated, gallery, is_saved = read.of(source), against.of(read), saved.save is not None
    saved.path()
    from opiscli.analysis import questions

    with run.work() as work:
        counts, result = questions.evaluate(
            evaluated, asked, work, gallery=gallery, complete=is_saved, **further
        )
    run.warn(result.warnings)
    saved.show(counts, result, run.console, read.typed(source))
