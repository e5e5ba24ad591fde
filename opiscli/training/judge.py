"""Judges what can be made of heads on items of classes that they were not trained on."""

from collections.abc import Sequence
from dataclasses import dataclass

from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.heads import Projection
from opiscli.settings.resources import Resources
from opiscli.training.candidates import FROZEN, Candidate
from opiscli.training.judgement import Judgement
from opiscli.training.settings import TrainingSettings

_FEWEST_FALSE_ACCEPTS = 10
"""In each part at the threshold where TAR is measured: with fewer, it would be chance."""


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges candidates on the parts: pairs of the items a head was trained on, and unseen ones.

    ``at_far`` is the FAR of the settings, or a higher one at which every part has ten false
    accepts.
    """

    parts: Sequence[tuple[EmbeddingSet, EmbeddingSet]]
    settings: TrainingSettings
    at_far: float
    resources: Resources

    @classmethod
    def of(
        cls,
        parts: Sequence[tuple[EmbeddingSet, EmbeddingSet]],
        settings: TrainingSettings,
        resources: Resources,
    ) -> "Judge":
        """Choose the FAR of TAR: that of the settings, if every part has pairs enough."""
        fewest = min(unseen.n_pairs - _positive_pairs(unseen) for _, unseen in parts)
        attainable = float(f"{min(_FEWEST_FALSE_ACCEPTS / fewest, 0.5):.2g}")
        return cls(parts, settings, max(settings.at_far, attainable), resources)

    def __call__(self, candidate: Candidate, heads: Sequence[Projection]) -> tuple[Judgement, ...]:
        """Judge each part through its head."""
        both = zip(heads, self.parts, strict=True)
        return tuple(self._judged(candidate, head, own, unseen) for head, (own, unseen) in both)

    def _judged(
        self, candidate: Candidate, head: Projection, own: EmbeddingSet, unseen: EmbeddingSet
    ) -> Judgement:
        if candidate is not FROZEN:
            threads = self.resources.threads
            unseen = candidate.fitted(head, own, threads).applied(unseen, threads)
        reach = self.settings.calibration_range
        return Judgement.of(unseen, reach, self.at_far, self.resources)


def _positive_pairs(items: EmbeddingSet) -> int:
    return int((items.class_sizes * (items.class_sizes - 1) // 2).sum())
