"""Places the names of points without overlap; names without room are hidden."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.text import Annotation, Text

from opiscli.arrays import BoolArray, FloatArray

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

_ALONG = np.linspace(0, 1, 24)[:, None]
"""Where a line is looked at to see what it passes."""


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
        """Put each name at the free place with the lowest cost, or hide it if there is none.

        Called once more when the layout has changed, as by a legend.
        """
        figure = self.ax.get_figure(root=True)
        if not isinstance(figure, Figure) or not self.names:
            return
        for name in self.names:
            # Names make no room for themselves; without them the layout is found fast.
            name.set(visible=False, in_layout=False)
        figure.draw_without_rendering()
        anchors = self.ax.transData.transform([name.xy for name in self.names])
        surroundings = _Surroundings(
            dots=self.ax.transData.transform(self.points),
            named=anchors,
            inside=np.array(self.ax.bbox.extents),
            taken=np.array(
                [text.get_window_extent().extents for text in self.texts], dtype=np.float64
            ).reshape(-1, 4),
        )
        for name, anchor in zip(self.names, anchors, strict=True):
            name.set_path_effects([withStroke(linewidth=2, foreground=rcParams["axes.facecolor"])])
            boxes = _boxes(anchor, _size(name), figure.dpi)
            costs = surroundings.costs(boxes, anchor)
            best = int(np.argmin(costs))
            name.set_visible(bool(np.isfinite(costs[best])))
            if name.get_visible():
                _move(name, best)
                surroundings = surroundings.with_name(boxes[best], anchor)


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """What is around a name, in pixels; boxes are rows ``x0, y0, x1, y1``.

    Parameters
    ----------
    dots, named
        Shape ``(n, 2)``, all points, and those that have names.
    inside
        The box that names stay in.
    taken
        Shape ``(n_taken, 4)``, boxes of texts.
    lines
        Shape ``(n_lines, 2, 2)``, from points to their names.
    """

    dots: FloatArray
    named: FloatArray
    inside: FloatArray
    taken: FloatArray
    lines: FloatArray = field(default_factory=lambda: np.empty((0, 2, 2)))

    def with_name(self, box: FloatArray, anchor: FloatArray) -> "_Surroundings":
        """The same, and one more name."""
        line = np.array([[anchor, _middles(box[None])[0]]])
        return replace(
            self,
            taken=np.concatenate([self.taken, box[None]]),
            lines=np.concatenate([self.lines, line]),
        )

    def costs(self, boxes: FloatArray, anchor: FloatArray) -> FloatArray:
        """Cost of a place for a name: covered points, covered named points, crossed lines.

        Infinite outside and on other texts. Shape ``(n_boxes,)``.
        """
        costs = np.full(len(boxes), np.inf)
        is_free = self._is_free(boxes)
        costs[is_free] = self._costs_of_free(boxes[is_free], anchor)
        return costs

    def _costs_of_free(self, boxes: FloatArray, anchor: FloatArray) -> FloatArray:
        middles = _middles(boxes)
        lines = np.stack([np.broadcast_to(anchor, middles.shape), middles], axis=1)
        hidden = _contained(boxes, self.dots, _DOT).sum(axis=1) * min(1.0, _FEW / len(self.dots))
        named = _contained(boxes, self.named, _DOT).sum(axis=1)
        crossed = (
            _crosses(lines, self.lines).sum(axis=1)
            + _passes(lines, self.taken).sum(axis=1)
            + _passes(self.lines, boxes).sum(axis=0)
        )
        length = np.hypot(*(middles - anchor).T)
        return np.asarray(
            hidden + _NAMED_COST * named + _CROSSING_COST * crossed + _LENGTH_COST * length
        )

    def _is_free(self, boxes: FloatArray) -> BoolArray:
        is_inside = np.all(
            (boxes[:, :2] >= self.inside[:2]) & (boxes[:, 2:] <= self.inside[2:]), axis=1
        )
        taken = self.taken[:, :, None]
        x0, y0, x1, y1 = boxes.T
        beside = (x0 - _APART > taken[:, 2]) | (x1 + _APART < taken[:, 0])
        above = (y0 - _APART > taken[:, 3]) | (y1 + _APART < taken[:, 1])
        return np.asarray(is_inside & np.all(beside | above, axis=0))


def _directions() -> FloatArray:
    """Across and up, shape ``(n_spots, 2)``, in points, the nearest first."""
    angles = 2 * np.pi * (np.arange(_DIRECTIONS) + 0.5) / _DIRECTIONS
    around = np.column_stack([np.cos(angles), np.sin(angles)])
    return np.concatenate([radius * around for radius in _RADII])


_OFFSETS = _directions()
_SIDES = np.where(np.abs(_OFFSETS) < _SIDE * np.hypot(*_OFFSETS.T)[:, None], 0, np.sign(_OFFSETS))
"""-1 where the name lies left of or below its spot, 1 right of or above, 0 in the middle."""


def _boxes(anchor: FloatArray, size: FloatArray, dpi: float) -> FloatArray:
    """All places to try for a name: directions around its point, near and far."""
    corners = anchor + _OFFSETS * dpi / 72 - size * (1 - _SIDES) / 2
    return np.concatenate([corners, corners + size], axis=1)


def _move(name: Annotation, spot: int) -> None:
    across, up = _SIDES[spot]
    name.set(
        position=tuple(_OFFSETS[spot]),
        horizontalalignment={-1: "right", 0: "center", 1: "left"}[int(across)],
        verticalalignment={-1: "top", 0: "center", 1: "bottom"}[int(up)],
    )


def _size(name: Annotation) -> FloatArray:
    """Width and height of the text in pixels, without the line to its point."""
    name.set_visible(True)
    return np.array(Text.get_window_extent(name).size)


def _middles(boxes: FloatArray) -> FloatArray:
    return (boxes[:, :2] + boxes[:, 2:]) / 2


def _contained(boxes: FloatArray, dots: FloatArray, room: float = 0.0) -> BoolArray:
    """Which dots lie in a box or as near as ``room`` to it, shape ``(n_boxes, n_dots)``."""
    x0, y0, x1, y1 = (boxes[:, [side]] for side in range(4))
    x, y = dots.T
    return np.asarray((x > x0 - room) & (x < x1 + room) & (y > y0 - room) & (y < y1 + room))


def _passes(lines: FloatArray, boxes: FloatArray) -> BoolArray:
    """Which boxes a line passes through, shape ``(n_lines, n_boxes)``."""
    along = lines[:, :1] + _ALONG * (lines[:, 1:] - lines[:, :1])
    inside = _contained(boxes, along.reshape(-1, 2)).reshape(len(boxes), len(lines), len(_ALONG))
    return np.asarray(inside.any(axis=2).T)


def _crosses(lines: FloatArray, others: FloatArray) -> BoolArray:
    """Which lines cross: the ends of each lie on both sides of the other."""
    return _parts(lines, others) & _parts(others, lines).T


def _parts(lines: FloatArray, others: FloatArray) -> BoolArray:
    """Whether the ends of the others lie on both sides of a line, ``(n_lines, n_others)``."""
    along = lines[:, 1] - lines[:, 0]
    first, second = (others[None, :, end] - lines[:, None, 0] for end in (0, 1))
    sides = [
        along[:, None, 0] * to[..., 1] - along[:, None, 1] * to[..., 0] for to in (first, second)
    ]
    return np.asarray(sides[0] * sides[1] < 0)
