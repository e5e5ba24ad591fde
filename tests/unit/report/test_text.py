"""Text of others is shown, never obeyed."""

import pytest

from opiscli.results.text import distance, printable, similarity


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
        "1.1687",
        "0.001346",
        "0.0000",
    )
    assert (similarity(0.31705), similarity(0.99999909)) == ("0.3170", "0.9999990900")
    assert (distance(1.0448411, 6), similarity(1.0)) == ("1.044841", "1.0000")
    assert distance(None) == similarity(None) == "–"
