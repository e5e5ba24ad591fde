"""What an encoding lacks is written with what it has, so that it can be read and told apart."""

import pytest

from opiscli.cli.plain_text import showable


@pytest.mark.parametrize(
    ("text", "encoding", "shown"),
    [
        ("s ≥ 0.4, d ≤ 1.2", "ascii", "s >= 0.4, d <= 1.2"),
        ("s ≥ 0.4, d ≤ 1.2", "cp437", "s ≥ 0.4, d ≤ 1.2"),
        ("0.85 – 0.93", "latin-1", "0.85 - 0.93"),
        ("0.85 – 0.93", "cp1252", "0.85 – 0.93"),
        ("−0.5 — a", "cp437", "-0.5 - a"),
        ("480 items × 32 dims · 40 classes", "ascii", "480 items x 32 dims - 40 classes"),
        ("ε-OPIS, √OPIS", "cp1252", "eps-OPIS, sqrt OPIS"),
        ("K,K,…", "ascii", "K,K,..."),
        ("up ↑ down ↓ to →", "latin-1", "up ^ down v to ->"),
        ("±0.1", "ascii", "+/-0.1"),
        ("10 000", "ascii", "10 000"),
        ("“a” ‘b’", "ascii", "\"a\" 'b'"),
        ("╭─┬─╮\n│ │ │\n╰─┴─╯", "cp1252", "+-+-+\n| | |\n+-+-+"),
        ("┏━┓┃╔═╗║", "ascii", "+-+|+-+|"),
        ("█▓░", "ascii", "###"),
        ("Łódź", "ascii", "\\u0141\\xf3d\\u017a"),
        ("Łódź", "cp1250", "Łódź"),
        ("漢字", "cp932", "漢字"),
        ("漢字", "cp1252", "\\u6f22\\u5b57"),
        ("🦊", "latin-1", "\\U0001f98a"),
        ("\ud83d", "utf-8", "\\ud83d"),
        ("all ≥ – ε 漢 🦊", "utf-8", "all ≥ – ε 漢 🦊"),
    ],
)
def test_what_is_shown(text, encoding, shown):
    assert showable(text, encoding) == shown
    showable(text, encoding).encode(encoding)


def test_bytes_of_a_file_name_stay_as_they_are():
    name = b"\xff\xe9.parquet".decode("utf-8", "surrogateescape")
    for encoding in ("utf-8", "ascii", "cp1252"):
        shown = showable(f"{name} …", encoding).encode(encoding, "surrogateescape")
        assert shown.startswith(b"\xff\xe9.parquet ")


def test_columns_stay_in_line_where_there_is_room():
    rows = ["FAR ≤ 0.1     0.0999  │", "far = 0.1     0.0999  │", "R@1 ≥ 0.5, ≤ 1  −0.5  │"]
    shown = showable("\n".join(rows), "ascii").split("\n")
    assert shown == [
        "FAR <= 0.1    0.0999  |",
        "far = 0.1     0.0999  |",
        "R@1 >= 0.5, <= 1 -0.5 |",
    ]


def test_different_names_stay_different():
    names = ["e", "é", "è", "ê", "漢", "字", "ж", "м"]
    for encoding in ("ascii", "latin-1", "cp1252", "cp437", "cp1251", "koi8-r"):
        assert len({showable(name, encoding) for name in names}) == len(names)
