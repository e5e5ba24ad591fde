"""Environment variables that opis respects, and those it ignores.

Variables that are meant for other programs, such as the notebook that started this one, do not
change what opis writes, and the remarks that libraries make are not put among its own.
"""

import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from opiscli.errors import OpisWarning

_LEAST_WIDTH = 20
_SIZES = ("COLUMNS", "LINES", "TERMINAL_WIDTH")
_FORCED_COLOURS = ("FORCE_COLOR", "CLICOLOR_FORCE", "PY_COLORS")
_OF_MATPLOTLIB = ("MPLBACKEND", "MATPLOTLIBRC")
_NO_COLOURS_IN_HELP = "_TYPER_FORCE_DISABLE_TERMINAL"
"""Else Typer colours help wherever it runs on GitHub, also in files."""


@contextmanager
def calm_surroundings() -> Iterator[None]:
    """Remove environment variables that only disturb, and restore them at the end."""
    left_out = {name: os.environ.pop(name) for name in set(_disturbing(dict(os.environ)))}
    is_plain = _NO_COLOURS_IN_HELP not in os.environ and not sys.stdout.isatty()
    if is_plain:
        os.environ[_NO_COLOURS_IN_HELP] = "1"
    try:
        with _silent_libraries():
            yield
    finally:
        os.environ.update(left_out)
        if is_plain:
            del os.environ[_NO_COLOURS_IN_HELP]


def _disturbing(variables: dict[str, str]) -> Iterator[str]:
    """Variables that force colours without a terminal, a display for files or impossible sizes."""
    given = variables.keys()
    yield from given & {*_FORCED_COLOURS, *_OF_MATPLOTLIB}
    for name in given & set(_SIZES):
        size = variables[name]
        if not (size.isascii() and size.isdigit()) or int(size) < _LEAST_WIDTH:
            yield name
    if variables.get("TTY_COMPATIBLE", "0") != "0":
        yield "TTY_COMPATIBLE"


@contextmanager
def _silent_libraries() -> Iterator[None]:
    """Suppress warnings and log lines of libraries; opis reports what matters itself."""
    drop, hook = logging.NullHandler(), sys.unraisablehook
    logging.getLogger().addHandler(drop)
    # What a library cannot raise, as pyarrow in its parser of CSV, it also fails with.
    sys.unraisablehook = lambda _: None
    try:
        with warnings.catch_warnings():
            # Such as PYTHONWARNINGS=error, which would make a failure of any remark.
            if sys.warnoptions:
                warnings.simplefilter("ignore")
            warnings.showwarning = _show_own
            yield
    finally:
        sys.unraisablehook = hook
        logging.getLogger().removeHandler(drop)


def _show_own(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
    if issubclass(category, OpisWarning):
        # Only here, because all results are imported with it.
        from opiscli.results.text import printable

        sys.stderr.write(f"warning: {printable(str(message))}\n")
