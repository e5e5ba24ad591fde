"""The minimum spanning forest of a listed graph, by Borůvka's algorithm on whole arrays."""

from typing import NamedTuple

import numpy as np

from opiscli.arrays import AnyArray, IntArray


class Forest(NamedTuple):
    """The edges of a minimum spanning forest, and the trees that they form.

    Parameters
    ----------
    edges
        Positions among the listed edges, by increasing weight.
    trees
        Shape ``(n_nodes,)``, number of the tree of each node, from 0.
    """

    edges: IntArray
    trees: IntArray


def minimum_forest(n_nodes: int, first: AnyArray, second: AnyArray, weight: AnyArray) -> Forest:
    """Find a minimum spanning forest; of edges of equal weight, those listed first come first.

    Parameters
    ----------
    first, second
        Shape ``(n_edges,)``, the two different ends of each edge; an edge may be listed twice.
    weight
        Same shape, any finite numbers.

    Notes
    -----
    In each round every tree takes its lightest edge to another tree (Borůvka 1926, translated by
    Nešetřil, Milková and Nešetřilová 2001, Discrete Mathematics 233, 3-36). Edges are compared by
    their place in the order of weights, which no two share, so the edges taken form no circle.
    """
    order = np.argsort(weight, kind="stable")
    place, one, other = np.arange(len(order)), first[order], second[order]
    trees, n_trees = np.arange(n_nodes), n_nodes
    taken = [place[:0]]
    while len(place):
        edge, beyond = _lightest(n_trees, place, one, other)
        taken.append(np.unique(place[edge[edge >= 0]]))
        joined = _joined(edge, beyond)
        trees, n_trees = joined[trees], int(joined.max()) + 1
        one, other = joined[one], joined[other]
        apart = one != other
        place, one, other = place[apart], one[apart], other[apart]
    return Forest(order[np.sort(np.concatenate(taken))], trees)


def _lightest(
    n_trees: int, place: IntArray, one: AnyArray, other: AnyArray
) -> tuple[IntArray, IntArray]:
    """Position of the lightest edge of each tree, -1 for none, and the tree at its other end."""
    n_edges = len(place)
    lightest = np.full((2, n_trees), n_edges)
    # Backwards, so that what stays in a cell is its lightest edge.
    lightest[0, one[::-1]] = np.arange(n_edges - 1, -1, -1)
    lightest[1, other[::-1]] = np.arange(n_edges - 1, -1, -1)
    edge = lightest.min(axis=0)
    edge[edge == n_edges] = -1
    itself = np.arange(n_trees)
    beyond = np.where(edge < 0, itself, one[edge] + other[edge] - itself)
    return edge, beyond


def _joined(edge: IntArray, beyond: IntArray) -> IntArray:
    """Number of the new tree of each tree, if each is joined with the one beyond its edge."""
    itself = np.arange(len(edge))
    # Two trees that take the same edge point at one another: the first is their root.
    root = np.where((beyond[beyond] == itself) & (itself < beyond), itself, beyond)
    while True:
        further = root[root]
        if np.array_equal(further, root):
            break
        root = further
    return np.asarray(np.cumsum(root == itself) - 1)[root]
