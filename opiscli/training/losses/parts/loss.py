"""The input and the result of every loss."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np

from opiscli.arrays import BoolArray, FloatingArray, Int32Array


class Loss(NamedTuple):
    """Value of a loss, and its gradient with respect to the similarities."""

    value: float
    gradient: FloatingArray


@dataclass(frozen=True, slots=True)
class PairMasks:
    """Masks of the positive and the negative pairs of a batch; the diagonal is in neither.

    Parameters
    ----------
    positive, negative
        Shape ``(n, n)``, symmetric, false on the diagonal.
    """

    positive: BoolArray
    negative: BoolArray

    @classmethod
    def from_codes(cls, codes: Int32Array) -> "PairMasks":
        """Build the masks from the class codes of a batch, shape ``(n,)``."""
        same = codes[:, None] == codes[None, :]
        itself = np.eye(len(codes), dtype=bool)
        return cls(same & ~itself, ~same)


PairLoss: TypeAlias = Callable[[FloatingArray, PairMasks], Loss]
"""From the similarities between all items of a batch, shape ``(n, n)``, and their masks."""

ProxyLoss: TypeAlias = Callable[[FloatingArray, Int32Array], Loss]
"""From the similarities of items to class proxies, shape ``(n, n_classes)``, and class codes."""
