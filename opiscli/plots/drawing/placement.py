"""Moves names of points so that no name covers another; what finds no room is not shown."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.text import Annotation, Text
from matplotlib.transforms import Bbox

from opiscli.arrays import FloatArray

_RADII = (9, 16, 26, 38, 54, 74, 100, 130, 165, 205)
_DIRECTIONS = 16
_SIDE = 0.3
"""A name is beside its point where the direction is more across than this, else above it."""

_DOT = 5.0
"""How near a name may come to the middle of a point, in pixels."""

_APART = 3.0
"""How near two names may come, in pixels."""

_NAMED_COST, _CROSSING_COST, _LENGTH_COST = 100.0, 50.0, 0.06
"""What it costs to hide a point that has a name or to cross a line, and each point of length, in
points that are hidden."""

_FEW = 120
"""Of more points than this, hiding one matters less."""


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where a name can go: its offset in points, its alignment, and the pixels it would cover."""

    offset: tuple[float, float]
    alignment: tuple[str, str]
    box: Bbox


@dataclass(frozen=True, slots=True)
class PlacedNames:
    """Names of points, with what they should not cover.

    Parameters
    ----------
    names
        Annotations whose offsets are in points.
    points
        Shape ``(n_points, 2)``, data that should stay in sight.
    ax
        Where they are drawn.
    texts
        Other texts, which no name may cover.
    """

    names: Sequence[Annotation]
    points: FloatArray
    ax: Axes
    texts: Sequence[Annotation] = ()

    @property
    def n_hidden(self) -> int:
        """How many names found no room."""
        return sum(not name.get_visible() for name in self.names)

    def place(self) -> None:
        """Put each name at the free spot that covers least, and hide it where there is none.

        Called once more when the layout has changed, as by a legend.
        """
        figure = self.ax.get_figure(root=True)
        if not isinstance(figure, Figure) or not self.names:
            return
        figure.draw_without_rendering()
        dots = self.ax.transData.transform(self.points)
        anchors = self.ax.transData.transform([name.xy for name in self.names])
        taken = [text.get_window_extent() for text in self.texts]
        lines: list[FloatArray] = []
        for name, anchor in zip(self.names, anchors, strict=True):
            name.set_path_effects([withStroke(linewidth=2, foreground=rcParams["axes.facecolor"])])
            free = [spot for spot in _spots(name, anchor, figure.dpi) if self._is_free(spot, taken)]
            name.set_visible(bool(free))
            if free:
                best = min(free, key=lambda spot: _cost(spot, anchor, dots, anchors, taken, lines))  # noqa: B023
                _move(name, best)
                taken.append(best.box)
                lines.append(np.array([anchor, _middle(best.box)]))

    def _is_free(self, spot: _Spot, taken: Sequence[Bbox]) -> bool:
        inside, box = self.ax.bbox, spot.box
        is_inside = inside.contains(*box.min) and inside.contains(*box.max)
        return is_inside and not any(box.padded(_APART).overlaps(other) for other in taken)


def _spots(name: Annotation, anchor: FloatArray, dpi: float) -> Iterator[_Spot]:
    """All places to try: directions around the point, near and far."""
    size = _size(name)
    angles = 2 * np.pi * (np.arange(_DIRECTIONS) + 0.5) / _DIRECTIONS
    for radius in _RADII:
        for across, up in np.column_stack([np.cos(angles), np.sin(angles)]):
            horizontal = "center" if abs(across) < _SIDE else "left" if across > 0 else "right"
            vertical = "center" if abs(up) < _SIDE else "bottom" if up > 0 else "top"
            offset = (float(radius * across), float(radius * up))
            corner = anchor + np.array(offset) * dpi / 72 - size * _part(horizontal, vertical)
            yield _Spot(offset, (horizontal, vertical), Bbox([corner, corner + size]))


def _part(horizontal: str, vertical: str) -> FloatArray:
    """How much of the text lies left of and below where it is attached."""
    parts = {"left": 0.0, "bottom": 0.0, "center": 0.5, "right": 1.0, "top": 1.0}
    return np.array([parts[horizontal], parts[vertical]])


def _cost(
    spot: _Spot,
    anchor: FloatArray,
    dots: FloatArray,
    anchors: FloatArray,
    taken: Sequence[Bbox],
    lines: Sequence[FloatArray],
) -> float:
    """What a name there would do: hide points, worse, those with a name, or cross a line."""
    hidden = _count_inside(spot.box, dots) * min(1, _FEW / len(dots))
    hidden += _NAMED_COST * _count_inside(spot.box, anchors)
    line = np.array([anchor, _middle(spot.box)])
    crossed = sum(_cross(line, other) for other in lines)
    crossed += sum(_passes(line, box) for box in taken)
    crossed += sum(_passes(other, spot.box) for other in lines)
    return hidden + _CROSSING_COST * crossed + _LENGTH_COST * float(np.hypot(*spot.offset))


def _count_inside(box: Bbox, dots: FloatArray) -> int:
    is_inside = np.all((dots + _DOT > box.min) & (dots - _DOT < box.max), axis=1)
    return int(np.count_nonzero(is_inside))


def _middle(box: Bbox) -> FloatArray:
    return np.array([(box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2])


def _passes(line: FloatArray, box: Bbox) -> bool:
    """Whether a line passes through a box, looked at in 24 places along it."""
    along = line[0] + np.linspace(0, 1, 24)[:, None] * (line[1] - line[0])
    return bool(np.any(np.all((along > box.min) & (along < box.max), axis=1)))


def _cross(one: FloatArray, other: FloatArray) -> bool:
    """Whether two lines cross: the ends of each lie on both sides of the other."""
    return _parts(one, other) and _parts(other, one)


def _parts(line: FloatArray, other: FloatArray) -> bool:
    along, (first, second) = line[1] - line[0], other - line[0]
    sides = [along[0] * end[1] - along[1] * end[0] for end in (first, second)]
    return bool(sides[0] * sides[1] < 0)


def _move(name: Annotation, spot: _Spot) -> None:
    horizontal, vertical = spot.alignment
    name.set(position=spot.offset, horizontalalignment=horizontal, verticalalignment=vertical)


def _size(name: Annotation) -> FloatArray:
    """Width and height of the text in pixels, without the line to its point."""
    name.set_visible(True)
    name.get_window_extent()
    return np.array(Text.get_window_extent(name).size)
