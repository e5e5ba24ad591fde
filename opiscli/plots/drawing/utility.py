"""Draws the utility of every class over the threshold."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.collections import FillBetweenPolyCollection, LineCollection, QuadMesh
from matplotlib.colors import LinearSegmentedColormap, LogNorm, to_rgba
from matplotlib.lines import Line2D

from opiscli.arrays import FloatArray, IntArray
from opiscli.plots.drawing.far_axis import draw_far_axis
from opiscli.plots.drawing.palette import BLUE, SERIES, VERMILION
from opiscli.plots.drawing.text import caption, label
from opiscli.plots.numbers.utility import UtilityCurves

_MOST_LINES = 300
"""More classes than this are shown by how many there are, not by a line each."""

_BINS = 120


@dataclass(frozen=True, slots=True)
class DrawnCurves:
    """The artists of one panel."""

    classes: LineCollection | QuadMesh
    mean: Line2D
    worst_mean: Line2D
    worst_band: FillBetweenPolyCollection
    highlighted: tuple[Line2D, ...]


def draw_curves(curves: UtilityCurves, ax: Axes, highlight: Sequence[str] = ()) -> DrawnCurves:
    """Draw all classes thin and translucent, their mean bold and the worst of them as a band.

    Parameters
    ----------
    highlight
        Labels of classes to draw on top and name in the legend; those not there are left out.
    """
    n_classes = len(curves.utility)
    ink = rcParams["text.color"]
    ax.axvspan(
        *curves.range, color=ink, alpha=0.1, linewidth=0, zorder=0, label="calibration range"
    )
    ax.vlines(list(curves.range), 0, 1.02, color=ink, alpha=0.5, linewidth=0.6, zorder=3)
    classes = _draw_density(curves, ax) if n_classes > _MOST_LINES else _draw_lines(curves, ax)
    band, worst_mean = _draw_worst(curves, ax)
    (mean,) = ax.plot(curves.thresholds, curves.mean, color=ink, linewidth=2.4, zorder=5)
    mean.set_label("mean of all classes")
    highlighted = tuple(
        _draw_highlighted(curves, ax, curves.names.index(name), turn)
        for turn, name in enumerate(highlight)
        if name in curves.names
    )
    ax.set(
        xlim=(curves.thresholds[0], curves.thresholds[-1]),
        ylim=(0, 1.02),
        xlabel=f"threshold, {curves.distance} distance",
        ylabel="utility of a class",
        title=caption(curves.source, _numbers(curves)),
    )
    draw_far_axis(curves.thresholds, curves.far, ax)
    return DrawnCurves(classes, mean, worst_mean, band, highlighted)


def _draw_worst(curves: UtilityCurves, ax: Axes) -> tuple[FillBetweenPolyCollection, Line2D]:
    """The band of the worst classes, and their mean."""
    band = ax.fill_between(
        curves.thresholds,
        curves.lowest,
        curves.worst_edge,
        color=VERMILION,
        alpha=0.2,
        linewidth=0,
        zorder=2,
    )
    band.set_label(f"worst {curves.n_worst:,} of {len(curves.utility):,} classes")
    (worst_mean,) = ax.plot(
        curves.thresholds,
        curves.worst_mean,
        color=VERMILION,
        linestyle="dashed",
        linewidth=1.6,
        zorder=4,
    )
    worst_mean.set_label("mean of the worst")
    return band, worst_mean


def _draw_lines(curves: UtilityCurves, ax: Axes) -> LineCollection:
    points = np.stack(
        [np.broadcast_to(curves.thresholds, curves.utility.shape), curves.utility], axis=-1
    )
    alpha = float(np.clip(4 / np.sqrt(len(curves.utility)), 0.2, 0.7))
    lines = LineCollection(list(points), colors=BLUE, linewidths=0.7, alpha=alpha, zorder=1)
    ax.add_collection(lines)
    return lines


def _draw_density(curves: UtilityCurves, ax: Axes) -> QuadMesh:
    clear = LinearSegmentedColormap.from_list("clear to blue", [to_rgba(BLUE, 0.06), to_rgba(BLUE)])
    counted = curve_density(curves.utility, _BINS)
    t = curves.thresholds
    columns = np.concatenate([t[:1], (t[1:] + t[:-1]) / 2, t[-1:]])
    return ax.pcolormesh(
        columns,
        np.linspace(0, 1, _BINS + 1),
        np.ma.masked_equal(counted, 0),
        cmap=clear,
        norm=LogNorm(1, len(curves.utility) / 10, clip=True),
        rasterized=True,
        zorder=1,
    )


def _draw_highlighted(curves: UtilityCurves, ax: Axes, position: int, turn: int) -> Line2D:
    colours = SERIES[2:]
    (line,) = ax.plot(curves.thresholds, curves.utility[position], linewidth=1.5, zorder=6)
    line.set_color(colours[turn % len(colours)])
    line.set_linestyle(("solid", "dashed", "dotted")[turn // len(colours) % 3])
    line.set_label(label(curves.names[position]))
    return line


def _numbers(curves: UtilityCurves) -> str:
    eps = (
        ""
        if curves.eps_opis is None
        else f"   {100 * curves.epsilon:g}%-OPIS {curves.eps_opis:.4g}"
    )
    return f"OPIS {curves.opis:.4g}{eps}"


def curve_density(curves: FloatArray, n_bins: int) -> IntArray:
    """Count the curves in each of ``n_bins`` equal bins of [0, 1] at each point.

    That is what thousands of lines show best.

    Parameters
    ----------
    curves
        Shape ``(n_curves, n_points)``, in [0, 1].

    Returns
    -------
    IntArray
        Shape ``(n_bins, n_points)``, lowest values first; columns sum to ``n_curves``.
    """
    n_points = curves.shape[1]
    bins = np.minimum((curves * n_bins).astype(np.int64), n_bins - 1)
    cells = bins * n_points + np.arange(n_points)
    return np.bincount(cells.ravel(), minlength=n_bins * n_points).reshape(n_bins, n_points)
