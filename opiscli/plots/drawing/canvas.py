"""A figure in the house style, and how it becomes a file that is the same every time."""

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import matplotlib
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from opiscli.atomic_file import require_free, whole_file
from opiscli.errors import UsageError
from opiscli.plots.drawing.fonts import BASE, complete_fonts, missing_characters_warned_of
from opiscli.plots.drawing.palette import HOUSE_STYLE

Picture: TypeAlias = Figure
"""What a command draws and saves."""

Panel: TypeAlias = Axes
"""Where numbers are drawn."""

_RESOLUTION = 160
_HASH_SALT = "opis"
_REMARKS = (
    "Glyph .* missing from font",  # we say so once, and of all pictures
    "Attempting to set identical low and high",  # a curve of one point; the axis is widened
)
"""What matplotlib warns of that nobody need be told, or is told by us."""

_PLAIN_TEXT = {
    "text.parse_math": False,
    "text.usetex": False,
    "axes.formatter.use_mathtext": False,
}


class Kind(StrEnum):
    """File formats of pictures, by suffix."""

    PNG = "png"
    SVG = "svg"
    PDF = "pdf"


# A date or a random id in a file would make two equal pictures differ.
_METADATA: dict[Kind, dict[str, Any]] = {
    Kind.PNG: {"Software": None},
    Kind.SVG: {"Date": None},
    Kind.PDF: {"CreationDate": None},
}


def require_picture_path(path: Path, *, force: bool) -> Kind:
    """Refuse a path that no picture can be written to, before any work is done.

    Raises
    ------
    UsageError
        If its suffix is not that of a picture, or a file is there already.
    OutputError
        If its folder does not exist.
    """
    suffix = path.suffix.lower().removeprefix(".")
    if suffix not in list(Kind):
        found = f"ends in .{suffix}" if suffix else "has no suffix"
        raise UsageError(
            f"{path} {found}, expected the name of a .png, .svg or .pdf file",
            hint=f"For example --output={path.with_suffix('.png')}.",
        )
    require_free(path, force=force)
    return Kind(suffix)


def read_style(name: str | None) -> list[dict[str, Any] | str]:
    """Settings of a style, or the name of one that matplotlib knows; nothing from nothing.

    Raises
    ------
    UsageError
        If there is no such style, or the file is none.
    """
    if name is None or name in style.available:
        return [] if name is None else [name]
    # Not left to matplotlib, which would fetch a name that looks like an address.
    if not Path(name).is_file():
        known = ", ".join(known for known in style.available if not known.startswith("_"))
        raise UsageError(
            f"--style={name} is neither a file nor a style of matplotlib, expected one of: {known}",
            hint="For example --style=ggplot.",
        )
    try:
        with _quiet_matplotlib():
            settings = matplotlib.rc_params_from_file(
                name, fail_on_error=True, use_default_template=False
            )
    except (OSError, ValueError, UnicodeDecodeError) as cause:
        raise _no_style(name) from cause
    if not settings:
        raise _no_style(name)
    return [{str(key): value for key, value in settings.items()}]


def _no_style(name: str) -> UsageError:
    return UsageError(
        f"--style={name} cannot be read as a matplotlib style, expected lines such as"
        " font.size: 10",
        hint="Name a style that matplotlib knows, such as --style=ggplot, or mend the file.",
    )


@contextmanager
def _quiet_matplotlib() -> Iterator[None]:
    """Keep matplotlib's own remarks off stderr: what matters of them is explained."""
    logger = logging.getLogger("matplotlib")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


@contextmanager
def drawing_style(name: str | None = None, *, on_current: bool = False) -> Iterator[None]:
    """Draw in the house style, or in a matplotlib style on top of it; then restore all settings.

    Characters that no installed font has are warned of once, at the end.

    Parameters
    ----------
    name
        A style that matplotlib knows, or a style file.
    on_current
        Whether to begin from the current settings of this session. Otherwise pictures are the
        same whatever settings files and variables matplotlib finds.

    Raises
    ------
    UsageError
        If there is no such style.
    """
    asked = read_style(name)
    with (
        missing_characters_warned_of(),
        matplotlib.rc_context(),
        warnings.catch_warnings(),
        _quiet_matplotlib(),
    ):
        for remark in _REMARKS:
            warnings.filterwarnings("ignore", message=remark)
        if not on_current:
            matplotlib.rcdefaults()
        # Last, whatever a style says: a label is text, never a formula.
        style.use([HOUSE_STYLE, {"font.sans-serif": [BASE]}, *asked, _PLAIN_TEXT])
        yield


def new_figure(width: float, height: float) -> Figure:
    """Make an empty figure of a size in inches, whose parts make room for one another."""
    return Figure(figsize=(width, height), dpi=_RESOLUTION, layout="constrained")


def save(figure: Figure, path: Path, *, force: bool = False) -> None:
    """Write a figure as its suffix says, whole or not at all, byte for byte the same each time."""
    kind = require_picture_path(path, force=force)
    with whole_file(path, force=force) as temporary, temporary.open("wb") as file:
        _write(figure, file, kind)


def to_svg(figure: Figure) -> bytes:
    """The same as an SVG file in memory."""
    contents = io.BytesIO()
    _write(figure, contents, Kind.SVG)
    return contents.getvalue()


def _write(figure: Figure, file: BinaryIO, kind: Kind) -> None:
    complete_fonts(figure)
    with matplotlib.rc_context({"svg.hashsalt": _HASH_SALT}):
        figure.savefig(file, format=kind.value, metadata=_METADATA[kind])
