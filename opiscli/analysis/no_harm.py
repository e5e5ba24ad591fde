"""Whether a change of embeddings or scores helps on held-out classes and harms nothing.

The rule: OPIS is lower in at least 90 % of 200 resamples of the classes, and neither R@1 nor TAR at
a FAR of 1e-3 is lower. Held-out classes may be counted in several parts, each of which was changed
by what was learned from other classes; class scores of a part are compared with the mean of that
part.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from opiscli.arrays import FloatArray, IntArray
from opiscli.counts.counts import CountedSet
from opiscli.metrics.intervals.bootstrap import ClassBootstrap
from opiscli.metrics.opis import mean_over_range
from opiscli.metrics.recall import recall_name
from opiscli.metrics.utility import utility
from opiscli.results.normalization import Outcome
from opiscli.thresholds.at_rate import threshold_at_far

FEWEST_CLASSES = 20
"""With fewer classes resamples of them agree on what is worse on others."""

_FAR = 1e-3
_N_RESAMPLES = 200
_LEAST_SHARE = 0.9


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """What counts of some held-out classes say.

    Parameters
    ----------
    scores
        Shape ``(n_classes, n_thresholds)``, class scores on the grid.
    grid
        Shape ``(n_thresholds,)``, distances.
    hits, queries
        Shape ``(n_classes,)``, for R@1.
    accepted
        Positive pairs accepted at the FAR target; ``None`` if that is not attainable.
    n_positive
        All positive pairs.
    """

    scores: FloatArray
    grid: FloatArray
    hits: FloatArray
    queries: IntArray
    accepted: int | None
    n_positive: int

    @classmethod
    def of(cls, run: CountedSet) -> "Part":
        """From counts with a grid and R@1."""
        counted, settings = run.counted, run.settings
        if counted.grid is None:
            raise AssertionError("counts with a range have a grid")
        on_grid = counted.at(counted.grid)
        paired = on_grid.has_positives
        threshold = threshold_at_far(counted.pooled, _FAR)
        accepted = None
        if threshold is not None:
            accepted = int(counted.at(np.array([threshold])).positive.sum())
        return cls(
            utility(on_grid.of_classes(paired), settings.utility, settings.beta),
            counted.grid,
            counted.retrieval[recall_name(1)][paired],
            counted.queries[paired],
            accepted,
            on_grid.n_positive,
        )

    def sums(self, drawn: FloatArray) -> FloatArray:
        """Sum over classes of squared differences from their mean, in each resample."""
        n = drawn.sum(axis=1, keepdims=True)
        mean = drawn @ self.scores / np.maximum(n, 1)
        squares = drawn @ self.scores**2
        return mean_over_range(squares - n * mean**2, self.grid)


def outcome(parts: Sequence[Part]) -> Outcome:
    """The headline numbers of all parts together."""
    n_classes = sum(len(part.scores) for part in parts)
    sums = [float(part.sums(np.ones((1, len(part.scores))))[0]) for part in parts]
    accepted = [part.accepted for part in parts if part.accepted is not None]
    n_positive = sum(part.n_positive for part in parts)
    n_queries = sum(int(part.queries.sum()) for part in parts)
    return Outcome(
        opis=sum(sums) / n_classes,
        recall_at_1=float(sum(part.hits.sum() for part in parts) / n_queries),
        tar=sum(accepted) / n_positive if len(accepted) == len(parts) else None,
    )


def share_lower(before: Sequence[Part], after: Sequence[Part], seed: int) -> float:
    """Share of resamples of the classes in which OPIS is lower after than before.

    Parameters
    ----------
    before, after
        Of the same classes, part by part.
    """
    sizes = [len(part.scores) for part in before]
    ends = np.cumsum(sizes)[:-1]
    n_lower = 0
    for drawn in ClassBootstrap(sum(sizes), _N_RESAMPLES, seed).draws():
        of_parts = np.split(drawn, ends, axis=1)
        sums = [
            sum(part.sums(some) for part, some in zip(parts, of_parts, strict=True))
            for parts in (before, after)
        ]
        n_lower += int(np.count_nonzero(sums[1] < sums[0]))
    return n_lower / _N_RESAMPLES


def is_harmless(before: Outcome, after: Outcome, share: float) -> bool:
    """Whether OPIS is lower for most classes one could have drawn, and nothing else is worse."""
    return (
        share >= _LEAST_SHARE
        and after.opis < before.opis
        and after.recall_at_1 >= before.recall_at_1
        and before.tar is not None
        and after.tar is not None
        and after.tar >= before.tar
    )
