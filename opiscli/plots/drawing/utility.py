"""Draws the score of every class over the threshold."""

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import fill

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.axes._secondary_axes import SecondaryAxis
from matplotlib.collections import FillBetweenPolyCollection, LineCollection
from matplotlib.lines import Line2D

from opiscli.plots.drawing.class_bands import ClassBands, draw_class_bands
from opiscli.plots.drawing.far_axis import draw_far_axis
from opiscli.plots.drawing.palette import BLUE, SERIES, VERMILION
from opiscli.plots.drawing.similarity_axis import draw_similarity_axis, in_both_units
from opiscli.plots.drawing.text import caption, label
from opiscli.plots.numbers.utility import UtilityCurves, score_in_words
from opiscli.results.decision import is_score, score_threshold
from opiscli.results.text import rate

MOST_LINES = 300
"""The scores of more classes than this are shown as bands, not by a line for each class."""

_LABEL_LETTERS = 34
"""In one line of the label beside the axis."""


@dataclass(frozen=True, slots=True)
class DrawnCurves:
    """The artists of one panel; the band of the worst is there where classes are lines."""

    classes: LineCollection | ClassBands
    mean: Line2D
    worst_mean: Line2D
    worst_band: FillBetweenPolyCollection | None
    highlighted: tuple[Line2D, ...]
    similarity_axis: SecondaryAxis | None
    far_axis: SecondaryAxis


def draw_curves(curves: UtilityCurves, ax: Axes, highlight: Sequence[str] = ()) -> DrawnCurves:
    """Draw all classes thin and translucent, their mean bold and the worst of them as a band.

    More than `MOST_LINES` classes are drawn as bands that hold 90 % and 50 % of them.

    Parameters
    ----------
    highlight
        Labels of classes to draw on top and name in the legend; those not there are left out.
    """
    ink = rcParams["text.color"]
    _draw_range(curves, ax)
    are_lines = len(curves.utility) <= MOST_LINES
    classes = _draw_lines(curves, ax) if are_lines else draw_class_bands(curves, ax)
    band = _draw_worst_band(curves, ax) if are_lines else None
    worst_mean = _draw_worst_mean(curves, ax)
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
        ylabel=fill(f"class score: {score_in_words(curves.score)}", _LABEL_LETTERS),
        title=f"{caption(curves.source, _numbers(curves))}\n{_range(curves)}",
    )
    similarities = draw_similarity_axis(curves.distance, ax, "threshold: ")
    rates = draw_far_axis(curves.thresholds, curves.far, ax)
    return DrawnCurves(classes, mean, worst_mean, band, highlighted, similarities, rates)


def _draw_range(curves: UtilityCurves, ax: Axes) -> None:
    ink, ends = rcParams["text.color"], curves.range
    ax.axvspan(*ends, color=ink, alpha=0.1, linewidth=0, zorder=0, label="calibration range")
    ax.vlines(list(ends), 0, 1.02, color=ink, alpha=0.5, linewidth=0.6, zorder=3)


def _draw_worst_band(curves: UtilityCurves, ax: Axes) -> FillBetweenPolyCollection:
    return ax.fill_between(
        curves.thresholds,
        curves.lowest,
        curves.worst_edge,
        color=VERMILION,
        alpha=0.2,
        linewidth=0,
        zorder=2,
        label=f"lowest {_worst(curves)} scores",
    )


def _draw_worst_mean(curves: UtilityCurves, ax: Axes) -> Line2D:
    (worst_mean,) = ax.plot(
        curves.thresholds,
        curves.worst_mean,
        color=VERMILION,
        linestyle="dashed",
        linewidth=1.6,
        zorder=4,
        label=f"mean of the lowest {_worst(curves)}",
    )
    return worst_mean


def _worst(curves: UtilityCurves) -> str:
    return f"{curves.n_worst:,} of {len(curves.utility):,}"


def _draw_lines(curves: UtilityCurves, ax: Axes) -> LineCollection:
    points = np.stack(
        [np.broadcast_to(curves.thresholds, curves.utility.shape), curves.utility], axis=-1
    )
    alpha = float(np.clip(4 / np.sqrt(len(curves.utility)), 0.2, 0.7))
    lines = LineCollection(list(points), colors=BLUE, linewidths=0.7, alpha=alpha, zorder=1)
    ax.add_collection(lines)
    return lines


def _draw_highlighted(curves: UtilityCurves, ax: Axes, position: int, turn: int) -> Line2D:
    colours = SERIES[2:]
    (line,) = ax.plot(curves.thresholds, curves.utility[position], linewidth=1.5, zorder=6)
    line.set_color(colours[turn % len(colours)])
    line.set_linestyle(("solid", "dashed", "dotted")[turn // len(colours) % 3])
    line.set_label(label(curves.names[position]))
    return line


def _numbers(curves: UtilityCurves) -> str:
    found = [f"OPIS {rate(curves.opis)} (√OPIS {rate(curves.opis**0.5)})"]
    if curves.eps_opis is not None:
        found.append(f"{100 * curves.epsilon:g}%-OPIS {rate(curves.eps_opis)}")
    return "   ".join(found)


def _range(curves: UtilityCurves) -> str:
    if is_score(curves.distance):
        ends = [score_threshold(end, curves.distance) for end in curves.range]
        return f"calibration range: score {ends[0]} to {ends[1]}"
    first, last = (in_both_units(end, curves.distance) for end in curves.range)
    return (
        f"calibration range: similarity {first[0]} to {last[0]}, distance {first[1]} to {last[1]}"
    )
