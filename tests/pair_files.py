"""Files of labelled pairs for tests, and a reader of CSV that shares no code with the package."""

import csv
import io

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.feather as feather
import pyarrow.parquet as pq

from opiscli.embeddings.pair_scores import ScoreKind
from opiscli.sources import Selection
from opiscli.sources.pair_selection import PairSelection
from opiscli.sources.pairs import read_items_or_pairs

SIMILARITY, DISTANCE = ScoreKind


def read(path, selection=None, **asked):
    """Read a source of pairs; keywords are fields of `PairSelection`."""
    return read_items_or_pairs(str(path), selection or Selection(), PairSelection(**asked))


def written(folder, text, name="s.csv"):
    """A file with a text."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def pair_table(seed=0, n_pairs=300, n_classes=9):
    """Scores, labels, and identities of both sides, about a third of the same class."""
    rng = np.random.default_rng(seed)
    first = rng.integers(0, n_classes, n_pairs)
    same = rng.random(n_pairs) < 1 / 3
    second = np.where(same, first, (first + rng.integers(1, n_classes, n_pairs)) % n_classes)
    return pa.table(
        {
            "score": np.round(rng.normal(size=n_pairs) + same, 6),
            "same": same.astype(int),
            "label_a": [f"c{k}" for k in first],
            "label_b": [f"c{k}" for k in second],
            "fold": rng.choice(["x", "y"], n_pairs),
        }
    )


def as_csv(table, delimiter=","):
    """The text of a table, nothing in quotation marks."""
    out = io.BytesIO()
    arrow_csv.write_csv(table, out, arrow_csv.WriteOptions(delimiter=delimiter))
    return out.getvalue().replace(b'"', b"")


def by_hand(text):
    """Scores, labels and identities of both sides, read by Python alone."""
    rows = list(csv.DictReader(io.StringIO(text.decode())))
    return (
        [float(row["score"]) for row in rows],
        [row["same"] == "1" for row in rows],
        [(row["label_a"], row["label_b"]) for row in rows],
    )


def write_as(table, path):
    """Write a table in the format that the name of a file says."""
    match path.suffix:
        case ".parquet":
            pq.write_table(table, path, row_group_size=100)
        case ".feather":
            feather.write_feather(table, path)
        case ".arrow":
            with pa.ipc.new_file(path, table.schema) as file:
                file.write_table(table, max_chunksize=70)
        case ".jsonl":
            rows = table.to_pylist()
            path.write_text("".join(f"{row}\n".replace("'", '"') for row in rows))
        case ".tsv":
            path.write_bytes(as_csv(table, "\t"))
        case ".txt":
            path.write_bytes(as_csv(table, " ").replace(b" ", b"   "))
        case _:
            path.write_bytes(as_csv(table))
    return path
