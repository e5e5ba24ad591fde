"""Reads NPY and NPZ files, without ever unpickling."""

import zipfile
from pathlib import Path

import numpy as np

from opiscli.arrays import AnyArray, BoolArray
from opiscli.embeddings import EmbeddingSet
from opiscli.errors import EmbeddingError, SourceError, UsageError
from opiscli.sources.selection import Selection, refuse_labels_file, require_column

_EMBEDDING_NAMES = ("embedding", "embeddings")
_LABEL_NAMES = ("label", "labels")


def read_npy(path: Path, selection: Selection) -> EmbeddingSet:
    """Read embeddings from one NPY file and labels from another."""
    _refuse_column_options(path, selection)
    if selection.labels_file is None:
        raise UsageError(
            f"{path} is an NPY file and has no labels", hint="Add --labels labels.npy."
        )
    embeddings = _load_npy(path)
    return EmbeddingSet.from_arrays(embeddings, _load_npy(selection.labels_file))


def read_npz(path: Path, selection: Selection) -> EmbeddingSet:
    """Read an NPZ file, whose arrays are its columns."""
    refuse_labels_file(str(path), selection)
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            columns = {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile) as cause:
        raise _unreadable(path, "NPZ", cause) from cause
    names = list(columns)
    embeddings = columns[
        _pick(selection.embedding, _EMBEDDING_NAMES, names, path, "--embedding-column")
    ]
    labels = columns[_pick(selection.label, _LABEL_NAMES, names, path, "--label-column")]
    rows = _matching_rows(columns, selection, path)
    if rows is not None:
        embeddings, labels = embeddings[rows], labels[rows]
    return EmbeddingSet.from_arrays(embeddings, labels)


def _load_npy(path: Path) -> AnyArray:
    try:
        array: AnyArray = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError as cause:
        raise SourceError(f"no such file: {path}", hint="Check the path.") from cause
    except (OSError, ValueError, EOFError) as cause:
        raise _unreadable(path, "NPY", cause) from cause
    if not isinstance(array, np.ndarray):
        raise SourceError(f"{path} is not an NPY file", hint="Save one array with numpy.save.")
    return array


def _unreadable(path: Path, kind: str, cause: Exception) -> SourceError:
    if "allow_pickle" in str(cause) or "Python objects" in str(cause):
        return SourceError(
            f"{path} holds pickled Python objects, expected a plain numeric or string array",
            hint="Save it with a numeric or string dtype; opis never unpickles.",
        )
    reason = str(cause).splitlines()[0] if str(cause) else type(cause).__name__
    return SourceError(
        f"{path} cannot be read as {kind}: {reason}",
        hint="The file may be cut off; write it again.",
    )


def _refuse_column_options(path: Path, selection: Selection) -> None:
    options = {
        "--embedding-column": selection.embedding,
        "--label-column": selection.label,
        "--id-column": selection.id,
        "--where": selection.where,
    }
    for option, value in options.items():
        if value:
            raise UsageError(
                f"{option} was given, but {path} is an NPY file and has no columns",
                hint="Leave it out, or use a Parquet file.",
            )


def _pick(
    asked: str | None, usual: tuple[str, ...], names: list[str], path: Path, option: str
) -> str:
    name = asked or next((name for name in usual if name in names), usual[0])
    require_column(name, names, str(path), option)
    return name


def _matching_rows(
    columns: dict[str, AnyArray], selection: Selection, path: Path
) -> BoolArray | None:
    rows: BoolArray | None = None
    for name, value in selection.conditions():
        require_column(name, list(columns), str(path), "--where")
        matches = columns[name].astype(str) == value
        rows = matches if rows is None else rows & matches
    if rows is not None and not rows.any():
        raise EmbeddingError(
            f"no row of {path} meets --where {' --where '.join(selection.where)}",
            hint="Check the spelling of the values.",
        )
    return rows
