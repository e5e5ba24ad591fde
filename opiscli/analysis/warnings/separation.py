"""Warnings that labels and embeddings have little to do with each other."""

from collections.abc import Iterator
from math import sqrt

from opiscli.analysis.warnings.labels import label_warnings
from opiscli.analysis.warnings.pairs import pair_warnings
from opiscli.counts.counts import CountedSet
from opiscli.metrics.separation import separation
from opiscli.results import ReportWarning

_LEAST_DIFFERENCE = 0.2
"""Real sets reach 0.45 and more, the same with shuffled labels 0.02, half of them shuffled 0.2."""

_OF_CHANCE = 0.6
"""Times one over the root of the positive pairs: how far few of them may differ by chance."""

_NEARLY_EQUAL = 0.99
"""Mean similarity from which embeddings that cannot be told apart count as collapsed."""


def source_warnings(run: CountedSet) -> tuple[ReportWarning, ...]:
    """Collect the warnings about what was counted, whatever is asked of it."""
    table = run.counted.table
    return (
        *pair_warnings(run),
        *label_warnings(run.counted.names, table.class_sizes),
        *_about_separation(run),
        *about_score(run.settings.score),
    )


def about_score(score: str) -> Iterator[ReportWarning]:
    """Say that similarities are not cosines, if they are not."""
    if score:
        yield ReportWarning(
            "offset-scores",
            f"similarities are cosines minus the offsets of both items ({score}): a threshold from"
            " here holds only for similarities computed the same way; --no-offset measures the"
            " cosines",
        )


def _about_separation(run: CountedSet) -> Iterator[ReportWarning]:
    found = separation(run.counted.pooled)
    if found.difference >= _LEAST_DIFFERENCE + _OF_CHANCE / sqrt(found.n_positive):
        return
    at_best = (
        "no threshold accepts same-class pairs much more often than different-class pairs (TAR"
        f" {found.tar:.3g} at FAR {found.far:.3g})"
    )
    alike = run.data.mean_similarity
    if alike is not None and alike >= _NEARLY_EQUAL:
        yield ReportWarning(
            "collapsed",
            f"all embeddings are nearly equal (mean cosine similarity {alike:.8g}), and {at_best}:"
            " the model may have collapsed, or the labels belong to other rows. Low OPIS means"
            " nothing here; check the model and the step that wrote its embeddings",
        )
        return
    if run.settings.distance.is_given:
        yield ReportWarning(
            "labels-unrelated",
            f"{at_best}, so the labels seem unrelated to the scores: check that both belong to the"
            " same rows",
        )
        return
    yield ReportWarning(
        "labels-unrelated",
        f"{at_best}, so the labels seem unrelated to the embeddings and low OPIS means nothing."
        " Check that rows of labels and embeddings are in the same order, that --label-column"
        " names the classes, and that a class is one kind of thing",
    )
