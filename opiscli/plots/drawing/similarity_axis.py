"""The cosine similarity along the upper edge of a picture whose thresholds are distances."""

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.axes._secondary_axes import SecondaryAxis
from matplotlib.ticker import MaxNLocator, ScalarFormatter

from opiscli.arrays import FloatArray
from opiscli.distance import Distance
from opiscli.embeddings.cosine import from_cosine_distance, to_cosine_distance, to_similarity
from opiscli.results.decision import decision, sign_of
from opiscli.results.text import distance as as_distance
from opiscli.results.text import similarity as as_similarity

_MOST_TICKS = 9

_OF_LETTER = 0.0115
"""Width of a letter of a tick's label, as a share of the axis of an ordinary picture."""

_FORMULAS = {Distance.EUCLIDEAN: "√(2 − 2s)", Distance.COSINE: "1 − s"}


class _Readable(MaxNLocator):
    """Round similarities whose labels do not overlap.

    Equal steps of similarity become ever shorter as the distance grows.
    """

    def __init__(self, to_distance: Callable[[FloatArray], FloatArray]) -> None:
        super().__init__(_MOST_TICKS, steps=[1, 2, 5, 10])
        self._to_distance = to_distance

    def tick_values(self, vmin: float, vmax: float) -> list[float]:
        ticks = np.sort(super().tick_values(vmin, vmax))[::-1]
        ticks = ticks[(ticks >= min(vmin, vmax)) & (ticks <= max(vmin, vmax))]
        first, last = np.sort(self._to_distance(np.array([vmin, vmax])))
        at = (self._to_distance(ticks) - first) / (last - first)
        step = float(np.abs(np.diff(ticks)).min(initial=1))
        letters = 4 + max(0, -math.floor(math.log10(step)))
        shown: list[int] = []
        for i in range(len(ticks)):
            if not shown or at[i] - at[shown[-1]] >= letters * _OF_LETTER:
                shown.append(i)
        return [float(ticks[i]) for i in shown]


def draw_similarity_axis(distance: Distance | str, ax: Axes, of: str = "") -> SecondaryAxis | None:
    """Label the x axis as a distance, and mark round similarities where it attains them.

    Given scores have the one axis.

    Parameters
    ----------
    of
        What is measured, as a prefix of both labels: ``"threshold: "``.
    """
    kind = Distance(distance)
    if kind.is_given:
        ax.set_xlabel(f"{of}score ({'distance' if sign_of(kind) == '≤' else 'similarity'})")
        return None

    def similarities(distances: npt.ArrayLike) -> FloatArray:
        return 1.0 - to_cosine_distance(np.asarray(distances, dtype=np.float64), kind)

    def distances(similarities: npt.ArrayLike) -> FloatArray:
        return from_cosine_distance(1.0 - np.asarray(similarities, dtype=np.float64), kind)

    upper = ax.secondary_xaxis("top", functions=(similarities, distances))
    upper.xaxis.set_major_locator(_Readable(distances))
    upper.xaxis.set_major_formatter(ScalarFormatter(useOffset=False))
    upper.set_xlabel(f"{of}cosine similarity s")
    ax.set_xlabel(f"{of}distance d = {_FORMULAS[kind]}")
    return upper


def as_condition(threshold: float, distance: Distance | str) -> str:
    """Write under which condition a threshold that is shown accepts a pair."""
    kind = Distance(distance)
    similarity = None if kind.is_given else to_similarity(threshold, kind)
    return ", ".join(decision(threshold, similarity, kind))


def in_both_units(threshold: float, distance: Distance | str) -> tuple[str, str]:
    """Write a threshold as a similarity and as a distance."""
    return as_similarity(to_similarity(threshold, Distance(distance))), as_distance(threshold)
