"""The numbers behind pictures are those of the metrics, and drawing shows them unchanged."""

from dataclasses import fields

import matplotlib
import numpy as np
import pytest
from conftest import clusters
from matplotlib.figure import Figure
from scipy.special import expit, stdtrit

from opiscli import EmbeddingSet, EvaluationSettings, UsageError
from opiscli.analysis.counting import count_items
from opiscli.analysis.evaluate import derive
from opiscli.distance import Distance
from opiscli.metrics.intervals.det import frr_interval_at_far
from opiscli.metrics.opis import mean_over_range
from opiscli.metrics.rates import false_accept_rate, false_reject_rate, pooled_far, pooled_frr
from opiscli.metrics.utility import utility
from opiscli.plots.drawing.classes import draw_classes
from opiscli.plots.drawing.det import draw_det
from opiscli.plots.drawing.distances import draw_distances
from opiscli.plots.drawing.pareto import draw_pareto
from opiscli.plots.drawing.text import label
from opiscli.plots.drawing.utility import draw_curves
from opiscli.plots.naming import chosen_labels, parse_arrows, short_names
from opiscli.plots.numbers.classes import class_errors, threshold_at
from opiscli.plots.numbers.det import det_curve
from opiscli.plots.numbers.distances import distances
from opiscli.plots.numbers.pareto import model_point
from opiscli.plots.numbers.utility import QUANTILES, quantiles_of, utility_curves
from opiscli.report.html.explorer import explorer_table
from opiscli.settings.evaluation import RangeRequest, Utility
from opiscli.settings.resources import Resources

NAMES = np.array(
    ["<script>alert(1)</script>", "$\\frac{", "_hidden", "\u202etxt", "漢字", "a" * 99]
)


def run_of(embeddings, labels, **given):
    items = EmbeddingSet.from_arrays(embeddings, labels)
    settings = EvaluationSettings(calibration_range=RangeRequest(lo=0.05, hi=0.3), **given)
    return count_items(items, settings, Resources.of_machine(), complete=True)


@pytest.fixture(scope="module")
def run():
    embeddings, labels = clusters(seed=5, n_classes=40, sizes=(1, 12))
    names = np.array([f"class {i}" for i in range(40)], dtype=object)
    names[np.flatnonzero(np.bincount(labels) > 1)[: len(NAMES)]] = NAMES
    return run_of(embeddings, names[labels].astype(str), utility=Utility.TPR_TNR, beta=2.0)


@pytest.fixture(scope="module")
def evaluation(run):
    return derive(run)


@pytest.fixture
def ax():
    return Figure().subplots()


def arrays(data):
    values = (getattr(data, field.name) for field in fields(data))
    return [value.copy() for value in values if isinstance(value, np.ndarray)]


def test_utility_curves_are_the_metric_at_every_threshold(run, evaluation, ax):
    of = utility_curves("run", run, evaluation, 50)
    known = run.counted.table.thresholds
    counts = run.counted.at(known[np.searchsorted(known, of.thresholds, side="right") - 1])
    expected = utility(counts.of_classes(counts.class_sizes > 1), Utility.TPR_TNR, 2.0)
    drawn = draw_curves(of, ax, of.worst_first()[:2])
    lines = np.array([segment for segment in drawn.classes.get_segments()])
    np.testing.assert_array_equal(lines[:, :, 1], expected)
    np.testing.assert_array_equal(lines[:, :, 0], np.tile(of.thresholds, (len(expected), 1)))
    np.testing.assert_array_equal(drawn.mean.get_ydata(), expected.mean(axis=0))
    lowest = np.sort(expected, axis=0)[: evaluation.eps_opis.n_worst]
    np.testing.assert_array_equal(drawn.worst_mean.get_ydata(), lowest.mean(axis=0))
    worst = evaluation.worst_classes
    assert of.worst_first()[:5] == [w.label for w in worst]
    assert np.sort(of.mean_utility)[:5] == pytest.approx([w.mean_utility for w in worst])
    np.testing.assert_array_equal(
        drawn.highlighted[1].get_ydata(), expected[of.names.index(worst[1].label)]
    )
    assert set(evaluation.calibration_range.threshold) <= set(of.thresholds)


def test_every_highlighted_class_is_in_the_legend(run, evaluation, ax):
    of = utility_curves("run", run, evaluation, 50)
    draw_curves(of, ax, of.worst_first())
    named = [text.strip("\u200a") for text in ax.get_legend_handles_labels()[1]]
    assert [label(name).strip("\u200a") for name in of.worst_first()] == named[-len(of.names) :]


def test_epsilon_opis_is_the_gap_that_is_drawn(run, evaluation):
    of = utility_curves("run", run, evaluation, 3000)
    inside = (of.thresholds >= of.range.lo) & (of.thresholds <= of.range.hi)
    n = len(of.names)
    rest = (n * of.mean - of.n_worst * of.worst_mean) / (n - of.n_worst)
    gap = mean_over_range((rest - of.worst_mean)[inside] ** 2, of.thresholds[inside])
    assert gap == pytest.approx(evaluation.eps_opis.value, rel=0.02)


def test_many_classes_are_drawn_as_bands_between_quantiles(run, evaluation, ax, monkeypatch):
    monkeypatch.setattr("opiscli.plots.drawing.utility.MOST_LINES", 3)
    of = utility_curves("run", run, evaluation, 50)
    q5, q25, median, q75, q95 = np.quantile(of.utility, [0.05, 0.25, 0.5, 0.75, 0.95], axis=0)
    drawn = draw_curves(of, ax, of.worst_first()[:2])
    assert drawn.worst_band is None
    assert len(drawn.highlighted) == 2
    np.testing.assert_allclose(drawn.classes.median.get_ydata(), median, atol=1e-12)
    for band, low, high in ((drawn.classes.wide, q5, q95), (drawn.classes.narrow, q25, q75)):
        corners = {tuple(corner) for corner in np.round(band.get_paths()[0].vertices, 12)}
        for edge in (low, high):
            assert {*zip(np.round(of.thresholds, 12), np.round(edge, 12), strict=True)} <= corners


@pytest.mark.parametrize("n_classes", [1, 2, 7])
def test_quantiles_of_few_classes(n_classes):
    curves = np.random.default_rng(3).random((n_classes, 4))
    expected = np.quantile(curves, QUANTILES, axis=0)
    np.testing.assert_allclose(quantiles_of(np.sort(curves, axis=0)), expected, atol=1e-12)


def test_distances_hold_every_pair(run, ax):
    of = distances("run", run, 40)
    pooled = run.counted.pooled
    assert len(of.positive) <= 40
    for ours, theirs in ((of.positive, pooled.positive), (of.negative, pooled.negative)):
        assert ours.sum() == theirs.sum()
        at = of.edges[20]
        assert ours[:20].sum() == theirs[pooled.ticks <= at].sum()
    drawn = draw_distances(of, ax)
    values, edges, _ = drawn.negative.get_data()
    assert np.sum(values * np.diff(edges)) == pytest.approx(1)
    np.testing.assert_allclose(values * np.diff(edges) * of.negative.sum(), of.negative, rtol=1e-12)
    for line, mark in zip(drawn.thresholds, of.marks, strict=True):
        assert line.get_xdata()[0] == mark.threshold


def test_marks_are_the_operating_points(run, evaluation):
    for mark in distances("run", run).marks:
        point = next(p for p in evaluation.operating_points if p.target_far == mark.target_far)
        assert mark.threshold == point.threshold
        assert mark.far == pytest.approx(point.far.value, rel=1e-12)
        assert mark.frr == pytest.approx(point.frr.value, rel=1e-12)


def test_the_det_curve_is_the_pooled_rates(run, ax):
    of = det_curve("run", run, 60)
    (drawn,) = draw_det([of], ax)
    far, frr = drawn.line.get_data()
    pooled = run.counted.pooled
    fa, ta = (np.cumsum(pairs) for pairs in (pooled.negative, pooled.positive))
    attained = set(zip(fa / fa[-1], (ta[-1] - ta) / ta[-1], strict=True))
    assert len(far) > 20
    assert set(zip(far, frr, strict=True)) <= attained
    assert np.all((of.lo <= frr) & (frr <= of.hi))


def test_the_det_band_is_a_jackknife_over_classes():
    """Delete each class for real, count again, and read FRR at the same FAR."""
    embeddings, labels = clusters(seed=8, n_classes=9, sizes=(3, 8))
    thresholds = np.linspace(0.3, 1.9, 60)

    def rates(keep):
        x = embeddings[keep] / np.linalg.norm(embeddings[keep], axis=1, keepdims=True)
        d = np.sqrt(np.maximum(0, 2 - 2 * x @ x.T))[np.triu_indices(len(x), 1)]
        same = np.equal.outer(labels[keep], labels[keep])[np.triu_indices(len(x), 1)]
        accepted = d[:, None] <= thresholds
        p, n = accepted[same].sum(axis=0), accepted[~same].sum(axis=0)
        return n / np.count_nonzero(~same), np.log((same.sum() - p + 0.5) / (p + 0.5))

    far, middle = rates(np.ones(len(labels), bool))
    without = [rates(labels != code) for code in range(9)]
    logits = np.array([np.interp(far, f, logit) for f, logit in without])
    reach = stdtrit(8, 0.975) * np.sqrt(8 / 9 * np.sum((logits - logits.mean(axis=0)) ** 2, axis=0))
    items = EmbeddingSet.from_arrays(embeddings, labels)
    settings = EvaluationSettings(distance=Distance.EUCLIDEAN)
    counted = count_items(
        items, settings, Resources.of_machine(), complete=True, thresholds=tuple(thresholds)
    ).counted
    lo, hi = frr_interval_at_far(counted.at(thresholds))
    np.testing.assert_allclose(lo, expit(middle - reach), rtol=1e-9)
    np.testing.assert_allclose(hi, expit(middle + reach), rtol=1e-9)


def test_class_dots_are_the_rates_of_the_classes(run, ax):
    of = class_errors("run", run, threshold_at(run, 0.1))
    counts = run.counted.at(np.array([of.threshold]))
    paired = counts.of_classes(counts.class_sizes > 1)
    dots = draw_classes(of, ax, of.worst_first()[:3]).dots.get_offsets()
    np.testing.assert_array_equal(dots[:, 0], false_accept_rate(paired)[:, 0])
    np.testing.assert_array_equal(dots[:, 1], false_reject_rate(paired)[:, 0])
    assert of.pooled_far == pooled_far(counts)[0] <= 0.1
    assert of.pooled_frr == pooled_frr(counts)[0]


def test_pareto_dots_and_arrows(evaluation, ax):
    models = [model_point(name, evaluation) for name in ("base", "tuned")]
    drawn = draw_pareto(models, ax, [(0, 1)])
    expected = (evaluation.opis.value, 1 - evaluation.recall["1"].value)
    for dot in drawn.dots:
        assert tuple(dot.get_offsets()[0]) == expected
    assert tuple(drawn.arrows[0].xy) == expected


def test_the_explorer_holds_the_counts(run, evaluation):
    of = explorer_table(run, evaluation)
    counts = run.counted.at(of.thresholds)
    has_pairs = counts.class_sizes > 1
    np.testing.assert_array_equal(of.negative, counts.negative[has_pairs])
    total = of.negative.sum(axis=0) + of.singletons_negative
    np.testing.assert_array_equal(total, counts.negative.sum(axis=0))
    assert of.opis_contribution.sum() == pytest.approx(evaluation.opis.value)
    for point in evaluation.operating_points:
        assert point.threshold is None or point.threshold in of.thresholds


def test_drawing_leaves_data_and_settings_alone(run, evaluation):
    data = [
        utility_curves("run", run, evaluation),
        distances("run", run),
        det_curve("run", run),
        class_errors("run", run, threshold_at(run, 0.1)),
    ]
    before, settings = [arrays(d) for d in data], dict(matplotlib.rcParams)
    for of, draw in zip(
        data,
        (draw_curves, draw_distances, lambda d, a: draw_det([d], a), draw_classes),
        strict=True,
    ):
        draw(of, Figure().subplots())
    assert dict(matplotlib.rcParams) == settings
    for of, kept in zip(data, before, strict=True):
        for ours, theirs in zip(arrays(of), kept, strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_names_of_sources():
    assert short_names(["a/base.parquet", "b/tuned.opis"]) == ["base", "tuned"]
    assert short_names(["a/x.opis", "b/x.opis"]) == ["a/x.opis", "b/x.opis"]
    assert short_names(["runs/*.parquet"], ["split=test"]) == ["runs/*.parquet split=test"]


def test_highlighted_classes():
    labels = ["worst:2", "b", "c"]
    assert chosen_labels(["worst:1"], labels[1:]) == ("b",)
    assert chosen_labels(["worst:2", "c"], labels) == ("worst:2", "c")
    with pytest.raises(UsageError, match="highlight='bb' is not a class"):
        chosen_labels(["bb"], labels)


def test_pairs_of_sources():
    sources = ["a/base.opis", "a/tuned:1.opis"]
    assert parse_arrows(["base:tuned:1", "a/tuned:1.opis:base"], sources) == [(0, 1), (1, 0)]
    with pytest.raises(UsageError, match="arrows='base' does not name two sources"):
        parse_arrows(["base"], sources)
