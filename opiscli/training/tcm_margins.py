"""TCM margins that move with the calibration range during training."""

from dataclasses import replace

import numpy as np

from opiscli.arrays import FloatingArray, Int32Array
from opiscli.heads.unit_length import unit_length
from opiscli.training.tcm import ThresholdConsistentMargin


def with_margins_at_far(
    tcm: ThresholdConsistentMargin,
    vectors: FloatingArray,
    codes: Int32Array,
    far: tuple[float, float],
) -> ThresholdConsistentMargin:
    """Set the two margins to the current ends of the calibration range.

    Positive pairs that the strictest threshold of the range rejects are pulled together,
    negative pairs that the loosest accepts are pushed apart: in these pairs class scores
    differ over the range. Fixed margins would not fit embeddings whose similarities lie
    elsewhere, nor a head that moves them.

    Parameters
    ----------
    vectors
        Shape ``(n, dim)``, output of the head for a random sample of training items.
    codes
        Shape ``(n,)``, their classes, at least two.
    far
        Both ends of the calibration range, the smaller first.
    """
    unit, _ = unit_length(vectors)
    negative = (unit @ unit.T)[codes[:, None] != codes[None, :]]
    strict, loose = np.quantile(negative, [1 - far[0], 1 - far[1]])
    return replace(tcm, margin_plus=float(strict), margin_minus=float(loose))
