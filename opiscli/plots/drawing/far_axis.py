"""The pooled false-accept rate along the upper edge of a picture over the threshold."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axes._secondary_axes import SecondaryAxis
from matplotlib.ticker import FixedFormatter, FixedLocator

from opiscli.arrays import FloatArray
from opiscli.plots.drawing.text import tick

_RATES = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 0.3, 0.5, 0.7, 0.9)
_NEAREST = 0.05
"""Ticks closer than this share of the axis would write over one another."""

_ABOVE = 32
"""How far above the picture's edge the rates are, in points."""


def draw_far_axis(thresholds: FloatArray, far: FloatArray, ax: Axes) -> SecondaryAxis:
    """Mark round rates where the threshold attains them, interpolated between thresholds.

    Parameters
    ----------
    thresholds, far
        Shape ``(n_thresholds,)``, thresholds increasing; FAR too, but for similarities that were
        given.
    """
    if far[0] > far[-1]:
        thresholds, far = thresholds[::-1], far[::-1]
    rates = [rate for rate in _RATES if far[0] < rate < far[-1]]
    at = np.interp(rates, far, thresholds)
    apart = _NEAREST * abs(thresholds[-1] - thresholds[0])
    shown: list[tuple[float, float]] = []
    for position, rate in zip(at, rates, strict=True):
        if not shown or abs(position - shown[-1][0]) >= apart:
            shown.append((position, rate))
    upper = ax.secondary_xaxis("top")
    # Above the similarities, which the same edge shows.
    upper.spines["top"].set_position(("outward", _ABOVE))
    upper.spines["top"].set_visible(False)
    upper.xaxis.set_major_locator(FixedLocator([position for position, _ in shown]))
    upper.xaxis.set_major_formatter(FixedFormatter([tick(rate) for _, rate in shown]))
    upper.xaxis.set_minor_locator(FixedLocator([]))
    upper.set_xlabel("pooled FAR")
    return upper
