"""A figure in the house style, and how it becomes a file that is the same every time."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import matplotlib
from matplotlib import font_manager, style
from matplotlib.figure import Figure

from opiscli.drawing.palette import HOUSE_STYLE
from opiscli.errors import UsageError
from opiscli.output import require_free, whole_file

Picture: TypeAlias = Figure
"""What a command draws and saves."""

_RESOLUTION = 160
_HASH_SALT = "opis"
_PLAIN_TEXT = {
    "text.parse_math": False,
    "text.usetex": False,
    "axes.formatter.use_mathtext": False,
}


class Kind(StrEnum):
    """What a picture can be written as, told by the suffix of its file."""

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
            hint=f"For example -o {path.with_suffix('.png')}.",
        )
    require_free(path, force=force)
    return Kind(suffix)


def require_style(name: str | None) -> None:
    """Refuse a style that does not exist, before any work is done.

    Raises
    ------
    UsageError
        If it is neither a style that matplotlib knows nor a file.
    """
    # Not left to matplotlib, which would fetch a name that looks like an address.
    if name is not None and name not in style.available and not Path(name).is_file():
        known = ", ".join(known for known in style.available if not known.startswith("_"))
        raise UsageError(
            f"--style {name} is neither a file nor a style of matplotlib, expected one of: {known}",
            hint="For example --style ggplot.",
        )


@contextmanager
def drawing_style(name: str | None = None) -> Iterator[None]:
    """Draw in the house style, or in a matplotlib style on top of it; then restore all settings.

    Parameters
    ----------
    name
        A style that matplotlib knows, or a style file.
    """
    require_style(name)
    asked = [] if name is None else [Path(name) if Path(name).is_file() else name]
    with matplotlib.rc_context(), warnings.catch_warnings():
        # A label may hold characters that no font here has; they are drawn as boxes.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        # Last, whatever a style says: a label is text, never a formula.
        style.use([HOUSE_STYLE, {"font.sans-serif": _fonts()}, *asked, _PLAIN_TEXT])
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
    with matplotlib.rc_context({"svg.hashsalt": _HASH_SALT}):
        figure.savefig(file, format=kind.value, metadata=_METADATA[kind])


def _fonts() -> list[str]:
    """The font that comes with matplotlib, then those here that know other scripts."""
    wanted = ("Noto Sans CJK JP", "Noto Sans Arabic", "Noto Sans Devanagari", "Noto Emoji")
    installed = {font.name for font in font_manager.fontManager.ttflist}
    return ["DejaVu Sans", *(name for name in wanted if name in installed)]
