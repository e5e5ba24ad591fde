"""Complete pictures: a figure of the right size, the drawing, its caption and legend."""

from collections.abc import Callable, Sequence
from textwrap import fill
from typing import TypeVar

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from opiscli.plots import captions
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

_HEIGHT = 4.6
CURVES_HEIGHT = 5.6
"""Of a picture with a second axis above, in inches."""

_LEGEND_COLUMNS = 3

_MOST_LETTERS = 115
"""In one line of a caption."""


def curves_picture(
    panels: Sequence[UtilityCurves], highlight: Sequence[str] = (), *, captioned: bool = True
) -> Figure:
    """Class scores of one source, or of several above one another on the same axes."""
    figure = new_figure(WIDTH, CURVES_HEIGHT * (0.2 + 0.8 * len(panels)))
    axes = figure.subplots(len(panels), 1, sharex=True, sharey=True, squeeze=False)[:, 0].tolist()
    drawn = [draw_curves(panel, ax, highlight) for panel, ax in zip(panels, axes, strict=True)]
    axes[0].set_xlim(
        min(panel.thresholds[0] for panel in panels), max(panel.thresholds[-1] for panel in panels)
    )
    # The panels share their thresholds: similarities stand above all, distances below.
    for ax in axes[:-1]:
        ax.set_xlabel("")
    for panel in drawn[1:]:
        if panel.similarity_axis is not None:
            panel.similarity_axis.set_visible(False)
        panel.far_axis.spines["top"].set_position(("outward", 0))
    _finish(figure, axes, captions.of_curves(panels) if captioned else "")
    return figure


def distances_picture(distances: Distances, *, log: bool = False, captioned: bool = True) -> Figure:
    """Histograms of same-class and different-class distances."""
    figure = new_figure(WIDTH, _HEIGHT)
    ax = figure.subplots()
    draw_distances(distances, ax, log=log)
    _finish(figure, [ax], captions.of_distances(distances) if captioned else "")
    return figure


def det_picture(curves: Sequence[DetCurve], *, captioned: bool = True) -> Figure:
    """Detection error trade-off of one source or several."""
    figure = new_figure(WIDTH, WIDTH)
    ax = figure.subplots()
    draw_det(curves, ax)
    _finish(figure, [ax], captions.DET if captioned else "")
    return figure


def pareto_picture(models: Sequence[ModelPoint], arrows: Sequence[tuple[int, int]] = ()) -> Figure:
    """Recognition error against OPIS of several sources."""
    figure = new_figure(WIDTH, _HEIGHT)
    ax = figure.subplots()
    drawn = draw_pareto(models, ax, arrows)
    _finish(figure, [ax], captions.PARETO)
    drawn.placed.place()
    return figure


def classes_picture(
    errors: ClassErrors, highlight: Sequence[str] = (), *, captioned: bool = True
) -> Figure:
    """Both error rates of every class at one threshold."""
    figure = new_figure(WIDTH, _HEIGHT)
    ax = figure.subplots()
    drawn = draw_classes(errors, ax, highlight)
    _finish(figure, [ax], captions.of_classes(drawn.placed.n_hidden) if captioned else "")
    # Once more: caption and legend have taken room from the axes.
    drawn.placed.place()
    if captioned:
        figure.legends[0].set_title(captions.of_classes(drawn.placed.n_hidden))
    return figure


def draw_on(
    ax: Axes | None,
    draw: Callable[[Axes], Drawn],
    *,
    caption: str,
    height: float = _HEIGHT,
    then: Callable[[Drawn], object] = lambda drawn: None,
) -> Drawn:
    """Draw on the axes that are given, or else on those of a new figure in the house style.

    Parameters
    ----------
    caption
        Of a new figure.
    height
        Of a new figure, in inches; it is one of pyplot and has a legend.
    then
        What is left to do when the legend of a new figure has changed the layout.
    """
    if ax is not None:
        return draw(ax)
    # Imported here: only who gives no axes needs pyplot, which chooses how figures are shown.
    from matplotlib import pyplot

    with drawing_style(on_current=True):
        figure = pyplot.figure(figsize=(WIDTH, height), layout="constrained")
        ax = figure.subplots()
        drawn = draw(ax)
        _finish(figure, [ax], caption)
        then(drawn)
    return drawn


def _finish(figure: Figure, axes: Sequence[Axes], caption: str) -> None:
    """Write the caption, and below it one legend, outside of the axes; equal names count once."""
    entries = {
        name: handle
        for ax in axes
        for handle, name in zip(*ax.get_legend_handles_labels(), strict=True)
    }
    text = "\n".join(fill(line, _MOST_LETTERS) for line in caption.splitlines())
    if entries:
        figure.legend(
            list(entries.values()),
            list(entries),
            loc="outside lower center",
            ncols=_LEGEND_COLUMNS,
            title=text,
            title_fontsize=8,
        )
    elif text:
        figure.supxlabel(text, fontsize=8)
    # Before names are placed: another font makes them wider.
    complete_fonts(figure)
