"""Rows that take the place of others, such as those that went through a head."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple, TypeAlias

import numpy as np

from opiscli.arrays import Float32Array
from opiscli.embeddings.offsets import Offsets


class ChangedRows(NamedTuple):
    """Unit rows ``(n, dim)`` and their offsets, ``None`` if they are compared by the cosine."""

    unit: Float32Array
    offsets: Offsets | None = None


Change: TypeAlias = Callable[[Float32Array], ChangedRows]
"""From unit rows ``(n, dims)``, for any n."""


def joined(blocks: Sequence[ChangedRows]) -> ChangedRows:
    """Blocks of rows one after another, all with offsets or none."""
    unit = np.concatenate([block.unit for block in blocks])
    offsets = [block.offsets for block in blocks if block.offsets is not None]
    if not offsets:
        return ChangedRows(unit)
    values = np.concatenate([one.values for one in offsets])
    return ChangedRows(unit, replace(offsets[0], values=values))
