"""Parsers from the text of an option to its value."""

import sys
from collections.abc import Sequence
from pathlib import Path

from opiscli.atomic_file import require_free
from opiscli.distance import OF_EMBEDDINGS, Distance
from opiscli.errors import UsageError
from opiscli.settings.choice import choice
from opiscli.settings.evaluation import RangeRequest
from opiscli.settings.numbers import rate


def source_or_stdin(source: str | None) -> str:
    """Name the source; left out while stdin is a pipe or a file, it is stdin.

    Raises
    ------
    UsageError
        If it was left out and nothing is piped in.
    """
    if source is not None:
        return source
    mode = Path("/dev/stdin")
    if sys.stdin is not None and (mode.is_fifo() or mode.is_file() or mode.is_socket()):
        return "-"
    raise UsageError(
        "no SOURCE was given and nothing is piped in",
        hint="Name a file, for example: opis evaluate embeddings.parquet.",
    )


def sources_or_stdin(sources: Sequence[str] | None) -> list[str]:
    """The sources, or stdin where none is named and something is piped in.

    Raises
    ------
    UsageError
        If there is none, or two of them are stdin.
    """
    named = list(sources) if sources else [source_or_stdin(None)]
    if named.count("-") > 1:
        raise UsageError(
            "standard input was given twice, but it can be read only once",
            hint="Save one of the two to a file.",
        )
    return named


def parse_range(option: str, text: str | None) -> tuple[float, float] | None:
    """Two numbers from ``lo:hi``; nothing from nothing.

    Raises
    ------
    UsageError
        If there are not exactly two numbers.
    """
    if text is None:
        return None
    try:
        lo, hi = (rate(part) for part in text.split(":"))
    except ValueError as cause:
        raise UsageError(
            f"{option}={text} is not a range, expected two numbers LO:HI",
            hint=f"For example {option}=1e-2:1e-1; the threshold for one rate is what opis"
            " calibrate gives.",
        ) from cause
    return lo, hi


def parse_rate(text: str) -> float:
    """Read a rate, as a fraction or in percent.

    Raises
    ------
    UsageError
        If it is neither.
    """
    try:
        return rate(text)
    except ValueError as cause:
        raise UsageError(
            f"{text!r} is not a rate, expected a number",
            hint="Give it as a fraction or in percent, for example 1e-3 or 0.1%.",
        ) from cause


def parse_distance(text: str) -> Distance:
    """A distance measure of embeddings by its name; raises `UsageError` if there is none."""
    return choice(Distance, "--distance", text, OF_EMBEDDINGS)


def parse_calibration_range(
    far: str | None, frr: str | None, range_: str | None, similarity_range: str | None
) -> RangeRequest | None:
    """The calibration range that was asked for, if one was; raises `UsageError` if two were."""
    return RangeRequest.given(
        far=parse_range("--far-range", far),
        frr=parse_range("--frr-range", frr),
        distance=parse_range("--range", range_),
        similarity=parse_range("--similarity-range", similarity_range),
    )


def parse_ranks(texts: Sequence[str] | None) -> tuple[int, ...] | None:
    """Increasing ranks from texts such as ``1,5,10``, all together; nothing from nothing.

    Raises
    ------
    UsageError
        If a part is not a whole number.
    """
    if not texts:
        return None
    try:
        return tuple(sorted({int(part) for text in texts for part in text.split(",")}))
    except ValueError as cause:
        raise UsageError(
            f"--k={','.join(texts)} is not a list of ranks, expected whole numbers",
            hint="For example --k=1,5.",
        ) from cause


def parse_numbers(option: str, texts: Sequence[str] | None) -> dict[str, float]:
    """Numbers by name from texts ``NAME=VALUE``.

    Raises
    ------
    UsageError
        If one is not of this form.
    """
    found = {}
    for text in texts or ():
        name, _, value = text.partition("=")
        try:
            found[name] = float(value)
        except ValueError as cause:
            raise UsageError(
                f"{option}={text} is not NAME=VALUE with a number",
                hint=f"For example {option}=temperature=0.1.",
            ) from cause
    return found


def parse_whole(option: str, value: float | None) -> int | None:
    """Whole number from one written as ``1e9``; nothing from nothing.

    Raises
    ------
    UsageError
        If it is not whole.
    """
    if value is None:
        return None
    if not value.is_integer():
        raise UsageError(
            f"{option} is {value:g}, expected a whole number", hint=f"For example {option}=1e9."
        )
    return int(value)


def save_path(text: str | None, *, force: bool) -> Path | None:
    """Where ``--save`` writes; ``None`` for nowhere, and for stdout.

    Raises
    ------
    UsageError
        If the file exists already, or stdout is a terminal.
    OutputError
        If it cannot be written.
    """
    if text is None:
        return None
    if text == "-":
        if sys.stdout.isatty():
            raise UsageError(
                "--save - writes a binary file, and stdout is a terminal",
                hint="Pipe it on: opis evaluate e.parquet --save - | opis calibrate --far 1e-3.",
            )
        return None
    require_free(Path(text), force=force)
    return Path(text)


def parse_rows_output(text: str) -> Path:
    """Where rows are written; ``-`` is stdout.

    Raises
    ------
    UsageError
        If that is a terminal.
    """
    if text == "-" and sys.stdout.isatty():
        raise UsageError(
            "-o - writes binary data, and stdout is a terminal",
            hint="Name a file, or pipe it on: opis project e.parquet --head head.safetensors -o -"
            " | opis evaluate -.",
        )
    return Path(text)
