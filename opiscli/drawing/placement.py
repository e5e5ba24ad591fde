"""Moves names of points so that they do not cover one another, where there is room."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Annotation
from matplotlib.transforms import Bbox

_SPOTS = tuple(
    ((across, up), horizontal, "bottom" if up > 0 else "top")
    for up_by in (4, 14, 24)
    for up in (up_by, -up_by)
    for across, horizontal in ((7, "left"), (-7, "right"))
)
"""Offsets in points with the alignment that goes with them, the best first."""

_DOT = 5.0
"""Half the side of what a point itself covers, in pixels."""


def place_apart(names: Sequence[Annotation], ax: Axes) -> None:
    """Put each name at the first spot beside its point that is inside and covers nothing.

    Parameters
    ----------
    names
        Annotations whose offsets are in points.
    """
    figure = ax.get_figure(root=True)
    if not isinstance(figure, Figure) or not names:
        return
    figure.draw_without_rendering()
    points = [ax.transData.transform(name.xy) for name in names]
    dots = [Bbox.from_extents(*(point - _DOT), *(point + _DOT)) for point in points]
    taken: list[Bbox] = []
    for name in names:
        for spot in (*_SPOTS, _SPOTS[0]):
            offset, horizontal, vertical = spot
            name.set(position=offset, horizontalalignment=horizontal, verticalalignment=vertical)
            box = name.get_window_extent()
            inside = ax.bbox.contains(*box.min) and ax.bbox.contains(*box.max)
            if inside and not any(box.overlaps(other) for other in (*taken, *dots)):
                break
        taken.append(name.get_window_extent())
