"""Validation of single settings, with an explanation of what is wrong."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, TypeVar

from opiscli.errors import UsageError

_Choice = TypeVar("_Choice", bound=StrEnum)


def choice(kind: type[_Choice], option: str, value: str, among: Sequence[_Choice] = ()) -> _Choice:
    """Member of an enumeration by its value.

    Parameters
    ----------
    among
        Those that can be chosen; by default all.

    Raises
    ------
    UsageError
        If there is none, naming those there are.
    """
    possible = {member.value: member for member in among or kind}
    if value not in possible:
        raise UsageError(
            f"{option} is {str(value)!r}, expected one of: {', '.join(possible)}",
            hint=f"For example {option}={next(iter(possible))}.",
        )
    return possible[value]


def require(holds: bool, option: str, value: object, expected: str, example: str) -> None:
    """Raise `UsageError` unless a value is one that the setting can have."""
    if not holds:
        raise UsageError(
            f"{option} is {value}, expected {expected}", hint=f"For example {option}={example}."
        )


def require_one(what: str, **given: object) -> None:
    """Raise `UsageError` if more than one of several settings says the same thing.

    Parameters
    ----------
    what
        What each of them sets.
    given
        Values by name of the setting, ``None`` where it is not given.
    """
    named = [f"--{name.replace('_', '-')}" for name, value in given.items() if value is not None]
    if len(named) > 1:
        raise UsageError(
            f"use only one of {', '.join(named)}: each sets {what}",
            hint="Leave the others out.",
        )


def require_together(needed: str, **given: object) -> None:
    """Raise `UsageError` if something is given that only means something with another setting.

    Parameters
    ----------
    needed
        The option that is not given.
    given
        Values by name of the setting, ``None`` where it is not given.
    """
    for name, value in given.items():
        if value is not None:
            raise UsageError(
                f"--{name.replace('_', '-')} was given without {needed}",
                hint=f"Add {needed}=SOURCE.",
            )


def given(**settings: Any) -> dict[str, Any]:  # noqa: ANN401
    """Only the settings that were given."""
    return {name: value for name, value in settings.items() if value is not None}
