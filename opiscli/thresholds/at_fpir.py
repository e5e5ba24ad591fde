"""Chooses the threshold for a false-positive identification rate: never above the target."""

import numpy as np

from opiscli.counts.search_counts import SearchCounts
from opiscli.errors import UndefinedMetric
from opiscli.metrics.identification import fpir
from opiscli.settings.numbers import plain


def threshold_at_fpir(
    searches: SearchCounts | None, target: float, *, allow_zero: bool = False
) -> float:
    """Largest counted threshold with an FPIR of at most ``target``.

    Parameters
    ----------
    allow_zero
        Whether the largest threshold that accepts no candidate will do.

    Raises
    ------
    UndefinedMetric
        If no threshold accepts any candidate without exceeding the target, or searches were not
        counted.
    """
    if searches is None:
        raise UndefinedMetric(
            "FPIR is unknown: these counts were saved by a version of opis that did not count"
            " searches",
            hint="Evaluate the embeddings again.",
        )
    rates = fpir(searches)
    allowed = np.flatnonzero(rates <= target)
    if len(allowed) and (allow_zero or rates[allowed[-1]] > 0):
        return float(searches.thresholds[allowed[-1]])
    n, nearest = int(searches.non_mated.sum()), int(np.argmax(rates > 0))
    hint = "Give a larger target, or --allow-zero for a threshold that accepts no candidate."
    if not len(allowed):
        hint = "Give a larger target: every threshold accepts candidates at distance 0."
    raise UndefinedMetric(
        f"FPIR {plain(target)} is unattainable: the smallest threshold that accepts any candidate"
        f" already has FPIR {rates[nearest]:.3g} ({searches.false_positives[nearest]:,} of"
        f" {n:,} searches)",
        hint=hint,
    )
