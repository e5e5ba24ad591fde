"""The selection rule: which head is better, and whether it beats the original embeddings."""

import math

from opiscli.training.settings import Objective
from opiscli.training.validation import Scores

_SMALLEST = 1e-6
"""An OPIS below this is rounding error, and a change relative to it means nothing."""


def cost(objective: Objective, scores: Scores, frozen: Scores) -> float:
    """Negative if a head improves on the original embeddings; infinite if it must not be used.

    A head is only used if R@1 is not below and, unless the objective is ``opis``, OPIS not
    above that of the frozen embeddings. The cost is then the `change`.
    """
    worse_recall = scores.recall < frozen.recall
    worse_opis = scores.opis > frozen.opis
    if worse_recall or (worse_opis and objective is not Objective.OPIS):
        return math.inf
    return change(objective, scores, frozen)


def change(objective: Objective, scores: Scores, frozen: Scores) -> float:
    """Change of what the objective is about; negative for the better.

    The change of OPIS (``opis``), of 1 - R@1 (``recall``), or the sum of both as relative
    changes (``both``).
    """
    opis_change = scores.opis - frozen.opis
    recall_change = frozen.recall - scores.recall
    if objective is Objective.OPIS:
        return opis_change
    if objective is Objective.RECALL:
        return recall_change
    return opis_change / max(abs(frozen.opis), _SMALLEST) + recall_change / max(
        1 - frozen.recall, _SMALLEST
    )
