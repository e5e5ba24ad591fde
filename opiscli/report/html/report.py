"""Draws the pictures of the page and fills it: from counts and their evaluation to HTML."""

from collections.abc import Iterator
from contextlib import suppress

from opiscli.counts.counts import CountedSet
from opiscli.errors import UndefinedMetric
from opiscli.plots import captions
from opiscli.plots.drawing.canvas import drawing_style, to_svg
from opiscli.plots.figures import classes_picture, curves_picture, det_picture, distances_picture
from opiscli.plots.naming import short_names
from opiscli.plots.numbers.classes import class_errors
from opiscli.plots.numbers.det import det_curve
from opiscli.plots.numbers.distances import distances
from opiscli.plots.numbers.utility import utility_curves
from opiscli.report.html.document import PagePicture, page
from opiscli.report.html.explorer import explorer_table
from opiscli.results import Evaluation, OperatingPoint
from opiscli.results.decision import in_words, name_of
from opiscli.results.text import rate

_CURVE_POINTS = 120
"""Thresholds of the class-score curves: fewer than in a picture of its own, for a small page."""

_NAMED = 5
_PICTURED_FAR = 1e-2


def report_page(run: CountedSet, of: Evaluation) -> str:
    """Write the page of a run with complete counts.

    Returns
    -------
    str
        HTML that needs no other file and no network.
    """
    (name,) = short_names([run.data.source], run.data.where)
    with drawing_style():
        pictures = list(_pictures(name, run, of))
    # The explorer is about classes of items and their embeddings.
    table = None if of.data.n_pairs is not None else explorer_table(run, of)
    return page(name, of, table, pictures)


def _pictures(name: str, run: CountedSet, of: Evaluation) -> Iterator[PagePicture]:
    if of.opis is not None:
        curves = utility_curves(name, run, of, _CURVE_POINTS)
        yield PagePicture(
            to_svg(curves_picture([curves], curves.worst_first()[:_NAMED], captioned=False)),
            f"Class scores of {len(curves.names):,} classes over the threshold; OPIS is"
            f" {rate(of.opis.value)}.",
            f"{captions.of_curves([curves])} The classes with the lowest mean scores there are"
            " named.",
        )
    shown = distances(name, run)
    yield PagePicture(
        to_svg(distances_picture(shown, captioned=False)),
        f"Histograms of the {name_of(of.distance)}s of {of.pairs.n_positive:,} same-class and"
        f" {of.pairs.n_negative:,} different-class pairs.",
        captions.of_distances(shown),
    )
    with suppress(UndefinedMetric):
        yield _det(name, run)
    for point in of.operating_points:
        if point.target_far == _PICTURED_FAR and point.worst_far is not None:
            yield _classes(name, run, point)


def _classes(name: str, run: CountedSet, point: OperatingPoint) -> PagePicture:
    measured = run.settings.distance
    errors = class_errors(name, run, measured.counted(point.threshold or 0.0))
    return PagePicture(
        to_svg(classes_picture(errors, errors.worst_first()[:_NAMED], captioned=False)),
        f"FAR and FRR of {len(errors.names):,} classes at"
        f" {in_words(point.threshold, point.similarity, measured)}.",
        f"{captions.CLASSES} The threshold is the one for FAR ≤ {_PICTURED_FAR:g}; the"
        " classes with the highest FRR and FAR are named.",
    )


def _det(name: str, run: CountedSet) -> PagePicture:
    det = det_curve(name, run)
    return PagePicture(
        to_svg(det_picture([det], captioned=False)),
        "Detection error trade-off: "
        + "; ".join(f"FAR {rate(mark.far)}, FRR {rate(mark.frr)}" for mark in det.marks),
        captions.DET,
    )
