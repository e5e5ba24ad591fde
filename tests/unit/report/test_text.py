"""Text of others is shown, never obeyed."""

import pytest

from opiscli.results.text import printable


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
