"""Gives a head that was chosen on validation classes offsets, if these do no harm there."""

from dataclasses import replace

import numpy as np

from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.settings.resources import Resources
from opiscli.training.candidates import FROZEN, HEAD, with_offsets
from opiscli.training.choice import FEWEST_CLASSES, choose
from opiscli.training.judge import Judge
from opiscli.training.result import TrainingResult


def with_offsets_if_better(
    result: TrainingResult, items: EmbeddingSet, val_items: EmbeddingSet, resources: Resources
) -> TrainingResult:
    """Judge the head with and without offsets on the validation classes by the usual rule.

    Parameters
    ----------
    result
        Of a training on ``items``.

    Raises
    ------
    UndefinedMetric
        If OPIS is not defined on the validation classes.
    """
    n_classes = int(np.count_nonzero(val_items.class_sizes > 1))
    if n_classes < FEWEST_CLASSES:
        reason = f"no offsets, because {n_classes} validation classes cannot show what they do"
        return replace(result, reason=f"{result.reason}; {reason}")
    judge = Judge.of([(items, val_items)], result.settings, resources)
    # The head is chosen already, so the number of classes it was trained on does not count.
    candidate = replace(with_offsets(HEAD), fewest=0, fewest_if_careful=0)
    heads = [result.projection]
    judgements = {FROZEN: judge(HEAD, heads), candidate: judge(candidate, heads)}
    choice = choose(judgements, result.settings)
    if choice.chosen is None:
        reason = f"no offsets: {choice.judged[1].refused}"
        return replace(result, reason=f"{result.reason}; {reason}")
    fitted = candidate.fitted(result.projection, items, resources.threads)
    return replace(result, fitted=fitted, reason=f"{result.reason}; with offsets, which improve it")
