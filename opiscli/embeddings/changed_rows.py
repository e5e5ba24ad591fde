"""Rows that take the place of others, such as those that went through a head."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple, TypeAlias

import numpy as np

from opiscli.arrays import Float32Array
from opiscli.embeddings.offsets import Offsets


class ChangedRows(NamedTuple):
    """Unit rows ``(n, dim)`` and their offsets, ``None`` if they are compared by the cosine.

    ``n_members`` of them are items of the cohort that the offsets are computed from.
    """

    unit: Float32Array
    offsets: Offsets | None = None
    n_members: int = 0


Change: TypeAlias = Callable[[Float32Array], ChangedRows]
"""From unit rows ``(n, dims)``, for any n."""


def joined(blocks: Sequence[ChangedRows]) -> ChangedRows:
    """Blocks of rows one after another, all with offsets or none."""
    unit = np.concatenate([block.unit for block in blocks])
    offsets = [block.offsets for block in blocks if block.offsets is not None]
    if not offsets:
        return ChangedRows(unit)
    values = np.concatenate([one.values for one in offsets])
    n_members = sum(block.n_members for block in blocks)
    return ChangedRows(unit, replace(offsets[0], values=values), n_members)
