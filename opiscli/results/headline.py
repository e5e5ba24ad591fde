"""What a headline number is: its name, how it is written, and where it stands in a result."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from opiscli.results.quantities import Interval
from opiscli.results.text import score

Source = TypeVar("Source")


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A value with what belongs to it; ``None`` where that does not exist.

    Parameters
    ----------
    k, n
        The counts behind a share.
    label
        The class it is of.
    note
        What it means, in a few words.
    """

    value: float | None
    ci: Interval | None = None
    k: int | None = None
    n: int | None = None
    label: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline(Generic[Source]):
    """One entry of the list.

    Parameters
    ----------
    name
        As in ``--fail-if``, in tables and in JSON.
    title
        As people write it; ``{at}`` stands for what follows the ``@`` of the name, and
        ``{epsilon}`` for the share of worst classes in percent.
    numbers
        Finds the numbers in a result, by what follows the ``@`` of their names: ``""``
        where the name has none. Empty where the result does not have them.
    text
        Writes a value.
    higher_is_better
        ``None`` where neither way is better; such a number is never compared.
    is_spread
        Whether a change is a ratio (of a squared spread) and not a difference.
    is_consistency
        Whether it measures how alike classes are, which is no merit where all are bad.
    is_compared
        Whether evaluations are compared by it; for numbers at a threshold.
    needs_ranking
        Whether an evaluation has it only with ``--ranking``.
    bounds
        Lowest and highest value that it can have; ``None`` if it has none, as of an estimate.
    measure
        The file of ``opiscli/metrics`` that measures it from class scores; ``None`` for
        numbers that have a place of their own in an evaluation.
    """

    name: str
    title: str
    numbers: Callable[[Source], Mapping[str, Number]]
    text: Callable[[float | None], str] = score
    higher_is_better: bool | None = True
    is_spread: bool = False
    is_consistency: bool = False
    is_compared: bool = True
    needs_ranking: bool = False
    bounds: tuple[float, float] | None = (0.0, 1.0)
    measure: str | None = None

    @property
    def needs_rank(self) -> bool:
        """Whether the name is complete only with a rank: ``recall@1``."""
        return "{at}" in self.title


@dataclass(frozen=True, slots=True)
class Entry:
    """A headline number of one result.

    Parameters
    ----------
    name, title
        Complete: ``recall@1``, ``R@1``.
    text
        The value as it is printed.
    """

    name: str
    title: str
    text: str
    number: Number
    higher_is_better: bool | None
    is_spread: bool


def list_entries(
    headlines: Iterable[Headline[Source]], source: Source, epsilon: float, suffix: str = ""
) -> Iterator[Entry]:
    """Find every number of a list of headlines in a result.

    Parameters
    ----------
    suffix
        What the names end in where the result does not say: ``@far=0.01``.
    """
    for headline in headlines:
        for at, number in headline.numbers(source).items():
            suffix_here = f"@{at}" if at else suffix
            yield Entry(
                headline.name + suffix_here,
                full_title(headline, suffix_here.removeprefix("@"), epsilon),
                headline.text(number.value),
                number,
                headline.higher_is_better,
                headline.is_spread,
            )


def full_title(headline: Headline[Source], at: str, epsilon: float) -> str:
    """Title with what follows the ``@`` of the name, and with ε in percent."""
    shown = headline.title.format(at=at, epsilon=f"{100 * epsilon:g}")
    is_placed = headline.needs_rank or not at
    return shown if is_placed else f"{shown}@{at.upper()}"
