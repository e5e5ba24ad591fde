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
from opiscli.results import Evaluation
from opiscli.results.text import distance, rate, similarity

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
    return page(name, of, explorer_table(run, of), pictures)


def _pictures(name: str, run: CountedSet, of: Evaluation) -> Iterator[PagePicture]:
    curves = utility_curves(name, run, of, _CURVE_POINTS)
    yield PagePicture(
        to_svg(curves_picture([curves], curves.worst_first()[:_NAMED], captioned=False)),
        f"Class scores of {len(curves.names):,} classes over the threshold; OPIS is"
        f" {rate(of.opis.value)}.",
        f"{captions.of_curves([curves])} The classes with the lowest mean scores there are named.",
    )
    yield PagePicture(
        to_svg(distances_picture(distances(name, run), captioned=False)),
        f"Histograms of the {of.distance} distances of {of.pairs.n_positive:,} same-class and"
        f" {of.pairs.n_negative:,} different-class pairs.",
        captions.DISTANCES,
    )
    with suppress(UndefinedMetric):
        yield _det(name, run)
    for point in of.operating_points:
        if point.target_far == _PICTURED_FAR and point.threshold is not None:
            errors = class_errors(name, run, point.threshold)
            yield PagePicture(
                to_svg(classes_picture(errors, errors.worst_first()[:_NAMED], captioned=False)),
                f"FAR and FRR of {len(errors.names):,} classes at similarity"
                f" {similarity(point.similarity)}, distance {distance(point.threshold)}.",
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
