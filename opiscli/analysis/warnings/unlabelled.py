"""What a reader must know before trusting a threshold that was chosen without labels."""

from collections.abc import Iterator, Sequence

from opiscli.analysis.warnings.data import FEWEST_ERRORS
from opiscli.analysis.warnings.separation import about_score
from opiscli.metrics.intervals.effective_classes import FEWEST_EFFECTIVE
from opiscli.results import ReportWarning
from opiscli.results.calibration import PLAIN_SCORE
from opiscli.results.unlabelled import ItemData, UnlabelledCalibration, UnlabelledPoint

_HIGH_FAR = 0.5
_USEFUL_TAR = 0.9


def unlabelled_warnings(
    of: UnlabelledCalibration, n_shared: int, ignored: Sequence[str]
) -> Iterator[ReportWarning]:
    """Collect the warnings of a calibration without labels.

    Parameters
    ----------
    n_shared
        Items whose embedding is also among the impostors.
    ignored
        Names of sources that have labels, which are not used.
    """
    if ignored:
        yield ReportWarning(
            "labels-ignored", f"the labels of {' and '.join(ignored)} were not used"
        )
    yield from about_score("" if of.score == PLAIN_SCORE else of.score)
    yield from _about_duplicates(of.data, has_impostors=of.impostors is not None)
    if of.impostors is not None:
        yield from _about_duplicates(of.impostors, has_impostors=True)
    if n_shared:
        yield ReportWarning(
            "shared-items",
            f"{n_shared:,} of {of.data.n_items:,} items have exactly the embedding of an impostor:"
            " such a pair is at distance 0 and is accepted by every threshold; if it is the same"
            " item, or of the same class, remove it from one side",
        )
    for point in of.operating_points:
        yield from _about_point(of, point)


def _about_duplicates(data: ItemData, *, has_impostors: bool) -> Iterator[ReportWarning]:
    if not data.n_duplicates or data.duplicates_dropped:
        return
    effect = "confidence intervals take them for different items"
    if not has_impostors:
        effect = (
            "their pairs are at distance 0 and are accepted by every threshold, so that fewer"
            " others may be; --drop-duplicates leaves them out"
        )
    yield ReportWarning(
        "duplicates",
        f"{data.n_duplicates:,} of {data.n_items:,} items of {data.source} have exactly the same"
        f" embedding as an earlier item: {effect}",
    )


def _about_point(of: UnlabelledCalibration, point: UnlabelledPoint) -> Iterator[ReportWarning]:
    accepted, largest = point.accepted, of.max_positive_share or 0.0
    expected = (point.target_far or 0.0) * (1 - largest) * accepted.n
    if point.target_far is not None and expected < FEWEST_ERRORS:
        yield ReportWarning(
            "few-errors",
            f"FAR {point.target_far:g} allows only {expected:.3g} accepted pairs on this data; with"
            f" fewer than {FEWEST_ERRORS} the threshold is unreliable",
        )
    most = accepted.value / largest if largest else 1.0
    if most < _USEFUL_TAR:
        yield ReportWarning(
            "loose-bound",
            f"{point.name}: the threshold accepts {accepted.value:.3g} of all pairs, fewer than the"
            f" {largest:g} that may be positive; if that many are, TAR is at most {most:.3g}. A"
            " smaller --max-positive-share, impostors or labels allow a larger threshold",
        )
    if accepted.k == 0:
        yield ReportWarning(
            "no-errors",
            f"{point.name}: none of {accepted.n:,} pairs is accepted; the true share may be as high"
            f" as {accepted.ci.hi:.3g} (rule of three)",
        )
    elif point.n_effective < FEWEST_EFFECTIVE and accepted.value < _HIGH_FAR:
        units = " or ".join(dict.fromkeys(of.intervals_over))
        yield ReportWarning(
            "few-effective",
            f"{point.name}: most accepted pairs are those of a few {units} (effective number:"
            f" {point.n_effective:.1f}), so the confidence interval is unreliable",
        )
