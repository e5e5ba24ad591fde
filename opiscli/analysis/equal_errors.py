"""The equal error rate of listed pairs, exact on their scores."""

import numpy as np

from opiscli.analysis.given_thresholds import shown_similarity
from opiscli.analysis.operating_points import pooled_far_rate, pooled_frr_rate
from opiscli.counts.counts import Counts
from opiscli.distance import Distance
from opiscli.results import EqualErrors
from opiscli.thresholds.rate_curves import pooled_rates


def equal_errors(counted: Counts, distance: Distance) -> EqualErrors:
    """Rates where FAR and FRR are closest, and their mean, which is the equal error rate.

    Where ties keep the two apart, that is the usual convention, as in bob.measure.
    """
    rates = pooled_rates(counted.pooled)
    threshold = float(rates.thresholds[np.argmin(np.abs(rates.far - rates.frr))])
    counts = counted.at(np.array([threshold]))
    far, frr = pooled_far_rate(counts), pooled_frr_rate(counts)
    return EqualErrors(
        value=(far.value + frr.value) / 2,
        threshold=distance.shown(threshold),
        similarity=shown_similarity(threshold, distance),
        far=far,
        frr=frr,
    )
