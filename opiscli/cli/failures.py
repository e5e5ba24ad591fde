"""The message and the exit code of a failure."""

import errno
import os
import sys
import traceback

from typer.exceptions import Abort, TyperException

from opiscli.errors import EmbeddingError, OpisError, OutputError
from opiscli.settings.version import __version__

INTERRUPTED = 130
_UNEXPECTED = 70
_LONGEST_MESSAGE = 300
_TRACEBACK = "OPIS_TRACEBACK"

_OF_THE_SYSTEM = {
    getattr(errno, f"E{name}", None)
    for name in [
        "NOSPC",
        "DQUOT",
        "FBIG",
        "ROFS",
        "ACCES",
        "PERM",
        "MFILE",
        "NFILE",
        "IO",
        "NAMETOOLONG",
    ]
} - {None}
"""No room, no permission, too many files, a broken disk, names that are too long."""


def explain(failure: BaseException) -> int:
    """Say on stderr what went wrong and what to do next, in two lines; return the exit code."""
    # Only here, because all results are imported with it.
    from opiscli.results.text import printable

    if isinstance(failure, Abort):  # Typer's word for an EOFError
        failure = failure.__cause__ or failure
    status, problem, hint = _explained(failure)
    is_wanted = os.environ.get(_TRACEBACK, "0") not in ("", "0")
    if is_wanted and not isinstance(failure, OpisError | TyperException):
        traceback.print_exception(failure, file=sys.stderr)
    _print(f"error: {printable(problem)}\nhint: {printable(hint)}")
    return status


def _explained(failure: BaseException) -> tuple[int, str, str]:
    if isinstance(failure, OpisError):
        return failure.exit_code, *failure.on_command_line
    if isinstance(failure, TyperException):
        context = getattr(failure, "ctx", None)
        command = context.command_path if context else "opis"
        message = failure.format_message().rstrip(".")
        status = int(getattr(failure, "exit_code", 2))
        return status, message[:1].lower() + message[1:], f"See {command} --help."
    if isinstance(failure, MemoryError) or _is_lack_of_threads(failure):
        return (
            EmbeddingError.exit_code,
            f"not enough memory{_reason(failure)}",
            "Use a smaller --memory-limit or fewer --threads, estimate with opis evaluate"
            " --sample-pairs 1e9, or use a machine with more memory.",
        )
    if isinstance(failure, OSError) and failure.errno in _OF_THE_SYSTEM:
        name = f"{failure.filename}: " if failure.filename else ""
        return (
            OutputError.exit_code,
            f"{name}{failure.strerror}",
            "Check the permissions, the space on the disk and the limits of the system.",
        )
    return _UNEXPECTED, *_unexpected(failure)


def _is_lack_of_threads(failure: BaseException) -> bool:
    """Whether the system has no room for the stack of another thread, or allows no more of them."""
    return isinstance(failure, RuntimeError) and "can't start new thread" in str(failure)


def _unexpected(failure: BaseException) -> tuple[str, str]:
    return (
        f"unexpected {type(failure).__name__}{_reason(failure)}",
        f"This is a bug in opis {__version__}. Please report it with the command and these two"
        f" lines; with {_TRACEBACK}=1 in the environment the command shows where it happened.",
    )


def _reason(failure: BaseException) -> str:
    """The message of an exception on one line, shortened if necessary."""
    words = " ".join(str(failure).split())
    if len(words) > _LONGEST_MESSAGE:
        words = words[:_LONGEST_MESSAGE] + " …"
    return f": {words}" if words else ""


def _print(lines: str) -> None:
    sys.stderr.write(f"{lines}\n")
    sys.stderr.flush()
