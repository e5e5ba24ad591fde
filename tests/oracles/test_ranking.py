"""MAP@R and R-precision against another library, and against all orders of tied neighbours."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from conftest import SAMPLE, clusters, coarse_grid
from hypothesis import given
from hypothesis import strategies as st
from oracles.ranking_data import make

from opiscli import EmbeddingSet, read_embeddings
from opiscli.counting.retrieval import ranking_sums
from opiscli.metrics.recall import hits_at
from opiscli.neighbours import match_lists as rankings
from opiscli.neighbours.match_ranks import match_ranks
from opiscli.settings.resources import Resources

GOLDEN = json.loads((Path(__file__).parent / "ranking_golden.json").read_text("utf-8"))["sets"]


def scores(items, threads=1, memory_limit=None):
    sums = ranking_sums(items, Resources.of_machine(threads=threads, memory_limit=memory_limit))
    n_queries = items.class_sizes[items.class_sizes > 1].sum()
    return tuple(sums[name].sum() / n_queries for name in ("map_at_r", "r_precision"))


def brute_force(embeddings, labels, orders=False):
    """Mean of both metrics over queries; over all orders of tied neighbours one by one, or none."""
    x = np.asarray(embeddings, dtype=np.float64)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    d = np.round(np.sqrt(np.maximum(0, 2 - 2 * x @ x.T)), 6 if orders else 12)
    rows = []
    for a in range(len(x)):
        r = np.sum(labels == labels[a]) - 1
        if r == 0:
            continue
        others = [b for b in np.argsort(d[a], kind="stable") if b != a]
        groups = [list(g) for _, g in itertools.groupby(others, key=lambda b, a=a: d[a, b])]
        if not orders:
            assert all(len(group) == 1 for group in groups)
        each = itertools.product(*(itertools.permutations(group) for group in groups))
        of_order = []
        for order in each:
            hit = [labels[b] == labels[a] for b in itertools.chain(*order)][:r]
            precision = [sum(hit[: i + 1]) / (i + 1) for i in range(r)]
            of_order.append((sum(p for p, h in zip(precision, hit, strict=True) if h), sum(hit)))
        rows.append(np.mean(of_order, axis=0) / r)
    return tuple(np.mean(rows, axis=0))


@pytest.mark.parametrize("name", [name for name in GOLDEN if name != "wordnet"])
def test_pytorch_metric_learning_finds_the_same(name):
    golden = GOLDEN[name]
    items = EmbeddingSet.from_arrays(*make(**golden["how"]))
    average_precision, r_precision = scores(items)
    assert average_precision == pytest.approx(golden["mean_average_precision_at_r"], abs=1e-12)
    assert r_precision == pytest.approx(golden["r_precision"], abs=1e-12)
    recall = hits_at(match_ranks(items, 1, threads=1), 1).mean()
    assert recall == pytest.approx(golden["precision_at_1"], abs=1e-12)


def test_pytorch_metric_learning_finds_the_same_up_to_ties_on_real_data():
    golden = GOLDEN["wordnet"]
    items = read_embeddings(str(SAMPLE / "wordnet.parquet"))
    average_precision, r_precision = scores(items)
    # Some of its neighbours are tied, and there the other library goes by the order of rows.
    assert average_precision == pytest.approx(golden["mean_average_precision_at_r"], abs=2e-6)
    assert r_precision == pytest.approx(golden["r_precision"], abs=2e-6)


def test_without_ties():
    embeddings, labels = clusters(seed=8, n_classes=30, sizes=(1, 12), spread=1.0)
    ours = scores(EmbeddingSet.from_arrays(embeddings, labels))
    assert ours == pytest.approx(brute_force(embeddings, labels), abs=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_ties_count_as_the_mean_over_their_orders(seed):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, size=7)
    labels[:2] = [0, 1]
    labels[2] = 0
    embeddings = rng.integers(-1, 2, size=(7, 3))
    embeddings[~embeddings.any(axis=1)] = 1
    # Turned, so that rounding sets tied neighbours apart.
    embeddings = embeddings @ np.linalg.qr(rng.normal(size=(3, 3)))[0]
    ours = scores(EmbeddingSet.from_arrays(embeddings, labels))
    assert ours == pytest.approx(brute_force(embeddings, labels, orders=True), abs=1e-12)


@given(st.integers(0, 10_000), st.sampled_from([1, 3, 18]), st.sampled_from([1, 2]))
def test_the_answer_is_the_same_however_it_is_found(seed, slack, threads):
    embeddings, labels = coarse_grid(seed, n_items=120)
    embeddings = np.concatenate([embeddings, embeddings[:30]])
    labels = np.concatenate([labels, labels[10:40]])
    expected = scores(EmbeddingSet.from_arrays(embeddings, labels))
    shuffled = np.random.default_rng(seed).permutation(len(labels))
    items = EmbeddingSet.from_arrays(embeddings[shuffled], -labels[shuffled])
    little = 2 * items.unit_rows.nbytes + 2 * 160 * items.n_items
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rankings, "_SLACK", slack + 1)
        assert scores(items, threads, little) == pytest.approx(expected, abs=1e-12)


def test_a_class_that_is_the_rest_of_the_set():
    embeddings, _ = clusters(seed=3, n_classes=6)
    labels = np.zeros(len(embeddings), dtype=int)
    labels[-1] = 1
    ours = scores(EmbeddingSet.from_arrays(embeddings, labels))
    assert ours == pytest.approx(brute_force(embeddings, labels), abs=1e-12)
