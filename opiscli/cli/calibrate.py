"""``opis calibrate``: choose a threshold and report its rates."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from opiscli.atomic_file import require_free
from opiscli.cli.options import gallery, method, rows, running, targets, without_labels
from opiscli.cli.options import output as out
from opiscli.cli.options.groups import option, takes_groups
from opiscli.errors import UndefinedMetric
from opiscli.settings.choice import given, require_together

if TYPE_CHECKING:
    from opiscli.analysis.inputs import Source
    from opiscli.results import CalibratedPoint, Calibration
    from opiscli.results.unlabelled import UnlabelledCalibration, UnlabelledPoint

_PROTOCOL = "Testing"


class Printed(StrEnum):
    """A bare number to print instead of the report."""

    THRESHOLD = "threshold"
    SIMILARITY = "similarity"
    FAR = "far"
    FRR = "frr"
    TAR = "tar"


_Eval = Annotated[
    str | None,
    option(
        "Measure the rates of the threshold on this source instead of on SOURCE.",
        _PROTOCOL,
        "--eval",
        metavar="SOURCE",
    ),
]
_EvalWhere = Annotated[
    list[str] | None,
    option(
        "Read only rows of --eval with this value. Repeatable.", _PROTOCOL, metavar="COLUMN=VALUE"
    ),
]
_Holdout = Annotated[
    float | None,
    option(
        "Choose on a random share of the classes and test on the others, for example 0.5.",
        _PROTOCOL,
        metavar="SHARE",
    ),
]
_PerClass = Annotated[
    bool,
    option(
        "Also estimate how much per-class thresholds would gain over the best single threshold, "
        "and whether the gain is significant.",
        _PROTOCOL,
        "--per-class",
    ),
]
_Repeats = Annotated[
    int, option("Number of random splits for --holdout.", _PROTOCOL, show_default=True)
]
_Output = Annotated[
    Path | None,
    option("Write the threshold to a JSON file.", out.PANEL, "-o", "--output", metavar="FILE.json"),
]
_Print = Annotated[
    Printed | None,
    option(
        "Print this bare number only; with --for, threshold is in the unit of the engine.",
        out.PANEL,
        "--print",
    ),
]
_For = Annotated[
    list[str] | None,
    option(
        "Also write the threshold in the unit, direction and comparison of a vector engine, such"
        " as pgvector-cosine, faiss-ip or elasticsearch (all its metrics). Repeatable.",
        out.PANEL,
        "--for",
        metavar="ENGINE",
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Evaluated:
    evaluate_on: _Eval = None
    eval_where: _EvalWhere = None

    def of(self, read: rows.Rows) -> "Source | None":
        """The source on which rates are measured, if not the one the threshold is chosen on."""
        if self.evaluate_on is None:
            require_together("--eval", **asdict(self))
            return None
        where = tuple(self.eval_where or ())
        return read.of(self.evaluate_on, where=where, labels_file=None, side="eval")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tests:
    per_class: _PerClass = False
    holdout: _Holdout = None
    repeats: _Repeats = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    output: _Output = None
    force: out.Force = False
    print_: _Print = None
    engines: _For = None
    shown: out.Shown

    def require_free(self) -> None:
        """Raise an error before any work if the file cannot be written."""
        if self.output is not None:
            require_free(self.output, force=self.force)

    def give(
        self, result: "Calibration | UnlabelledCalibration", say: Callable[[str], None]
    ) -> None:
        """Write the threshold file, if requested, and print the result."""
        from opiscli.report import show_text
        from opiscli.thresholds import unlabelled_file

        points, which = result.operating_points, self.print_
        numbers = [] if which is None else [one for p in points for one in _numbers(p, which)]
        if self.output is not None:
            unlabelled_file.write(result, self.output, force=self.force)
            say(f"threshold written to {self.output}")
        if which is None:
            self.shown.show(result)
        else:
            show_text("".join(f"{number!r}\n" for number in numbers))


@takes_groups
def calibrate(
    source: rows.Source = None,
    *,
    read: rows.RowsOrPairs,
    against: gallery.Against,
    counted: rows.Counted,
    wanted: targets.Targets,
    threshold_file: method.ThresholdFile = None,
    choosing: targets.Choosing,
    distance: method.DistanceKind = None,
    tested_on: _Evaluated,
    without: without_labels.WithoutLabels,
    group_by: method.GroupBy = None,
    tests: _Tests,
    written: _Written,
    seed: running.Seed = None,
    run: running.Counting,
) -> None:
    """Choose a threshold for a false-accept rate or another target, and report its rates."""
    written.require_free()
    from opiscli.analysis.calibrate_unlabelled import calibrate_either

    with run.work() as work:
        result = calibrate_either(
            read.of(source),
            wanted.parse(),
            given(distance=distance, **counted.given()),
            work,
            without=without.of(read),
            threshold_file=threshold_file,
            evaluate_on=tested_on.of(read),
            gallery=against.of(read),
            group_by=group_by,
            seed=seed or 0,
            engines=written.engines or (),
            **asdict(choosing) | asdict(tests),
        )
    run.warn(result.warnings)
    written.give(result, run.console.say)


def _numbers(point: "CalibratedPoint | UnlabelledPoint", which: Printed) -> list[float | None]:
    if which is Printed.THRESHOLD and point.engines:
        return [one.value for one in point.engines]
    number = {
        Printed.THRESHOLD: point.threshold,
        Printed.SIMILARITY: point.similarity,
        Printed.FAR: None if point.far is None else point.far.value,
        Printed.FRR: None if point.frr is None else point.frr.value,
        Printed.TAR: point.tar,
    }[which]
    if number is None and point.threshold is not None:
        raise UndefinedMetric(
            f"--print {which} asks for a rate of same-class pairs, which are not known",
            hint="Print threshold, similarity or far.",
        )
    return [number]
