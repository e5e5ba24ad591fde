"""The PLDA map: against another way to compute it, its laws, and data that determine little."""

import numpy as np
import pytest
from conftest import clusters
from scipy import linalg

from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.heads.initialisation import StartKind, initial_map
from opiscli.heads.plda import covariances, plda_map

RNG = np.random.default_rng(0)


def grouped(n_classes=30, dims=8, sizes=(1, 9), spread=0.7, seed=0):
    """Rows of classes of unequal size, some of a single item, not of length one."""
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(n_classes), rng.integers(*sizes, size=n_classes))
    stretched = rng.normal(size=(len(codes), dims)) * np.linspace(0.3, 2, dims)
    rows = 1 + rng.normal(size=(n_classes, dims))[codes] + spread * stretched
    return rows.astype(np.float32), codes.astype(np.int32)


def by_loops(rows, codes):
    """The two covariances, shrunken, one class and one item at a time."""
    rows = rows.astype(np.float64)
    n, dims = rows.shape
    groups = [rows[codes == code] for code in np.unique(codes)]
    means = np.array([group.mean(axis=0) for group in groups])
    within = sum(
        np.outer(x - mean, x - mean)
        for group, mean in zip(groups, means, strict=True)
        for x in group
    ) / (n - len(groups))
    between = np.cov(means.T) - within * np.mean([1 / len(group) for group in groups])
    e, v = linalg.eigh(between)
    between = sum(max(one, 0) * np.outer(u, u) for one, u in zip(e, v.T, strict=True))

    def shrunken(covariance, n):
        share = dims / (n + dims)
        return (1 - share) * covariance + share * np.trace(covariance) / dims * np.eye(dims)

    return rows.mean(axis=0), shrunken(within, n - len(groups)), shrunken(between, len(groups))


def metric(within, between):
    """The cross term of the log-likelihood ratio of PLDA, from the two joint covariances.

    A pair (x, y) is normal with covariance [[S + B, B], [B, S + B]] in one class, and without
    the B off the diagonal in two. The ratio of the densities holds x and y together only in the
    inverse of the first.
    """
    dims, total = len(within), within + between
    joint = np.block([[total, between], [between, total]])
    return -linalg.inv(joint)[:dims, dims:]


@pytest.mark.parametrize(("n_classes", "dims"), [(30, 8), (5, 12), (2, 3)])
def test_it_is_the_fourth_root_of_the_log_likelihood_ratio(n_classes, dims):
    rows, codes = grouped(n_classes, dims, sizes=(2, 9))
    mean, within, between = by_loops(rows, codes)
    expected = np.real(linalg.sqrtm(linalg.sqrtm(metric(within, between))))
    expected *= np.sqrt(dims) / np.linalg.norm(expected)
    found = plda_map(rows, codes, dims)
    np.testing.assert_allclose(found.weight, expected, atol=1e-4)
    np.testing.assert_allclose(found.bias, -mean @ expected, atol=1e-4)


def test_covariances_are_those_of_the_model():
    """Without bias, whatever the sizes of the classes: many draws average to the truth."""
    true_between, true_within = np.diag([2.0, 0.5, 0.0]), np.diag([1.0, 0.3, 2.0])
    rng = np.random.default_rng(1)
    codes = np.repeat(np.arange(4000), rng.integers(1, 5, size=4000)).astype(np.int32)
    means = rng.normal(size=(4000, 3)) @ np.sqrt(true_between)
    rows = means[codes] + rng.normal(size=(len(codes), 3)) @ np.sqrt(true_within)
    found = covariances(rows.astype(np.float32), codes)
    np.testing.assert_allclose(found.within, true_within, atol=0.08)
    np.testing.assert_allclose(found.between, true_between, atol=0.15)
    assert np.linalg.eigvalsh(found.between)[0] > -1e-12


def test_turned_rows_give_a_turned_map():
    rows, codes = grouped()
    turn = np.linalg.qr(RNG.normal(size=(8, 8)))[0]
    plain, turned = (plda_map(x.astype(np.float32), codes, 8) for x in (rows, rows @ turn))
    np.testing.assert_allclose(turned.weight, turn.T @ plain.weight @ turn, atol=1e-4)
    np.testing.assert_allclose(turned.bias, plain.bias @ turn, atol=1e-4)


def test_neither_order_of_rows_nor_of_classes_counts_and_scale_only_in_the_bias():
    rows, codes = grouped()
    plain = plda_map(rows, codes, 8)
    renamed = codes.max() - codes
    order = np.lexsort((RNG.random(len(codes)), renamed))
    for other, factor in ((plda_map(rows[order], renamed[order], 8), 1),
                          (plda_map(8 * rows, codes, 8), 8)):  # fmt: skip
        np.testing.assert_allclose(other.weight, plain.weight, atol=1e-5)
        np.testing.assert_allclose(other.bias, factor * plain.bias, atol=factor * 1e-5)


def test_directions_that_differ_inside_classes_count_less():
    rows, codes = grouped(n_classes=200)
    scale = np.diag(plda_map(rows, codes, 8).weight)
    assert scale[0] > 1.5 * scale[-1]  # the last direction varies most inside classes


def test_fewer_dims_are_the_leading_directions_of_all():
    rows, codes = grouped()
    whole, part = plda_map(rows, codes, 8), plda_map(rows, codes, 3)
    mapped = (rows - rows.mean(axis=0)) @ whole.weight
    _, _, between = by_loops(rows, codes)
    values, vectors = linalg.eigh(whole.weight @ between @ whole.weight)
    leading = mapped @ vectors[:, np.argsort(values)[-3:]]
    ours = rows @ part.weight + part.bias
    factor = np.linalg.norm(ours) / np.linalg.norm(leading)
    np.testing.assert_allclose(ours @ ours.T, factor**2 * leading @ leading.T, atol=1e-3)
    assert np.square(part.weight).sum() == pytest.approx(3, rel=1e-5)
    assert part.bias.shape == (3,)


@pytest.mark.parametrize(
    ("rows", "codes"),
    [
        (RNG.normal(size=(6, 50)), [0, 0, 1, 1, 2, 2]),  # fewer items than dims
        (RNG.normal(size=(4, 3)), [0, 0, 0, 1]),  # a class of one item
        (np.repeat(RNG.normal(size=(5, 4)), 3, axis=0), np.repeat(np.arange(5), 3)),  # all equal
        (np.hstack([grouped(9, 2)[0], 0 * grouped(9, 2)[0]]), grouped(9, 2)[1]),  # empty dims
    ],
)
def test_data_that_determine_little_give_a_map_without_holes(rows, codes):
    rows = rows.astype(np.float32)
    found = plda_map(rows, np.asarray(codes, np.int32), rows.shape[1]) or pytest.fail("no map")
    assert np.linalg.cond(found.weight) < 100
    assert np.isfinite(found.bias).all()


@pytest.mark.parametrize("dim", [4, 2])
def test_classes_that_do_not_differ_give_the_identity(dim):
    alike = np.tile(np.eye(4, dtype=np.float32), (5, 1))
    codes = np.repeat(np.arange(5), 4).astype(np.int32)
    assert plda_map(alike, codes, dim) is None
    start, same = (initial_map(kind, alike, codes, dim) for kind in ("plda", "identity"))
    np.testing.assert_array_equal(start.weight, same.weight)
    np.testing.assert_array_equal(start.bias, same.bias)


def test_a_head_starts_with_it():
    items = EmbeddingSet.from_arrays(*clusters())
    found = initial_map(StartKind.PLDA, items.unit_rows, items.codes, 8)
    expected = plda_map(items.unit_rows, items.codes, 8)
    np.testing.assert_array_equal(found.weight, expected.weight)
