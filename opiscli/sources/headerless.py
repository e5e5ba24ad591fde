"""Recognises blank-separated text, such as trial lists and score files of verification tools."""

import re

_MOST_FIELDS = 5
_OTHER_MARKS = re.compile(r"[,;|{\"]")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?", re.IGNORECASE)
_FRACTION = re.compile(r"[-+]?(?:\d*\.\d+|\d+e[-+]?\d+)(?:e[-+]?\d+)?", re.IGNORECASE)
_FLAGS = frozenset({"-1", "0", "1"})
_WORDS = frozenset(
    {"target", "nontarget", "non-target", "impostor", "genuine", "mated", "nonmated", "non-mated"}
)


def is_number(text: str) -> bool:
    """Whether a field holds a number."""
    return _NUMBER.fullmatch(text) is not None


def fields_of(line: str) -> list[str]:
    """Parts of a line between blanks and tabs."""
    return line.split()


def is_blank_separated(first: str, second: str) -> bool:
    """Whether a text is made of blank-separated fields.

    Lines with tabs have a header, unless the first one holds what only a row does.

    Parameters
    ----------
    first, second
        The first two lines; the second is empty if there is only one.
    """
    fields = fields_of(first)
    if not 2 <= len(fields) <= _MOST_FIELDS or _OTHER_MARKS.search(first):
        return False
    if second and len(fields_of(second)) != len(fields):
        return False
    if "\t" in first:
        return _is_row(fields)
    return any(is_number(field) or field.lower() in _WORDS for field in fields) or (
        any(is_number(field) for field in fields_of(second))
    )


def has_header(first: str, second: str) -> bool:
    """Whether the first of two lines names columns: it has no number, but the second one has."""
    return not any(map(is_number, fields_of(first))) and any(map(is_number, fields_of(second)))


def _is_row(fields: list[str]) -> bool:
    """Whether fields hold a fraction, or a label at one of the ends and ids."""
    if any(_FRACTION.fullmatch(field) for field in fields):
        return True
    inner = fields[1:] if fields[0] in _FLAGS else fields[:-1]
    ends = {fields[0], fields[-1].lower()} & (_FLAGS | _WORDS)
    return bool(ends) and len(fields) > 2 and not any(map(is_number, inner))
