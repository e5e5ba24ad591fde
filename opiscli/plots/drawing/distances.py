"""Draws the distances of same-class and different-class pairs, and where thresholds cut them."""

from dataclasses import dataclass

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.axes._secondary_axes import SecondaryAxis
from matplotlib.lines import Line2D
from matplotlib.patches import StepPatch
from matplotlib.ticker import FuncFormatter

from opiscli.plots.drawing.palette import BLUE, VERMILION
from opiscli.plots.drawing.similarity_axis import as_condition, draw_similarity_axis
from opiscli.plots.drawing.text import caption, tick
from opiscli.plots.numbers.distances import Distances, Mark
from opiscli.results.decision import is_score
from opiscli.results.text import rate

_STEP = 0.12
"""Each mark is written lower than the one before, as a share of the picture's height."""

_NARROW = 0.3
"""Left of a line nearer to the left edge than this, there is no room for text."""


@dataclass(frozen=True, slots=True)
class DrawnDistances:
    """The artists of the picture; line ``j`` belongs to mark ``j``."""

    positive: StepPatch
    negative: StepPatch
    thresholds: tuple[Line2D, ...]
    similarity_axis: SecondaryAxis | None


def draw_distances(distances: Distances, ax: Axes, *, log: bool = False) -> DrawnDistances:
    """Draw both histograms as densities, and a line for every operating point.

    Parameters
    ----------
    log
        Whether densities are on a logarithmic scale, which shows the rare near negatives.
    """
    n_positive, n_negative = int(distances.positive.sum()), int(distances.negative.sum())
    # On a logarithmic scale an empty bin ends at half a pair, below every other.
    widths = np.diff(distances.edges)
    floor = 0.5 / max(n_positive, n_negative) / widths.max() if log else 0.0
    if log:
        ax.set_yscale("log")
        ax.yaxis.set_major_formatter(FuncFormatter(lambda density, _: tick(density)))
    steps = [
        ax.stairs(
            np.maximum(counted / n / widths, floor),
            distances.edges,
            baseline=floor,
            fill=True,
            color=colour,
            alpha=0.5,
            label=name,
        )
        for counted, n, colour, name in (
            (distances.positive, n_positive, BLUE, "same-class pairs"),
            (distances.negative, n_negative, VERMILION, "different-class pairs"),
        )
    ]
    unit = "score" if is_score(distances.distance) else "distance"
    ax.set(
        xlim=(distances.edges[0], distances.edges[-1]),
        ylabel=f"share of pairs per unit of {unit}",
        title=caption(
            distances.source,
            f"{n_positive:,} same-class pairs, {n_negative:,} different-class pairs",
        ),
    )
    ax.set_ylim(bottom=floor)
    upper = draw_similarity_axis(distances.distance, ax)
    lines = tuple(
        _draw_mark(mark, as_condition(mark.threshold, distances.distance), ax, turn)
        for turn, mark in enumerate(distances.marks)
    )
    return DrawnDistances(steps[0], steps[1], lines, upper)


def _draw_mark(mark: Mark, condition: str, ax: Axes, turn: int) -> Line2D:
    ink, ground = rcParams["text.color"], rcParams["axes.facecolor"]
    line = ax.axvline(mark.threshold, color=ink, linewidth=1.0, linestyle="dashed")
    first, last = ax.get_xlim()
    right = mark.threshold - first < _NARROW * (last - first)
    ax.annotate(
        f"FAR ≤ {mark.target_far:g}, TAR {rate(1 - mark.frr)}\n{condition}",
        (mark.threshold, 0.99 - _STEP * turn),
        xycoords=("data", "axes fraction"),
        xytext=(4 if right else -4, 0),
        textcoords="offset points",
        ha="left" if right else "right",
        va="top",
        fontsize=8,
        bbox={"facecolor": ground, "edgecolor": "none", "pad": 1},
    )
    return line
