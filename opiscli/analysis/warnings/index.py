"""What a reader must know before using the thresholds with an index."""

from collections.abc import Iterator

from opiscli.results import Deployed, ReportWarning
from opiscli.results.text import distance, rate

_FACTOR = 2.0
_MOST_TAR_LOST = 0.1


def index_rate_warnings(of: Deployed) -> Iterator[ReportWarning]:
    """Warn where the exact thresholds no longer hold through the index."""
    for point in of.operating_points:
        exact, through = point.far, point.tar
        if exact.exact is None or exact.deployed is None:
            continue
        tar_lost = (through.exact or 0.0) - (through.deployed or 0.0)
        is_kept = exact.exact / _FACTOR <= exact.deployed <= exact.exact * _FACTOR
        if is_kept and tar_lost <= _MOST_TAR_LOST:
            continue
        lower = ""
        if of.opis.exact is not None and of.opis.deployed is not None:
            lower = "; its lower OPIS is no improvement" if of.opis.deployed < of.opis.exact else ""
        yield ReportWarning(
            "index-thresholds",
            f"through {of.index}, the threshold d ≤ {distance(point.threshold)} has FAR"
            f" {rate(exact.deployed)} instead of {rate(exact.exact)} and TAR"
            f" {rate(through.deployed)} instead of {rate(through.exact)}: thresholds of exact"
            f" distances do not hold for this index{lower}. Use an index that stores vectors more"
            " precisely, or choose the threshold on the distances that it returns",
        )
        return
