"""Confidence interval of a share of searches, for new classes of queries and the same gallery."""

from dataclasses import replace

import numpy as np

from opiscli.arrays import AnyArray, IntArray
from opiscli.metrics.intervals.rate import interval
from opiscli.metrics.intervals.rate_spread import ClassesSeen, pooled_spread

_BOTH = 2
"""Classes that a false positive within one set involves: of the query and of its candidate."""


def search_interval(
    errors: AnyArray, searches: IntArray, *, in_twos: bool, confidence: float = 0.95
) -> tuple[float, float]:
    r"""Interval of the share of searches that are wrong, from sums by class of the query.

    The delete-one-class jackknife on the logit scale (`pooled_spread`), as each search has one
    class of query. Within one set queries are items of the gallery: if items of two classes are
    alike, searches for either find the other, so false positives come in twos. The standard error
    of the jackknife is then :math:`\sqrt{2}` times as large, and without any error n classes are
    n / 2 trials. That held in 95 % of draws or more, the jackknife alone in 86 to 98 % and a
    bootstrap over classes in 73 to 88 % (``benchmarks/identification_coverage.py``).

    Parameters
    ----------
    errors
        Shape ``(n_classes,)``, wrong searches for items of each class; a tie is half an error.
    searches
        Same shape, all searches.
    in_twos
        Whether errors are false positives within one set.

    Returns
    -------
    tuple of float
        Lower and upper bound, in [0, 1].
    """
    of_class = searches > 0
    wrong, of_all = errors[of_class, None], searches[of_class]
    spread = pooled_spread(wrong, of_all, 1, inflation=np.sqrt(_BOTH) if in_twos else 1.0)
    if in_twos:
        weight = _BOTH * of_all / of_all.sum()
        spread = replace(
            spread,
            erring=ClassesSeen.of(wrong > 0, weight, _BOTH),
            sparing=ClassesSeen.of(wrong < of_all[:, None], weight, _BOTH),
        )
    lo, hi = interval(spread, confidence)
    return float(lo[0]), float(hi[0])
