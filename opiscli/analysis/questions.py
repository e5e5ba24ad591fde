"""The entry points of the analysis, one function per command: from inputs to a frozen result.

The command line and the Python functions ask the same ones.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from opiscli.analysis.check import check_run
from opiscli.analysis.compare import compare_runs
from opiscli.analysis.evaluate import derive
from opiscli.analysis.gallery_source import open_gallery
from opiscli.analysis.given_thresholds import to_count
from opiscli.analysis.groups import evaluate_groups, refuse_groups
from opiscli.analysis.inputs import Input, Work
from opiscli.analysis.inspect import inspect_run
from opiscli.counts.counts import CountedSet
from opiscli.errors import UsageError
from opiscli.results import Check, Comparison, Evaluation, Inspection
from opiscli.settings.calibration import CalibrationSettings
from opiscli.settings.choice import require, require_one
from opiscli.settings.conditions import Condition, settings_for
from opiscli.settings.evaluation import refused_with_gallery
from opiscli.settings.target import Criterion, Target

_MOST_COMPARED = 26
_FAR_OF_INSPECTION = 1e-3


def count(source: Input, given: Mapping[str, Any], work: Work) -> CountedSet:
    """Count a source completely, so that rates at any threshold can be computed."""
    return source.open(work).count(given, work, complete=True)


def evaluate(
    source: Input,
    given: Mapping[str, Any],
    work: Work,
    *,
    threshold_file: Path | None = None,
    index: str | None = None,
    gallery: Input | None = None,
    group_by: str | None = None,
    complete: bool = False,
) -> tuple[CountedSet, Evaluation]:
    """How good is the model, and how well does one threshold fit all classes?

    Parameters
    ----------
    given
        Fields of `EvaluationSettings` that were asked for.
    threshold_file
        Whose threshold is reported as one more operating point.
    index
        A FAISS index to put beside the exact search.
    gallery
        What to compare the items with, if not one another.
    group_by
        Column to look inside the groups of.
    complete
        Whether the counts are to be saved.

    Returns
    -------
    tuple
        The counts, and what follows from them.
    """
    refuse_groups(group_by, given.get("sample_pairs"), is_across=gallery is not None)
    if gallery is not None and complete:
        raise refused_with_gallery("--save")
    against = None if gallery is None else open_gallery(gallery, source, work)
    opened = source.open(work, group=group_by, with_pairs=against is None)
    measured = opened.measured(given.get("distance"))
    from_file = opened.threshold_in(threshold_file, measured)
    thresholds = tuple(map(measured.counted, from_file))
    counts = opened.count(
        given, work, complete=complete, thresholds=thresholds, index=index, gallery=against
    )
    result = derive(counts, thresholds)
    if group_by is not None:
        items = opened.items("--group-by")
        result = evaluate_groups(
            result, counts, items, group_by, work.resources, on_progress=work.on_progress
        )
    return counts, result


def check(
    source: Input,
    conditions: Sequence[str],
    given: Mapping[str, Any],
    work: Work,
    *,
    at: Target | None = None,
    threshold_file: Path | None = None,
) -> Check:
    """Does any of the conditions hold?

    Parameters
    ----------
    conditions
        Such as ``opis>0.01``.
    given
        Fields of `EvaluationSettings` that were asked for.
    at, threshold_file
        Give the threshold of rates that name no FAR of their own; at most one of the two.
    """
    if not conditions:
        raise UsageError(
            "no condition was given", hint="For example --fail-if='opis>0.01', in quotes."
        )
    parsed = tuple(Condition.parse(text) for text in conditions)
    given_as = "threshold" if at is None else str(at.criterion)
    require_one("the threshold", **{given_as: at, "threshold_file": threshold_file})
    opened = source.open(work)
    for value in opened.threshold_in(threshold_file, given.get("distance")):
        at = Target(Criterion.THRESHOLD, value, opened.score)
    exact = to_count(opened.data, [] if at is None else [at], given)
    # Pairs have no neighbours: conditions on these have no value, which is said later.
    needed = {} if opened.is_listed else settings_for(parsed)
    named = tuple(one.far for one in parsed if one.far is not None)
    rates = (named if opened.is_listed else (), ())
    counts = opened.count({**given, **needed}, work, complete=True, thresholds=exact, rates=rates)
    return check_run(counts, parsed, at)


def compare(sources: Sequence[Input], given: Mapping[str, Any], work: Work) -> Comparison:
    """How do several sources differ from the first?

    Parameters
    ----------
    sources
        From 2 to 26; the first is the baseline.
    given
        Fields of `EvaluationSettings` that were asked for.
    """
    if len(sources) < 2:
        raise UsageError(
            f"{len(sources)} source was given, expected two or more",
            hint="For example: opis compare before.parquet after.parquet.",
        )
    if len(sources) > _MOST_COMPARED:
        raise UsageError(
            f"{len(sources)} sources were given, expected {_MOST_COMPARED} at most",
            hint="Compare fewer at once.",
        )
    return compare_runs([source.open(work).count(given, work) for source in sources])


def inspect(
    source: Input,
    target: Target | None,
    given: Mapping[str, Any],
    work: Work,
    *,
    threshold_file: Path | None = None,
    pairs: int = 10,
    neighbours: int = 5,
    show: Sequence[str] = (),
    components: bool = False,
) -> Inspection:
    """Which classes, pairs and items does a threshold get wrong?

    Parameters
    ----------
    target
        What decides the threshold; by default a FAR of 1e-3.
    given
        ``distance`` and ``drop_duplicates``, where they were asked for.
    threshold_file
        Whose threshold is taken instead.
    pairs, neighbours
        How many pairs of each kind are listed, and how many nearest others must agree on
        another class.
    show
        Columns to show of each item.
    components
        Whether to describe the connected components of the accepted pairs.
    """
    for option, number, most in (("--pairs", pairs, 100_000), ("--neighbours", neighbours, 1000)):
        require(1 <= number <= most, option, number, f"1 to {most}", "5")
    opened = source.open(work, show=tuple(show), find_id=True)
    items = opened.items(
        "opis inspect",
        hint="Name the embeddings for pairs and labels; opis calibrate shows from counts alone"
        " which classes have the highest error rates.",
    )
    for value in opened.threshold_in(threshold_file, given.get("distance")):
        target = Target(Criterion.THRESHOLD, value, opened.score)
    target = target or Target(Criterion.FAR, _FAR_OF_INSPECTION)
    settings = CalibrationSettings(targets=(target,), allow_zero=True, **given)
    return inspect_run(
        opened.count(
            {**given, "ks": ()},
            work,
            complete=True,
            thresholds=to_count(opened.data, [target], given),
        ),
        items,
        settings,
        work.resources,
        n_pairs=pairs,
        n_neighbours=neighbours,
        id_column=opened.id_column,
        show=tuple(show),
        components=components,
        on_progress=work.on_progress,
    )
