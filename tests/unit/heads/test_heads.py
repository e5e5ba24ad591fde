"""Heads: gradients of each kind, and how they are initialised."""

import numpy as np
import pytest
from conftest import clusters
from gradients import assert_gradient

from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.errors import EmbeddingError, UsageError
from opiscli.heads import HeadKind, Projection, untrained_head
from opiscli.heads.initialisation import StartKind, initial_map

ITEMS = EmbeddingSet.from_arrays(*clusters())
KINDS = list(HeadKind)


def trained(kind, dim=8, start=StartKind.IDENTITY):
    head = untrained_head(kind, initial_map(start, ITEMS.unit_rows, ITEMS.codes, dim))
    rng = np.random.default_rng(3)
    parameters = head.initial_parameters(rng)
    moved = {name: a + rng.normal(scale=0.1, size=a.shape) for name, a in parameters.items()}
    return head, parameters, moved


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_by_every_parameter(kind):
    head, _, moved = trained(kind, dim=5)
    rows = ITEMS.unit_rows[:7].astype(np.float64)
    seed = np.random.default_rng(4).normal(size=(7, 5))

    def value_and_gradient(flat):
        result, pullback = head.forward(head.layout.views(flat), rows)
        return float(np.vdot(seed, result)), head.layout.flat(pullback(seed))

    assert_gradient(value_and_gradient, head.layout.flat(moved))


@pytest.mark.parametrize("kind", KINDS)
def test_an_untrained_head_is_the_identity(kind):
    head, parameters, _ = trained(kind)
    projected = head.projection(parameters).apply(ITEMS.unit_rows)
    np.testing.assert_allclose(projected, ITEMS.unit_rows, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_the_trained_head_does_what_training_saw(kind):
    head, _, moved = trained(kind, dim=5, start=StartKind.PCA)
    vectors, _ = head.forward(moved, ITEMS.unit_rows)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    np.testing.assert_allclose(head.projection(moved).apply(ITEMS.unit_rows), unit, atol=1e-5)


def test_identity_with_fewer_dims_keeps_most_of_every_similarity():
    flat = np.hstack([ITEMS.unit_rows, np.zeros((ITEMS.n_items, 3), np.float32)])
    start = initial_map(StartKind.IDENTITY, flat, ITEMS.codes, 8)
    kept = flat @ start.weight + start.bias
    np.testing.assert_allclose(kept @ kept.T, ITEMS.unit_rows @ ITEMS.unit_rows.T, atol=1e-5)


def test_whitening_makes_every_direction_alike():
    start = initial_map(StartKind.WHITENING, ITEMS.unit_rows, ITEMS.codes, 8)
    white = ITEMS.unit_rows @ start.weight + start.bias
    np.testing.assert_allclose(white.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(np.cov(white.T, bias=True), np.eye(8), atol=1e-2)


def test_dims_are_checked():
    with pytest.raises(UsageError, match="dim is 9"):
        initial_map(StartKind.PCA, ITEMS.unit_rows, ITEMS.codes, 9)
    with pytest.raises(EmbeddingError, match="have 8 dims, the head expects 7"):
        Projection.identity(7).apply(ITEMS.unit_rows)


@pytest.mark.parametrize("kind", KINDS)
def test_weights_are_read_only(kind):
    head, parameters, _ = trained(kind)
    projection = head.projection(parameters)
    with pytest.raises(ValueError, match="read-only"):
        projection.weight[0, 0] = 1
    with pytest.raises(ValueError, match="read-only"):
        projection.bias[0] = 1
