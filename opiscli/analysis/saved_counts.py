"""Counts that were saved before, given as a SOURCE: an evaluation file or its contents."""

from pathlib import Path

from opiscli.counts.counts import CountedSet
from opiscli.errors import SourceError
from opiscli.regular_file import open_regular
from opiscli.sources import Selection

_MAGIC = b"ARROW1"


def saved_counts(source: str, contents: bytes | None, selection: Selection) -> CountedSet | None:
    """Read an evaluation file; ``None`` if a source is anything else.

    Parameters
    ----------
    contents
        What standard input held, if that is the source.
    selection
        Its memory limit is heeded, and nothing else may be selected.

    Raises
    ------
    SourceError
        If it is damaged.
    UsageError
        If something is selected, or it does not fit into the memory limit.
    """
    file = Path(source) if contents is None else contents
    if not _starts_as_arrow(file):
        return None
    # Imported here: not every source needs pyarrow.
    from opiscli.counts import opis_file
    from opiscli.sources.arrow_messages import require_room_for_all

    if not opis_file.is_evaluation(file):
        return None
    name = source if contents is None else "standard input"
    selection.refuse_any(name)
    require_room_for_all(file, name, selection.memory_limit)
    return opis_file.read(file, name)


def _starts_as_arrow(file: Path | bytes) -> bool:
    try:
        with open_regular(file) as opened:
            return opened.read(len(_MAGIC)) == _MAGIC
    except (OSError, SourceError):  # a folder, a pattern, or not there: the sources explain it
        return False
