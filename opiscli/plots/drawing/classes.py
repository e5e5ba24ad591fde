"""Draws both error rates of every class at one threshold."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.text import Annotation

from opiscli.arrays import FloatArray
from opiscli.plots.drawing.palette import BLUE, VERMILION
from opiscli.plots.drawing.placement import PlacedNames
from opiscli.plots.drawing.similarity_axis import as_condition, in_both_units
from opiscli.plots.drawing.text import caption, label
from opiscli.plots.numbers.classes import ClassErrors
from opiscli.results.decision import is_score
from opiscli.results.text import rate

_MOST_VECTOR_DOTS = 500
_MOST_RANKS = 20
_ALONG = 60
_HIGH, _FAR_RIGHT = 0.8, 0.6
_INK = 25_000.0
"""Area of all dots together, in square points, so that thousands do not become one block."""


@dataclass(frozen=True, slots=True)
class DrawnClasses:
    """The artists; dot ``j`` belongs to class ``j``."""

    dots: PathCollection
    highlighted: PathCollection
    names: tuple[Annotation, ...]
    pooled: tuple[Line2D, Line2D]
    placed: PlacedNames


def draw_classes(errors: ClassErrors, ax: Axes, highlight: Sequence[str] = ()) -> DrawnClasses:
    """Draw one dot per class, its area growing with the class's items, and the pooled rates.

    Parameters
    ----------
    highlight
        Labels of classes to name; each says by which rate it is among the worst. Names that find
        no room are not shown.
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
        xlabel="FAR of the class: accepted share of its different-class pairs",
        ylabel="FRR of the class:\nrejected share of its same-class pairs",
        title=caption(errors.source, _condition(errors)),
    )
    names = _write_names(errors, chosen, ax)
    placed = PlacedNames(names, _in_sight(errors, ax), ax, _write_pooled(errors, ax))
    placed.place()
    return DrawnClasses(dots, named, names, pooled, placed)


def _condition(errors: ClassErrors) -> str:
    if is_score(errors.distance):
        return as_condition(errors.threshold, errors.distance)
    units = in_both_units(errors.threshold, errors.distance)
    return "similarity ≥ {}, distance ≤ {}".format(*units)


def _in_sight(errors: ClassErrors, ax: Axes) -> FloatArray:
    """The dots, and places along both dashed lines: what names should not cover."""
    across, up = (np.linspace(*ends, _ALONG) for ends in (ax.get_xlim(), ax.get_ylim()))
    return np.concatenate(
        [
            np.column_stack([errors.far, errors.frr]),
            np.column_stack([np.full(_ALONG, errors.pooled_far), up]),
            np.column_stack([across, np.full(_ALONG, errors.pooled_frr)]),
        ]
    )


def _write_names(errors: ClassErrors, chosen: Sequence[int], ax: Axes) -> tuple[Annotation, ...]:
    ink = rcParams["text.color"]
    reasons = _Reasons(errors)
    return tuple(
        ax.annotate(
            f"{label(errors.names[i])}\n{reasons.of(i)}", (errors.far[i], errors.frr[i]),
            xytext=(7, 5), textcoords="offset points", fontsize=7.5, linespacing=1.1,
            arrowprops={"arrowstyle": "-", "color": ink, "linewidth": 0.4},
        )
        for i in chosen
    )  # fmt: skip


class _Reasons:
    """Says by which rate a class is worst, and how many classes are as bad."""

    def __init__(self, errors: ClassErrors) -> None:
        self._rates = {"FRR": errors.frr, "FAR": errors.far}
        self._orders = {"FRR": errors.frr_order, "FAR": errors.far_order}

    def of(self, position: int) -> str:
        places = {kind: int(order[position]) for kind, order in self._orders.items()}
        found = [kind for kind, place in places.items() if self._is_worst(kind, place, position)]
        if not found:
            return ", ".join(f"{kind} {rate(self._rates[kind][position])}" for kind in self._rates)
        kind = min(found, key=places.__getitem__)
        return self._rank(kind, position)

    def _is_worst(self, kind: str, place: int, position: int) -> bool:
        return place < _MOST_RANKS and self._rates[kind][position] > 0

    def _rank(self, kind: str, position: int) -> str:
        rates = self._rates[kind]
        value = rates[position]
        n_above = int(np.count_nonzero(rates > value))
        n_tied = int(np.count_nonzero(rates == value))
        nth = "highest" if n_above == 0 else f"{_ordinal(n_above + 1)} highest"
        tied = f", {n_tied} classes" if n_tied > 1 else ""
        return f"{kind} {rate(value)} ({nth}{tied})"


def _ordinal(place: int) -> str:
    is_teen = 11 <= place % 100 <= 13
    return f"{place}{'th' if is_teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(place % 10, 'th')}"


def _areas(errors: ClassErrors) -> FloatArray:
    largest = np.clip(_INK / len(errors.sizes), 20, 130)
    return np.asarray(largest * np.maximum(errors.sizes / errors.sizes.max(), 0.08))


def _write_pooled(errors: ClassErrors, ax: Axes) -> tuple[Annotation, Annotation]:
    """Name the dashed lines, each on the side where there is room."""
    above = errors.pooled_frr < _HIGH * ax.get_ylim()[1]
    right = errors.pooled_far < _FAR_RIGHT * ax.get_xlim()[1]
    ground = withStroke(linewidth=2, foreground=rcParams["axes.facecolor"])
    return (
        ax.annotate(
            f"FAR over all pairs {rate(errors.pooled_far)}", (errors.pooled_far, 1),
            xycoords=("data", "axes fraction"), xytext=(3 if right else -3, -2),
            textcoords="offset points", ha="left" if right else "right", va="top", fontsize=8,
            path_effects=[ground],
        ),
        ax.annotate(
            f"FRR over all pairs {rate(errors.pooled_frr)}", (1, errors.pooled_frr),
            xycoords=("axes fraction", "data"), xytext=(-2, 3 if above else -3),
            textcoords="offset points", ha="right", va="bottom" if above else "top", fontsize=8,
            path_effects=[ground],
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
            label=f"{errors.sizes[position]:,} {errors.size_unit}",
        )
