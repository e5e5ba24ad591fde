"""Warnings about labels that do not say what they seem to: missing ones, two spellings of one."""

import unicodedata
from collections.abc import Iterator, Sequence

from opiscli.arrays import IntArray
from opiscli.results import ReportWarning
from opiscli.results.text import printable

_NO_LABEL = frozenset(
    ("", "nan", "none", "null", "<na>", "n/a", "#n/a", "unknown", "unlabeled", "unlabelled")
)
_EXACTLY_NO_LABEL = frozenset(("NaT",))
_FEWEST_NUMBERED = 4
"""With fewer classes, -1 may be a label like the others, as in -1, 0, 1."""

_SHORTEST_WITH_CASE = 3
"""Letters and symbols may well differ by case alone: a and A, Co and CO."""


def label_warnings(names: Sequence[str], sizes: IntArray) -> tuple[ReportWarning, ...]:
    """Collect the warnings about the names of classes.

    Parameters
    ----------
    names
        Label of each class.
    sizes
        Shape ``(n_classes,)``, items of each class.
    """
    return (*_missing(names, sizes), *_spelt_alike(names))


def _missing(names: Sequence[str], sizes: IntArray) -> Iterator[ReportWarning]:
    """Warn of classes of items without a label; a single such item is in no positive pair."""
    numbers = _are_numbers(names) and len(names) >= _FEWEST_NUMBERED
    for name, size in zip(names, sizes.tolist(), strict=True):
        is_missing = name.strip().lower() in _NO_LABEL or name in _EXACTLY_NO_LABEL
        if size > 1 and (is_missing or (numbers and name in ("-1", "-1.0"))):
            yield ReportWarning(
                "missing-labels",
                f"{size:,} items have the label {_quoted(name)}, which often means that there is"
                " no label; here they are one class. If they have none, leave them out with"
                f" --exclude {_condition(name)}",
            )


def _condition(name: str) -> str:
    """What selects the items with a label, in quotes where a shell needs them."""
    condition = f"label={printable(name)}"
    return condition if name.isalnum() or name in ("-1", "-1.0") else f"'{condition}'"


def _are_numbers(names: Sequence[str]) -> bool:
    """Whether all labels are whole numbers and -1 is the only negative one."""
    negative = [name for name in names if name.startswith("-")]
    if negative not in (["-1"], ["-1.0"]):
        return False
    return all(name.removesuffix(".0").removeprefix("-").isdecimal() for name in names)


def _spelt_alike(names: Sequence[str]) -> Iterator[ReportWarning]:
    spellings: dict[str, list[str]] = {}
    for name in names:
        spellings.setdefault(_without_form(name).lower(), []).append(name)
    found = []
    for alike in spellings.values():
        if len(alike) > 1:
            known = list(dict.fromkeys(_without_form(name) for name in alike))
            if len(known) < len(alike) or len(known[0]) >= _SHORTEST_WITH_CASE:
                found.append(alike)
    if found:
        one, other = _pair(found[0])
        n_alike = sum(map(len, found))
        yield ReportWarning(
            "labels-alike",
            f"{n_alike:,} labels are equal to another one but for {_how(one, other)}, such as"
            f" {_quoted(one)} and {_quoted(other)}; each is a class of its own. If they mean the"
            " same class, spell them alike",
        )


def _pair(alike: Sequence[str]) -> tuple[str, str]:
    """The first two spellings that are equal but for blanks or form, or else but for case."""
    for position, name in enumerate(alike):
        for other in alike[position + 1 :]:
            if _without_form(name) == _without_form(other):
                return name, other
    return alike[0], alike[1]


def _how(one: str, other: str) -> str:
    if _composed(one) == _composed(other):
        return "their Unicode normal form (they look the same)"
    if _without_form(one) == _without_form(other):
        return "surrounding blanks"
    return "upper and lower case"


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _without_form(name: str) -> str:
    return " ".join(_composed(name).split())


def _quoted(name: str) -> str:
    return f"'{printable(name)}'"
