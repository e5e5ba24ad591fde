"""The detection error trade-off: FRR against FAR, with the interval of FRR at each FAR."""

from dataclasses import dataclass

from opiscli.arrays import FloatArray
from opiscli.counted import Counted
from opiscli.curves.distances import Mark, marks
from opiscli.curves.naming import short_name
from opiscli.curves.overview import evenly_by_far
from opiscli.metrics.det import frr_interval_at_far
from opiscli.metrics.rates import pooled_far, pooled_frr
from opiscli.results import Evaluation

_FEWEST_ERRORS = 10
_MOST = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class DetCurve:
    """Pooled error rates, one point per threshold.

    Parameters
    ----------
    far, frr
        Shape ``(n_points,)``, above 0 and below 1, because normal deviates of 0 and 1
        are infinite; FAR increasing.
    lo, hi
        Same shape, 95 % interval of FRR at that FAR.
    marks
        The attainable operating points.
    """

    source: str
    far: FloatArray
    frr: FloatArray
    lo: FloatArray
    hi: FloatArray
    marks: tuple[Mark, ...]


def det_curve(counted: Counted, of: Evaluation, n_thresholds: int = 120) -> DetCurve:
    """Take the curve from complete counts, from ten false accepts up."""
    least = min(_FEWEST_ERRORS / of.pairs.n_negative, _MOST / 2)
    counts = counted.at(evenly_by_far(counted, n_thresholds, least=least, most=_MOST))
    far, frr = pooled_far(counts), pooled_frr(counts)
    lo, hi = frr_interval_at_far(counts)
    shown = (far > 0) & (far < 1) & (frr > 0) & (frr < 1)
    return DetCurve(
        source=short_name(of),
        far=far[shown],
        frr=frr[shown],
        lo=lo[shown],
        hi=hi[shown],
        marks=marks(of),
    )
