"""The cohort of a head: items whose density represents that of all items to come."""

from dataclasses import dataclass

import numpy as np

from opiscli.arrays import Float32Array
from opiscli.errors import EmbeddingError

_HINT = "Train it again with opis finetune --normalize."


@dataclass(frozen=True, slots=True, eq=False)
class HeadCohort:
    """What the offset of an item is computed from: ``weight`` times (r - ``centre``).

    r is the mean similarity of the item, through the head, to the ``k`` nearest of the cohort.

    Parameters
    ----------
    rows
        Shape ``(n_items, dim)``, the items through the head, of length one.
    k, weight
        Neighbours, and the share of r that is subtracted, in (0, 1].
    centre
        Mean r of the cohort itself, each item without its own class.

    Raises
    ------
    EmbeddingError
        If a number is not possible.
    """

    rows: Float32Array
    k: int
    weight: float
    centre: float

    def __post_init__(self) -> None:
        if self.rows.ndim != 2 or not 1 <= self.k <= len(self.rows):
            raise EmbeddingError(
                f"the cohort of the head has shape {self.rows.shape} and k is {self.k}", hint=_HINT
            )
        if not (0 < self.weight <= 1 and -1 <= self.centre <= 1):
            raise EmbeddingError(
                f"the offsets of the head have weight {self.weight:g} and centre {self.centre:g}",
                hint=_HINT,
            )
        # Written so that it is true of NaN, too.
        if not (np.abs(np.linalg.norm(self.rows, axis=1) - 1) < 1e-3).all():
            raise EmbeddingError("the cohort of the head is not of length one", hint=_HINT)
        self.rows.flags.writeable = False

    @property
    def dim(self) -> int:
        """Dimension of the items."""
        return int(self.rows.shape[1])
