"""The threshold-consistent margin: a regulariser that makes class scores agree at one threshold."""

from dataclasses import dataclass

import numpy as np

from opiscli.arrays import BoolArray, FloatingArray
from opiscli.training.losses.parts.loss import Loss, PairMasks


@dataclass(frozen=True, slots=True)
class ActivePairs:
    """The pairs that violate a margin, ties included; shapes ``(n, n)``."""

    positive: BoolArray
    negative: BoolArray


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdConsistentMargin:
    r"""Mean margin violation of the hard positives plus that of the hard negatives.

    .. math::
        L = \lambda^+ \operatorname{mean}_{\text{positive},\, s \le m^+} (m^+ - s)
          + \lambda^- \operatorname{mean}_{\text{negative},\, s \ge m^-} (s - m^-)

    An empty mean is 0. The means are over violating pairs only, so the value jumps when a
    pair crosses a margin; between jumps the gradient is exact.

    Parameters
    ----------
    margin_plus, margin_minus
        Similarities in [-1, 1].
    lambda_plus, lambda_minus
        Weights, 0 or more.

    References
    ----------
    Zhang et al., "Threshold-consistent margin loss for open-world deep metric learning",
    ICLR 2024, arXiv:2307.04047.
    """

    margin_plus: float = 0.9
    margin_minus: float = 0.5
    lambda_plus: float = 1.0
    lambda_minus: float = 1.0

    def active(self, similarity: FloatingArray, pairs: PairMasks) -> ActivePairs:
        """Pairs at or beyond their margin."""
        return ActivePairs(
            pairs.positive & (similarity <= self.margin_plus),
            pairs.negative & (similarity >= self.margin_minus),
        )

    def __call__(self, similarity: FloatingArray, pairs: PairMasks) -> Loss:
        """Loss of a batch, similarities of shape ``(n, n)``."""
        return self.over(similarity, self.active(similarity, pairs))

    def over(self, similarity: FloatingArray, active: ActivePairs) -> Loss:
        """Loss over pairs chosen beforehand: linear in the similarities, for line searches."""
        number = similarity.dtype.type
        n_positive = max(int(np.count_nonzero(active.positive)), 1)
        n_negative = max(int(np.count_nonzero(active.negative)), 1)
        too_far = (number(self.margin_plus) - similarity).sum(where=active.positive)
        too_near = (similarity - number(self.margin_minus)).sum(where=active.negative)
        value = self.lambda_plus * too_far / n_positive + self.lambda_minus * too_near / n_negative
        gradient = active.negative * number(self.lambda_minus / n_negative)
        gradient -= active.positive * number(self.lambda_plus / n_positive)
        return Loss(float(value), gradient)
