"""Draws recognition error against OPIS, as the paper's first figure does.

Zhang et al., "Threshold-Consistent Margin Loss for Open-World Deep Metric Learning",
ICLR 2024, arXiv:2307.04047.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.text import Annotation

from opiscli.plots.drawing.palette import SERIES
from opiscli.plots.drawing.placement import PlacedNames
from opiscli.plots.drawing.text import label
from opiscli.plots.numbers.pareto import ModelPoint


@dataclass(frozen=True, slots=True)
class DrawnPareto:
    """The artists; dot ``j`` belongs to model ``j``, arrow ``j`` to pair ``j``."""

    dots: tuple[PathCollection, ...]
    arrows: tuple[Annotation, ...]
    names: tuple[Annotation, ...]
    placed: PlacedNames


def draw_pareto(
    models: Sequence[ModelPoint], ax: Axes, pairs: Sequence[tuple[int, int]] = ()
) -> DrawnPareto:
    """Draw a dot with both intervals per model, and an arrow from each base to its tuned model.

    Parameters
    ----------
    pairs
        Positions of base and tuned model.
    """
    dots = []
    for turn, model in enumerate(models):
        colour = SERIES[turn % len(SERIES)]
        ax.hlines(model.error, *model.opis_ci, color=colour, alpha=0.5, linewidth=1.0)
        ax.vlines(model.opis, *model.error_ci, color=colour, alpha=0.5, linewidth=1.0)
        dots.append(ax.scatter([model.opis], [model.error], s=48, color=colour, zorder=4))
    arrows = tuple(_draw_arrow(models[base], models[tuned], ax) for base, tuned in pairs)
    names = [_draw_name(model, SERIES[turn % len(SERIES)], ax) for turn, model in enumerate(models)]
    ax.margins(0.12)
    ax.set_xlabel("OPIS: variance of class scores at one threshold (0 means equal, not good)")
    ax.set_ylabel("1 − R@1: share of items whose\nnearest neighbour has another label")
    ax.set_title("1 − R@1 against OPIS, with 95 % confidence intervals")
    placed = PlacedNames(names, np.array([(model.opis, model.error) for model in models]), ax)
    placed.place()
    return DrawnPareto(tuple(dots), arrows, tuple(names), placed)


def _draw_arrow(base: ModelPoint, tuned: ModelPoint, ax: Axes) -> Annotation:
    return ax.annotate(
        "",
        xy=(tuned.opis, tuned.error),
        xytext=(base.opis, base.error),
        arrowprops={
            "arrowstyle": "-|>",
            "color": rcParams["text.color"],
            "linewidth": 1.2,
            "shrinkA": 5,
            "shrinkB": 5,
        },
        zorder=3,
    )


def _draw_name(model: ModelPoint, colour: str, ax: Axes) -> Annotation:
    return ax.annotate(
        label(model.name),
        (model.opis, model.error),
        xytext=(7, 5),
        textcoords="offset points",
        fontsize=8,
        color=colour,
        arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.6},
    )
