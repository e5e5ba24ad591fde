"""Sets that are kept on disk: the same output as in memory, from every kind of source."""

import json
import re
import tempfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import clusters

from opiscli.embeddings import on_disk
from opiscli.sources import Selection, read_arrays, read_embeddings

EMBEDDINGS, LABELS = clusters(seed=4, n_classes=40, dims=16, sizes=(4, 12), spread=0.8)
ORDER = np.random.default_rng(4).permutation(len(LABELS))
ROWS, NAMES = EMBEDDINGS[ORDER].astype(np.float16), LABELS[ORDER]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sources")
    lists = pa.FixedSizeListArray.from_arrays(pa.array(ROWS.ravel()), ROWS.shape[1])
    offsets = np.random.default_rng(5).normal(size=len(NAMES)) / 30
    table = pa.table({"embedding": lists, "label": NAMES, "fold": NAMES % 2})
    pq.write_table(table, folder / "e.parquet", row_group_size=50)
    pq.write_table(table.append_column("offset", pa.array(offsets)), folder / "o.parquet")
    np.save(folder / "x.npy", ROWS)
    np.save(folder / "c.npy", np.asfortranarray(ROWS))
    np.save(folder / "y.npy", NAMES)
    np.savez(folder / "e.npz", embedding=ROWS + 40, label=NAMES)
    return folder


@pytest.fixture
def everything_on_disk(monkeypatch):
    monkeypatch.setattr(on_disk, "LARGEST_SHARE", 10**9)


@pytest.mark.parametrize(
    "line",
    [
        "evaluate e.parquet --k 1,5",
        "evaluate o.parquet",
        "evaluate x.npy --labels y.npy --ranking",
        "evaluate c.npy --labels y.npy --drop-duplicates",
        "evaluate e.npz --distance cosine",
        "evaluate e.parquet --where fold=1 --min-items 5",
        "evaluate e.parquet --gallery x.npy --gallery-labels y.npy",
        "evaluate e.parquet --group-by fold",
        "evaluate e.parquet --scheduler local:1",
        "calibrate e.parquet --far 1e-2",
        "calibrate o.parquet --far 1e-2 --holdout 0.5 --repeats 2",
        "inspect o.parquet --far 1e-2",
    ],
)
def test_the_output_is_the_same(opis, folder, monkeypatch, line):
    monkeypatch.chdir(folder)
    code, expected, _ = opis(*line.split(), "--json")
    assert code == 0
    monkeypatch.setattr(on_disk, "LARGEST_SHARE", 10**9)
    code, found, _ = opis(*line.split(), "--json")
    assert code == 0
    assert json.loads(found) == json.loads(expected)


@pytest.mark.parametrize("name", ["e.parquet", "x.npy", "arrays"])
def test_half_of_the_limit_is_for_embeddings_and_a_quarter_for_those_of_a_gallery(folder, name):
    rows = np.tile(ROWS, (1, 20))
    labels = folder / "y.npy" if name == "x.npy" else None
    if name == "e.parquet":
        lists = pa.FixedSizeListArray.from_arrays(pa.array(rows.ravel()), rows.shape[1])
        pq.write_table(pa.table({"embedding": lists, "label": NAMES}), folder / "wide.parquet")
    np.save(folder / "wide.npy", rows)
    n_bytes = 4 * rows.size
    for limit, with_pairs, expected in (
        (2 * n_bytes, True, False),
        (2 * n_bytes - 1, True, True),
        (2 * n_bytes, False, True),
        (4 * n_bytes, False, False),
    ):
        given = Selection(memory_limit=limit, with_pairs=with_pairs, labels_file=labels)
        if name == "arrays":
            items = read_arrays(rows, NAMES, {}, given)
        else:
            items = read_embeddings(str(folder / name.replace(name[0], "wide", 1)), given)
        assert on_disk.is_on_disk(items.vectors) == expected


@pytest.mark.usefixtures("everything_on_disk")
def test_the_disk_is_that_of_tmpdir_and_an_error_names_it(opis, folder, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(folder / "none"))
    code, out, err = opis("evaluate", folder / "e.parquet")
    assert (code, out) == (3, "")
    assert re.search(r"temporary file of \d+ MB cannot be written: No such file", err)
    assert "TMPDIR" in err


@pytest.mark.usefixtures("everything_on_disk")
@pytest.mark.parametrize(
    "line",
    ["evaluate e.parquet --index SQ8", "finetune e.parquet -o h.safetensors --steps 2"],
)
def test_what_needs_the_embeddings_in_memory_says_so(opis, folder, monkeypatch, line):
    monkeypatch.chdir(folder)
    code, out, err = opis(*line.split())
    assert (code, out) == (2, "")
    assert "needs embeddings in memory" in err
    assert re.search(r"--memory-limit \d+MB", err)
    assert not (folder / "h.safetensors").exists()


def test_too_little_memory_beside_the_embeddings_says_how_much(opis, folder):
    code, _, err = opis("evaluate", folder / "e.parquet", "--memory-limit", "100kB")
    assert code == 2
    assert re.search(r"--memory-limit is 100 kB|--memory-limit is 0 MB, but 3\d\d items need", err)
    assert re.search(r"--memory-limit \d+MB", err)
