"""Choosing a head by cross-validation over classes: the numbers, the rule, and the whole recipe."""

from dataclasses import replace

import numpy as np
import pytest
from conftest import clusters, clusters_on_a_line

from opiscli.analysis.counting import evaluate_items
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.errors import EmbeddingError, UsageError
from opiscli.heads import HeadKind, Projection
from opiscli.heads.dose import with_dose
from opiscli.heads.initialisation import StartKind
from opiscli.metrics.opis import opis
from opiscli.settings.evaluation import EvaluationSettings, RangeRequest
from opiscli.settings.resources import Resources
from opiscli.training.candidates import FROZEN, HALF_DOSE, HEAD, candidates_of
from opiscli.training.checkpoint import Checkpoint
from opiscli.training.choice import choose
from opiscli.training.cross_validation import fit_cross_validated, n_folds
from opiscli.training.descent import DescentState, descend
from opiscli.training.judgement import Judgement, draws, pooled, pooled_corrected
from opiscli.training.options import training_settings
from opiscli.training.problem import Problem
from opiscli.training.settings import Choose, Objective, TrainingSettings
from opiscli.training.split import at_most, fold_classes, set_aside

ITEMS = EmbeddingSet.from_arrays(*clusters_on_a_line())
FAR = (0.02, 0.1)
SETTINGS = TrainingSettings(steps=40, far=FAR, learning_rate=1e-3)
RESOURCES = Resources.of_machine(threads=1)


def judgement(seed, n_classes=30, *, spread=0.1, hit_rate=0.8, accept_rate=0.5):
    """Counts of classes whose scores spread as given."""
    rng = np.random.default_rng(seed)
    grid = np.linspace(0.8, 1.0, 11)
    scores = 0.8 + spread * rng.normal(size=(n_classes, 1)) + 0.05 * (grid - 0.9)
    queries, positives = rng.integers(3, 9, n_classes), rng.integers(3, 30, n_classes)
    return Judgement(
        scores=scores,
        grid=grid,
        hits=hit_rate * queries,
        queries=queries.astype(float),
        accepted=accept_rate * positives,
        positives=positives.astype(float),
        noise=(0.001, 0.01, n_classes),
    )


def test_every_class_is_unseen_once():
    singles = EmbeddingSet.from_arrays(*clusters(n_classes=40, sizes=(1, 6)))
    folds = fold_classes(singles, 5, 0)
    unseen = [name for _, part in folds for name in part.names]
    assert sorted(unseen) == sorted(singles.names)
    for trained, part in folds:
        assert not set(trained.names) & set(part.names)
        assert trained.n_items + part.n_items == singles.n_items
    sizes = [(part.class_sizes > 1).sum() for _, part in folds]
    assert max(sizes) - min(sizes) <= 1
    assert [n_folds(n) for n in (20, 40, 65, 100, 160, 267, 5000)] == [2, 5, 8, 8, 5, 2, 2]


def test_classes_for_a_test_are_set_aside_and_large_sets_thinned():
    kept, test = set_aside(ITEMS, 0.25, 0)
    assert test.n_classes == 8
    assert not set(kept.names) & set(test.names)
    assert set_aside(ITEMS, 0.0, 0) == (ITEMS, None)
    with pytest.raises(EmbeddingError, match=r"test_fraction=0.01 of 32 classes"):
        set_aside(ITEMS, 0.01, 0)
    assert at_most(ITEMS, 10**6, 0) is ITEMS
    assert at_most(ITEMS, 1, 0).n_classes == 10
    assert at_most(ITEMS, 150, 0).n_items <= 150


def test_a_judgement_is_what_evaluate_measures():
    found = Judgement.of(ITEMS, RangeRequest.of(far=FAR), 1e-2, RESOURCES)
    settings = EvaluationSettings(calibration_range=RangeRequest.of(far=FAR), n_thresholds=41)
    expected = evaluate_items(ITEMS, settings, RESOURCES)
    numbers = pooled([found])
    assert numbers.opis[0] == pytest.approx(expected.opis.value, rel=1e-9)
    assert numbers.recall[0] == pytest.approx(expected.recall["1"].value)
    point = next(p for p in expected.operating_points if p.target_far == 1e-2)
    assert numbers.tar[0] == pytest.approx(point.tar)
    assert pooled_corrected([found]) == pytest.approx(expected.opis.corrected, rel=1e-9)


def test_pooled_numbers_and_resamples_are_those_of_the_classes_written_out():
    parts = [judgement(0, 12), judgement(1, 20, spread=0.2)]
    weights = draws(parts, 7, seed=3)
    assert all((times.sum(axis=1) == part.n_classes).all()
               for times, part in zip(weights, parts, strict=True))  # fmt: skip
    found = pooled(parts, weights)
    for row in range(7):
        drawn = [np.repeat(np.arange(part.n_classes), times[row].astype(int))
                 for times, part in zip(weights, parts, strict=True)]  # fmt: skip
        both = list(zip(parts, drawn, strict=True))
        n = sum(map(len, drawn))
        spread = sum(opis(part.scores[d], part.grid) * len(d) for part, d in both) / n
        assert found.opis[row] == pytest.approx(spread)
        hits, queries, accepted, positives = (
            sum(getattr(part, name)[d].sum() for part, d in both)
            for name in ("hits", "queries", "accepted", "positives")
        )
        assert found.recall[row] == pytest.approx(hits / queries)
        assert found.tar[row] == pytest.approx(accepted / positives)
    ones = pooled(parts)
    assert ones.opis[0] == pytest.approx(
        (12 * opis(parts[0].scores, parts[0].grid) + 20 * opis(parts[1].scores, parts[1].grid)) / 32
    )
    assert pooled_corrected(parts) == pytest.approx(0.009)
    assert pooled_corrected([replace(parts[0], noise=None)]) is None


@pytest.mark.parametrize(
    ("changes", "options", "refused"),
    [
        ({"spread": 0.05}, {}, ""),
        ({"spread": 0.05, "hit_rate": 0.79}, {}, "R@1 falls by 0.0100"),
        ({"spread": 0.05, "accept_rate": 0.45}, {}, "TAR falls by 0.0500"),
        ({"spread": 0.12}, {}, "opis does not improve"),
        ({"spread": 0.12, "hit_rate": 0.9}, {"objective": Objective.RECALL}, "OPIS rises by"),
        ({"spread": 0.05, "hit_rate": 0.9}, {"objective": Objective.BOTH}, ""),
        ({"spread": 0.05}, {"careful": True}, "needs 160 classes or more"),
    ],
)
def test_a_candidate_must_be_better_and_harm_nothing(changes, options, refused):
    judged = {FROZEN: [judgement(0), judgement(1)]}  # 60 classes
    judged[HEAD] = [judgement(0, **changes), judgement(1, **changes)]
    choice = choose(judged, replace(SETTINGS, **options))
    assert choice.judged[1].refused.startswith(refused)
    assert bool(choice.judged[1].refused) == bool(refused)
    assert choice.chosen == (None if refused else HEAD)


def test_a_gain_that_depends_on_a_few_classes_is_refused():
    frozen = judgement(0)
    scores = frozen.scores.copy()
    scores[np.argmax(np.abs(scores[:, 0] - 0.8))] = 0.8  # one outlier less
    scores += 0.07 * np.random.default_rng(1).normal(size=(30, 1))
    choice = choose({FROZEN: [frozen], HALF_DOSE: [replace(frozen, scores=scores)]}, SETTINGS)
    head = choice.judged[1]
    assert head.opis < choice.judged[0].opis
    assert head.share_better < 0.65
    assert head.refused.endswith("of resamples of the classes")
    assert choice.chosen is None


def test_the_lowest_opis_wins_and_few_classes_get_the_half_dose_if_careful():
    of = {FROZEN: {}, HEAD: {"spread": 0.04}, HALF_DOSE: {"spread": 0.06}}
    judged = {one: [judgement(0, 39, **changes)] for one, changes in of.items()}
    assert choose(judged, SETTINGS).chosen is HALF_DOSE
    judged = {one: [judgement(0, 40, **changes)] for one, changes in of.items()}
    assert choose(judged, SETTINGS).chosen is HEAD
    assert choose(judged, replace(SETTINGS, careful=True)).chosen is HALF_DOSE
    many = {one: [judgement(0, 160, **changes)] for one, changes in of.items()}
    assert choose(many, replace(SETTINGS, careful=True)).chosen is HEAD


@pytest.mark.parametrize("kind", list(HeadKind))
def test_a_dose_mixes_a_head_with_the_identity(kind):
    problem = Problem.from_settings(ITEMS, replace(SETTINGS, head=kind))
    flat = problem.initial_parameters(np.random.default_rng(0))
    flat += 0.1 * np.random.default_rng(1).normal(size=flat.shape).astype(np.float32)
    projection, rows = problem.projection(flat), ITEMS.unit_rows
    vectors, _ = problem.head.forward(problem.layout.views(flat), rows)
    mixed = 0.3 * vectors + 0.7 * rows
    mixed /= np.linalg.norm(mixed, axis=1, keepdims=True)
    np.testing.assert_allclose(with_dose(projection, 0.3).apply(rows), mixed, atol=1e-5)
    assert with_dose(projection, 1) is projection
    np.testing.assert_allclose(with_dose(projection, 0).apply(rows), rows, atol=1e-6)
    assert candidates_of(8, 8, normalize=False) == (HEAD, HALF_DOSE)
    assert candidates_of(8, 5, normalize=False) == (HEAD,)


@pytest.fixture(scope="module")
def result():
    return fit_cross_validated(ITEMS, SETTINGS, RESOURCES)


def test_the_head_that_is_kept_is_trained_on_all_classes(result):
    assert result.choice.chosen is not None
    problem = Problem.from_settings(ITEMS, SETTINGS)
    state = DescentState.initial(problem)
    losses = list(descend(problem, state))
    expected = result.choice.chosen.projection(problem.projection(state.flat))
    assert np.array_equal(result.projection.weight, expected.weight)
    assert result.step == 40
    assert len(result.history) == 5 * (1 + len(losses))
    assert [step.stage for step in result.history if step.step == 0] == [
        *(f"all but part {k} of 4 of the classes" for k in (1, 2, 3, 4)), "all classes",
    ]  # fmt: skip


def test_no_part_is_judged_through_a_head_that_has_seen_it(result):
    folds = fold_classes(ITEMS, 4, SETTINGS.seed)
    parts = []
    for trained, unseen in folds:
        problem = Problem.from_settings(trained, SETTINGS)
        state = DescentState.initial(problem)
        list(descend(problem, state))
        applied = HEAD.fitted(problem.projection(state.flat), trained, 1).applied(unseen, 1)
        parts.append(
            Judgement.of(
                applied, SETTINGS.calibration_range, result.cross_validated.at_far, RESOURCES
            )
        )
    judged = result.choice.judged[1]
    expected = pooled(parts)
    assert (judged.opis, judged.recall, judged.tar) == tuple(float(one[0]) for one in expected)
    assert result.cross_validated.at_far > SETTINGS.at_far  # ten false accepts in a part


def test_labels_that_mean_nothing_keep_the_frozen_embeddings():
    rng = np.random.default_rng(0)
    items = EmbeddingSet.from_arrays(rng.normal(size=(200, 6)), np.arange(200) % 25)
    result = fit_cross_validated(items, SETTINGS, RESOURCES)
    assert result.choice.chosen is None
    assert result.step is None
    assert np.array_equal(result.projection.weight, Projection.identity(6).weight)
    assert "no candidate may be used (head: " in result.reason
    assert all(one.refused for one in result.choice.judged[1:])


def test_too_few_classes_or_pairs_are_a_reason_and_no_training():
    few = fit_cross_validated(ITEMS.subset(ITEMS.codes < 19), SETTINGS, RESOURCES)
    assert (few.choice.chosen, few.history, few.cross_validated) == (None, (), None)
    assert few.reason.startswith("19 training classes have two items or more")
    same = EmbeddingSet.from_arrays(np.ones((60, 3)), np.arange(60) % 20)
    collapsed = fit_cross_validated(same, SETTINGS, RESOURCES)
    assert collapsed.choice.chosen is None
    assert "too few to judge a head" in collapsed.reason


def test_a_cross_validation_goes_on_where_it_stopped(tmp_path, result, monkeypatch):
    monkeypatch.setattr("opiscli.training.checkpoint._LEAST_PAUSE", 0)
    checkpoint, calls = Checkpoint(tmp_path / "h.state.safetensors", "identity"), []

    def stop(run):
        checkpoint.write(run)
        calls.append(1)
        if len(calls) == 8:  # in the second of five trainings
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit_cross_validated(ITEMS, SETTINGS, RESOURCES, on_step=stop)
    run = checkpoint.read()
    assert len(run.finished) == 1
    resumed = fit_cross_validated(ITEMS, SETTINGS, RESOURCES, resumed=run)
    assert np.array_equal(resumed.projection.weight, result.projection.weight)
    assert resumed.history == result.history


def test_the_start_depends_on_the_number_of_classes_and_dims():
    settings = TrainingSettings()
    for n_classes, dims, start in (
        (19, 64, StartKind.IDENTITY), (20, 64, StartKind.PLDA), (20, 4097, StartKind.IDENTITY)
    ):  # fmt: skip
        assert settings.start_for(n_classes, dims) is start
    assert replace(settings, start=StartKind.PCA).start_for(20, 64) is StartKind.PCA
    rates = [
        replace(settings, start=start).rate_for(150)
        for start in (StartKind.PLDA, StartKind.IDENTITY)
    ]
    assert rates == pytest.approx([3e-5, 3e-4])
    assert Problem.from_settings(ITEMS, settings).settings.start is StartKind.PLDA


def test_options_imply_on_which_classes_a_head_is_chosen():
    assert training_settings({}).choose is Choose.CROSS_VALIDATION
    for options in ({"val_fraction": 0.1}, {"tune": 3}, {"choose": "validation"}):
        assert training_settings(options).choose is Choose.VALIDATION
    assert training_settings({}, val_given=True).choose is Choose.VALIDATION
    for options, says in (
        ({"choose": "cross-validation", "tune": 2}, "tune selects a head on validation classes"),
        ({"val_fraction": 0.1, "careful": True}, "careful is for cross-validation"),
        ({"choose": "validation", "at_far": 0.1}, "at_far is for cross-validation"),
        ({"test_fraction": 1.0}, "test_fraction is 1.0"),
        ({"at_far": 0.0}, "at_far is 0.0"),
    ):
        with pytest.raises(UsageError, match=says):
            training_settings(options)


def test_the_half_dose_needs_less_certainty():
    assert (HEAD.certainty, HALF_DOSE.certainty) == (0.9, 0.65)
    frozen = judgement(0, 60)
    noise = np.random.default_rng(2).normal(size=(60, 1))
    scores = 0.8 + 0.94 * (frozen.scores - 0.8) + 0.02 * noise
    changed = [replace(frozen, scores=scores)]
    choice = choose({FROZEN: [frozen], HEAD: changed, HALF_DOSE: changed}, SETTINGS)
    assert 0.65 <= choice.judged[1].share_better < 0.9
    assert choice.judged[1].refused.endswith("of resamples of the classes")
    assert choice.chosen is HALF_DOSE
