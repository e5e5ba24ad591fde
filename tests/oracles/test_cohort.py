"""Offsets by a cohort against loops in float64, and what is said about a cohort."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import clusters

import opiscli
from opiscli import EmbeddingError, SourceError, UsageError, evaluate, normalize
from opiscli.neighbours import cohort as cohorts
from opiscli.neighbours.cohort import Cohort
from opiscli.training.judgement import Judgement

EMBEDDINGS, LABELS = clusters(seed=1, n_classes=60, sizes=(5, 9))
IS_COHORT = LABELS >= 20
COHORT = EMBEDDINGS[IS_COHORT], LABELS[IS_COHORT]
ITEMS = EMBEDDINGS[~IS_COHORT], LABELS[~IS_COHORT]


def unit(rows):
    wide = np.asarray(rows, dtype=np.float64)
    return wide / np.sqrt((wide * wide).sum(axis=1))[:, None]


def r_of(items, cohort, k, *, left_out=None):
    """Mean similarity to the k nearest, item by item."""
    found = []
    for row, item in enumerate(unit(items)):
        similarities = unit(cohort) @ item
        if left_out is not None:
            similarities = similarities[left_out != left_out[row]]
        found.append(np.mean(sorted(similarities)[-k:]))
    return np.array(found)


def normalized(items=ITEMS, cohort=COHORT, **how):
    return normalize(*items, cohort=cohort, **{"k": 20, "threads": 1, **how})


@pytest.mark.parametrize("weight", [0.25, 0.6])
def test_offsets_of_a_labelled_cohort(weight):
    found = normalized(weight=weight)
    centre = r_of(COHORT[0], COHORT[0], 20, left_out=COHORT[1]).mean()
    expected = weight * (r_of(ITEMS[0], COHORT[0], 20) - centre)
    assert found.offsets.values == pytest.approx(expected, abs=1e-6)
    assert found.report.centre == pytest.approx(centre, abs=1e-6)
    assert (found.report.smallest_offset, found.report.largest_offset) == pytest.approx(
        (expected.min(), expected.max()), abs=1e-6
    )


def test_offsets_of_a_cohort_without_labels():
    found = normalize(ITEMS[0], cohort=pa.table({"embedding": list(COHORT[0])}), k=20, threads=1)
    centre = r_of(COHORT[0], COHORT[0], 20, left_out=np.arange(len(COHORT[0]))).mean()
    expected = 0.25 * (r_of(ITEMS[0], COHORT[0], 20) - centre)
    assert found.offsets.values == pytest.approx(expected, abs=1e-6)
    assert [one.code for one in found.report.warnings] == ["weight-unchecked"]
    assert found.report.data.n_classes is None


def test_a_class_that_is_nearest_throughout_is_left_out_of_the_centre():
    rng = np.random.default_rng(0)
    near = np.ones((200, 6)) + 0.01 * rng.normal(size=(200, 6))
    rows = np.concatenate([near, rng.normal(size=(60, 6))])
    labels = np.concatenate([np.zeros(200, int), np.repeat(np.arange(1, 13), 5)])
    cohort = Cohort(unit(rows).astype(np.float32), labels, 10, threads=1)
    assert cohort.own_mean() == pytest.approx(
        r_of(rows, rows, 10, left_out=labels).mean(), abs=1e-6
    )


def test_the_centre_of_a_large_cohort_is_estimated(monkeypatch):
    rows = unit(EMBEDDINGS).astype(np.float32)
    exact = Cohort(rows, LABELS, 20, threads=1).own_mean()
    monkeypatch.setattr(cohorts, "_MOST_OWN", 200)
    order = np.random.default_rng(0).permutation(len(rows))
    some, other = (
        Cohort(rows[chosen], LABELS[chosen], 20, threads=1).own_mean()
        for chosen in (np.arange(len(rows)), order)
    )
    assert some == pytest.approx(exact, abs=0.02)
    assert some == pytest.approx(other, abs=1e-9)


def test_equal_items_have_equal_offsets_wherever_they_stand():
    rows = np.concatenate([ITEMS[0], ITEMS[0][::-1], ITEMS[0][:3]])
    values = normalize(rows, cohort=COHORT, k=20, threads=1).offsets.values
    n = len(ITEMS[0])
    assert np.array_equal(values[:n], values[n : 2 * n][::-1])
    assert np.array_equal(values[:3], values[2 * n :])


def test_given_offsets_are_what_evaluate_subtracts():
    found = normalized()
    with_offsets = evaluate(*ITEMS, columns={"offset": found.offsets})
    assert "|score:cos-offset(k=20,w=0.25)|" in with_offsets.signature
    assert with_offsets.opis.value != evaluate(*ITEMS).opis.value


def test_held_out_numbers_are_those_of_both_halves(monkeypatch):
    """Numbers without offsets are those of an evaluation of each half, put together."""
    halves = []
    judged = Judgement.of

    def watched(items, *more):
        if items.offsets is None:
            halves.append(evaluate(items, threads=1))
        return judged(items, *more)

    monkeypatch.setattr(Judgement, "of", watched)
    [one] = normalized(weight=0.25).report.held_out
    n = np.array([half.opis.n_classes for half in halves])
    assert one.n_classes == n.sum() == 40
    assert one.before.opis == pytest.approx(
        sum(half.opis.value * k for half, k in zip(halves, n, strict=True)) / n.sum(),
        rel=0.01,  # fewer thresholds
    )
    queries = [half.recall["1"].n_queries for half in halves]
    hits = [half.recall["1"].value * k for half, k in zip(halves, queries, strict=True)]
    assert one.before.recall_at_1 == pytest.approx(sum(hits) / sum(queries))
    points = [half.operating_points[2] for half in halves]
    accepted = [point.frr.n - point.frr.k for point in points]
    assert one.before.tar == pytest.approx(sum(accepted) / sum(point.frr.n for point in points))


def uneven(seed=0, n_classes=80, dims=24):
    """Classes in dense and in sparse regions, whose similarities offsets even out."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(n_classes), 12)
    region = np.array([3.0 if i % 2 else 0.0 for i in range(n_classes)])
    centres = rng.normal(size=(n_classes, dims)) + region[:, None] * np.eye(dims)[0] * 2
    return centres[labels] + 0.9 * rng.normal(size=(len(labels), dims)), labels


def test_auto_takes_the_weight_that_helps_and_none_where_none_does():
    x, y = uneven()
    known = y < 50
    chosen = normalize(x[~known], cohort=(x[known], y[known]), weight="auto", threads=1).report
    assert [one.weight for one in chosen.held_out] == [0.25, 0.5]
    best = min((one for one in chosen.held_out if one.passed), key=lambda one: one.after.opis)
    assert chosen.weight == best.weight
    assert f"|w:auto:{best.weight:g}|" in chosen.signature
    noise = np.random.default_rng(0).normal(size=x.shape)
    kept = normalize(x[~known], cohort=(noise[known], y[known]), weight="auto", threads=1)
    assert kept.report.weight == 0
    assert not kept.offsets.values.any()
    assert "no-better-weight" in [one.code for one in kept.report.warnings]


def test_a_weight_that_harms_is_said():
    x, y = uneven()
    noise = np.random.default_rng(0).normal(size=x.shape)
    found = normalize(x, cohort=(noise, y + 100), weight=0.9, threads=1).report
    [warning] = [one for one in found.warnings if one.code == "offsets-may-harm"]
    assert not found.held_out[0].passed
    assert "these offsets may not help" in warning.message


def test_a_cohort_of_the_evaluated_classes_is_warned_of():
    mixed = np.concatenate([COHORT[0], ITEMS[0][:1]]), np.concatenate([COHORT[1], [5]])
    codes = {one.code: one.message for one in normalized(cohort=mixed).report.warnings}
    assert codes["cohort-shares-classes"].startswith("1 class of SOURCE is in the cohort, too (5)")
    assert codes["cohort-shares-items"].startswith("1 embeddings of SOURCE are in the cohort")
    assert not {"cohort-shares-classes", "cohort-shares-items"} & {
        one.code for one in normalized().report.warnings
    }


@pytest.mark.parametrize(
    ("cohort", "says"),
    [
        ((EMBEDDINGS[:40], np.arange(40) // 8), "5 classes, expected at least 10"),
        ((EMBEDDINGS[:30], np.arange(30)), "29 items beside its largest class, fewer than the 50"),
        ((COHORT[0][:, :5], COHORT[1]), "has 8 dims and the cohort 5"),
        ((np.ones((200, 8)), np.arange(200) // 10), "only 1 different embeddings"),
    ],
)
def test_a_cohort_that_cannot_serve_is_explained(cohort, says):
    with pytest.raises(EmbeddingError, match=says):
        normalized(cohort=cohort, k=50)


@pytest.mark.parametrize(
    "cohort",
    [COHORT[0], (EMBEDDINGS[IS_COHORT & (LABELS < 35)], LABELS[IS_COHORT & (LABELS < 35)])],
)
def test_auto_needs_classes_to_choose_on(cohort):
    with pytest.raises(EmbeddingError, match=r"weight auto|weight=.auto"):
        normalized(cohort=cohort, weight="auto")


@pytest.mark.parametrize("wrong", [{"k": 0}, {"weight": 1.5}, {"weight": "much"}, {"seed": -1}])
def test_settings_out_of_bounds(wrong):
    with pytest.raises(UsageError):
        normalized(**wrong)


def test_all_columns_are_kept_and_another_column_offset_is_not_replaced(tmp_path):
    path, target = tmp_path / "e.parquet", tmp_path / "o.parquet"
    rows = pa.table(
        {
            "id": np.arange(len(ITEMS[0])),
            "embedding": list(ITEMS[0]),
            "label": ITEMS[1].astype(str),
            "place": pa.array([{"x": 1}] * len(ITEMS[0])),
        }
    )
    pq.write_table(rows, path)
    found = normalize(path, cohort=COHORT, k=20, output=target, threads=1)
    written = pq.read_table(target)
    assert written.drop(["offset"]).equals(rows)
    assert np.array_equal(written["offset"].to_numpy(), found.offsets.values)
    assert opiscli.read_embeddings(str(target)).score == "cos-offset(k=20,w=0.25)"
    again = normalize(target, cohort=COHORT, k=10, output=path, force=True, threads=1)
    assert np.array_equal(pq.read_table(path)["offset"].to_numpy(), again.offsets.values)
    pq.write_table(rows.append_column("offset", rows["id"]), path)
    with pytest.raises(SourceError, match="that opis normalize did not write"):
        normalize(path, cohort=COHORT, k=20, output=target, force=True)
    with pytest.raises(UsageError, match="exists"):
        normalize(path, cohort=COHORT, k=20, output=target)
