"""Training: batches, splits, optimisers, and that no head does harm."""

import math
from dataclasses import replace

import numpy as np
import pytest
from conftest import clusters
from gradients import assert_gradient

from opiscli.analysis.counting import evaluate_items
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.errors import EmbeddingError, TrainingError, UsageError
from opiscli.heads import HeadKind, Projection
from opiscli.settings.evaluation import EvaluationSettings, RangeRequest
from opiscli.settings.resources import Resources
from opiscli.training.batches import ClassBalanced
from opiscli.training.descent import with_penalty
from opiscli.training.fit import fit
from opiscli.training.losses import LOSSES
from opiscli.training.model_selection import cost
from opiscli.training.optimisers.adam import Adam
from opiscli.training.options import training_settings
from opiscli.training.problem import Problem
from opiscli.training.settings import Objective, Optimiser, TrainingSettings
from opiscli.training.split import split_classes
from opiscli.training.tcm import ThresholdConsistentMargin
from opiscli.training.tcm_margins import with_margins_at_far
from opiscli.training.tuning import trials
from opiscli.training.validation import Scores, Validation

ITEMS = EmbeddingSet.from_arrays(*clusters(n_classes=24, dims=8, sizes=(6, 12), spread=0.8))
FAR = (0.02, 0.1)
SETTINGS = TrainingSettings(steps=30, far=FAR, classes_per_batch=8)


def split():
    items, held_out = split_classes(ITEMS, 0.4, 0)
    return items, Validation(held_out, RangeRequest.of(far=FAR), 1)


def test_batches_hold_as_many_items_of_each_class_and_none_twice():
    batches = ClassBalanced.from_items(ITEMS, 8, 7)
    rng = np.random.default_rng(0)
    seen = set()
    for _ in range(200):
        batch = batches.draw(rng)
        assert len(set(batch.tolist())) == len(batch)
        codes, counts = np.unique(ITEMS.codes[batch], return_counts=True)
        assert len(codes) == 8
        np.testing.assert_array_equal(counts, np.minimum(ITEMS.class_sizes[codes], 7))
        seen.update(batch.tolist())
    assert len(seen) == ITEMS.n_items


def test_every_item_of_a_class_is_drawn_as_often():
    one = EmbeddingSet.from_arrays(np.eye(7), np.array([0, 0, 0, 0, 0, 1, 1]))
    batches = ClassBalanced.from_items(one, 2, 2)
    rng = np.random.default_rng(1)
    drawn = np.bincount(np.concatenate([batches.draw(rng) for _ in range(5000)]), minlength=7)
    np.testing.assert_allclose(drawn[:5] / 5000, 2 / 5, atol=0.03)
    np.testing.assert_array_equal(drawn[5:], 5000)


def test_no_class_is_on_both_sides():
    items, held_out = split_classes(ITEMS, 0.25, 0)
    assert not set(items.names) & set(held_out.names)
    assert items.n_items + held_out.n_items == ITEMS.n_items
    assert held_out.n_classes == 10  # more than a quarter, because OPIS needs classes
    few = ITEMS.subset(ITEMS.codes < 3)
    with pytest.raises(EmbeddingError, match="3 classes have two items"):
        split_classes(few, 0.5, 0)


def test_validation_measures_what_evaluate_measures():
    _, validation = split()
    scores = validation.scores(Projection.identity(8))
    settings = EvaluationSettings(calibration_range=RangeRequest.of(far=FAR), n_thresholds=41)
    result = evaluate_items(validation.items, settings, Resources.of_machine())
    assert scores.recall == result.recall["1"].value
    assert scores.opis == pytest.approx(result.opis.corrected, rel=0.01)


def test_margins_are_the_similarities_at_both_ends_of_the_range():
    tcm = with_margins_at_far(ThresholdConsistentMargin(), ITEMS.unit_rows, ITEMS.codes, FAR)
    negative = (ITEMS.unit_rows @ ITEMS.unit_rows.T)[ITEMS.codes[:, None] != ITEMS.codes]
    assert np.mean(negative >= tcm.margin_plus) == pytest.approx(FAR[0], abs=2e-3)
    assert np.mean(negative >= tcm.margin_minus) == pytest.approx(FAR[1], abs=2e-3)


@pytest.mark.parametrize("at_once", [2, 1 << 16])
def test_adam_takes_the_steps_of_the_paper(at_once, monkeypatch):
    monkeypatch.setattr("opiscli.training.optimisers.adam._AT_ONCE", at_once)
    adam, flat = Adam.initial(np.zeros(5)), np.array([1.0, -2.0, 0.5, 3.0, -0.1])
    m = v = np.zeros(5)
    expected = flat.copy()
    for t in range(1, 6):
        gradient = 2 * expected
        m, v = 0.9 * m + 0.1 * gradient, 0.999 * v + 0.001 * gradient**2
        expected = expected * (1 - 0.1 * 0.5 * np.array([1, 0, 0, 0, 0]))
        expected -= 0.1 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        adam.step(flat, gradient, 0.1, decay=0.5, n_decaying=1)
        np.testing.assert_allclose(flat, expected, rtol=1e-6)


def test_objectives_refuse_harm():
    frozen = Scores(recall=0.9, opis=0.02)
    better, less_recall, more_opis = Scores(0.9, 0.01), Scores(0.89, 0.001), Scores(0.95, 0.021)
    for objective in Objective:
        assert cost(objective, frozen, frozen) == 0
        assert cost(objective, less_recall, frozen) == math.inf
    assert cost(Objective.OPIS, better, frozen) == pytest.approx(-0.01)
    assert cost(Objective.RECALL, more_opis, frozen) == math.inf
    assert cost(Objective.BOTH, Scores(0.95, 0.01), frozen) == pytest.approx(-1)


# Not the triplet loss: which triplets are semi-hard changes from step to step.
@pytest.mark.parametrize("loss", sorted({*LOSSES} - {"triplet"}))
@pytest.mark.parametrize("head", list(HeadKind))
def test_every_loss_falls_with_every_head(loss, head):
    settings = TrainingSettings(loss=loss, head=head, tcm=None, dim=6, classes_per_batch=24)
    problem = Problem.from_settings(ITEMS, settings)
    rng = np.random.default_rng(0)
    flat, adam = problem.initial_parameters(rng), None
    batch = np.arange(ITEMS.n_items)
    before = problem.value(flat, batch, None).base
    adam = Adam.initial(flat)
    for _ in range(30):
        adam.step(flat, problem.value(flat, batch, None).gradient, 3e-3)
    assert problem.value(flat, batch, None).base < before


@pytest.mark.parametrize("loss", ["supcon", "proxy-anchor"])
def test_weight_decay_is_on_heads_with_an_initial_one(loss):
    for head, decays in ((HeadKind.LINEAR, False), (HeadKind.RESIDUAL, True), (HeadKind.MLP, True)):
        problem = Problem.from_settings(ITEMS, TrainingSettings(loss=loss, head=head))
        assert problem.n_decaying == (problem.head.layout.size if decays else 0)
        assert (problem.layout.size > problem.head.layout.size) == (loss == "proxy-anchor")


@pytest.mark.parametrize("head", list(HeadKind))
def test_the_penalty_of_lbfgs_has_its_gradient(head):
    settings = TrainingSettings(loss="proxy-nca", head=head, dim=3, decay=0.7, tcm=None)
    problem = Problem.from_settings(ITEMS, settings)
    rng = np.random.default_rng(0)
    flat = problem.initial_parameters(rng).astype(np.float64)
    flat += rng.normal(scale=0.1, size=flat.shape)
    batch = np.arange(30)
    assert_gradient(lambda x: with_penalty(x, problem=problem, batch=batch, tcm=None), flat)
    value, _ = with_penalty(flat, problem=problem, batch=batch, tcm=None)
    penalty = 0.35 * np.square(flat[: problem.n_decaying]).sum()
    assert value == pytest.approx(problem.value(flat, batch, None).base + penalty)


@pytest.mark.parametrize("optimiser", list(Optimiser))
def test_same_seed_same_head_bit_for_bit(optimiser):
    items, validation = split()
    settings = replace(SETTINGS, optimiser=optimiser)
    one, two = (fit(items, replace(validation, threads=n), settings) for n in (1, 2))
    assert one.history == two.history
    assert np.array_equal(one.projection.weight, two.projection.weight)
    other = fit(items, validation, replace(settings, seed=1))
    assert one.history[1:] != other.history[1:]


def test_the_head_that_is_kept_is_the_one_that_was_scored():
    items, validation = split()
    done = fit(items, validation, replace(SETTINGS, steps=100, learning_rate=1e-3))
    scores = validation.scores(done.projection)
    kept = [step for step in done.history if step.kept][-1]
    assert (scores.recall, scores.opis) == (kept.recall, kept.opis)
    assert done.step in (kept.step, None)
    assert scores.recall >= done.history[0].recall
    assert scores.opis <= done.history[0].opis


def test_a_learning_rate_beyond_reason_is_a_training_error():
    items, validation = split()
    with pytest.raises(TrainingError, match="diverged before step 10"):
        fit(items, validation, replace(SETTINGS, learning_rate=1e6))


def test_trials_begin_with_what_was_asked_and_are_seeded():
    first, *others = trials(SETTINGS, 9)
    assert first == SETTINGS
    assert len(others) == 8
    assert others == list(trials(SETTINGS, 9))[1:]
    assert {trial.head for trial in others} == set(HeadKind)
    assert all(trial.tcm is None for trial in trials(replace(SETTINGS, tcm=None), 4))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"loss": "hinge"}, "loss is 'hinge'"),
        ({"head": "big"}, "head is 'big'"),
        ({"margins": "auto", "tcm_margin_pos": 0.8}, "cannot be combined with .*margins="),
        ({"tcm": False, "tcm_lambda_pos": 1.0}, "TCM options have no effect with "),
        ({"optimiser": "lbfgs", "lr": 0.1}, "lr is for Adam"),
        ({"head": "linear", "decay": 0.1}, "decay has no effect"),
        ({"steps": 0}, "steps is 0"),
        ({"lr": math.nan}, "lr is nan"),
    ],
)
def test_options_that_make_no_sense_together(options, says):
    with pytest.raises(UsageError, match=says):
        training_settings(options)
