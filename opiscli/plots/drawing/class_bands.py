"""Draws the scores of thousands of classes as quantile bands."""

from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.collections import FillBetweenPolyCollection
from matplotlib.lines import Line2D

from opiscli.plots.drawing.palette import BLUE
from opiscli.plots.numbers.utility import QUANTILES, UtilityCurves


@dataclass(frozen=True, slots=True)
class ClassBands:
    """The artists: the wide band contains 90 % of the classes, the narrow one 50 %."""

    wide: FillBetweenPolyCollection
    narrow: FillBetweenPolyCollection
    median: Line2D


def draw_class_bands(curves: UtilityCurves, ax: Axes) -> ClassBands:
    """Fill the ranges between quantiles of the class scores at each threshold."""
    wide, narrow = (
        ax.fill_between(
            curves.thresholds,
            curves.quantiles[first],
            curves.quantiles[-1 - first],
            color=BLUE,
            alpha=alpha,
            linewidth=0,
            zorder=1,
            label=f"{100 * QUANTILES[first]:g}–{100 * QUANTILES[-1 - first]:g} % of classes",
        )
        for first, alpha in ((0, 0.2), (1, 0.35))
    )
    middle = len(QUANTILES) // 2
    (median,) = ax.plot(curves.thresholds, curves.quantiles[middle], color=BLUE, linewidth=1.4)
    median.set_label("median class")
    return ClassBands(wide, narrow, median)
