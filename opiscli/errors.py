"""Every failure that opis can explain to the person who ran it.

::

    OpisError              exit 1
    ├── UsageError         exit 2   the command or its options ask for something impossible
    ├── SourceError        exit 3   a source is missing, unreadable or of the wrong kind
    ├── OutputError        exit 3   a file cannot be written
    ├── ClusterError       exit 3   workers cannot be reached, do not fit, or were lost
    ├── EmbeddingError     exit 4   the arrays were read, but cannot be evaluated
    ├── UndefinedMetric    exit 5   the question has no answer on this data
    └── TrainingError      exit 6   the optimiser could not continue

Anything that is not an ``OpisError``, nor a lack of memory or of permission, is a bug in opis:
exit 70 with a request to report it; ``OPIS_TRACEBACK=1`` in the environment shows its traceback.

The text of an error is written once, and names settings as ``--sample-pairs`` or, with a value, as
``--sample-pairs=1e9``. Each border renders it: the command as ``--sample-pairs 1e9``, Python as
``sample_pairs=1e9``. What follows ``opis COMMAND`` is a line for a shell and stays as it is.
"""

import re
from typing import Any, ClassVar

_ARGUMENTS = {
    "arrow": "arrows",
    "far-range": "far",
    "for": "engine",
    "frr-range": "frr",
    "head-type": "head",
    "loss-option": "loss_options",
    "no-tcm": "tcm=False",
    "thresholds": "n_thresholds",
}
"""Python arguments that are not called like their option."""

_VALUE = r"'[^']*'|[^\s;]*[^\s;,.:)]"
_SETTING = re.compile(
    rf"(?P<line>\bopis [a-z]+(?:-[a-z]+)* [^;]*)"
    rf"|(?<![\w-])--(?P<name>[a-z]+(?:-[a-z]+)*)(?:(?:=| (?=[\d']))(?P<value>{_VALUE}))?"
)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
_PLACEHOLDER = re.compile(r"[A-Z]+")


def as_options(text: str) -> str:
    """Name settings as on the command line.

    Examples
    --------
    >>> as_options("--beta is 0; for example --beta=1.")
    '--beta is 0; for example --beta 1.'
    """
    return re.sub(r"(?<![\w-])(--[a-z]+(?:-[a-z]+)*)=", r"\1 ", text)


def as_arguments(text: str) -> str:
    """Name settings as in Python.

    Examples
    --------
    >>> as_arguments("--beta is 0; for example --beta=1.")
    'beta is 0; for example beta=1.'
    >>> as_arguments("For example --far=1e-2:1e-1 or --criterion=eer.")
    "For example far=(1e-2, 1e-1) or criterion='eer'."
    """
    return _SETTING.sub(_as_argument, text)


def _as_argument(found: re.Match[str]) -> str:
    if found["line"]:
        return found["line"]
    name = _ARGUMENTS.get(found["name"], found["name"].replace("-", "_"))
    return name if found["value"] is None else f"{name}={_literal(found['value'])}"


def _literal(value: str) -> str:
    if re.fullmatch(r"\d{1,3}(,\d{3})+", value):
        return value.replace(",", "")
    parts = re.split("[:,]", value)
    if all(_NUMBER.fullmatch(part) or _PLACEHOLDER.fullmatch(part) for part in parts):
        return value if len(parts) == 1 else f"({', '.join(parts)})"
    return repr(value.strip("'"))


class OpisError(Exception):
    """A failure with a cause we understand and a next step we can name.

    Parameters
    ----------
    problem
        One sentence: what was found, where, and what was expected.
    hint
        One sentence: what to do about it.

    Attributes
    ----------
    problem, hint
        The same with settings named as Python arguments; both are shown in a traceback.
    on_command_line
        Both with settings named as options of a command.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, problem: str, *, hint: str) -> None:
        self.problem = as_arguments(problem)
        self.hint = as_arguments(hint)
        self.on_command_line = as_options(problem), as_options(hint)
        super().__init__(self.problem)
        self.add_note(f"hint: {self.hint}")

    def __reduce__(self) -> tuple[Any, ...]:
        # An error of another process arrives whole: without this only its arguments would.
        return _arrived, (type(self), self.args, self.__dict__)


def _arrived(kind: type[OpisError], args: tuple[Any, ...], attributes: dict[str, Any]) -> OpisError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(attributes)
    return error


class UsageError(OpisError):
    """The command or its options ask for something impossible."""

    exit_code = 2


class SourceError(OpisError):
    """A source is missing, unreadable or of the wrong kind."""

    exit_code = 3


class OutputError(OpisError):
    """A file cannot be written."""

    exit_code = 3


class ClusterError(OpisError):
    """Workers cannot be reached, do not fit, or were lost."""

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


class OpisWarning(UserWarning):
    """A warning that belongs to no result, such as missing glyphs in a font."""
