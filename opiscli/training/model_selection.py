"""Which of two heads is better, and whether one may be used at all."""

import math

from opiscli.training.settings import Objective
from opiscli.training.validation import Scores

_SMALLEST = 1e-6
"""Below this an OPIS is rounding, and shares of it mean nothing."""


def cost(objective: Objective, scores: Scores, identity: Scores) -> float:
    """Negative where a head is better than none; infinite where it does harm.

    A head is only used if R@1 is not below and, unless OPIS is what is asked for, OPIS
    not above that of the frozen embeddings. ``opis`` then counts the change of OPIS,
    ``recall`` that of 1 - R@1, and ``both`` the sum of the two as shares of what they were.
    """
    worse_recall = scores.recall < identity.recall
    worse_opis = scores.opis > identity.opis
    if worse_recall or (worse_opis and objective is not Objective.OPIS):
        return math.inf
    opis_change = scores.opis - identity.opis
    recall_change = identity.recall - scores.recall
    if objective is Objective.OPIS:
        return opis_change
    if objective is Objective.RECALL:
        return recall_change
    return opis_change / max(abs(identity.opis), _SMALLEST) + recall_change / max(
        1 - identity.recall, _SMALLEST
    )
