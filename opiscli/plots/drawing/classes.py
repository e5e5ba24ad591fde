"""Draws both error rates of every class at one threshold."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.lines import Line2D
from matplotlib.text import Annotation

from opiscli.arrays import FloatArray
from opiscli.plots.drawing.palette import BLUE, VERMILION
from opiscli.plots.drawing.placement import place_apart
from opiscli.plots.drawing.text import caption, label
from opiscli.plots.numbers.classes import ClassErrors
from opiscli.results.text import distance

_MOST_VECTOR_DOTS = 500
_HIGH = 0.85
_INK = 25_000.0
"""Area of all dots together, in square points, so that thousands do not become one block."""


@dataclass(frozen=True, slots=True)
class DrawnClasses:
    """The artists; dot ``j`` belongs to class ``j``."""

    dots: PathCollection
    highlighted: PathCollection
    names: tuple[Annotation, ...]
    pooled: tuple[Line2D, Line2D]


def draw_classes(errors: ClassErrors, ax: Axes, highlight: Sequence[str] = ()) -> DrawnClasses:
    """Draw one dot per class, its area growing with the class's items, and the pooled rates.

    Parameters
    ----------
    highlight
        Labels of classes to name.
    """
    ink = rcParams["text.color"]
    areas = _areas(errors)
    alpha = float(np.clip(8 / np.sqrt(len(errors.names)), 0.3, 0.8))
    dots = ax.scatter(
        errors.far,
        errors.frr,
        s=areas,
        color=BLUE,
        alpha=alpha,
        linewidths=0,
        rasterized=len(errors.names) > _MOST_VECTOR_DOTS,
    )
    _size_key(errors, areas, ax)
    chosen = [errors.names.index(name) for name in highlight]
    named = ax.scatter(
        errors.far[chosen],
        errors.frr[chosen],
        s=areas[chosen],
        color=VERMILION,
        linewidths=0,
        zorder=3,
    )
    pooled = (
        ax.axvline(errors.pooled_far, color=ink, linewidth=1.0, linestyle="dashed"),
        ax.axhline(errors.pooled_frr, color=ink, linewidth=1.0, linestyle="dashed"),
    )
    ax.set(
        xlim=(0, 1.06 * max(float(errors.far.max()), errors.pooled_far, 1e-9)),
        ylim=(-0.02, 1.12 * max(float(errors.frr.max()), errors.pooled_frr, 1e-9)),
        xlabel="FAR of the class",
        ylabel="FRR of the class",
        title=caption(errors.source, f"{errors.distance} distance ≤ {distance(errors.threshold)}"),
    )
    names = _write_names(errors, chosen, ax)
    points = np.column_stack([errors.far, errors.frr])
    place_apart(names, points, ax, _write_pooled(errors, ax))
    return DrawnClasses(dots, named, names, pooled)


def _write_names(errors: ClassErrors, chosen: Sequence[int], ax: Axes) -> tuple[Annotation, ...]:
    ink = rcParams["text.color"]
    return tuple(
        ax.annotate(
            label(errors.names[i]), (errors.far[i], errors.frr[i]), xytext=(7, 5),
            textcoords="offset points", fontsize=8,
            arrowprops={"arrowstyle": "-", "color": ink, "linewidth": 0.4},
        )
        for i in chosen
    )  # fmt: skip


def _areas(errors: ClassErrors) -> FloatArray:
    largest = np.clip(_INK / len(errors.sizes), 20, 130)
    return np.asarray(largest * np.maximum(errors.sizes / errors.sizes.max(), 0.08))


def _write_pooled(errors: ClassErrors, ax: Axes) -> tuple[Annotation, Annotation]:
    above = errors.pooled_frr < _HIGH * float(errors.frr.max())
    return (
        ax.annotate(
            f"pooled {errors.pooled_far:.4g}", (errors.pooled_far, 1),
            xycoords=("data", "axes fraction"), xytext=(3, -2), textcoords="offset points",
            va="top", fontsize=8,
        ),
        ax.annotate(
            f"pooled {errors.pooled_frr:.4g}", (1, errors.pooled_frr),
            xycoords=("axes fraction", "data"), xytext=(-2, 3 if above else -3),
            textcoords="offset points", ha="right", va="bottom" if above else "top", fontsize=8,
        ),
    )  # fmt: skip


def _size_key(errors: ClassErrors, areas: FloatArray, ax: Axes) -> None:
    """Tell in the legend what the area of a dot means."""
    smallest, largest = int(np.argmin(errors.sizes)), int(np.argmax(errors.sizes))
    for position in dict.fromkeys([smallest, largest]):
        ax.scatter(
            [],
            [],
            s=areas[position],
            color=BLUE,
            linewidths=0,
            label=f"{errors.sizes[position]:,} items",
        )
