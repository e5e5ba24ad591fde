"""Export of a trained head to the formats of other programs."""

from pathlib import Path

from opiscli.atomic_file import whole_file
from opiscli.errors import UsageError
from opiscli.heads.cohort import HeadCohort
from opiscli.heads.projection import Projection


def export_head(
    projection: Projection,
    path: Path,
    *,
    cohort: HeadCohort | None = None,
    description: str,
    force: bool,
) -> None:
    """Write a head in the format that the name of the file ends in: .onnx, .faiss or .npz.

    Parameters
    ----------
    cohort
        What its offsets are computed from, if it has any.
    description
        Where the head comes from, for formats that have a place for it.

    Raises
    ------
    UsageError
        If there is no such format, or it cannot hold this head, or lacks a package.
    OutputError
        If the file cannot be written.
    """
    # Imported where needed: each of these brings a library of its own.
    match path.suffix:
        case ".onnx":
            from opiscli.heads.export.onnx import onnx_bytes

            contents = onnx_bytes(projection, cohort, description)
        case ".faiss":
            from opiscli.heads.export.faiss import faiss_bytes

            contents = faiss_bytes(projection, cohort)
        case ".npz":
            from opiscli.heads.export.npz import npz_bytes

            contents = npz_bytes(projection, cohort)
        case _:
            raise UsageError(
                f"{path} names no format to export to, expected .onnx, .faiss or .npz",
                hint=f"For example -o {path.with_suffix('.onnx')}.",
            )
    with whole_file(path, force=force) as temporary:
        temporary.write_bytes(contents)
