"""Explains errors of the libraries that read tables of other formats, without secrets."""

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from opiscli.errors import OpisError, SourceError
from opiscli.sources.credentials import HIDDEN, scrubbed
from opiscli.sources.store_errors import store_problem

_Item = TypeVar("_Item")

_SECRET_NAMES = re.compile(r"KEY|SECRET|TOKEN|PASSWORD|CREDENTIAL", re.IGNORECASE)
_SHORTEST_SECRET = 6
_QUERY = re.compile(r"\?[^\s'\")]+")
_LONGEST = 200


@contextmanager
def library_explained(name: str, what: str) -> Iterator[None]:
    """Explain whatever a library raises.

    Nothing but calls of the library belongs inside.

    Parameters
    ----------
    name
        The source without secrets.
    what
        What the library reads it as, such as ``a Delta table``.
    """
    try:
        yield
    except OpisError:
        raise
    except MemoryError:
        raise SourceError(
            f"{name} cannot be read: there is not enough memory",
            hint="Use a machine with more memory, or fewer rows.",
        ) from None
    except BaseException as cause:
        # Libraries in Rust report damage by an exception that is none to Python.
        if not isinstance(cause, Exception) and type(cause).__name__ != "PanicException":
            raise
        raise _explained(name, what, str(cause)) from None


def each_library_explained(name: str, what: str, items: Iterable[_Item]) -> Iterator[_Item]:
    """Pass items on as a library reads them, and explain errors."""
    with library_explained(name, what):
        reading = iter(items)
    while True:
        with library_explained(name, what):
            try:
                item = next(reading)
            except StopIteration:
                return
        yield item


def _explained(name: str, what: str, message: str) -> SourceError:
    if (of_store := store_problem(name, message)) is not None:
        return of_store
    lines = without_secrets(message, name).strip().splitlines() or ["no reason"]
    reason = lines[0][:_LONGEST].rstrip(".")
    return SourceError(
        f"{name} cannot be read as {what}",
        hint=f"Check that the table is complete; the library says: {reason}.",
    )


def without_secrets(message: str, source: str) -> str:
    """A message without queries of addresses, and without secrets of the environment."""
    message = _QUERY.sub(f"?{HIDDEN}", scrubbed(message, source))
    for variable, value in os.environ.items():
        if len(value) >= _SHORTEST_SECRET and _SECRET_NAMES.search(variable):
            message = message.replace(value, HIDDEN)
    return message
