"""What a reader must know about the error rates of searches."""

from collections.abc import Iterable, Iterator

from opiscli.analysis.warnings.data import FEWEST_ERRORS
from opiscli.counts.counts import CountedSet
from opiscli.results import CalibratedPoint, OperatingPoint, ReportWarning
from opiscli.settings.target import Criterion


def search_warnings(run: CountedSet, points: Iterable[OperatingPoint]) -> Iterator[ReportWarning]:
    """Say why there are no searches, or what a threshold for an FPIR depends on."""
    # Listed pairs have no searches; counts of items lack them only in files of earlier versions.
    if run.counted.searches is None and run.settings.unit is None:
        yield ReportWarning(
            "no-searches",
            f"{run.data.name} has no counts of searches, so FPIR and FNIR are unknown; it was saved"
            " by an earlier version: evaluate the embeddings again",
        )
    for point in points:
        if isinstance(point, CalibratedPoint) and point.criterion == Criterion.FPIR:
            yield from _about_target(point)


def _about_target(point: CalibratedPoint) -> Iterator[ReportWarning]:
    found, target = point.identification, point.target or 0.0
    if found is None:
        return
    expected = target * found.fpir.n
    if expected < FEWEST_ERRORS:
        yield ReportWarning(
            "few-errors",
            f"FPIR {target:g} allows only {expected:.3g} false positives in"
            f" {found.fpir.n:,} searches; with fewer than {FEWEST_ERRORS} the threshold is"
            " unreliable",
        )
    if not found.fpir.k:
        yield ReportWarning(
            "no-errors",
            f"{point.name}: no false positives in {found.fpir.n:,} searches; the true FPIR may be"
            f" as high as {found.fpir.ci.hi:.3g} (rule of three over classes)",
        )
    yield ReportWarning(
        "gallery-size",
        f"{point.name} is for a gallery of {found.n_gallery:,} items; FPIR grows about in"
        " proportion to the gallery: calibrate on one as large as in production",
    )
