"""Heads: gradients of each kind, where they start, and what is left of them in a file."""

import numpy as np
import pytest
from conftest import clusters
from gradients import assert_gradient

from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.errors import EmbeddingError, SourceError, UsageError
from opiscli.heads import HeadKind, Projection, head_of
from opiscli.heads.head_file import HeadFile, read_head, write_head
from opiscli.heads.initialisation import StartKind, start_of
from opiscli.heads.safetensors import read_tensors, write_tensors

ITEMS = EmbeddingSet.from_arrays(*clusters())
KINDS = list(HeadKind)


def trained(kind, dim=8, start=StartKind.IDENTITY):
    head = head_of(kind, start_of(start, ITEMS.unit, dim))
    rng = np.random.default_rng(3)
    parameters = head.start(rng)
    moved = {name: a + rng.normal(scale=0.1, size=a.shape) for name, a in parameters.items()}
    return head, parameters, moved


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_by_every_parameter(kind):
    head, _, moved = trained(kind, dim=5)
    rows = ITEMS.unit[:7].astype(np.float64)
    seed = np.random.default_rng(4).normal(size=(7, 5))

    def value_and_gradient(flat):
        result, pullback = head.forward(head.layout.views(flat), rows)
        return float(np.vdot(seed, result)), head.layout.flat(pullback(seed))

    assert_gradient(value_and_gradient, head.layout.flat(moved))


@pytest.mark.parametrize("kind", KINDS)
def test_an_untrained_head_is_the_identity(kind):
    head, parameters, _ = trained(kind)
    projected = head.trained(parameters).apply(ITEMS.unit)
    np.testing.assert_allclose(projected, ITEMS.unit, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_the_trained_head_does_what_training_saw(kind):
    head, _, moved = trained(kind, dim=5, start=StartKind.PCA)
    vectors, _ = head.forward(moved, ITEMS.unit)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    np.testing.assert_allclose(head.trained(moved).apply(ITEMS.unit), unit, atol=1e-5)


def test_identity_with_fewer_dims_keeps_most_of_every_similarity():
    flat = np.hstack([ITEMS.unit, np.zeros((ITEMS.n_items, 3), np.float32)])
    start = start_of(StartKind.IDENTITY, flat, 8)
    kept = flat @ start.weight + start.bias
    np.testing.assert_allclose(kept @ kept.T, ITEMS.unit @ ITEMS.unit.T, atol=1e-5)


def test_whitening_makes_every_direction_alike():
    start = start_of(StartKind.WHITENING, ITEMS.unit, 8)
    white = ITEMS.unit @ start.weight + start.bias
    np.testing.assert_allclose(white.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(np.cov(white.T, bias=True), np.eye(8), atol=1e-2)


def test_dims_are_checked():
    with pytest.raises(UsageError, match="dim is 9"):
        start_of(StartKind.PCA, ITEMS.unit, 9)
    with pytest.raises(EmbeddingError, match="have 8 dims, the head expects 7"):
        Projection.identity(7).apply(ITEMS.unit)


@pytest.mark.parametrize("kind", KINDS)
def test_save_then_load_is_bit_equal(tmp_path, kind):
    head, _, moved = trained(kind, dim=5)
    before = head.trained(moved)
    write_head(tmp_path / "h.safetensors", HeadFile(before, {"signature": "s"}), force=False)
    after = read_head(tmp_path / "h.safetensors")
    assert after.record == {"signature": "s"}
    assert np.array_equal(before.apply(ITEMS.unit), after.projection.apply(ITEMS.unit))


def test_any_cut_of_a_head_file_is_told(tmp_path):
    path, cut = tmp_path / "h.safetensors", tmp_path / "cut.safetensors"
    write_head(path, HeadFile(Projection.identity(4), {}), force=False)
    contents = path.read_bytes()
    for length in range(0, len(contents), 7):
        cut.write_bytes(contents[:length])
        with pytest.raises(SourceError, match="damaged or no safetensors file"):
            read_head(cut)


def test_other_safetensors_are_no_heads(tmp_path):
    path = tmp_path / "other.safetensors"
    write_tensors(path, {"weight": np.eye(3, dtype=np.float32)}, {}, force=False)
    assert list(read_tensors(path)[0]) == ["weight"]
    with pytest.raises(SourceError, match="is not a head"):
        read_head(path)


def test_the_format_is_that_of_the_safetensors_package(tmp_path):
    numpy = pytest.importorskip("safetensors.numpy")
    arrays = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.arange(3)}
    write_tensors(tmp_path / "ours.safetensors", arrays, {"é": "ü"}, force=False)
    theirs = numpy.load_file(tmp_path / "ours.safetensors")
    numpy.save_file(arrays, tmp_path / "theirs.safetensors")
    ours, _ = read_tensors(tmp_path / "theirs.safetensors")
    for name, array in arrays.items():
        assert np.array_equal(theirs[name], array)
        assert np.array_equal(ours[name], array)
