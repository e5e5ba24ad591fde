"""Folders that Hugging Face's ``Dataset.save_to_disk`` and ``DatasetDict.save_to_disk`` write."""

import json
from pathlib import Path
from typing import Any

from opiscli.errors import SourceError
from opiscli.regular_file import read_whole
from opiscli.sources.arrow import ArrowFile, open_arrow
from opiscli.sources.joined import Joined, Part
from opiscli.sources.kinds import Kind, kind_of_file

_STATE = "state.json"
_SPLITS = "dataset_dict.json"
_LARGEST_JSON = 1 << 24


def is_saved_dataset(folder: Path) -> bool:
    """Whether a folder was written by ``save_to_disk``."""
    return (folder / _STATE).is_file() or (folder / _SPLITS).is_file()


def open_saved_dataset(folder: Path, memory_limit: int | None = None) -> Joined:
    """Open the files of a data set in their order; splits give a column ``split``.

    Raises
    ------
    SourceError
        If a file is missing, or says something else than ``save_to_disk`` writes.
    """
    if not (folder / _SPLITS).is_file():
        return Joined(tuple(_parts(folder, {}, "", memory_limit)), str(folder))
    splits = _json(folder / _SPLITS, "splits")
    parts = [
        part
        for split in splits
        for part in _parts(folder / split, {"split": str(split)}, f"split {split}", memory_limit)
    ]
    if not parts:
        raise SourceError(f"{folder} holds no splits", hint="Save the data set again.")
    return Joined(tuple(parts), str(folder))


def _parts(
    folder: Path, keys: dict[str, str | None], place: str, memory_limit: int | None
) -> list[Part]:
    state = folder / _STATE
    files = [_named(state, one) for one in _json(state, "_data_files")]
    if _json(state, "_indices_files", required=False) or not files:
        raise SourceError(
            f"{folder} is a data set with rows chosen by indices, or without files",
            hint="Save it again: dataset.flatten_indices().save_to_disk('new').",
        )
    return [Part(_open(folder / name, memory_limit), keys, place) for name in files]


def _open(path: Path, memory_limit: int | None) -> ArrowFile:
    kind = kind_of_file(path)
    if kind not in (Kind.ARROW_FILE, Kind.ARROW_STREAM):
        raise SourceError(
            f"{path} is {kind}, expected an Arrow stream", hint="Save the data set again."
        )
    return open_arrow(path, str(path), kind, memory_limit)


def _named(state: Path, file: object) -> str:
    if not isinstance(file, dict) or not isinstance(file.get("filename"), str):
        raise _not_saved(state, "filename")
    return str(file["filename"])


def _not_saved(path: Path, key: str) -> SourceError:
    return SourceError(
        f"{path} is missing or is not what save_to_disk writes: it needs {key!r}",
        hint="Save the data set again: dataset.save_to_disk('new').",
    )


def _json(path: Path, key: str, *, required: bool = True) -> Any:  # noqa: ANN401
    try:
        contents = json.loads(read_whole(path, _LARGEST_JSON).decode("utf-8"))
        return contents[key] if required else contents.get(key)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as cause:
        raise _not_saved(path, key) from cause
