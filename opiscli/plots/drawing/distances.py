"""Draws the distances of positive and of negative pairs, and where thresholds cut them."""

from dataclasses import dataclass

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import StepPatch
from matplotlib.ticker import FuncFormatter

from opiscli.plots.drawing.palette import BLUE, VERMILION
from opiscli.plots.drawing.text import caption, tick
from opiscli.plots.numbers.distances import Distances, Mark


@dataclass(frozen=True, slots=True)
class DrawnDistances:
    """The artists of the picture; line ``j`` belongs to mark ``j``."""

    positive: StepPatch
    negative: StepPatch
    thresholds: tuple[Line2D, ...]


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
            (distances.positive, n_positive, BLUE, "positive pairs, of one class"),
            (distances.negative, n_negative, VERMILION, "negative pairs, of two classes"),
        )
    ]
    ax.set(
        xlim=(distances.edges[0], distances.edges[-1]),
        xlabel=f"{distances.distance} distance",
        ylabel="share of pairs per unit of distance",
        title=caption(distances.source, f"{n_positive:,} positive, {n_negative:,} negative pairs"),
    )
    ax.set_ylim(bottom=floor)
    lines = tuple(_draw_mark(mark, ax, turn) for turn, mark in enumerate(distances.marks))
    return DrawnDistances(steps[0], steps[1], lines)


def _draw_mark(mark: Mark, ax: Axes, turn: int) -> Line2D:
    ink, ground = rcParams["text.color"], rcParams["axes.facecolor"]
    line = ax.axvline(mark.threshold, color=ink, linewidth=1.0, linestyle="dashed")
    ax.annotate(
        f"FAR ≤ {mark.target_far:g}\nTAR {1 - mark.frr:.3g}",
        (mark.threshold, 0.99 - 0.12 * turn),
        xycoords=("data", "axes fraction"),
        xytext=(-4, 0),
        textcoords="offset points",
        ha="right",
        va="top",
        fontsize=8,
        bbox={"facecolor": ground, "edgecolor": "none", "alpha": 0.75, "pad": 1},
    )
    return line
