"""What a loss takes and returns."""

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
    """Which pairs of a batch are positive and which negative; an item is in no pair with itself.

    Parameters
    ----------
    positive, negative
        Shape ``(n, n)``, symmetric, false on the diagonal.
    """

    positive: BoolArray
    negative: BoolArray

    @classmethod
    def from_codes(cls, codes: Int32Array) -> "PairMasks":
        """Masks from the class codes of a batch, shape ``(n,)``."""
        same = codes[:, None] == codes[None, :]
        itself = np.eye(len(codes), dtype=bool)
        return cls(same & ~itself, ~same)


PairLoss: TypeAlias = Callable[[FloatingArray, PairMasks], Loss]
"""From the similarities between all items of a batch, shape ``(n, n)``, and their masks."""

ProxyLoss: TypeAlias = Callable[[FloatingArray, Int32Array], Loss]
"""From the similarities of items to class proxies, shape ``(n, n_classes)``, and class codes."""
