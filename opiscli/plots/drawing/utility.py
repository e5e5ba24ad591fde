"""Draws the utility of every class over the threshold."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.collections import FillBetweenPolyCollection, LineCollection, QuadMesh
from matplotlib.colors import LinearSegmentedColormap, LogNorm, to_rgba
from matplotlib.lines import Line2D

from opiscli.plots.drawing.density import curve_density
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


def draw_curves(of: UtilityCurves, ax: Axes, highlight: Sequence[str] = ()) -> DrawnCurves:
    """Draw all classes thin and translucent, their mean bold and the worst of them as a band.

    Parameters
    ----------
    highlight
        Labels of classes to draw on top and name in the legend; those not there are left out.
    """
    n_classes = len(of.utility)
    ink = rcParams["text.color"]
    ax.axvspan(*of.range, color=ink, alpha=0.1, linewidth=0, zorder=0, label="calibration range")
    ax.vlines(list(of.range), 0, 1.02, color=ink, alpha=0.5, linewidth=0.6, zorder=3)
    classes = _draw_density(of, ax) if n_classes > _MOST_LINES else _draw_lines(of, ax)
    band = ax.fill_between(
        of.thresholds, of.lowest, of.worst_edge, color=VERMILION, alpha=0.2, linewidth=0, zorder=2
    )
    band.set_label(f"worst {of.n_worst:,} of {n_classes:,} classes")
    (worst_mean,) = ax.plot(
        of.thresholds, of.worst_mean, color=VERMILION, linestyle="dashed", linewidth=1.6, zorder=4
    )
    worst_mean.set_label("mean of the worst")
    (mean,) = ax.plot(of.thresholds, of.mean, color=ink, linewidth=2.4, zorder=5)
    mean.set_label("mean of all classes")
    highlighted = tuple(
        _draw_highlighted(of, ax, of.names.index(name), turn)
        for turn, name in enumerate(highlight)
        if name in of.names
    )
    ax.set(
        xlim=(of.thresholds[0], of.thresholds[-1]),
        ylim=(0, 1.02),
        xlabel=f"threshold, {of.distance} distance",
        ylabel="utility of a class",
        title=caption(of.source, _numbers(of)),
    )
    draw_far_axis(of.thresholds, of.far, ax)
    return DrawnCurves(classes, mean, worst_mean, band, highlighted)


def _draw_lines(of: UtilityCurves, ax: Axes) -> LineCollection:
    points = np.stack([np.broadcast_to(of.thresholds, of.utility.shape), of.utility], axis=-1)
    alpha = float(np.clip(4 / np.sqrt(len(of.utility)), 0.2, 0.7))
    lines = LineCollection(list(points), colors=BLUE, linewidths=0.7, alpha=alpha, zorder=1)
    ax.add_collection(lines)
    return lines


def _draw_density(of: UtilityCurves, ax: Axes) -> QuadMesh:
    clear = LinearSegmentedColormap.from_list("clear to blue", [to_rgba(BLUE, 0.06), to_rgba(BLUE)])
    counted = curve_density(of.utility, _BINS)
    t = of.thresholds
    columns = np.concatenate([t[:1], (t[1:] + t[:-1]) / 2, t[-1:]])
    return ax.pcolormesh(
        columns,
        np.linspace(0, 1, _BINS + 1),
        np.ma.masked_equal(counted, 0),
        cmap=clear,
        norm=LogNorm(1, len(of.utility) / 10, clip=True),
        rasterized=True,
        zorder=1,
    )


def _draw_highlighted(of: UtilityCurves, ax: Axes, position: int, turn: int) -> Line2D:
    colours = SERIES[2:]
    (line,) = ax.plot(of.thresholds, of.utility[position], linewidth=1.5, zorder=6)
    line.set_color(colours[turn % len(colours)])
    line.set_linestyle(("solid", "dashed", "dotted")[turn // len(colours) % 3])
    line.set_label(label(of.names[position]))
    return line


def _numbers(of: UtilityCurves) -> str:
    eps = "" if of.eps_opis is None else f"   {100 * of.epsilon:g}%-OPIS {of.eps_opis:.4g}"
    return f"OPIS {of.opis:.4g}{eps}"
