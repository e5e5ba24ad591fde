"""The recipe of an export: a head as a file for another program."""

from os import PathLike
from pathlib import Path

from opiscli.heads.export import export_head
from opiscli.training.head import Head


def export(
    head: Head | str | PathLike[str], path: str | PathLike[str], *, force: bool = False
) -> None:
    """Write a head for another program.

    Parameters
    ----------
    head
        A trained head, or the path of its file.
    path
        ``.onnx``: input ``embedding`` ``(n, dims)``, output ``projected`` ``(n, dim)``;
        ``.faiss``: an empty inner-product index that projects what is added and searched;
        ``.npz``: the arrays of y = xW + b + max(xV + c, 0)U for unit rows x.
        A head with offsets adds two dims, see docs/serving.md.
    force
        Whether to replace a file that is there.

    Raises
    ------
    UsageError
        If there is no such format, it cannot hold this head, or lacks a package; if the head
        is not trained, or the file exists and ``force`` is not set.
    SourceError
        If the head file cannot be read.
    OutputError
        If the file cannot be written.
    """
    trained = head if isinstance(head, Head) else Head.load(head)
    export_head(
        trained.projection,
        Path(path),
        cohort=trained.cohort,
        description=trained.signature,
        force=force,
    )
