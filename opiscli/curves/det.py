"""The detection error trade-off: FRR against FAR, with the interval of FRR at each FAR."""

from dataclasses import dataclass

from opiscli.curves.naming import short_name
from opiscli.arrays import FloatArray
from opiscli.curves.distances import Mark, marks
from opiscli.metrics.det import frr_interval_at_far
from opiscli.metrics.rates import pooled_far, pooled_frr
from opiscli.pairs.counts import PairCounts
from opiscli.results import Evaluation


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


def det_curve(counts: PairCounts, of: Evaluation) -> DetCurve:
    """Take the curve from counts of all classes at the thresholds to be shown."""
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
