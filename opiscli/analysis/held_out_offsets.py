"""What offsets do on classes of the cohort that they are not computed from."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from opiscli.arrays import BoolArray, FloatArray
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.embeddings.offsets import Offsets
from opiscli.errors import EmbeddingError, UndefinedMetric
from opiscli.neighbours.cohort import Cohort
from opiscli.results.normalization import HeldOut, Outcome
from opiscli.settings.evaluation import RangeRequest
from opiscli.settings.resources import Resources
from opiscli.training.candidates import FROZEN, Candidate
from opiscli.training.choice import FEWEST_CLASSES, JudgedCandidate, choose
from opiscli.training.judgement import Judgement
from opiscli.training.settings import TrainingSettings

_FAR = 1e-3
"""At which TAR must not be lower."""

_MOST_ITEMS = 20_000
"""Of a larger cohort, so many items of classes drawn at random are enough."""


def held_out(
    cohort: EmbeddingSet, k: int, weights: Sequence[float], resources: Resources, seed: int
) -> tuple[HeldOut, ...]:
    """Halve the classes, and take each half as the cohort of the other.

    Returns
    -------
    tuple
        One result for each weight; empty where the classes are too few to tell.
    """
    rng = np.random.default_rng(seed)
    items = _some_classes(cohort, rng)
    n_classes = int(np.count_nonzero(items.class_sizes > 1))
    if n_classes < FEWEST_CLASSES:
        return ()
    is_first = _half(items, rng)
    try:
        sides = [items.subset(chosen[items.codes]) for chosen in (is_first, ~is_first)]
        if min(side.n_items - int(side.class_sizes.max()) for side in sides) < k:
            return ()
        nearness = [
            _nearness(side, other, k, resources)
            for side, other in zip(sides, reversed(sides), strict=True)
        ]
        before = [_judged(side, None, resources) for side in sides]
        return tuple(
            _result(items, before, sides, nearness, weight, resources, seed) for weight in weights
        )
    except (EmbeddingError, UndefinedMetric):  # too few pairs in one half
        return ()


def _result(
    items: EmbeddingSet,
    before: list[Judgement],
    sides: list[EmbeddingSet],
    nearness: list[FloatArray],
    weight: float,
    resources: Resources,
    seed: int,
) -> HeldOut:
    after = [
        _judged(side, Offsets.of(weight * r), resources)
        for side, r in zip(sides, nearness, strict=True)
    ]
    judgements = {FROZEN: before, Candidate("offsets", dose=0.0): after}
    first, then = choose(judgements, TrainingSettings(seed=seed)).judged
    return HeldOut(
        weight=weight,
        n_items=items.n_items,
        n_classes=sum(part.n_classes for part in before),
        before=_outcome(first),
        after=_outcome(then),
        share_lower=then.share_better or 0.0,
        passed=not then.refused,
    )


def _outcome(judged: JudgedCandidate) -> Outcome:
    return Outcome(opis=judged.opis, recall_at_1=judged.recall, tar=judged.tar)


def _some_classes(cohort: EmbeddingSet, rng: np.random.Generator) -> EmbeddingSet:
    if cohort.n_items <= _MOST_ITEMS:
        return cohort
    order = rng.permutation(cohort.n_classes)
    inside = np.cumsum(cohort.class_sizes[order]) <= _MOST_ITEMS
    chosen = np.isin(cohort.codes, order[inside])
    return cohort.subset(chosen) if chosen.any() else cohort


def _half(items: EmbeddingSet, rng: np.random.Generator) -> BoolArray:
    """Mask of classes: half of those with pairs, and half of the singletons."""
    order = rng.permutation(items.n_classes)
    order = order[np.argsort(items.class_sizes[order] == 1, kind="stable")]
    is_first = np.zeros(items.n_classes, dtype=bool)
    is_first[order[::2]] = True
    return is_first


def _nearness(side: EmbeddingSet, other: EmbeddingSet, k: int, resources: Resources) -> FloatArray:
    cohort = Cohort(other.unit_rows, other.codes, k, threads=resources.threads)
    return cohort.nearness(side.unit_rows).mean - cohort.own_mean()


def _judged(side: EmbeddingSet, offsets: Offsets | None, resources: Resources) -> Judgement:
    return Judgement.of(replace(side, offsets=offsets), RangeRequest(), _FAR, resources)
