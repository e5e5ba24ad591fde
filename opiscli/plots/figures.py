"""Whole pictures: a figure of the right size, what is drawn on it, and the legend below."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from opiscli.plots.drawing.canvas import drawing_style, new_figure
from opiscli.plots.drawing.classes import draw_classes
from opiscli.plots.drawing.det import draw_det
from opiscli.plots.drawing.distances import draw_distances
from opiscli.plots.drawing.fonts import complete_fonts
from opiscli.plots.drawing.pareto import draw_pareto
from opiscli.plots.drawing.utility import draw_curves
from opiscli.plots.numbers.classes import ClassErrors
from opiscli.plots.numbers.det import DetCurve
from opiscli.plots.numbers.distances import Distances
from opiscli.plots.numbers.pareto import ModelPoint
from opiscli.plots.numbers.utility import UtilityCurves

Drawn = TypeVar("Drawn")

WIDTH = 7.2
"""Of a picture, in inches."""

_HEIGHT = 4.4
_LEGEND_COLUMNS = 3


def curves_picture(panels: Sequence[UtilityCurves], highlight: Sequence[str] = ()) -> Figure:
    """Utility curves of one source, or of several above one another on the same axes."""
    figure = new_figure(WIDTH, _HEIGHT * (0.2 + 0.8 * len(panels)))
    axes = figure.subplots(len(panels), 1, sharex=True, sharey=True, squeeze=False)[:, 0].tolist()
    for panel, ax in zip(panels, axes, strict=True):
        draw_curves(panel, ax, highlight)
    axes[0].set_xlim(
        min(panel.thresholds[0] for panel in panels), max(panel.thresholds[-1] for panel in panels)
    )
    for ax in axes[:-1]:
        ax.set_xlabel("")
    _legend_below(figure, axes)
    return figure


def distances_picture(distances: Distances, *, log: bool = False) -> Figure:
    """Histograms of positive and negative distances."""
    figure = new_figure(WIDTH, _HEIGHT)
    ax = figure.subplots()
    draw_distances(distances, ax, log=log)
    _legend_below(figure, [ax])
    return figure


def det_picture(curves: Sequence[DetCurve]) -> Figure:
    """Detection error trade-off of one source or several."""
    figure = new_figure(WIDTH, WIDTH)
    ax = figure.subplots()
    draw_det(curves, ax)
    _legend_below(figure, [ax])
    return figure


def pareto_picture(models: Sequence[ModelPoint], pairs: Sequence[tuple[int, int]] = ()) -> Figure:
    """Recognition error against OPIS of several sources."""
    figure = new_figure(WIDTH, _HEIGHT)
    draw_pareto(models, figure.subplots(), pairs)
    return figure


def classes_picture(errors: ClassErrors, highlight: Sequence[str] = ()) -> Figure:
    """Both error rates of every class at one threshold."""
    figure = new_figure(WIDTH, _HEIGHT)
    ax = figure.subplots()
    draw_classes(errors, ax, highlight)
    _legend_below(figure, [ax])
    return figure


def draw_on(ax: Axes | None, draw: Callable[[Axes], Drawn], *, height: float = _HEIGHT) -> Drawn:
    """Draw on the axes that are given, or else on those of a new figure in the house style.

    Parameters
    ----------
    height
        Of a new figure, in inches; it is one of pyplot and has a legend.
    """
    if ax is not None:
        return draw(ax)
    # Imported here: only who gives no axes needs pyplot, which chooses how figures are shown.
    from matplotlib import pyplot

    with drawing_style(on_current=True):
        figure = pyplot.figure(figsize=(WIDTH, height), layout="constrained")
        ax = figure.subplots()
        drawn = draw(ax)
        if ax.get_legend_handles_labels()[1]:
            _legend_below(figure, [ax])
        complete_fonts(figure)
    return drawn


def _legend_below(figure: Figure, axes: Sequence[Axes]) -> None:
    """One legend outside of the axes, where it covers nothing; equal names count once."""
    entries = {
        name: handle
        for ax in axes
        for handle, name in zip(*ax.get_legend_handles_labels(), strict=True)
    }
    figure.legend(
        list(entries.values()), list(entries), loc="outside lower center", ncols=_LEGEND_COLUMNS
    )
