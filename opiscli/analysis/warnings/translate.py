"""What a reader must know before trusting a translated threshold."""

from collections.abc import Iterator, Sequence

from opiscli.analysis.warnings.data import FEWEST_ERRORS
from opiscli.analysis.warnings.separation import about_score
from opiscli.results import ReportWarning
from opiscli.results.calibration import PLAIN_SCORE
from opiscli.results.translation import Translation

_MOST_LOST = 0.05


def translation_warnings(
    of: Translation, n_repeats: Sequence[int], n_relabelled: int
) -> Iterator[ReportWarning]:
    """Collect the warnings of a translation.

    Parameters
    ----------
    n_repeats
        Common items with exactly the embedding of an earlier one, under the old and new model.
    n_relabelled
        Common items whose labels in the two sources differ.
    """
    yield from about_score("" if of.score == PLAIN_SCORE else of.score)
    for n, name in ((of.n_only_old, of.old.source), (of.n_only_new, of.new.source)):
        if n:
            yield ReportWarning(
                "items-on-one-side", f"{n:,} items are only in {name} and were left out"
            )
    if n_relabelled:
        yield ReportWarning(
            "labels-differ",
            f"{n_relabelled:,} of {of.n_common:,} common items have different labels in the two"
            f" sources; FAR and TAR are those of the labels of {of.labels_from}",
        )
    if n_repeats[0] != n_repeats[1]:
        yield ReportWarning(
            "duplicates-differ",
            f"{n_repeats[0]:,} of the common items have exactly the embedding of an earlier one"
            f" under the old model and {n_repeats[1]:,} under the new one: check that both were"
            " computed from the same inputs",
        )
    yield from _about_shares(of)


def _about_shares(of: Translation) -> Iterator[ReportWarning]:
    old, new = of.old_point.accepted, of.new_point.accepted
    if old.k < FEWEST_ERRORS:
        yield ReportWarning(
            "few-accepted",
            f"the old threshold accepts only {old.k:,} of {old.n:,} pairs; with fewer than"
            f" {FEWEST_ERRORS} the new threshold is unreliable",
        )
    if new.k < (1 - _MOST_LOST) * old.k:
        yield ReportWarning(
            "shares-differ",
            f"the new threshold accepts {new.k:,} pairs and the old one {old.k:,}: many pairs are"
            " at the same distance under the new model, and are accepted together or not at all",
        )
