"""Finds installed fonts for characters that the default font lacks, such as Chinese or Hindi."""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any
from warnings import warn

from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.ft2font import FT2Font
from matplotlib.text import Text

from opiscli.errors import OpisWarning

BASE = "DejaVu Sans"
"""It comes with matplotlib."""

_PREFERRED = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans CJK TC", "Noto Sans CJK KR",
    "Noto Sans SC", "Noto Sans JP", "Noto Sans TC", "Noto Sans KR", "Source Han Sans SC",
    "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Microsoft YaHei", "SimHei", "PingFang SC",
    "Hiragino Sans", "Yu Gothic", "Meiryo", "Malgun Gothic", "Apple SD Gothic Neo", "NanumGothic",
    "Noto Sans Devanagari", "Nirmala UI", "Mangal", "Kohinoor Devanagari", "Lohit Devanagari",
    "Noto Sans Arabic", "Noto Sans Hebrew", "Noto Sans Thai", "Noto Sans Bengali",
    "Noto Sans Tamil", "Noto Sans", "Segoe UI", "Tahoma", "Leelawadee UI",
    "Noto Emoji", "Segoe UI Emoji", "Segoe UI Symbol", "Noto Sans Symbols", "Noto Sans Symbols 2",
    "Symbola", "Arial Unicode MS", "Droid Sans Fallback", "FreeSans", "Unifont",
)  # fmt: skip
"""Tried in this order before all others."""

_NO_OUTLINES = ("lastresort", "adobeblank", "coloremoji", "notocolor")
"""Fonts that claim characters which they draw as a box, as nothing, or in colours only."""

_NAMED = 5
_SCALABLE = 1
_INVISIBLE = {"Cc", "Cf"}
_SELECTORS = range(0xFE00, 0xFE10)

_without_font: ContextVar[set[str] | None] = ContextVar("without_font", default=None)


@contextmanager
def missing_characters_warned_of() -> Iterator[None]:
    """Warn once, at the end, about all characters that no installed font contains."""
    found: set[str] = set()
    token = _without_font.set(found)
    try:
        yield
    finally:
        _without_font.reset(token)
        if found:
            warn(_missing(found), OpisWarning, stacklevel=3)


def complete_fonts(figure: Figure) -> None:
    """Add installed fallback fonts to the texts of a figure that need them."""
    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            axis.get_ticklabels()  # only now do they have their text
    lacking = {}
    for text in figure.findobj(Text):
        if isinstance(text, Text) and (characters := _lacking(text)):
            lacking[text] = characters
    if not lacking:
        return
    families, nowhere = fonts_with(frozenset().union(*lacking.values()))
    for text in lacking:
        text.set_fontfamily([*text.get_fontfamily(), *families])
    collected = _without_font.get()
    if collected is not None:
        collected |= nowhere


@cache
def fonts_with(characters: frozenset[str]) -> tuple[tuple[str, ...], frozenset[str]]:
    """Installed fonts that together contain these characters, and the missing characters."""
    families: list[str] = []
    left = set(characters)
    for name in _installed():
        held = {char for char in left if _holds(name, char)}
        if held:
            families.append(name)
            left -= held
        if not left:
            break
    return tuple(families), frozenset(left)


def _lacking(text: Text) -> set[str]:
    families = tuple(text.get_fontfamily())
    return {
        char
        for char in set(text.get_text())
        if _is_drawn(char) and not any(_holds(family, char) for family in families)
    }


def _is_drawn(char: str) -> bool:
    is_seen = unicodedata.category(char) not in _INVISIBLE and ord(char) not in _SELECTORS
    return is_seen and not char.isspace()


def _holds(family: str, char: str) -> bool:
    font = _font(family)
    return font is not None and font.get_char_index(ord(char)) > 0


def _font(family: str) -> FT2Font | None:
    """A font that can be drawn in outlines, if there is one of this name."""
    try:
        path = font_manager.findfont(FontProperties(family=[family]), fallback_to_default=False)
        font = font_manager.get_font(path)
    except (OSError, RuntimeError, ValueError):
        return None
    flags: Any = font.face_flags  # an int before matplotlib 3.10
    return font if getattr(flags, "value", flags) & _SCALABLE else None


def _installed() -> Sequence[str]:
    names = {entry.name for entry in font_manager.fontManager.ttflist}
    others = sorted(names.difference(_PREFERRED))
    return [
        name
        for name in (*_PREFERRED, *others)
        if name in names and not any(word in name.replace(" ", "").lower() for word in _NO_OUTLINES)
    ]


def _missing(characters: Iterable[str]) -> str:
    named = sorted(characters)
    shown = ", ".join(f"{char} (U+{ord(char):04X})" for char in named[:_NAMED])
    more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    return (
        f"no installed font has the characters {shown}{more}, which are drawn as boxes; install"
        " one that has them, for example of the Noto fonts"
    )
