"""Show: one function per picture."""

from collections.abc import Sequence
from typing import Unpack

import numpy.typing as npt

from opiscli.api.arguments import (
    AnySource,
    Bounds,
    Embeddings,
    PathLike,
    ReadingOptions,
    input_of,
    settings_of,
    work_of,
)
from opiscli.distance import Distance
from opiscli.plots import captions, figures, from_sources
from opiscli.plots.drawing.canvas import Panel
from opiscli.plots.drawing.classes import DrawnClasses, draw_classes
from opiscli.plots.drawing.det import DrawnDet, draw_det
from opiscli.plots.drawing.distances import DrawnDistances, draw_distances
from opiscli.plots.drawing.pareto import DrawnPareto, draw_pareto
from opiscli.plots.drawing.utility import DrawnCurves, draw_curves
from opiscli.results import Evaluation
from opiscli.settings.evaluation import Utility


def plot_curves(
    embeddings: Embeddings,
    labels: npt.ArrayLike | PathLike | None = None,
    *,
    ax: Panel | None = None,
    highlight: Sequence[str] = (),
    far: Bounds | None = None,
    frr: Bounds | None = None,
    range: Bounds | None = None,
    similarity_range: Bounds | None = None,
    utility: Utility | str | None = None,
    beta: float | None = None,
    epsilon: float | None = None,
    distance: Distance | str | None = None,
    drop_duplicates: bool | None = None,
    min_items: int | None = None,
    **reading: Unpack[ReadingOptions],
) -> DrawnCurves:
    """Draw the score of every class over the threshold, or quantile bands of many classes.

    Parameters
    ----------
    embeddings, labels, distance, drop_duplicates, min_items, **reading
        As in `opiscli.evaluate`.
    far, frr, range, similarity_range, utility, beta, epsilon
        As in `opiscli.evaluate`.
    ax
        Matplotlib axes to draw on; by default those of a new figure, with a legend.
    highlight
        Labels of classes to name, or ``worst:N`` for the N classes with the lowest mean scores; by
        default ``worst:3`` where there are more than 300 classes, which are drawn as bands.

    Returns
    -------
    DrawnCurves
        The artists.

    Examples
    --------
    >>> import opiscli
    >>> from matplotlib.figure import Figure
    >>> ax = Figure().subplots()
    >>> drawn = opiscli.plot_curves("sample_data/wordnet.parquet", ax=ax)
    >>> len(drawn.mean.get_xdata()) > 100
    True
    """
    asked = settings_of(
        far=far, frr=frr, range=range, similarity_range=similarity_range,
        utility=utility, beta=beta, epsilon=epsilon,
        distance=distance, drop_duplicates=drop_duplicates, min_items=min_items,
    )  # fmt: skip
    source = input_of(embeddings, labels, reading)
    (panel,), named = from_sources.curves_of([source], asked, work_of(reading), highlight=highlight)
    return figures.draw_on(
        ax,
        lambda ax: draw_curves(panel, ax, named),
        caption=captions.of_curves([panel]),
        height=figures.CURVES_HEIGHT,
    )


def plot_distances(
    embeddings: Embeddings,
    labels: npt.ArrayLike | PathLike | None = None,
    *,
    ax: Panel | None = None,
    log: bool = False,
    distance: Distance | str | None = None,
    drop_duplicates: bool | None = None,
    min_items: int | None = None,
    **reading: Unpack[ReadingOptions],
) -> DrawnDistances:
    """Draw histograms of same-class and different-class distances, with thresholds for common FARs.

    Parameters
    ----------
    embeddings, labels, distance, drop_duplicates, min_items, **reading
        As in `opiscli.evaluate`.
    ax
        Matplotlib axes to draw on; by default those of a new figure, with a legend.
    log
        Densities on a logarithmic scale, which shows the rare near negatives.

    Returns
    -------
    DrawnDistances
        The artists.

    Examples
    --------
    >>> import opiscli
    >>> from matplotlib.figure import Figure
    >>> ax = Figure().subplots()
    >>> drawn = opiscli.plot_distances("sample_data/wordnet.parquet", ax=ax, log=True)
    >>> ax.get_yscale()
    'log'
    """
    asked = settings_of(distance=distance, drop_duplicates=drop_duplicates, min_items=min_items)
    source = input_of(embeddings, labels, reading)
    found = from_sources.distances_of(source, asked, work_of(reading))
    return figures.draw_on(
        ax, lambda ax: draw_distances(found, ax, log=log), caption=captions.DISTANCES
    )


def plot_det(
    *sources: AnySource,
    ax: Panel | None = None,
    names: Sequence[str] | None = None,
    distance: Distance | str | None = None,
    drop_duplicates: bool | None = None,
    min_items: int | None = None,
    **reading: Unpack[ReadingOptions],
) -> list[DrawnDet]:
    """Draw the error trade-off of one source or several on normal-deviate axes.

    Parameters
    ----------
    sources
        Pairs of embeddings and labels, names of files, or sets that were read or counted before.
    ax
        Matplotlib axes to draw on; by default those of a new figure, with a legend.
    names
        What to call the sources; by default their files.
    distance, drop_duplicates, min_items, **reading
        As in `opiscli.evaluate`.

    Returns
    -------
    list of DrawnDet
        The artists of each curve.

    Examples
    --------
    >>> import opiscli
    >>> from matplotlib.figure import Figure
    >>> ax = Figure().subplots()
    >>> len(opiscli.plot_det("sample_data/wordnet.parquet", ax=ax))
    1
    """
    asked = settings_of(distance=distance, drop_duplicates=drop_duplicates, min_items=min_items)
    inputs = [input_of(source, None, reading) for source in sources]
    curves = from_sources.det_curves_of(inputs, asked, work_of(reading), names=names)
    return figures.draw_on(
        ax, lambda ax: draw_det(curves, ax), caption=captions.DET, height=figures.WIDTH
    )


def plot_pareto(
    *sources: AnySource | Evaluation,
    ax: Panel | None = None,
    names: Sequence[str] | None = None,
    arrows: Sequence[str] = (),
    far: Bounds | None = None,
    frr: Bounds | None = None,
    range: Bounds | None = None,
    similarity_range: Bounds | None = None,
    utility: Utility | str | None = None,
    beta: float | None = None,
    distance: Distance | str | None = None,
    drop_duplicates: bool | None = None,
    min_items: int | None = None,
    **reading: Unpack[ReadingOptions],
) -> DrawnPareto:
    """Draw 1 − R@1 against OPIS of several sources, and arrows from models to their tuned ones.

    Parameters
    ----------
    sources
        Evaluations; or pairs of embeddings and labels, names of files, or sets that were read or
        counted before.
    ax
        Matplotlib axes to draw on; by default those of a new figure.
    names
        What to call the sources; by default their files.
    arrows
        Texts ``BASE:TUNED`` of two names: an arrow is drawn from the first to the second.
    far, frr, range, similarity_range, utility, beta, distance, drop_duplicates, min_items,
    **reading
        As in `opiscli.evaluate`.

    Returns
    -------
    DrawnPareto
        The artists.

    Examples
    --------
    >>> import opiscli
    >>> from matplotlib.figure import Figure
    >>> ax = Figure().subplots()
    >>> result = opiscli.evaluate("sample_data/wordnet.parquet")
    >>> drawn = opiscli.plot_pareto(result, result, ax=ax, names=["a", "b"], arrows=["a:b"])
    >>> len(drawn.dots), len(drawn.arrows)
    (2, 1)
    """
    asked = settings_of(
        far=far, frr=frr, range=range, similarity_range=similarity_range,
        utility=utility, beta=beta, distance=distance,
        drop_duplicates=drop_duplicates, min_items=min_items,
    )  # fmt: skip
    inputs = [
        source if isinstance(source, Evaluation) else input_of(source, None, reading)
        for source in sources
    ]
    models, drawn = from_sources.models_of(
        inputs, asked, work_of(reading), arrows=arrows, names=names
    )
    return figures.draw_on(
        ax,
        lambda ax: draw_pareto(models, ax, drawn),
        caption=captions.PARETO,
        then=lambda artists: artists.placed.place(),
    )


def plot_classes(
    embeddings: Embeddings,
    labels: npt.ArrayLike | PathLike | None = None,
    *,
    ax: Panel | None = None,
    far: float | None = None,
    threshold: float | None = None,
    similarity: float | None = None,
    highlight: Sequence[str] | None = None,
    distance: Distance | str | None = None,
    drop_duplicates: bool | None = None,
    min_items: int | None = None,
    **reading: Unpack[ReadingOptions],
) -> DrawnClasses:
    """Draw FAR and FRR of every class at one threshold, one dot per class.

    Parameters
    ----------
    embeddings, labels, distance, drop_duplicates, min_items, **reading
        As in `opiscli.evaluate`.
    ax
        Matplotlib axes to draw on; by default those of a new figure, with a legend.
    far, threshold, similarity
        Where to draw: a pooled false-accept rate in (0, 1), by default 1e-2, a distance in
        [0, 2], or a similarity in [-1, 1]; at most one of them.
    highlight
        Labels of classes to name, or ``worst:N`` for N classes with the highest FRR and FAR, in
        turns; by default ``worst:5``. A name that finds no room is left out.

    Returns
    -------
    DrawnClasses
        The artists.

    Examples
    --------
    >>> import opiscli
    >>> from matplotlib.figure import Figure
    >>> ax = Figure().subplots()
    >>> drawn = opiscli.plot_classes("sample_data/wordnet.parquet", ax=ax, highlight=["worst:2"])
    >>> len(drawn.names)
    2
    """
    target = from_sources.class_target(far=far, threshold=threshold, similarity=similarity)
    asked = settings_of(distance=distance, drop_duplicates=drop_duplicates, min_items=min_items)
    source = input_of(embeddings, labels, reading)
    errors, named = from_sources.classes_of(
        source, target, asked, work_of(reading), highlight=highlight
    )
    return figures.draw_on(
        ax,
        lambda ax: draw_classes(errors, ax, named),
        caption=captions.CLASSES,
        then=lambda artists: artists.placed.place(),
    )
