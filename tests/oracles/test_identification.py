"""FPIR and FNIR against searches one by one, in NumPy and with a FAISS index."""

import json

import numpy as np
import pytest
from conftest import clusters, coarse_grid

import opiscli
from opiscli import EmbeddingSet, UndefinedMetric, UsageError
from opiscli.analysis.counting import count_items
from opiscli.settings.evaluation import EvaluationSettings
from opiscli.settings.resources import Resources

CLOSE = 1e-6


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def searches(queries, labels, gallery=None, gallery_labels=None, min_items=2):
    """Distances of the nearest own and other candidate; infinite where there is none."""
    is_within = gallery is None
    x, z = unit(queries), unit(queries if is_within else gallery)
    w = labels if is_within else gallery_labels
    own, other, is_mated = [], [], []
    for i in range(len(x)):
        d = np.round(np.sqrt(np.maximum(2 - 2 * z @ x[i], 0)), 9)
        same = w == labels[i]
        if is_within:
            same[i], d[i] = False, np.inf
        others = (w != labels[i]) & np.isfinite(d)
        own.append(d[same].min() if same.any() else np.inf)
        other.append(d[others].min() if others.any() else np.inf)
        is_mated.append(same.any() and (not is_within or (labels == labels[i]).sum() >= min_items))
    return np.array(own), np.array(other), np.array(is_mated)


def rates(own, other, is_mated, threshold):
    threshold += CLOSE
    fpir = np.mean(other[np.isfinite(other)] <= threshold)
    hits = np.where(own < other - CLOSE, 1.0, np.where(own < other + CLOSE, 0.5, 0.0))
    fnir = np.mean(1 - hits[is_mated] * (own[is_mated] <= threshold))
    return fpir, fnir


def test_rates_are_those_of_searches_one_by_one():
    x, y = clusters(seed=5, n_classes=25, sizes=(1, 9))
    truth = searches(x, y)
    thresholds = np.quantile(truth[1], [0.05, 0.3, 0.7]) + 1e-4
    found = opiscli.calibrate(x, y, threshold=thresholds)
    for threshold, point in zip(thresholds, found.operating_points, strict=True):
        fpir, fnir = rates(*truth, threshold)
        assert point.identification.fpir.value == pytest.approx(fpir, abs=1e-12)
        assert point.identification.fnir.value == pytest.approx(fnir, abs=1e-12)
        assert point.identification.n_gallery == len(x) - 1
        assert point.identification.fpir.n == len(x)
        assert point.identification.fnir.n == truth[2].sum()


@pytest.mark.parametrize("min_items", [2, 6])
def test_ties_for_the_first_place_count_half(min_items):
    x, y = coarse_grid(3, n_items=120, n_classes=25)
    truth = searches(x, y, min_items=min_items)
    assert (np.abs(truth[0] - truth[1]) < CLOSE).sum() > 5
    for distance in np.unique(truth[1])[:6]:
        found = opiscli.calibrate(x, y, threshold=float(distance) + 1e-6, min_items=min_items)
        searched = found.operating_points[0].identification
        assert (searched.fpir.value, searched.fnir.value) == pytest.approx(rates(*truth, distance))
        assert (searched.fpir.n, searched.fnir.n) == (len(x), truth[2].sum())


def test_against_a_gallery():
    x, y = clusters(seed=6, n_classes=30, sizes=(2, 9))
    enrolled = np.zeros(len(y), dtype=bool)
    enrolled[np.unique(y, return_index=True)[1]] = True
    enrolled[y < 5] = False  # people that are not enrolled
    truth = searches(x[~enrolled], y[~enrolled], x[enrolled], y[enrolled])
    pair = x[~enrolled], y[~enrolled]
    found = opiscli.calibrate(*pair, gallery=(x[enrolled], y[enrolled]), criterion="fpir=0.2")
    point = found.operating_points[0]
    fpir, fnir = rates(*truth, point.threshold)
    assert point.identification.fpir.value == pytest.approx(fpir)
    assert point.identification.fnir.value == pytest.approx(fnir)
    assert point.identification.n_gallery == enrolled.sum() == found.gallery.n_items
    assert "|gallery:separate|unmatched:drop|" in found.signature
    evaluated = opiscli.evaluate(*pair, gallery=(x[enrolled], y[enrolled]))
    for one in evaluated.operating_points:
        if one.threshold is not None:
            expected = rates(*truth, one.threshold)
            got = one.identification.fpir.value, one.identification.fnir.value
            assert got == pytest.approx(expected)


@pytest.mark.parametrize("target", [0.02, 0.1, 0.5])
def test_the_threshold_is_the_largest_that_meets_the_target(target):
    x, y = clusters(seed=7, n_classes=40, sizes=(2, 9))
    point = opiscli.calibrate(x, y, criterion=f"fpir={target}").operating_points[0]
    nearest = np.sort(searches(x, y)[1])
    # Two items that are nearest to each other have one distance: both searches or neither.
    counts = np.searchsorted(nearest, nearest + CLOSE)
    most = counts[counts <= target * len(x)].max()
    assert point.identification.fpir.k == most
    assert nearest[most - 1] <= point.threshold < nearest[most]


def test_a_faiss_index_finds_the_same():
    faiss = pytest.importorskip("faiss")
    x, y = clusters(seed=8, n_classes=60, sizes=(3, 9), dims=12)
    rows = unit(x).astype(np.float32)
    index = faiss.IndexFlatIP(rows.shape[1])
    index.add(rows)
    point = opiscli.calibrate(x, y, criterion="fpir=0.1").operating_points[0]
    similarity, found = index.search(rows, len(rows))
    false_positives = misses = 0
    for i in range(len(rows)):
        others = [(s, j) for s, j in zip(similarity[i], found[i], strict=True) if j != i]
        first, of = others[0]
        misses += y[of] != y[i] or first < point.similarity
        false_positives += next(s for s, j in others if y[j] != y[i]) >= point.similarity
    assert point.identification.fpir.k == false_positives
    assert point.identification.fnir.k == misses


@pytest.fixture(scope="module")
def searched():
    x, y = clusters(seed=9, n_classes=50, sizes=(1, 9))
    settings = EvaluationSettings()
    items = EmbeddingSet.from_arrays(x, y)
    return count_items(items, settings, Resources.of_machine(), complete=True).counted


def test_a_search_is_accepted_where_a_pair_of_its_class_is(searched):
    """The nearest candidate of some search of a class is the nearest of all its pairs."""
    table, searches = searched.table, searched.searches
    for threshold in table.thresholds[::40]:
        at = searches.at(threshold)
        accepted = table.at(np.array([threshold])).negative[:, 0]
        assert np.array_equal(at.false_positives > 0, accepted > 0)
        assert (at.false_positives <= accepted).all()


def test_rates_move_one_way_and_end_at_recall(searched):
    searches = searched.searches
    assert (np.diff(searches.false_positives) >= 0).all()
    assert (np.diff(searches.misses) <= 0).all()
    assert searches.false_positives[-1] == searches.non_mated.sum()
    hits = 2 * searched.retrieval["recall@1"].sum()
    assert searches.misses[-1] == 2 * searches.mated.sum() - hits


def test_neither_order_nor_names_matter():
    x, y = coarse_grid(4, n_items=90, n_classes=14)
    order = np.random.default_rng(0).permutation(len(y))
    results = [
        opiscli.calibrate(x[at], labels, criterion="fpir=0.4").operating_points[0]
        for at, labels in ((slice(None), y), (order, y[order]), (slice(None), 100 - y))
    ]
    for other in results[1:]:
        for name in ("fpir", "fnir"):
            one, same = (getattr(of.identification, name) for of in (results[0], other))
            assert (one.k, one.n) == (same.k, same.n)
            assert one.ci == pytest.approx(same.ci)


def test_a_saved_evaluation_holds_searches(tmp_path):
    x, y = clusters(seed=10, n_classes=40, sizes=(2, 9))
    opiscli.evaluate(x, y, save=tmp_path / "e.opis", k=(5,))
    direct, later = (
        opiscli.calibrate(*of, criterion="fpir=0.1", min_items=4).operating_points[0]
        for of in ((x, y), (tmp_path / "e.opis",))
    )
    assert later.identification == direct.identification


def test_a_sample_of_pairs_searches_for_the_items_that_met_all_others():
    x, y = clusters(seed=11, n_classes=400, sizes=(3, 6), dims=16)
    sampled = opiscli.evaluate(x, y, sample_pairs=600_000)
    own, other, is_mated = searches(x, y)
    for point in sampled.operating_points:
        found = point.identification
        assert 200 <= found.fpir.n < len(x)
        fpir, fnir = rates(own, other, is_mated, point.threshold)
        assert found.fpir.value == pytest.approx(fpir, abs=4 / np.sqrt(found.fpir.n) / 2)
        assert found.fnir.value == pytest.approx(fnir, abs=4 / np.sqrt(found.fnir.n) / 2)


def test_what_cannot_be_attained_is_explained():
    x, y = clusters(seed=12, n_classes=10)
    with pytest.raises(UndefinedMetric, match=r"FPIR 0\.0001 is unattainable"):
        opiscli.calibrate(x, y, criterion="fpir=1e-4")
    zero = opiscli.calibrate(x, y, criterion="fpir=1e-4", allow_zero=True)
    assert zero.operating_points[0].identification.fpir.k == 0
    assert zero.operating_points[0].identification.fpir.ci.hi > 0
    with pytest.raises(UsageError, match="FPIR is a share of all searches"):
        opiscli.calibrate(x, y, criterion="fpir=0.1", average="macro")


def test_held_out_classes(opis, tmp_path):
    x, y = clusters(seed=13, n_classes=60, sizes=(4, 9), dims=6)
    held = opiscli.calibrate(x, y, criterion="fpir=0.2", holdout=0.5, repeats=6)
    of = held.operating_points[0].holdout
    assert (of.is_ratio, of.n_attained) == (True, 6)
    assert 0.3 < of.median < 3
    first = np.arange(len(y)) % 3 == 0
    across = opiscli.calibrate(
        x[~first], y[~first], gallery=(x[first], y[first]), criterion="fpir=0.2", holdout=0.5,
        repeats=4, eval=(x[~first], y[~first]),
    )  # fmt: skip
    point = across.operating_points[0]
    assert point.holdout.n_attained == 4
    assert point.calibrated_identification == point.identification


def test_conditions_on_searches(opis, tmp_path):
    x, y = clusters(seed=14, n_classes=30)
    np.savez(tmp_path / "e.npz", embedding=x, label=y)
    limit = opiscli.calibrate(x, y, threshold=0.8).operating_points[0].identification
    for name, value in (("fpir", limit.fpir.value), ("fnir", limit.fnir.value)):
        argv = ("check", tmp_path / "e.npz", "--threshold", 0.8, "--json")
        assert opis(*argv, "--fail-if", f"{name}>{value - 0.01}")[0] == 1
        code, out, _ = opis(*argv, "--fail-if", f"{name}>{value + 0.01}")
        assert code == 0
        assert json.loads(out)["conditions"][0]["value"] == pytest.approx(value)


def gaps(queries, labels, gallery=None, gallery_labels=None):
    """From the nearest own to the nearest other class, and from there to the next."""
    is_within = gallery is None
    x, z = unit(queries), unit(queries if is_within else gallery)
    w = labels if is_within else gallery_labels
    found = []
    for i in range(len(x)):
        d = np.sqrt(np.maximum(2 - 2 * z @ x[i], 0))
        if is_within:
            d[i] = np.inf
        nearest = {c: d[w == c].min() for c in set(w)}
        own = nearest.pop(labels[i], np.inf)
        first, second = [*sorted(nearest.values()), np.inf][:2]
        found.append((first - own, second - first))
    return np.array(found).T


def rates_with_margin(truth, of_gaps, threshold, margin):
    own, other, is_mated = truth
    accepted = (own < other) & (own <= threshold + CLOSE) & (of_gaps[0] >= margin)
    fpir = np.mean((other <= threshold + CLOSE) & (of_gaps[1] >= margin))
    return fpir, np.mean(~accepted[is_mated])


@pytest.mark.parametrize("margin", [0.0, 0.03, 0.1, 0.5])
def test_a_margin_is_a_second_condition(margin):
    x, y = clusters(seed=15, n_classes=30, sizes=(1, 9))
    truth, of_gaps = searches(x, y), gaps(x, y)
    for criterion in ("fpir=0.05", "fpir=0.3"):
        kind = {"criterion": criterion, "margin": margin, "allow_zero": True}
        found = opiscli.calibrate(x, y, **kind)
        point = found.operating_points[0]
        searched = point.identification
        expected = rates_with_margin(truth, of_gaps, point.threshold, margin)
        assert (searched.fpir.value, searched.fnir.value) == pytest.approx(expected, abs=1e-9)
        assert searched.fpir.value <= point.target
        alone = searched.threshold_alone
        expected = rates(*truth, alone.threshold)
        assert (alone.fpir.value, alone.fnir.value) == pytest.approx(expected, abs=1e-9)
        assert f"|margin:{margin:g}|" in found.signature


def test_a_margin_against_a_gallery():
    x, y = clusters(seed=16, n_classes=30, sizes=(3, 9))
    enrolled = np.arange(len(y)) % 3 == 0
    sides = x[~enrolled], y[~enrolled], x[enrolled], y[enrolled]
    found = opiscli.calibrate(*sides[:2], gallery=sides[2:], criterion="fpir=0.2", margin="0.05")
    point = found.operating_points[0]
    expected = rates_with_margin(searches(*sides), gaps(*sides), point.threshold, 0.05)
    got = point.identification.fpir.value, point.identification.fnir.value
    assert got == pytest.approx(expected)


def crowd(seed, n_classes=40, per_class=8, dims=6):
    """Half of the classes share a place with others: there the nearest two classes are close."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(n_classes), per_class)
    centres = rng.normal(size=(n_classes, dims))
    centres[: n_classes // 2] = centres[0] + 0.25 * rng.normal(size=(n_classes // 2, dims))
    return centres[labels] + 0.12 * rng.normal(size=(len(labels), dims)), labels


def test_the_margin_with_the_lowest_fnir_is_chosen(tmp_path):
    x, y = crowd(1)
    kind = {"criterion": "fpir=0.05", "holdout": 0.5, "repeats": 4}
    found = opiscli.calibrate(x, y, margin="auto", output=tmp_path / "t.json", **kind)
    point = found.operating_points[0]
    searched, held = point.identification, point.holdout.margin
    assert searched.margin > 0
    assert searched.fnir.value < searched.threshold_alone.fnir.value - 0.05
    assert searched.fpir.value <= 0.05
    assert held.n == 4
    assert held.fnir < held.fnir_alone
    for margin in (0.5, 2) * np.array([searched.margin] * 2):
        other = opiscli.calibrate(x, y, criterion="fpir=0.05", margin=margin)
        assert other.operating_points[0].identification.fnir.value >= searched.fnir.value - 0.02
    written = json.loads((tmp_path / "t.json").read_text())
    assert written["margin"] == searched.margin
    again = opiscli.calibrate(x, y, threshold_file=tmp_path / "t.json")
    given = again.operating_points[0].identification
    assert (given.margin, given.fpir, given.fnir) == (
        searched.margin,
        searched.fpir,
        searched.fnir,
    )


def test_a_long_list_of_one_class_is_searched_to_its_end():
    """More items of two classes than the first list of neighbours holds."""
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1, 2], [60, 60, 3])
    x = np.eye(3)[np.array([0, 0, 1])[y]] + 0.01 * rng.normal(size=(len(y), 3))
    point = opiscli.calibrate(x, y, threshold=2.0, margin=0.5).operating_points[0]
    expected = rates_with_margin(searches(x, y), gaps(x, y), 2.0, 0.5)
    got = point.identification.fpir.value, point.identification.fnir.value
    assert got == pytest.approx(expected)
    assert 0.9 < got[0] < 1  # all but the items of the third class


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"margin": "wide", "far": 0.1}, "neither a difference of distances nor auto"),
        ({"margin": -1, "far": 0.1}, "neither a difference of distances nor auto"),
        ({"margin": "auto", "far": 0.1}, "chooses the margin for one FPIR"),
        ({"margin": "auto", "criterion": ["fpir=0.1", "fpir=0.2"]}, "for one FPIR"),
    ],
)
def test_what_a_margin_cannot_be(options, says):
    with pytest.raises(UsageError, match=says):
        opiscli.calibrate(*clusters(), **options)


def test_a_margin_needs_embeddings(tmp_path):
    opiscli.evaluate(*clusters(), save=tmp_path / "e.opis")
    with pytest.raises(UsageError, match="margin needs embeddings"):
        opiscli.calibrate(tmp_path / "e.opis", far=0.1, margin=0.1)


def test_a_rate_that_is_exactly_the_target_meets_it():
    x, y = clusters(seed=17, n_classes=20, sizes=(3, 6))
    nearest = np.sort(searches(x, y)[1])
    k = int(np.flatnonzero(np.diff(nearest) > 1e-3)[10]) + 1
    point = opiscli.calibrate(x, y, criterion="fpir", target=k / len(x)).operating_points[0]
    assert point.identification.fpir.k == k
