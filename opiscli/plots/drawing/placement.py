"""Moves names of points so that they do not cover one another, where there is room."""

from collections.abc import Sequence

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.text import Annotation, Text
from matplotlib.transforms import Bbox

from opiscli.arrays import FloatArray

_SPOTS = tuple(
    ((across, up), horizontal, "bottom" if up > 0 else "top")
    for up_by in (6, 16, 26, 38)
    for up in (up_by, -up_by)
    for across, horizontal in ((7, "left"), (-7, "right"))
)
"""Offsets in points with the alignment that goes with them, the best first."""

_MUCH = 1000
_DOT = 5.0
"""How near a name may come to the middle of a point, in pixels."""


def place_apart(
    names: Sequence[Annotation], points: FloatArray, ax: Axes, texts: Sequence[Annotation] = ()
) -> None:
    """Put each name at the spot beside its point that is inside and covers least.

    Parameters
    ----------
    names
        Annotations whose offsets are in points.
    points
        Shape ``(n_points, 2)``, data that should stay in sight.
    texts
        Other texts that should stay in sight.
    """
    figure = ax.get_figure(root=True)
    if not isinstance(figure, Figure) or not names:
        return
    figure.draw_without_rendering()
    # What is named must not be hidden by another name: it counts as many.
    named = np.repeat([name.xy for name in names], _MUCH // 10, axis=0)
    dots = ax.transData.transform(np.concatenate([points, named]))
    taken: list[Bbox] = [text.get_window_extent() for text in texts]
    for name in names:
        name.set_path_effects([withStroke(linewidth=2, foreground=rcParams["axes.facecolor"])])
        boxes = [_extent(_moved(name, spot)) for spot in _SPOTS]
        costs = [_cost(box, taken, dots, ax.bbox) for box in boxes]
        best = costs.index(min(costs))
        _moved(name, _SPOTS[best])
        taken.append(boxes[best])


def _cost(box: Bbox, taken: Sequence[Bbox], dots: FloatArray, inside: Bbox) -> int:
    """What a text there would do: best nothing, worse hide points, worst another text."""
    is_inside = inside.contains(*box.min) and inside.contains(*box.max)
    hides = np.all((dots + _DOT > box.min) & (dots - _DOT < box.max), axis=1)
    hidden = int(np.count_nonzero(hides))
    return hidden + _MUCH * (not is_inside) + _MUCH * sum(box.overlaps(other) for other in taken)


def _moved(name: Annotation, spot: tuple[tuple[int, int], str, str]) -> Annotation:
    offset, horizontal, vertical = spot
    name.set(position=offset, horizontalalignment=horizontal, verticalalignment=vertical)
    return name


def _extent(name: Annotation) -> Bbox:
    """The pixels of the text, without the line to its point."""
    name.get_window_extent()  # moves the text to where it will be drawn
    return Text.get_window_extent(name)
