"""What a reader must know before trusting a comparison."""

from collections.abc import Iterator, Sequence
from string import ascii_uppercase

from opiscli.results import Evaluation, ReportWarning

DOUBTS = frozenset(
    (
        "labels-unrelated",
        "collapsed",
        "low-scores",
        "small-classes",
        "missing-labels",
        "labels-alike",
        "offset-scores",
    )
)
"""Warnings that the numbers of a set may not mean what they seem to."""


def comparison_warnings(
    evaluations: Sequence[Evaluation], signatures: Sequence[str], *, is_paired: bool
) -> Iterator[ReportWarning]:
    """Collect the warnings.

    Parameters
    ----------
    evaluations
        All that are compared.
    signatures
        Each of theirs once, but for what pairs are compared by.
    is_paired
        Whether all have the same classes, or it is not known.
    """
    if len(signatures) > 1:
        yield ReportWarning(
            "settings-differ",
            "the evaluations were made with different settings, so their numbers cannot be"
            " compared; give the same options, or evaluate again",
        )
    if not is_paired:
        have_none = any(evaluation.data.n_classes is None for evaluation in evaluations)
        why = "there are pairs without classes" if have_none else "the classes are not the same"
        yield ReportWarning("classes-differ", f"{why}, so changes have no confidence interval")
    if len({evaluation.data.sha256 for evaluation in evaluations}) < len(evaluations):
        what = "embeddings" if evaluations[0].data.n_pairs is None else "pairs"
        yield ReportWarning("same-data", f"two of the sources hold the same {what}")
    yield from _doubts(evaluations)


def _doubts(evaluations: Sequence[Evaluation]) -> Iterator[ReportWarning]:
    """Doubts about each of the sets, which they are about being said once."""
    about: dict[ReportWarning, list[str]] = {}
    for letter, evaluation in zip(ascii_uppercase, evaluations, strict=False):
        for one in evaluation.warnings:
            if one.code in DOUBTS:
                about.setdefault(one, []).append(letter)
    for one, letters in about.items():
        yield ReportWarning(one.code, f"{', '.join(letters)}: {one.message}")
