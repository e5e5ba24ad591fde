"""What pictures call their sources and which classes they name."""

import difflib
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePath

from opiscli.errors import UsageError

_WORST = re.compile(r"worst:(\d+)")


def short_names(sources: Sequence[str], where: Sequence[str] = ()) -> list[str]:
    """Name sources by their file without folder and suffix, or in full where that is not unique.

    Examples
    --------
    >>> short_names(["runs/base.parquet", "runs/tuned.opis"])
    ['base', 'tuned']
    >>> short_names(["a/run.opis", "b/run.opis"], ["split=test"])
    ['a/run.opis split=test', 'b/run.opis split=test']
    """
    stems = [PurePath(source).stem for source in sources]
    often = Counter(stems)
    names = [
        stem if often[stem] == 1 and any(char.isalnum() for char in stem) else source
        for stem, source in zip(stems, sources, strict=True)
    ]
    return [" ".join([name, *where]) for name in names]


def chosen_labels(
    requests: Sequence[str], worst_first: Sequence[str], others: Sequence[str] = ()
) -> tuple[str, ...]:
    """Labels that ``--highlight`` asks for, each once.

    Parameters
    ----------
    requests
        Labels, or ``worst:N`` for the first N of ``worst_first``.
    worst_first
        All labels of the first source, that of the worst class first.
    others
        Labels of further sources.

    Raises
    ------
    UsageError
        If a label is of no class that can be shown.
    """
    known = {*worst_first, *others}
    chosen: list[str] = []
    for request in requests:
        match = _WORST.fullmatch(request)
        if request in known:
            chosen.append(request)
        elif match:
            chosen.extend(worst_first[: int(match[1])])
        else:
            near = difflib.get_close_matches(request, known, n=1)
            example = near[0] if near else worst_first[0]
            raise UsageError(
                f"--highlight={request} is not a class with two items or more, expected one of"
                f" {len(known):,} labels or worst:N",
                hint=f"For example --highlight={example!r} or --highlight=worst:5.",
            )
    return tuple(dict.fromkeys(chosen))


def parse_arrows(texts: Sequence[str], sources: Sequence[str]) -> list[tuple[int, int]]:
    """Positions of base and tuned source from ``base:tuned``, by short name or as given.

    Raises
    ------
    UsageError
        If a side names none of the sources.
    """
    names = short_names(sources)
    known = {
        **{name: position for position, name in enumerate(names)},
        **{source: position for position, source in enumerate(sources)},
    }
    return [_pair(text, known, names) for text in texts]


def _pair(text: str, known: dict[str, int], names: Sequence[str]) -> tuple[int, int]:
    # A name may hold a colon itself, so every colon could be the one between.
    for at in (match.start() for match in re.finditer(":", text)):
        base, tuned = text[:at], text[at + 1 :]
        if base in known and tuned in known:
            return known[base], known[tuned]
    raise UsageError(
        f"--arrow={text} does not name two sources, expected BASE:TUNED of: {', '.join(names)}",
        hint=f"For example --arrow={names[0]}:{names[-1]}.",
    )
