"""The detection error trade-off: FRR against FAR, with the interval of FRR at each FAR."""

from dataclasses import dataclass

from opiscli.arrays import FloatArray
from opiscli.counts.counts import CountedSet
from opiscli.errors import UndefinedMetric
from opiscli.metrics.intervals.det import frr_interval_at_far
from opiscli.metrics.rates import pooled_far, pooled_frr
from opiscli.plots.numbers.distances import Mark, marks
from opiscli.plots.numbers.thresholds import evenly_by_far

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
        Same shape, 95 % confidence interval of FRR at that FAR.
    marks
        The attainable operating points.
    """

    source: str
    far: FloatArray
    frr: FloatArray
    lo: FloatArray
    hi: FloatArray
    marks: tuple[Mark, ...]


def det_curve(name: str, run: CountedSet, n_thresholds: int = 120) -> DetCurve:
    """Take the curve from complete counts, from ten false accepts up.

    Raises
    ------
    UndefinedMetric
        If no threshold has both rates above 0 and below 1.
    """
    counted = run.counted
    least = min(_FEWEST_ERRORS / int(counted.pooled.negative.sum()), _MOST / 2)
    counts = counted.at(evenly_by_far(counted, n_thresholds, least=least, most=_MOST))
    far, frr = pooled_far(counts), pooled_frr(counts)
    lo, hi = frr_interval_at_far(counts)
    shown = (far > 0) & (far < 1) & (frr > 0) & (frr < 1)
    if not shown.any():
        raise UndefinedMetric(
            f"{name} has no threshold at which FAR and FRR are both above 0 and below 1, so"
            " there is no trade-off to draw",
            hint="Draw a larger set, or the distances themselves with plot-distances.",
        )
    return DetCurve(
        source=name,
        far=far[shown],
        frr=frr[shown],
        lo=lo[shown],
        hi=hi[shown],
        marks=marks(counted.pooled, run.settings.distance),
    )
