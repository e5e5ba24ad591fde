"""Checks a hand-written gradient against slopes measured along random directions."""

import numpy as np
import pytest


def assert_gradient(value_and_gradient, at, *, directions=8, step=1e-6, rtol=1e-5, atol=1e-8):
    """The slope along any direction is the gradient's part along it."""
    rng = np.random.default_rng(0)
    _, gradient = value_and_gradient(at)
    assert gradient.shape == at.shape
    for _ in range(directions):
        direction = rng.normal(size=at.shape)
        direction /= np.linalg.norm(direction)
        ahead, _ = value_and_gradient(at + step * direction)
        behind, _ = value_and_gradient(at - step * direction)
        measured = (ahead - behind) / (2 * step)
        assert np.vdot(gradient, direction) == pytest.approx(measured, rel=rtol, abs=atol)


def seeded(step_of, at):
    """Value and gradient of a step alone, under a random and asymmetric gradient of its result.

    The gradient of a real loss is symmetric, which would hide half of the mistakes.
    """
    seed = np.random.default_rng(1).normal(size=step_of(at)[0].shape)

    def value_and_gradient(x):
        result, pullback = step_of(x)
        return float(np.vdot(seed, result)), pullback(seed)

    return value_and_gradient
