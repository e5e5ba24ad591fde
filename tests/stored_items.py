"""A few items, ways to store them, and whether what was read are the same items."""

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
from conftest import clusters

from opiscli import EmbeddingSet

EMBEDDINGS, LABELS = clusters(n_classes=6, sizes=(3, 6))
EMBEDDINGS = EMBEDDINGS.astype(np.float16).astype(np.float32)
NAMES = np.array([f"c{label}" for label in LABELS])
N, DIMS = EMBEDDINGS.shape
HALVES = slice(0, N // 2), slice(N // 2, None)


def lists(embeddings=EMBEDDINGS):
    """A column of lists of one fixed size."""
    values = pa.array(np.ascontiguousarray(embeddings).ravel())
    return pa.FixedSizeListArray.from_arrays(values, embeddings.shape[1])


def table(rows=slice(None), **columns):
    """Embeddings and labels of some rows as a table; other columns go beside or in their place."""
    usual = {"embedding": lists(EMBEDDINGS[rows]), "label": pa.array(NAMES[rows])}
    return pa.table({**usual, **columns})


def write(path, contents):
    """Write a table, text or bytes, in folders that are made for it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(contents, pa.Table) and path.suffix in (".arrow", ".feather"):
        feather.write_feather(contents, path, compression="uncompressed")
    elif isinstance(contents, pa.Table):
        pq.write_table(contents, path)
    else:
        path.write_bytes(contents if isinstance(contents, bytes) else contents.encode())
    return path


def assert_items(items, rows=slice(None), names=NAMES):
    """What was read are these rows, with these labels."""
    names = np.asarray(names)[rows]
    expected = EmbeddingSet.from_arrays(EMBEDDINGS[rows], names, with_pairs=False)
    np.testing.assert_array_equal(items.unit_rows, expected.unit_rows)
    np.testing.assert_array_equal(items.codes, expected.codes)
    assert items.names == expected.names
