"""What is minimised: a base loss, and the threshold-consistent margin beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from opiscli.arrays import FloatingArray, Int32Array
from opiscli.heads.unit_length import unit_length
from opiscli.training.losses import PAIR_LOSSES, PROXY_LOSSES
from opiscli.training.losses.loss import PairLoss, PairMasks, ProxyLoss


class BatchLoss(NamedTuple):
    """Value of both parts, and the gradients by embeddings and by proxies."""

    base: float
    tcm: float
    by_vectors: FloatingArray
    by_proxies: FloatingArray | None


@dataclass(frozen=True, slots=True)
class Criterion:
    """The sum of a base loss and, if wanted, TCM.

    Parameters
    ----------
    of_pairs, of_proxies
        The base loss: exactly one of them.
    """

    of_pairs: PairLoss | None
    of_proxies: ProxyLoss | None

    @classmethod
    def of(cls, loss: str, options: Mapping[str, float]) -> "Criterion":
        """Take a loss by its name."""
        if loss in PROXY_LOSSES:
            return cls(None, partial(PROXY_LOSSES[loss], **options))
        return cls(partial(PAIR_LOSSES[loss], **options), None)

    def __call__(
        self,
        vectors: FloatingArray,
        codes: Int32Array,
        tcm: PairLoss | None,
        proxies: FloatingArray | None = None,
    ) -> BatchLoss:
        """Loss of a batch.

        Parameters
        ----------
        vectors
            Shape ``(n, dim)``, what a head gives, of any length.
        codes
            Shape ``(n,)``, class of each.
        tcm
            TCM, or TCM held to some pairs, or none.
        proxies
            Shape ``(n_classes, dim)``, of any length; for a proxy loss.
        """
        unit, pullback = unit_length(vectors)
        by_unit = np.zeros_like(unit)
        by_proxies = None
        base = regulariser = 0.0
        if self.of_proxies is not None and proxies is not None:
            unit_proxies, proxy_pullback = unit_length(proxies)
            base, gradient = self.of_proxies(unit @ unit_proxies.T, codes)
            by_unit += gradient @ unit_proxies
            by_proxies = proxy_pullback(gradient.T @ unit)
        if self.of_pairs is not None or tcm is not None:
            similarity, pairs = unit @ unit.T, PairMasks.of(codes)
            gradient = np.zeros_like(similarity)
            if self.of_pairs is not None:
                base, by_similarity = self.of_pairs(similarity, pairs)
                gradient += by_similarity
            if tcm is not None:
                regulariser, by_similarity = tcm(similarity, pairs)
                gradient += by_similarity
            by_unit += (gradient + gradient.T) @ unit
        return BatchLoss(base, regulariser, pullback(by_unit), by_proxies)
