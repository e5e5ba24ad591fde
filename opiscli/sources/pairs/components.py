"""Items that are linked by same-class pairs, directly or through others."""

from collections.abc import Iterator

import numpy as np

from opiscli.arrays import BoolArray, Int32Array

_PAIRS_AT_ONCE = 1 << 21


def linked_items(sides: Int32Array, is_positive: BoolArray, n_items: int) -> Int32Array:
    """Shape ``(n_items,)``, the first item that each item is linked with, or itself.

    *Same class* is transitive: if a pair of it links two items, and another one links one of them
    with a third, all three are of the same class. Some pairs are taken at a time, and what they
    link is contracted, so that memory depends on the number of items only.

    Parameters
    ----------
    sides
        Shape ``(2, n_pairs)``, items of each pair, from 0.
    """
    # Imported here: SciPy takes long to import, and only some pairs need it.
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import connected_components

    group = np.arange(n_items, dtype=np.int32)
    for some in few_pairs(len(is_positive)):
        positive = is_positive[some]
        first, second = (group[side[some][positive]] for side in sides)
        if np.array_equal(first, second):
            continue
        links = csr_matrix((np.ones(len(first), bool), (first, second)), shape=(n_items, n_items))
        _, of_group = connected_components(links, directed=False)
        group = of_group.astype(np.int32)[group]
    _, first_item, of_item = np.unique(group, return_index=True, return_inverse=True)
    return np.asarray(first_item.astype(np.int32)[of_item])


def first_inside(group: Int32Array, sides: Int32Array, is_positive: BoolArray) -> int | None:
    """First pair of different classes whose items are of the same group; ``None`` if none is."""
    for some in few_pairs(len(is_positive)):
        inside = ~is_positive[some] & (group[sides[0][some]] == group[sides[1][some]])
        if inside.any():
            return int(some.start) + int(np.argmax(inside))
    return None


def few_pairs(n_pairs: int) -> Iterator[slice]:
    """Slices of pairs, so few that what is computed of them takes little memory."""
    for start in range(0, n_pairs, _PAIRS_AT_ONCE):
        yield slice(start, min(start + _PAIRS_AT_ONCE, n_pairs))
