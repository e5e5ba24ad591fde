"""What a picture calls its source."""

from pathlib import PurePath

from opiscli.results import Evaluation


def short_name(of: Evaluation) -> str:
    """Name of the file or folder without the way to it, and the rows that were taken."""
    source = of.data.source
    return " ".join([PurePath(source).name or source, *of.data.where])
