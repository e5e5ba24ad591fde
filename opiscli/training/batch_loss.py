"""The training objective: a base loss plus the threshold-consistent margin (TCM)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from opiscli.arrays import FloatingArray, Int32Array
from opiscli.heads.unit_length import unit_length
from opiscli.training.losses import has_proxies, loss_function
from opiscli.training.losses.parts.loss import PairLoss, PairMasks, ProxyLoss


class BatchLoss(NamedTuple):
    """Base loss and TCM of a batch, with the gradients with respect to vectors and proxies."""

    base: float
    tcm: float
    vector_gradient: FloatingArray
    proxy_gradient: FloatingArray | None


@dataclass(frozen=True, slots=True)
class Criterion:
    """The sum of a base loss and, optionally, TCM.

    Parameters
    ----------
    pair_loss, proxy_loss
        The base loss: exactly one of them.
    """

    pair_loss: PairLoss | None
    proxy_loss: ProxyLoss | None

    @classmethod
    def by_name(cls, loss: str, options: Mapping[str, float]) -> "Criterion":
        """Build the criterion from the name of its base loss."""
        function = partial(loss_function(loss), **options)
        return cls(None, function) if has_proxies(loss) else cls(function, None)

    def __call__(
        self,
        vectors: FloatingArray,
        codes: Int32Array,
        tcm: PairLoss | None,
        proxies: FloatingArray | None = None,
    ) -> BatchLoss:
        """Compute the loss of a batch and its gradients.

        Parameters
        ----------
        vectors
            Shape ``(n, dim)``, output of the head, of any length.
        codes
            Shape ``(n,)``, class of each.
        tcm
            TCM, or TCM over fixed pairs, or none.
        proxies
            Shape ``(n_classes, dim)``, of any length; for a proxy loss.
        """
        unit, pullback = unit_length(vectors)
        unit_gradient = np.zeros_like(unit)
        proxy_gradient = None
        base = regulariser = 0.0
        if self.proxy_loss is not None and proxies is not None:
            unit_proxies, proxy_pullback = unit_length(proxies)
            base, gradient = self.proxy_loss(unit @ unit_proxies.T, codes)
            unit_gradient += gradient @ unit_proxies
            proxy_gradient = proxy_pullback(gradient.T @ unit)
        if self.pair_loss is not None or tcm is not None:
            similarity, pairs = unit @ unit.T, PairMasks.from_codes(codes)
            gradient = np.zeros_like(similarity)
            if self.pair_loss is not None:
                base, similarity_gradient = self.pair_loss(similarity, pairs)
                gradient += similarity_gradient
            if tcm is not None:
                regulariser, similarity_gradient = tcm(similarity, pairs)
                gradient += similarity_gradient
            unit_gradient += (gradient + gradient.T) @ unit
        return BatchLoss(base, regulariser, pullback(unit_gradient), proxy_gradient)
