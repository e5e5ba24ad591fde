"""Values and gradients of every loss, against pytorch-metric-learning and measured slopes."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from gradients import assert_gradient, seeded

from opiscli.heads.unit_length import unit_length
from opiscli.training.losses import LOSSES, has_proxies, loss_function
from opiscli.training.losses.parts.distances import euclidean
from opiscli.training.losses.parts.loss import PairMasks
from opiscli.training.tcm import ThresholdConsistentMargin

PROXY_LOSSES = [name for name in LOSSES if has_proxies(name)]
PAIR_LOSSES = [name for name in LOSSES if not has_proxies(name)]

with np.load(Path(__file__).with_name("loss_oracle.npz")) as archive:
    ORACLE = dict(archive)
CASES = [name.removesuffix("|value") for name in ORACLE if name.endswith("|value")]
PROXIES = ORACLE["proxies"]


def loss_of(case):
    name, *options = case.split()
    options = {key: float(value) for key, value in (text.split("=") for text in options)}
    if name == "tcm":
        return ThresholdConsistentMargin(**options)
    return partial(loss_function(name), **options)


def from_embeddings(loss, codes):
    """Whole chain of a pair loss: normalise, multiply, compare."""

    def value_and_gradient(vectors):
        unit, pullback = unit_length(vectors)
        value, gradient = loss(unit @ unit.T, PairMasks.from_codes(codes))
        return value, pullback((gradient + gradient.T) @ unit)

    return value_and_gradient


def batch_of(case):
    square = case.startswith(("smooth-ap", "proxy-anchor"))
    batch = "square" if square else "uneven"
    return ORACLE[f"{batch}_embeddings"], ORACLE[f"{batch}_codes"]


def close(ours, theirs):
    scale = np.abs(theirs).max()
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-9 * scale)


def test_every_loss_has_a_case():
    assert {case.split()[0] for case in CASES} == {*LOSSES, "tcm"}
    assert "pytorch-metric-learning 2.9.0" in ORACLE["versions"]


@pytest.mark.parametrize("case", [c for c in CASES if c.split()[0] not in PROXY_LOSSES])
def test_pair_losses_are_those_of_the_oracle(case):
    vectors, codes = batch_of(case)
    value, gradient = from_embeddings(loss_of(case), codes)(vectors)
    assert value == pytest.approx(float(ORACLE[f"{case}|value"]), rel=1e-5)
    close(gradient, ORACLE[f"{case}|embeddings"])


@pytest.mark.parametrize("case", [c for c in CASES if c.split()[0] in PROXY_LOSSES])
def test_proxy_losses_are_those_of_the_oracle(case):
    vectors, codes = batch_of(case)
    unit, pull_unit = unit_length(vectors)
    proxies, pull_proxies = unit_length(PROXIES)
    value, gradient = loss_of(case)(unit @ proxies.T, codes)
    assert value == pytest.approx(float(ORACLE[f"{case}|value"]), rel=1e-5)
    close(pull_unit(gradient @ proxies), ORACLE[f"{case}|embeddings"])
    close(pull_proxies(gradient.T @ unit), ORACLE[f"{case}|proxies"])


@pytest.mark.parametrize("name", [*PAIR_LOSSES, "tcm"])
def test_slopes_of_pair_losses(name):
    vectors, codes = batch_of("uneven")
    # A similarity matrix that is not symmetric, so that rows and columns cannot be confused.
    lopsided = np.clip(unit_length(vectors)[0] @ unit_length(vectors)[0].T, -0.98, 0.98)
    lopsided += np.random.default_rng(2).uniform(-0.01, 0.01, lopsided.shape)
    pairs, loss = PairMasks.from_codes(codes), loss_of(name)
    assert_gradient(lambda s: loss(s, pairs), lopsided, step=1e-7, rtol=1e-4)


@pytest.mark.parametrize("name", PROXY_LOSSES)
def test_slopes_of_proxy_losses(name):
    vectors, codes = batch_of("uneven")
    similarity = unit_length(vectors)[0] @ unit_length(PROXIES)[0].T
    assert_gradient(lambda s: loss_function(name)(s, codes), similarity)


def test_steps_pull_back_any_gradient():
    vectors, _ = batch_of("uneven")
    assert_gradient(seeded(unit_length, vectors), vectors)
    similarity = np.random.default_rng(3).uniform(-0.9, 0.9, (5, 7))
    assert_gradient(seeded(euclidean, similarity), similarity)


def test_the_check_can_fail():
    vectors, codes = batch_of("uneven")
    right = from_embeddings(loss_of("multi-similarity"), codes)

    def wrong(at):
        value, gradient = right(at)
        return value, 1.001 * gradient

    assert_gradient(right, vectors)
    with pytest.raises(AssertionError):
        assert_gradient(wrong, vectors)


@pytest.mark.parametrize("name", [*PAIR_LOSSES, "tcm"])
@pytest.mark.parametrize("codes", [[0, 0, 0, 0], [0, 1, 2, 3]])
def test_batches_without_positives_or_negatives_are_finite(name, codes):
    vectors = np.random.default_rng(4).normal(size=(4, 3))
    value, gradient = from_embeddings(loss_of(name), np.array(codes))(vectors)
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("name", [*PAIR_LOSSES, "tcm"])
def test_duplicates_are_finite_and_float32_stays_float32(name):
    vectors = np.repeat(np.eye(3, dtype=np.float32), 2, axis=0)
    value, gradient = from_embeddings(loss_of(name), np.array([0, 0, 1, 1, 1, 2]))(vectors)
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()
    assert gradient.dtype == np.float32


class TestThresholdConsistentMargin:
    """Worked out by hand on three items: 0 and 1 of a class, 2 of another."""

    pairs = PairMasks.from_codes(np.array([0, 0, 1]))

    def similarity(self, positive, negative, other=-1.0):
        return np.array([[1, positive, negative], [positive, 1, other], [negative, other, 1]])

    def test_pairs_at_the_margin_belong(self):
        tcm = ThresholdConsistentMargin()
        value, gradient = tcm(self.similarity(0.9, 0.5), self.pairs)
        assert value == 0
        np.testing.assert_array_equal(gradient, [[0, -0.5, 0.5], [-0.5, 0, 0], [0.5, 0, 0]])

    def test_an_empty_mean_is_zero(self):
        tcm = ThresholdConsistentMargin()
        value, gradient = tcm(self.similarity(0.95, 0.45), self.pairs)
        assert value == 0
        assert not gradient.any()
        assert tcm(self.similarity(0.95, 0.7), self.pairs).value == pytest.approx(0.2)
        assert tcm(self.similarity(0.6, 0.45), self.pairs).value == pytest.approx(0.3)

    def test_means_are_over_violating_pairs_only(self):
        tcm = ThresholdConsistentMargin(lambda_plus=2, lambda_minus=3)
        value, _ = tcm(self.similarity(0.6, 0.7, other=0.4), self.pairs)
        assert value == pytest.approx(2 * 0.3 + 3 * 0.2)
        value, _ = tcm(self.similarity(0.6, 0.7, other=0.5), self.pairs)
        assert value == pytest.approx(2 * 0.3 + 3 * 0.1)

    def test_frozen_pairs_make_it_linear(self):
        tcm = ThresholdConsistentMargin()
        active = tcm.active(self.similarity(0.6, 0.7), self.pairs)
        moved = self.similarity(0.95, 0.4)
        assert tcm.over(moved, active).value == pytest.approx(-0.05 - 0.1)
        assert tcm(moved, self.pairs).value == 0
