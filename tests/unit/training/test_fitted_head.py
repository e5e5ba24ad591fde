"""Heads with offsets: how these are computed, when they are chosen, and what is kept of them."""

from dataclasses import replace

import numpy as np
import pytest
from conftest import clusters_on_a_line

from opiscli import Head
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.errors import EmbeddingError, UsageError
from opiscli.heads import Projection
from opiscli.heads.initialisation import StartKind
from opiscli.settings.resources import Resources
from opiscli.training.candidates import HALF_DOSE, HEAD, OFFSETS, candidates_of, with_offsets
from opiscli.training.checkpoint import Checkpoint
from opiscli.training.cross_validation import fit_cross_validated
from opiscli.training.fitted_head import FittedHead
from opiscli.training.judgement import Judgement, pooled
from opiscli.training.recipe import train_head
from opiscli.training.settings import Choose, TrainingSettings
from opiscli.training.split import fold_classes

ITEMS = EmbeddingSet.from_arrays(*clusters_on_a_line())
OTHERS = EmbeddingSet.from_arrays(*clusters_on_a_line(seed=5, n_classes=12))
SETTINGS = TrainingSettings(steps=40, far=(0.02, 0.1), learning_rate=1e-3, normalize=True)
RESOURCES = Resources.of_machine(threads=1)
TILTED = Projection(
    weight=np.random.default_rng(0).normal(size=(8, 6)).astype(np.float32),
    bias=np.linspace(-1, 1, 6, dtype=np.float32),
)


@pytest.fixture(scope="module")
def result():
    return fit_cross_validated(ITEMS, SETTINGS, RESOURCES)


def mean_of_nearest(similarities, k):
    return np.sort(similarities, axis=1)[:, -k:].mean(axis=1)


def offsets_written_out(projection, cohort, items, k, weight):
    """As in the definition, in float64 and without an index."""
    own, new = (projection.apply(one.unit_rows).astype(np.float64) for one in (cohort, items))
    among = np.where(cohort.codes[:, None] == cohort.codes, -np.inf, own @ own.T)
    centre = mean_of_nearest(among, k).mean()
    return weight * (mean_of_nearest(new @ own.T, k) - centre)


def test_offsets_are_those_of_the_definition():
    fitted = FittedHead.normalized(TILTED, ITEMS, 20, 0.4, threads=1)
    applied = fitted.applied(OTHERS, threads=1)
    expected = offsets_written_out(TILTED, ITEMS, OTHERS, 20, 0.4)
    np.testing.assert_allclose(applied.offsets.values, expected, atol=1e-6)
    np.testing.assert_array_equal(applied.unit_rows, TILTED.apply(OTHERS.unit_rows))
    assert applied.score == "cos-offset(k=20,w=0.4)"
    assert FittedHead(TILTED).applied(OTHERS, threads=1).score == ""


def test_a_large_cohort_is_thinned_whatever_the_order_of_rows(monkeypatch):
    monkeypatch.setattr("opiscli.training.fitted_head._MOST_ITEMS", 100)
    embeddings, labels = clusters_on_a_line()
    order = np.random.default_rng(0).permutation(len(labels))
    shuffled = EmbeddingSet.from_arrays(embeddings[order], labels[order])
    one, two = (FittedHead.normalized(TILTED, s, 50, 0.25, threads=1) for s in (ITEMS, shuffled))
    assert len(one.cohort.rows) == 100
    assert np.array_equal(*(np.sort(f.cohort.rows, axis=0) for f in (one, two)))
    assert one.cohort.centre == pytest.approx(two.cohort.centre, abs=1e-7)


def test_candidates_with_offsets_are_judged_by_a_cohort_of_other_classes(result):
    candidates = candidates_of(8, 8, normalize=True)
    names = [
        "head",
        "half-dose head",
        "head with offsets",
        "half-dose head with offsets",
        "offsets",
    ]
    assert [one.name for one in candidates] == names
    assert candidates_of(8, 6, normalize=True) == (HEAD, with_offsets(HEAD), OFFSETS)
    assert [one.name for one in result.choice.judged[1:]] == names
    identity, parts = Projection.identity(8), []
    for own, unseen in fold_classes(ITEMS, 4, SETTINGS.seed):
        values = offsets_written_out(identity, own, unseen, 50, 0.25).astype(np.float32)
        applied = FittedHead.normalized(identity, own, 50, 0.25, 1).applied(unseen, 1)
        np.testing.assert_allclose(applied.offsets.values, values, atol=1e-6)
        far = result.cross_validated.at_far
        parts.append(Judgement.of(applied, SETTINGS.calibration_range, far, RESOURCES))
    assert result.choice.judged[-1].opis == float(pooled(parts).opis[0])


def test_a_careful_choice_takes_no_offsets_without_a_head(result):
    careful = fit_cross_validated(ITEMS, replace(SETTINGS, careful=True), RESOURCES)
    assert result.choice.judged[-1].refused == ""
    assert careful.choice.judged[-1].refused == "not used by a careful choice"
    assert careful.choice.judged[-2].refused == ""


def test_what_is_kept_is_what_was_judged_on_all_classes(result):
    plain = fit_cross_validated(ITEMS, replace(SETTINGS, normalize=False), RESOURCES)
    assert plain.fitted.cohort is None
    assert result.choice.judged[1:3] == plain.choice.judged[1:]
    chosen = result.choice.chosen
    assert chosen == with_offsets(HALF_DOSE)
    assert result.fitted.cohort.rows.shape == (ITEMS.n_items, 8)
    expected = FittedHead.normalized(result.projection, ITEMS, 50, 0.25, threads=1)
    assert np.array_equal(result.fitted.cohort.rows, expected.cohort.rows)
    assert result.fitted.cohort.centre == expected.cohort.centre


def test_offsets_alone_need_no_training_on_all_classes(monkeypatch):
    only = "opiscli.training.cross_validation.candidates_of"
    monkeypatch.setattr(only, lambda *_, **__: (OFFSETS,))
    result = fit_cross_validated(ITEMS, SETTINGS, RESOURCES)
    assert result.choice.chosen is OFFSETS
    assert (result.step, result.is_unchanged) == (None, False)
    assert np.array_equal(result.projection.weight, Projection.identity(8).weight)
    assert {step.stage for step in result.history} == {
        f"all but part {k} of 4 of the classes" for k in (1, 2, 3, 4)
    }


def test_an_interrupted_choice_with_offsets_goes_on(tmp_path, monkeypatch, result):
    monkeypatch.setattr("opiscli.training.checkpoint._LEAST_PAUSE", 0)
    path, calls = tmp_path / "h.state.safetensors", []
    write = Checkpoint.write

    def interrupted(*arguments):
        write(*arguments)
        calls.append(1)
        if len(calls) == 6:
            raise KeyboardInterrupt

    monkeypatch.setattr(Checkpoint, "write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train_head(ITEMS, None, SETTINGS, RESOURCES, checkpoint=path)
    monkeypatch.undo()
    resumed = train_head(ITEMS, None, SETTINGS, RESOURCES, checkpoint=path, resume=True)
    assert np.array_equal(resumed.fitted.cohort.rows, result.fitted.cohort.rows)
    with pytest.raises(UsageError, match="other settings"):
        train_head(
            ITEMS, None, replace(SETTINGS, normalize=False), RESOURCES, checkpoint=path, resume=True
        )


def test_validation_classes_say_whether_a_head_gets_offsets():
    nothing = {"steps": 1, "learning_rate": 1e-12, "start": StartKind.IDENTITY}
    settings = replace(SETTINGS, choose=Choose.VALIDATION, **nothing)
    enough = EmbeddingSet.from_arrays(*clusters_on_a_line(seed=7, n_classes=40))
    result = train_head(ITEMS, enough, settings, RESOURCES)
    assert result.reason.endswith("; with offsets, which improve it")
    assert (result.step, result.is_unchanged) == (None, False)
    assert len(result.fitted.cohort.rows) == ITEMS.n_items
    few = train_head(ITEMS, OTHERS, settings, RESOURCES)
    assert few.fitted.cohort is None
    assert few.reason.endswith("no offsets, because 12 validation classes cannot show what they do")
    random = np.random.default_rng(0).normal(size=(300, 8))
    meaningless = EmbeddingSet.from_arrays(random, np.arange(300) % 30)
    refused = train_head(ITEMS, meaningless, settings, RESOURCES)
    assert refused.fitted.cohort is None
    assert "; no offsets: " in refused.reason


@pytest.mark.parametrize("val_items", [None, OTHERS])
def test_too_few_items_for_a_cohort_are_refused_before_training(val_items):
    pairs = ITEMS.subset(np.isin(np.arange(ITEMS.n_items), first_two(ITEMS)))
    few = pairs if val_items is None else ITEMS.subset(ITEMS.rows % 6 == 0)
    told = []
    with pytest.raises(EmbeddingError, match="fewer than the 50 whose similarity is averaged"):
        train_head(few, val_items, SETTINGS, RESOURCES, on_validation=told.append)
    assert told == []


def first_two(items):
    return [
        row for code in range(items.n_classes) for row in np.flatnonzero(items.codes == code)[:2]
    ]


def test_a_head_with_offsets_is_saved_and_loaded(tmp_path):
    embeddings, labels = clusters_on_a_line()
    options = {"steps": 5, "far": (0.02, 0.1), "lr": 1e-3, "threads": 1}
    head = Head(normalize=True, **options).fit(embeddings, labels)
    head.save(tmp_path / "h.safetensors")
    loaded = Head.load(tmp_path / "h.safetensors")
    assert loaded.normalize
    new = 3 * clusters_on_a_line(seed=5)[0]
    offsets = loaded.offsets(new)
    assert (offsets.k, offsets.weight) == (50, 0.25)
    assert np.array_equal(offsets.values, head.offsets(new).values)
    assert np.array_equal(loaded.transform(new), head.transform(new))
    assert Head(**options).fit(embeddings, labels).offsets(new) is None
