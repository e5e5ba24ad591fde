"""The border: what may pass, in which form, and what is refused."""

import numpy as np
import pytest
from conftest import clusters

from opiscli import EmbeddingError, EmbeddingSet
from opiscli.embeddings.labels import Labels
from opiscli.embeddings.repeats import fingerprints_of, first_equal_of


def test_items_are_grouped_by_class_and_remember_their_rows():
    embeddings, _ = clusters(n_classes=3, sizes=(2, 3))
    labels = np.array(["b", "a", "c", "a", "b", "c"])
    items = EmbeddingSet.from_arrays(embeddings, labels)
    assert items.codes.tolist() == [0, 0, 1, 1, 2, 2]
    assert items.rows.tolist() == [1, 3, 0, 4, 2, 5]
    assert items.names == ("a", "b", "c")
    assert items.class_sizes.tolist() == [2, 2, 2]
    length = np.linalg.norm(embeddings, axis=1, keepdims=True)
    assert items.unit_rows == pytest.approx((embeddings / length)[items.rows], abs=1e-7)


def test_vectors_that_share_a_fingerprint_are_compared():
    vectors = np.array([[1, 0], [0, 1], [1, 0], [0, 1], [0, -1]], dtype=np.float32)
    collided = np.zeros(5, dtype=np.uint64)
    assert first_equal_of(vectors, collided).tolist() == [0, 1, 0, 3, 4]  # missed, never invented
    assert first_equal_of(vectors, fingerprints_of(vectors)).tolist() == [0, 1, 0, 1, 4]


def test_integer_labels_sort_by_value():
    assert Labels.from_values(np.array([10, 9, 10, 2])).names == ("2", "9", "10")


@pytest.mark.parametrize("scale", [1e-300, 1e-30, 1.0, 1e30, 1e300])
def test_tiny_and_huge_values_keep_their_direction(scale):
    embeddings, labels = clusters()
    plain = EmbeddingSet.from_arrays(embeddings, labels)
    scaled = EmbeddingSet.from_arrays(embeddings * scale, labels)
    assert scaled.unit_rows == pytest.approx(plain.unit_rows, abs=1e-7)


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, np.longdouble])
def test_number_types(kind):
    embeddings, labels = clusters()
    items = EmbeddingSet.from_arrays((embeddings * 20).astype(kind), labels)
    assert items.unit_rows.dtype == np.float32
    assert np.linalg.norm(items.unit_rows, axis=1) == pytest.approx(1, abs=1e-6)


def test_the_callers_arrays_are_left_alone():
    embeddings, labels = clusters()
    before = embeddings.copy(), labels.copy()
    items = EmbeddingSet.from_arrays(embeddings, labels)
    assert np.array_equal(embeddings, before[0])
    assert np.array_equal(labels, before[1])
    assert embeddings.flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        items.unit_rows[0, 0] = 1


@pytest.mark.parametrize("row", [0, 2047, 2048, 9999])
def test_a_bad_row_is_named_however_many_there_are(row):
    embeddings = np.ones((10_000, 3), dtype=np.float32)
    embeddings[row, 1] = np.nan
    embeddings[9_999] = 0
    with pytest.raises(EmbeddingError, match=f"first in row {row} ") as error:
        EmbeddingSet.from_arrays(embeddings, np.arange(10_000) % 7)
    assert error.value.row == row


def test_exact_duplicates_are_found_and_near_ones_are_not():
    embeddings, labels = clusters(n_classes=4, sizes=(3, 4))
    embeddings[5] = embeddings[0]
    embeddings[1] = 2 * embeddings[0]
    embeddings[2] = embeddings[0] * (1 + 1e-3 * np.arange(8))
    items = EmbeddingSet.from_arrays(embeddings, labels)
    assert np.flatnonzero(items.repeats).tolist() == [1, 5]
    assert items.n_conflicts == 1
    kept = items.without_repeats()
    assert kept.n_items == items.n_items - 2
    assert kept.rows.tolist() == [0, 2, 3, 4, *range(6, 12)]
    assert not kept.repeats.any()


def test_fingerprints_tell_rows_apart_and_do_not_depend_on_their_order():
    embeddings, labels = clusters(n_classes=30, sizes=(20, 30))
    items = EmbeddingSet.from_arrays(embeddings, labels)
    assert len(set(items.fingerprints.tolist())) == items.n_items
    assert 0.4 < np.mean(items.fingerprints < 2**63) < 0.6
    backwards = EmbeddingSet.from_arrays(embeddings[::-1], labels[::-1])
    assert set(backwards.fingerprints.tolist()) == set(items.fingerprints.tolist())


def test_negative_zero_is_zero():
    rows = np.array([[1.0, 0.0], [1.0, -0.0], [0.0, 1.0], [-0.0, 1.0]])
    assert EmbeddingSet.from_arrays(rows, np.array([0, 0, 1, 1])).repeats.sum() == 2


@pytest.mark.parametrize(
    ("embeddings", "labels", "match"),
    [
        (np.ones((3, 2)), np.array([0, 1]), "3 embeddings but 2 labels"),
        (np.ones(3), np.array([0, 0, 1]), r"shape \(3,\)"),
        (np.ones((3, 2)), np.array([[0], [0], [1]]), r"shape \(3, 1\)"),
        (np.ones((3, 2)), np.array([0.0, 0.0, 1.0]), "float64"),
        (np.ones((3, 2), dtype=complex), np.array([0, 0, 1]), "complex128"),
        (np.ones((0, 2)), np.array([], dtype=int), "0 embeddings"),
        (np.ones((3, 0)), np.array([0, 0, 1]), "0 dims"),
        (np.ones((3, 2)), np.array([5, 5, 5]), "of one class"),
        (np.ones((3, 2)), np.array([1, 2, 3]), "single item"),
        (np.array([[1, 1], [0, 0], [1, 2.0]]), np.array([0, 0, 1]), "first in row 1"),
        (np.array([[1, 1], [1, 0], [1, np.nan]]), np.array([0, 0, 1]), "first in row 2"),
        (np.array([[1, np.inf], [1, 0], [1, 1]]), np.array([0, 0, 1]), "first in row 0"),
    ],
)
def test_what_cannot_be_evaluated_is_refused(embeddings, labels, match):
    with pytest.raises(EmbeddingError, match=match):
        EmbeddingSet.from_arrays(embeddings, labels)
