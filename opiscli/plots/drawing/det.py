"""Draws detection error trade-off curves on normal-deviate axes.

Martin et al., "The DET curve in assessment of detection task performance", Eurospeech 1997.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.collections import FillBetweenPolyCollection, PathCollection
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedFormatter, FixedLocator
from scipy.special import ndtr, ndtri

from opiscli.arrays import FloatArray
from opiscli.plots.drawing.palette import series_style
from opiscli.plots.drawing.text import label, tick
from opiscli.plots.numbers.det import DetCurve

_SMALL_TICKS = (1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2)
_TICKS = (*_SMALL_TICKS, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999)
_LEAST = 1e-9
_MARKERS = "osD^v"


@dataclass(frozen=True, slots=True)
class DrawnDet:
    """The artists of one curve."""

    line: Line2D
    band: FillBetweenPolyCollection
    points: PathCollection


def draw_det(curves: Sequence[DetCurve], ax: Axes) -> list[DrawnDet]:
    """Draw one curve per source with its interval, and its operating points as dots."""
    for axis in ("x", "y"):
        _deviate_scale(ax, axis)
    drawn = [_draw_curve(curve, ax, turn) for turn, curve in enumerate(curves)]
    far = np.concatenate([curve.far for curve in curves])
    frr = np.concatenate([curve.frr for curve in curves])
    ax.set_xlim(far.min(), min(far.max(), 0.9))
    ax.set_ylim(max(frr.min(), 1e-4), frr.max())
    ax.grid(color=rcParams["text.color"], alpha=0.12, linewidth=0.6)
    targets = {mark.target_far for curve in curves for mark in curve.marks}
    marked = ", ".join(f"{target:g}" for target in sorted(targets))
    ax.set_title(f"Error trade-off (DET curve); dots at the thresholds for FAR ≤ {marked}")
    ax.set_xlabel("FAR: accepted share of different-class pairs")
    ax.set_ylabel("FRR: rejected share of same-class pairs")
    return drawn


def _draw_curve(curve: DetCurve, ax: Axes, turn: int) -> DrawnDet:
    style = series_style(turn)
    (line,) = ax.plot(curve.far, curve.frr, linewidth=1.8, label=label(curve.source), **style)
    inside = (_clipped(curve.lo), _clipped(curve.hi))
    band = ax.fill_between(curve.far, *inside, color=style["color"], alpha=0.18, linewidth=0)
    points = ax.scatter(
        [mark.far for mark in curve.marks],
        [mark.frr for mark in curve.marks],
        marker=_MARKERS[turn % len(_MARKERS)],
        s=34,
        color=style["color"],
        edgecolors=rcParams["axes.facecolor"],
        zorder=4,
    )
    return DrawnDet(line, band, points)


def _clipped(rates: FloatArray) -> FloatArray:
    return np.clip(rates, _LEAST, 1 - _LEAST)


def _deviate_scale(ax: Axes, which: Literal["x", "y"]) -> None:
    set_scale = ax.set_xscale if which == "x" else ax.set_yscale
    set_scale("function", functions=(_deviate, ndtr))
    axis = ax.xaxis if which == "x" else ax.yaxis
    axis.set_major_locator(FixedLocator(_TICKS))
    axis.set_major_formatter(FixedFormatter([tick(rate) for rate in _TICKS]))
    axis.set_minor_locator(FixedLocator([]))


def _deviate(rates: FloatArray) -> FloatArray:
    return np.asarray(ndtri(_clipped(rates)))
