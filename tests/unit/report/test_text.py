"""Text of others is shown, never obeyed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opiscli.results.text import distance, printable, rate, similarity, span


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("plain é 字", "plain é 字"),
        ("[red]x[/red]", "[red]x[/red]"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\nb\tc", "a\\nb\\tc"),
        ("\u202etxt", "\\u202etxt"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("line\u2028break", "line\\u2028break"),
        ("\x7f\x9b", "\\x7f\\x9b"),
    ],
)
def test_what_cannot_be_seen_is_spelled_out(label, shown):
    assert printable(label) == shown


def test_thresholds_keep_their_digits_where_embeddings_crowd_together():
    assert (distance(1.16868), distance(0.00134567), distance(0.0)) == (
        "1.1686",
        "0.001345",
        "0.0000",
    )
    assert (similarity(0.31705), similarity(0.99999909)) == ("0.3171", "0.9999990900")
    assert (distance(1.0448411, 6), similarity(1.0)) == ("1.044841", "1.0000")
    assert distance(None) == similarity(None) == "–"


@given(value=st.floats(0, 2), decimals=st.integers(1, 8))
def test_thresholds_are_rounded_towards_rejection(value, decimals):
    shown_distance = float(distance(value, decimals))
    assert value - 10.0**-decimals <= shown_distance <= value
    shown_similarity = float(similarity(1 - value, decimals).replace("−", "-"))
    assert 1 - value <= shown_similarity <= 1 - value + 10.0**-decimals


def test_a_threshold_that_was_given_is_shown_as_it_was_given():
    for tenth in range(21):
        assert distance(tenth / 10) == f"{tenth / 10:.4f}"
    assert (similarity(0.3), similarity(-0.3)) == ("0.3000", "−0.3000")


def test_rates_keep_their_digits():
    assert [rate(value) for value in (0.32, 1.0, 0.1, 1e-7, 0, 0.99999)] == [
        "0.3200", "1.000", "0.1000", "1.000e-07", "0", "1.000",
    ]  # fmt: skip
    assert span((0.1, 0.38)) == "0.100 – 0.380"
