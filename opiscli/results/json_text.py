"""JSON texts from files, read strictly: what is ambiguous, endless or no JSON is refused."""

import json
import math
from collections.abc import Iterable
from typing import Any, NoReturn

_MOST_CHARACTERS = 1 << 24
_DEEPEST = 32


def read_json(text: str | bytes, most: int = _MOST_CHARACTERS) -> Any:  # noqa: ANN401
    """Read a JSON text that opis has written, or that a person has edited.

    Parameters
    ----------
    text
        Bytes are UTF-8.
    most
        Characters or bytes that it may have: values need up to 25 times their text in memory.

    Raises
    ------
    ValueError
        If it is not JSON, too long or nested too deeply, has a key twice, or holds a number that
        is not finite.

    Examples
    --------
    >>> read_json('{"threshold": 1e999}')
    Traceback (most recent call last):
    ValueError: 1e999 is not a finite number
    """
    if len(text) > most:
        raise ValueError(f"its JSON text is longer than {most:,} characters")
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8")
        except UnicodeDecodeError as cause:
            raise ValueError(f"byte {cause.start:,} is not UTF-8 text") from cause
    try:
        value = json.loads(
            text,
            object_pairs_hook=_without_repeats,
            parse_constant=_refuse,
            parse_float=_finite,
        )
    except RecursionError as cause:
        raise ValueError(_too_deep()) from cause
    _require_shallow(value)
    return value


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"its key {key[:40]!r} occurs twice")
        found[key] = value
    return found


def _finite(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _refuse(text)


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a finite number")


def _require_shallow(value: object) -> None:
    level = _containers([value])
    for _ in range(_DEEPEST + 1):
        if not level:
            return
        level = [
            part
            for one in level
            for part in _containers(one.values() if isinstance(one, dict) else one)
        ]
    raise ValueError(_too_deep())


def _containers(values: Iterable[object]) -> list[dict[str, Any] | list[Any]]:
    return [value for value in values if isinstance(value, dict | list)]


def _too_deep() -> str:
    return f"its JSON text is nested more than {_DEEPEST} levels deep"
