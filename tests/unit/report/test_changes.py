"""How changes are written: one minus sign, an equals sign only where nothing changed."""

import pytest

from opiscli.report.tables.changes import change_text, paired_interval
from opiscli.results import Change, Interval
from opiscli.results.text import rate, score, signed, span


def change(difference, ratio=None, ci=None):
    return Change(difference=difference, ratio=ratio, ci=ci, is_better=None, is_certain=False)


@pytest.mark.parametrize(
    ("difference", "ratio", "expected"),
    [
        (0.0123, None, "↑ +0.0123"),
        (-0.0123, None, "↓ −0.0123"),
        (0.0, None, "="),
        (-1e-17, None, "="),
        (-2e-6, None, "↓ −2e-06"),
        (-0.01, 0.875, "↓ −12.5 %"),
        (0.01, 1.5, "↑ +50.0 %"),
        (0.0, 1.0, "="),
        (-1e-9, 0.9999, "↓ −0.01 %"),
    ],
)
def test_a_change_has_an_arrow_a_sign_and_a_unit(difference, ratio, expected):
    assert change_text(change(difference, ratio)) == expected


def test_intervals_have_the_unit_and_the_signs_of_the_change():
    assert paired_interval(change(0.1, ci=Interval(-0.05, 0.25))) == "−0.050 to +0.250"
    assert paired_interval(change(0.1, 0.9, Interval(0.8, 1.02))) == "−20.0 to +2.0 %"
    assert paired_interval(change(0.1)) == paired_interval(None) == ""


def test_minus_signs_are_signs_and_exponents_stay_as_programs_read_them():
    assert (score(-0.5), rate(-1e-7)) == ("−0.5000", "−1.000e-07")
    assert span(Interval(-2e-5, 0.5)) == "−2.00e-05 – 0.500"
    assert (signed(-0.04, 1), signed(0.0, 4)) == ("−0.04", "0.0000")
