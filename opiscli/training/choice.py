"""The rule by which a candidate replaces the frozen embeddings, or none does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from opiscli.training.candidates import FROZEN, Candidate
from opiscli.training.judgement import Judgement, Numbers, draws, pooled, pooled_corrected
from opiscli.training.model_selection import change
from opiscli.training.settings import Objective, TrainingSettings
from opiscli.training.validation import Scores

FEWEST_CLASSES = 20
"""With fewer training classes no choice was reliable in our measurements."""

_N_RESAMPLES = 200


@dataclass(frozen=True, slots=True)
class JudgedCandidate:
    """Numbers of a candidate on all parts of the training classes.

    Parameters
    ----------
    name
        Of the candidate, or of the frozen embeddings.
    opis, corrected, recall, tar
        Pooled over all parts; ``corrected`` is ``None`` where noise cannot be estimated.
    share_better
        Share of resamples of the classes in which it improves on the frozen embeddings;
        ``None`` for these.
    refused
        Why it must not be used; empty if it may.
    """

    name: str
    opis: float
    corrected: float | None
    recall: float
    tar: float
    share_better: float | None
    refused: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A choice between candidates and the frozen embeddings.

    Parameters
    ----------
    judged
        All candidates, the frozen embeddings first; empty if none was judged.
    chosen
        The best of those that may be used; ``None`` to keep the frozen embeddings.
    reason
        Why, in a sentence.
    """

    judged: tuple[JudgedCandidate, ...]
    chosen: Candidate | None
    reason: str


def choose(
    judgements: Mapping[Candidate, Sequence[Judgement]], settings: TrainingSettings
) -> Choice:
    """Choose the candidate with the best numbers on classes it was not trained on.

    A candidate may be used if it is better than the frozen embeddings in most resamples of the
    classes (the head in 90 %, its half dose in 65 %), its R@1 and its TAR are not lower and,
    unless the objective is OPIS, OPIS not higher. The head itself needs 40 classes; with fewer,
    only its half dose was safe. A careful choice requires 160, takes no offsets without a head, and
    does not resample.

    Parameters
    ----------
    judgements
        Of every candidate, `FROZEN` among them, one per part of the classes.
    """
    unchanged = judgements[FROZEN]
    weights = draws(unchanged, _N_RESAMPLES, settings.seed)
    n_classes = sum(part.n_classes for part in unchanged)
    frozen, drawn = pooled(unchanged), pooled(unchanged, weights)
    judged = [_judged(FROZEN, unchanged, frozen, None, "")]
    costs: dict[Candidate, float] = {}
    for candidate, parts in judgements.items():
        if candidate is FROZEN:
            continue
        numbers = pooled(parts)
        share = _share_better(pooled(parts, weights), drawn, settings)
        refused = refusal(candidate, numbers, frozen, share, n_classes, settings)
        judged.append(_judged(candidate, parts, numbers, share, refused))
        if not refused:
            costs[candidate] = change(settings.objective, _scores(numbers), _scores(frozen))
    if not costs:
        reasons = "; ".join(f"{one.name}: {one.refused}" for one in judged[1:])
        return Choice(tuple(judged), None, f"no candidate may be used ({reasons})")
    chosen = min(costs, key=lambda candidate: costs[candidate])
    return Choice(tuple(judged), chosen, f"{chosen.name} has the best numbers of those allowed")


def _judged(
    candidate: Candidate,
    parts: Sequence[Judgement],
    numbers: Numbers,
    share: float | None,
    refused: str,
) -> JudgedCandidate:
    values = (float(value[0]) for value in numbers)
    opis, recall, tar = values
    corrected = pooled_corrected(parts)
    return JudgedCandidate(candidate.name, opis, corrected, recall, tar, share, refused)


def _share_better(drawn: Numbers, frozen: Numbers, settings: TrainingSettings) -> float:
    pairs = zip(drawn.opis, drawn.recall, frozen.opis, frozen.recall, strict=True)
    better = [
        change(settings.objective, Scores(recall, opis), Scores(frozen_recall, frozen_opis)) < 0
        for opis, recall, frozen_opis, frozen_recall in pairs
    ]
    return float(np.mean(better))


def refusal(
    candidate: Candidate,
    numbers: Numbers,
    frozen: Numbers,
    share: float,
    n_classes: int,
    settings: TrainingSettings,
) -> str:
    """Say why a candidate must not be used; empty if it may.

    Parameters
    ----------
    numbers, frozen
        Of the candidate and of the frozen embeddings, each of shape ``(1,)``.
    share
        Of the resamples of the classes in which the candidate is better.
    n_classes
        Training classes with two items or more.
    """
    if change(settings.objective, _scores(numbers), _scores(frozen)) >= 0:
        return f"{settings.objective} does not improve"
    if numbers.recall < frozen.recall:
        return f"R@1 falls by {float(frozen.recall[0] - numbers.recall[0]):.4f}"
    if settings.objective is not Objective.OPIS and numbers.opis > frozen.opis:
        return f"OPIS rises by {float(numbers.opis[0] - frozen.opis[0]):.4f}"
    if numbers.tar < frozen.tar:
        return f"TAR falls by {float(frozen.tar[0] - numbers.tar[0]):.4f}"
    fewest = candidate.fewest_if_careful if settings.careful else candidate.fewest
    if fewest is None:
        return "not used by a careful choice"
    if n_classes < fewest:
        return f"needs {fewest} classes or more"
    if not settings.careful and share < candidate.certainty:
        return f"better in only {share:.0%} of resamples of the classes"
    return ""


def _scores(numbers: Numbers) -> Scores:
    return Scores(float(numbers.recall[0]), float(numbers.opis[0]))
