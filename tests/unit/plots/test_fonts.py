"""Characters that the usual font lacks are drawn in an installed one, or warned of once."""

import warnings

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib import font_manager
from matplotlib.figure import Figure

from opiscli.errors import OpisWarning
from opiscli.plots.drawing import fonts
from opiscli.plots.drawing.canvas import drawing_style, to_svg

LABELS = [
    "漢字",  # Chinese
    "ひらがな",
    "한국어",
    "हिन्दी",
    "বাংলা",
    "தமிழ்",
    "ไทย",
    "አማርኛ",
    "🦊🍎",
    "𝒜𓀀",  # an Egyptian hieroglyph, beyond the first 65,536 characters
]


def make_font(path, name, characters):
    """Write a font in which each of these characters is a box."""
    pen = TTGlyphPen(None)
    pen.moveTo((50, 0))
    for corner in ((50, 700), (500, 700), (500, 0)):
        pen.lineTo(corner)
    pen.closePath()
    names = {ord(char): f"u{ord(char):X}" for char in characters}
    order = [".notdef", *names.values()]
    font = FontBuilder(1000, isTTF=True)
    font.setupGlyphOrder(order)
    font.setupCharacterMap(names)
    font.setupGlyf({glyph: pen.glyph() for glyph in order})
    font.setupHorizontalMetrics({glyph: (600, 50) for glyph in order})
    font.setupHorizontalHeader(ascent=800, descent=-200)
    font.setupNameTable(
        {"familyName": name, "styleName": "Regular", "psName": name.replace(" ", "")}
    )
    font.setupOS2()
    font.setupPost()
    font.save(path)
    return str(path)


@pytest.fixture
def install(monkeypatch, tmp_path):
    """Install a font for the length of a test, beside those that come with matplotlib."""
    own = [one for one in font_manager.fontManager.ttflist if "DejaVu" in one.name]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", own)
    fonts.fonts_with.cache_clear()
    yield lambda name, characters: font_manager.fontManager.addfont(
        make_font(tmp_path / f"{name}.ttf", name, characters)
    )
    fonts.fonts_with.cache_clear()


def drawn(*labels, style=None):
    figure = Figure()
    ax = figure.subplots()
    for label in labels:
        ax.plot([0, 1], [0, 1], label=label)
    ax.set_title(labels[0])
    figure.legend()
    with drawing_style(style):
        return to_svg(figure)


@pytest.mark.parametrize("label", LABELS)
def test_an_installed_font_is_used(install, label):
    with pytest.warns(OpisWarning, match="no installed font has the characters"):
        boxes = drawn(label)
    install("Some Script", label)
    fonts.fonts_with.cache_clear()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert drawn(label) != boxes


def test_the_usual_font_is_left_alone(install):
    plain = drawn("plain – ε ≤ ≥ × é ж λ ا")
    install("Another", "plain –εж")
    assert drawn("plain – ε ≤ ≥ × é ж λ ا") == plain


def test_the_best_known_font_comes_first_and_several_help_one_another(install):
    for name, characters in (("Aaa", "漢字"), ("Noto Sans CJK SC", "漢"), ("Zzz", "हि")):
        install(name, characters)
    families, nowhere = fonts.fonts_with(frozenset("漢字हि🦊"))
    assert families == ("Noto Sans CJK SC", "Aaa", "Zzz")
    assert nowhere == {"🦊"}


def test_fonts_that_claim_everything_are_not_asked(install):
    for name in ("LastResort", "Last Resort High-Efficiency", "Noto Color Emoji", "Adobe Blank"):
        install(name, "漢🦊")
    assert fonts.fonts_with(frozenset("漢🦊")) == ((), {"漢", "🦊"})


def test_one_warning_names_some_characters(install):
    def draw_three():
        with drawing_style():
            for label in ("漢字", "हिन्दी", "漢🦊"):
                figure = Figure()
                figure.text(0, 0, label)
                to_svg(figure)

    with pytest.warns(OpisWarning) as said:
        draw_three()
    (warning,) = said
    assert "U+0939" in str(warning.message)
    assert "and 4 more" in str(warning.message)


def test_what_is_invisible_is_not_missed(install):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawn("a\u200d\ufe0f b\u3000c")


def test_a_style_with_another_font_is_completed_too(install, tmp_path):
    install("House", "abc")
    install("Chinese", "漢")
    style = tmp_path / "house.mplstyle"
    style.write_text("font.family: House\n")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert drawn("abc漢", style=str(style)) != drawn("abc", style=str(style))
