"""Every failure that opis can explain to the person who ran it.

::

    OpisError              exit 1
    ├── UsageError         exit 2   the command or its options ask for something impossible
    ├── SourceError        exit 3   a source is missing, unreadable or of the wrong kind
    ├── OutputError        exit 3   a file cannot be written
    ├── EmbeddingError     exit 4   the arrays were read, but cannot be evaluated
    ├── UndefinedMetric    exit 5   the question has no answer on this data
    └── TrainingError      exit 6   the optimiser could not continue

Anything that is not an ``OpisError`` is a bug in opis and shows its traceback.
"""

from typing import ClassVar


class OpisError(Exception):
    """A failure with a cause we understand and a next step we can name.

    Parameters
    ----------
    problem
        One sentence: what was found, where, and what was expected.
    hint
        One sentence: what to do about it.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, problem: str, *, hint: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.hint = hint


class UsageError(OpisError):
    """The command or its options ask for something impossible."""

    exit_code = 2


class SourceError(OpisError):
    """A source is missing, unreadable or of the wrong kind."""

    exit_code = 3


class OutputError(OpisError):
    """A file cannot be written."""

    exit_code = 3


class EmbeddingError(OpisError):
    """The arrays were read, but cannot be evaluated.

    Parameters
    ----------
    row
        The first bad row, counted from 0 among the rows read, where there is one.
    """

    exit_code = 4

    def __init__(self, problem: str, *, hint: str, row: int | None = None) -> None:
        super().__init__(problem, hint=hint)
        self.row = row


class UndefinedMetric(OpisError):
    """The question has no answer on this data."""

    exit_code = 5


class TrainingError(OpisError):
    """The optimiser could not continue."""

    exit_code = 6
