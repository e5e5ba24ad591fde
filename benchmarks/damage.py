"""Damages files that opis wrote, and counts how many are read with other contents: none must be.

    python benchmarks/damage.py [FLIPS]

Each flip of one bit of an evaluation file, a head, a checkpoint and a threshold file must be
refused, or leave what is read as it was.
"""

import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import opiscli
from opiscli.counts import opis_file
from opiscli.distance import Distance
from opiscli.embeddings.cosine import cutoffs
from opiscli.errors import OpisError
from opiscli.heads.head_file import HeadFile, read_head, write_head
from opiscli.heads.projection import HiddenLayer, Projection
from opiscli.thresholds import threshold_file

Read = Callable[[Path], Any]


def main(n_flips: int = 2000) -> None:
    """Print a line for each kind of file."""
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        for path, read in written(Path(folder)):
            print(f"{path.name:20} {path.stat().st_size:>9,} bytes  {flips(path, read, n_flips)}")


def written(folder: Path) -> list[tuple[Path, Read]]:
    """A file of each kind, and what its reader makes of it as comparable bytes."""
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(40), 6)
    rows = rng.normal(size=(40, 16))[labels] + rng.normal(size=(240, 16))
    opiscli.evaluate(rows.astype(np.float32), labels, save=folder / "counts.opis")
    opiscli.calibrate(folder / "counts.opis", far=0.01, output=folder / "threshold.json")
    weights = [rng.normal(size=shape).astype(np.float32) for shape in [(16, 8), 8, (16, 4), 4]]
    hidden = HiddenLayer(weights[2], weights[3], rng.normal(size=(4, 8)).astype(np.float32))
    head = Projection(weight=weights[0], bias=weights[1], hidden=hidden)
    write_head(folder / "head.safetensors", HeadFile(head, {"signature": "x"}), force=False)
    return [
        (folder / "counts.opis", lambda path: as_bytes(opis_file.read(path, path.name))),
        (folder / "head.safetensors", lambda path: as_bytes(read_head(path))),
        (
            folder / "threshold.json",
            lambda path: accepted_by(threshold_file.read(path, Distance.EUCLIDEAN)),
        ),
    ]


def accepted_by(threshold: float) -> bytes:
    """The largest float32 distance accepted: one bit more or less of a float64 moves no pair."""
    return cutoffs(np.array([threshold]), Distance.EUCLIDEAN).tobytes()


def as_bytes(value: Any) -> bytes:
    """All fields and arrays of a value, whatever they are nested in."""
    if isinstance(value, np.ndarray):
        return f"{value.dtype}{value.shape}".encode() + value.tobytes()
    if isinstance(value, dict):
        return b"".join(as_bytes(part) for pair in value.items() for part in pair)
    if isinstance(value, tuple | list):
        return b"".join(as_bytes(part) for part in value)
    names = getattr(value, "__dataclass_fields__", None)
    if names is not None:
        return b"".join(as_bytes(getattr(value, name)) for name in names)
    return repr(value).encode()


def flips(path: Path, read: Read, n_flips: int) -> str:
    """Flip one bit at a time: how often was it refused, without effect, or read otherwise?"""
    whole, rng = path.read_bytes(), np.random.default_rng(1)
    right = read(path)
    found: Counter[str] = Counter()
    for bit in rng.integers(0, 8 * len(whole), n_flips):
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << (bit % 8)
        path.write_bytes(damaged)
        try:
            found["the same" if read(path) == right else "READ WITH OTHER CONTENTS"] += 1
        except OpisError:
            found["refused"] += 1
        except Exception as cause:
            found[f"CRASHED WITH {type(cause).__name__}"] += 1
    path.write_bytes(whole)
    return ", ".join(f"{number:,} {what}" for what, number in found.most_common())


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
