"""Diagnosis of per-class thresholds: would they help?"""

from dataclasses import replace

import numpy as np

from opiscli.counts.counts import CountedSet
from opiscli.counts.pair_counts import BinnedCounts
from opiscli.metrics.class_thresholds import own_thresholds
from opiscli.metrics.intervals.quantiles import student_quantile
from opiscli.results import Calibration, Interval, OwnThresholdGain
from opiscli.settings.calibration import CalibrationSettings

_WORTH_HAVING = 0.01


def diagnose_own_thresholds(
    calibration: Calibration, run: CountedSet, settings: CalibrationSettings
) -> Calibration:
    """Add the estimated gain of per-class thresholds on the classes used for calibration.

    Parameters
    ----------
    run
        Complete counts of them.
    """
    table = run.counted.table
    if not isinstance(table, BinnedCounts):
        raise TypeError("thresholds per class can only be chosen from complete counts")
    found = own_thresholds(table, run.counted.for_noise, settings.beta, settings.seed)
    gains = found.gains
    gain, n_classes, ci = float(gains.mean()), len(gains), None
    if n_classes > 1:
        reach = (
            float(student_quantile(n_classes - 1, 0.975))
            * float(gains.std(ddof=1))
            / np.sqrt(n_classes)
        )
        ci = Interval(float(gain - reach), float(gain + reach))
    lowest = 0.0 if ci is None else ci.lo
    diagnosis = OwnThresholdGain(
        n_classes=n_classes,
        single_threshold=found.single,
        utility_at_single=float(found.at_single.mean()),
        utility_at_own=float(found.at_own.mean()),
        optimism=float(found.optimism.mean()),
        gain=gain,
        ci=ci,
        worth_it=lowest > _WORTH_HAVING,
        verdict=_verdict(lowest),
    )
    return replace(calibration, own_thresholds=diagnosis)


def _verdict(lowest: float) -> str:
    if lowest > _WORTH_HAVING:
        return (
            f"worth considering: per-class thresholds gain at least {lowest:.3f} in mean utility"
            " for known classes; a new class has none"
        )
    if lowest > 0:
        return f"hardly worth it: per-class thresholds may gain as little as {lowest:.4f}"
    return "not significant: per-class thresholds are not worth it"
