"""How much farther the next class must be for the nearest candidate of a search to be accepted."""

import math
from dataclasses import dataclass

from opiscli.errors import UsageError
from opiscli.settings.numbers import plain

_AUTO = "auto"
_LARGEST = 4.0
"""More than any two distances without offsets differ by."""


@dataclass(frozen=True, slots=True)
class Margin:
    """The least difference of two distances, at least 0.

    Parameters
    ----------
    value
        ``None`` until it is chosen, together with a threshold.
    is_auto
        Whether it is chosen.
    """

    value: float | None
    is_auto: bool = False

    @classmethod
    def given(cls, margin: float | str | None) -> "Margin | None":
        """Read a number or ``auto``; ``None`` gives none.

        Raises
        ------
        UsageError
            If it is neither, or out of range.
        """
        if margin is None:
            return None
        if margin == _AUTO:
            return cls(None, is_auto=True)
        try:
            value = float(margin)
        except ValueError:
            value = math.nan
        if not 0 <= value <= _LARGEST:
            raise UsageError(
                f"--margin={margin} is neither a difference of distances nor auto",
                hint="For example --margin=0.05 or --margin=auto.",
            )
        return cls(value)

    def __str__(self) -> str:
        return _AUTO if self.is_auto or self.value is None else plain(self.value)
