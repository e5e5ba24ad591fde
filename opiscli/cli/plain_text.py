"""Replacements for characters that the encoding of a stream lacks."""

import re
import unicodedata

_BYTES_OF_NAMES = "surrogateescape"
"""How Python keeps bytes of file names that are no text; they are written as they were."""

_WRITTEN = {
    "≥": ">=",
    "≤": "<=",
    "≠": "!=",
    "≈": "~",
    "±": "+/-",
    "×": "x",
    "÷": "/",
    "√": "sqrt ",
    "ε": "eps",
    "∞": "inf",
    "²": "^2",
    "³": "^3",
    "°": " deg",
    "→": "->",
    "←": "<-",
    "↑": "^",
    "↓": "v",
    "✓": "ok",
    "✗": "x",
    "…": "...",
    "·": "-",
    "•": "*",
    "‘": "'",
    "’": "'",
    "“": '"',
    "”": '"',
    "«": '"',
    "»": '"',
}

_MINUS, _DASHES = "−", "Pd"
_SPACES = "Zs"


def showable(text: str, encoding: str) -> str:
    r"""Replace characters that an encoding lacks; columns stay aligned if there is room.

    Symbols become the ASCII that people type for them. Any other character becomes a backslash
    escape, so that two names which differ still do.

    Parameters
    ----------
    encoding
        A name that Python knows, whose characters include ASCII.

    Examples
    --------
    >>> showable("│ FAR ≤ 1e-3   │ −0.5 │", "ascii")
    '| FAR <= 1e-3  | -0.5 |'
    >>> showable("Łódź", "latin-1")
    '\\u0141ód\\u017a'
    """
    if _has(encoding, text):
        return text
    return "\n".join(_line(line, encoding) for line in text.split("\n"))


def _line(line: str, encoding: str) -> str:
    """Replace characters, and shorten later runs of blanks by the extra length."""
    parts, longer = [], 0
    for part in re.split("( {2,})", line):
        if part.startswith("  "):
            kept = max(1, len(part) - longer)
            longer -= len(part) - kept
            parts.append(" " * kept)
        else:
            shown = "".join(char if _has(encoding, char) else _instead(char) for char in part)
            longer += len(shown) - len(part)
            parts.append(shown)
    return "".join(parts)


def _has(encoding: str, text: str) -> bool:
    try:
        text.encode(encoding, _BYTES_OF_NAMES)
    except UnicodeEncodeError:
        return False
    return True


def _instead(char: str) -> str:
    category = unicodedata.category(char)
    if char in _WRITTEN:
        return _WRITTEN[char]
    if char == _MINUS or category == _DASHES:
        return "-"
    if category == _SPACES:
        return " "
    return _drawn(char) or char.encode("ascii", "backslashreplace").decode("ascii")


def _drawn(char: str) -> str:
    """ASCII for a line or a corner of a box, or for a filled block; empty for anything else."""
    words = unicodedata.name(char, "").split()
    if "BLOCK" in words or "SHADE" in words:
        return "#"
    if words[:2] != ["BOX", "DRAWINGS"]:
        return ""
    is_across, is_up = (
        any(word in words for word in directions)
        for directions in (("HORIZONTAL", "LEFT", "RIGHT"), ("VERTICAL", "UP", "DOWN"))
    )
    return "+" if is_across and is_up else "-" if is_across else "|"
