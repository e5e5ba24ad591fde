"""``opis normalize``: offsets that make similarities comparable between classes."""

from dataclasses import dataclass
from typing import Annotated

from opiscli.cli.options import output as out
from opiscli.cli.options import rows, running
from opiscli.cli.options.groups import option, takes_groups
from opiscli.cli.options.parsing import source_or_stdin, sources_or_stdin

_PANEL = "Offsets"
_Cohort = Annotated[
    str,
    option(
        "Items of other classes, at least 10, from the same model; labels are used if there are"
        " any.",
        _PANEL,
        "--cohort",
        metavar="SOURCE",
    ),
]
_CohortWhere = Annotated[
    list[str] | None,
    option("Read only cohort rows with this value. Repeatable.", _PANEL, metavar="COLUMN=VALUE"),
]
_CohortLabels = Annotated[
    str | None, option("File with the labels of an NPY cohort.", _PANEL, metavar="FILE")
]
_K = Annotated[
    int,
    option(
        "Number of nearest cohort items whose mean similarity is taken.",
        _PANEL,
        "-k",
        "--k",
        show_default=True,
    ),
]
_Weight = Annotated[
    str,
    option(
        "Share of the mean similarity to subtract, from 0 to 1; auto chooses 0, 0.25 or 0.5 on"
        " held-out classes of the cohort.",
        _PANEL,
        metavar="auto|WEIGHT",
        show_default=True,
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Against:
    cohort: _Cohort
    cohort_where: _CohortWhere = None
    cohort_labels: _CohortLabels = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _How:
    k: _K = 50
    weight: _Weight = "0.25"
    seed: running.Seed = None


@takes_groups
def normalize(
    source: rows.Source = None,
    *,
    read: rows.Rows,
    against: _Against,
    how: _How,
    output: out.RowsOutput,
    force: out.Force = False,
    json: out.Json = False,
    run: running.Running,
) -> None:
    """Add a column offset that makes similarities comparable between classes; print the path."""
    name, cohort = sources_or_stdin([source_or_stdin(source), against.cohort])

    # Imported here, because these pull in NumPy and pyarrow: --help need not wait.
    from opiscli.analysis.normalize import normalize_rows
    from opiscli.report.terminal.normalize import outcome_lines
    from opiscli.settings.normalization import NormalizationSettings, parse_weight
    from opiscli.sources import open_rows

    settings = NormalizationSettings(k=how.k, weight=parse_weight(how.weight), seed=how.seed or 0)
    limit = {"memory_limit": run.resources.memory_limit}
    chosen = {"where": tuple(against.cohort_where or ()), "labels_file": against.cohort_labels}
    others = read.selection(side="cohort", **chosen, **limit)
    opened = open_rows(name, read.selection(**limit)), open_rows(cohort, others)
    with run.work() as work:
        report = normalize_rows(*opened, settings, work, path=output, force=force).report
    run.console.tell("\n".join(outcome_lines(report)))
    run.warn(report.warnings)
    out.show_written(output, report.to_json() if json else None)
