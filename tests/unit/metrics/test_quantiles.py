"""Quantiles against SciPy's."""

import numpy as np
import pytest
from scipy.special import gammaincinv, stdtrit

from opiscli.metrics.intervals.quantiles import gamma_quantile, student_quantile

LEVELS = [0.5, 0.501, 0.6, 0.9, 0.95, 0.975, 0.995, 0.9999]


@pytest.mark.parametrize("p", LEVELS)
def test_student(p):
    dof = np.concatenate([[1, 1.001, 1.5, 2, 3, 7.25, 999.9, 1000, 1e5, 1e9], np.geomspace(1, 3e3)])
    assert len(dof) < 256
    np.testing.assert_allclose(student_quantile(dof, p), stdtrit(dof, p), rtol=1e-11, atol=1e-15)


@pytest.mark.parametrize("p", LEVELS)
def test_gamma(p):
    shape = np.concatenate([[1, 1.0001, 1.5, 2, 10.1, 1e5], np.geomspace(1, 3e4, 40)])
    np.testing.assert_allclose(gamma_quantile(shape, p), gammaincinv(shape, p), rtol=1e-9)
    np.testing.assert_allclose(gamma_quantile(1.0, p), -np.log1p(-p), rtol=1e-12)


def test_many_at_once_are_the_same_as_one_by_one():
    values = np.linspace(1, 40, 300).reshape(3, 100)
    for quantile in (student_quantile, gamma_quantile):
        many = quantile(values, 0.975)
        assert many.shape == values.shape
        np.testing.assert_allclose(many[1], quantile(values[1], 0.975), rtol=1e-11)


def test_a_single_value():
    assert np.isnan(student_quantile(0, 0.975))
    assert float(student_quantile(10, 0.975)) == pytest.approx(2.228138851986274, rel=1e-14)
