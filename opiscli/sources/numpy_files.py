"""Reads NPY and NPZ files, without ever unpickling."""

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from opiscli.arrays import AnyArray, BoolArray
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.errors import EmbeddingError, SourceError, UsageError
from opiscli.sources.selection import Selection, named_by_id, refuse_labels_file, require_column

if TYPE_CHECKING:
    import pyarrow as pa

_EMBEDDING_NAMES = ("embedding", "embeddings")
_LABEL_NAMES = ("label", "labels")


def read_npy(path: Path, selection: Selection) -> EmbeddingSet:
    """Read embeddings from one NPY file and labels from another."""
    refuse_column_options(path, selection)
    if selection.labels_file is None:
        raise UsageError(
            f"{path} is an NPY file and has no labels",
            hint=f"Add {selection.labels_option} labels.npy.",
        )
    embeddings = load_npy(path)
    labels = load_npy(selection.labels_file)
    if len(embeddings) == len(labels):
        rows = _matching_rows({"label": labels}, selection, path)
        embeddings, labels = embeddings[rows], labels[rows]
    return EmbeddingSet.from_arrays(
        embeddings, labels, with_pairs=selection.with_pairs, beside=selection.beside
    )


def read_npz(path: Path, selection: Selection) -> EmbeddingSet:
    """Read an NPZ file, whose arrays are its columns."""
    refuse_labels_file(str(path), selection)
    columns = load_npz(path)
    names = list(columns)
    roles = {
        "embedding": _pick(
            selection.embedding, _EMBEDDING_NAMES, names, path, "--embedding-column"
        ),
        "label": _pick(selection.label, _LABEL_NAMES, names, path, "--label-column"),
    }
    if (item_id := selection.id_among(names)) is not None:
        roles["id"] = _pick(item_id, (), names, path, "--id-column")
    others = selection.others(names)
    for name, option in others.items():
        require_column(name, names, str(path), option)
    _require_equal_lengths(columns, [*roles.values(), *others, *_of_conditions(selection)], path)
    rows = _matching_rows(columns, selection, path)
    chosen = {role: columns[name][rows] for role, name in roles.items()}
    try:
        return EmbeddingSet.from_arrays(
            chosen["embedding"],
            chosen["label"],
            {name: _text(columns[name][rows], name, path) for name in others},
            with_pairs=selection.with_pairs,
            beside=selection.beside,
        )
    except EmbeddingError as error:
        if error.row is None or "id" not in chosen:
            raise
        raise named_by_id(error, chosen["id"][error.row].item()) from error


def load_npz(path: Path) -> dict[str, AnyArray]:
    """All arrays of an NPZ file by name."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile) as cause:
        raise _unreadable(path, "NPZ", cause) from cause


def _require_equal_lengths(columns: dict[str, AnyArray], names: list[str], path: Path) -> None:
    for name in names:
        require_column(name, list(columns), str(path), "--where")
        if columns[name].ndim == 0:
            raise EmbeddingError(
                f"array {name!r} of {path} is a single value, expected one per item",
                hint="Save arrays with one entry per item.",
            )
    lengths = {name: len(columns[name]) for name in names}
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{name} {length:,}" for name, length in lengths.items())
        raise EmbeddingError(
            f"arrays of {path} differ in length: {found}; expected one entry per item in each",
            hint="Check that all come from the same run.",
        )


def _text(values: AnyArray, name: str, path: Path) -> AnyArray:
    """Values that can be told apart by what is shown of them; whole numbers as they are."""
    if values.ndim != 1 or values.dtype.kind not in "iubfUTSmM":
        raise EmbeddingError(
            f"array {name!r} of {path} is of type {values.dtype} and shape {values.shape},"
            " expected one text, number or date per item",
            hint="Name another array, or save this one as strings.",
        )
    return values if values.dtype.kind in "iubUTS" else values.astype(str)


def load_npy(path: Path) -> AnyArray:
    """Map the array of an NPY file into memory."""
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


def refuse_column_options(path: Path, selection: Selection) -> None:
    """Raise `UsageError` where an option names a column of a file that has none."""
    options = {
        "--embedding-column": selection.embedding,
        "--embedding-columns": selection.embedding_columns,
        "--label-column": selection.label,
        "--id-column": selection.id,
        selection.where_option: set(_of_conditions(selection)) - {"label"},
        "--group-by": selection.group,
        "--show": selection.show,
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
) -> BoolArray | slice:
    if not _of_conditions(selection):
        return slice(None)
    # Imported here: pyarrow takes longer to import than an NPZ file takes to read.
    from opiscli.sources.conditions import Conditions

    conditions = Conditions.of(selection)
    values = {name: _as_column(columns[name], name, path) for name in conditions.options}
    conditions.require_types({name: column.type for name, column in values.items()})
    kept = conditions.kept(values.__getitem__, len(next(iter(values.values()))))
    rows: BoolArray = kept.to_numpy(zero_copy_only=False)
    if not rows.any():
        raise conditions.nothing_left(lambda name: values[name].unique(), str(path), selection)
    return rows


def _of_conditions(selection: Selection) -> list[str]:
    """Names of the columns that conditions are on."""
    return [name for name, _ in (*selection.conditions(), *selection.exclusions())]


def _as_column(values: AnyArray, name: str, path: Path) -> "pa.Array":
    import pyarrow as pa

    from opiscli.sources.plain_types import plain

    if values.dtype.kind == "S":
        values = np.char.decode(values, "utf-8", "backslashreplace")
    if values.ndim != 1 or values.dtype.kind not in "iubfUTmM":
        raise EmbeddingError(
            f"array {name!r} of {path} is of type {values.dtype} and shape {values.shape},"
            " expected one text, number or date per item to compare with",
            hint="Name another array, or save this one as strings.",
        )
    column = pa.array(values.astype(str) if values.dtype.kind in "T" else values)
    return plain(column, name, str(path))
