"""NPY, NPZ and FAISS files in stores and on web servers, with labels here or at an address."""

import io

import faiss
import numpy as np
import pytest
from conftest import SAMPLE, clusters
from object_store import as_parquet
from stored_items import EMBEDDINGS, NAMES, assert_items, table

from opiscli import EmbeddingError, SourceError, read_embeddings
from opiscli.embeddings.changed_rows import ChangedRows
from opiscli.errors import UsageError
from opiscli.sources import Selection, map_embeddings


def npy(array):
    held = io.BytesIO()
    np.save(held, array)
    return held.getvalue()


def npz(**arrays):
    held = io.BytesIO()
    np.savez_compressed(held, **arrays)
    return held.getvalue()


def index(rows=EMBEDDINGS, ids=None):
    made = faiss.IndexFlatIP(rows.shape[1])
    if ids is not None:
        made = faiss.IndexIDMap(made)
        made.add_with_ids(rows, ids)
    else:
        made.add(rows)
    return faiss.serialize_index(made).tobytes()


FILES = {
    "e.npy": npy(EMBEDDINGS),
    "columns.npy": npy(np.asfortranarray(EMBEDDINGS)),
    "wide.npy": npy(EMBEDDINGS.astype(">f8")),
    "e.npz": npz(embedding=EMBEDDINGS, label=NAMES),
    "e.faiss": index(),
}
LABELS = {
    "y.npy": npy(NAMES),
    "y.txt": "\n".join(NAMES).encode(),
    "y.csv": ("label\n" + "\n".join(NAMES)).encode(),
    "y.parquet": as_parquet(table()),
}


@pytest.fixture(params=["s3", "web", "web without ranges"])
def put(request):
    """Puts a file on a server and returns its address."""
    if request.param == "s3":
        return request.getfixturevalue("bucket").put
    files = {}
    ranges = request.param == "web"
    server = request.getfixturevalue("web")(files, ranges=ranges)

    def store(name, contents):
        files[f"/{name}"] = contents
        return f"{server.url}/{name}?Signature=s3cr3t"

    return store


@pytest.mark.parametrize("name", FILES)
def test_arrays_are_read_as_on_a_disk(put, tmp_path, name):
    np.save(tmp_path / "y.npy", NAMES)
    labels = None if name == "e.npz" else tmp_path / "y.npy"
    assert_items(read_embeddings(put(name, FILES[name]), Selection(labels_file=labels)))


@pytest.mark.parametrize("name", LABELS)
@pytest.mark.parametrize("source", ["e.npy", "e.faiss"])
def test_labels_at_an_address(put, name, source):
    labels = put(name, LABELS[name])
    assert_items(read_embeddings(put(source, FILES[source]), Selection(labels_file=labels)))


def test_labels_at_an_address_beside_a_file_here(bucket, tmp_path):
    np.save(tmp_path / "e.npy", EMBEDDINGS)
    labels = bucket.put("y.txt", LABELS["y.txt"])
    assert_items(read_embeddings(str(tmp_path / "e.npy"), Selection(labels_file=labels)))


def test_labels_by_id_at_an_address(bucket):
    ids = np.arange(len(NAMES)) * 3 + 7
    source = bucket.put("e.index", index(ids=ids))
    rows = "\n".join(f"{one},{name}" for one, name in reversed(list(zip(ids, NAMES, strict=True))))
    labels = bucket.put("y.csv", f"id,label\n{rows}\n".encode())
    assert_items(read_embeddings(source, Selection(labels_file=labels)))


@pytest.mark.parametrize("name", ["e.npy", "e.npz"])
def test_rows_are_chosen_and_mapped(bucket, tmp_path, name):
    labels = None if name == "e.npz" else bucket.put("y.npy", LABELS["y.npy"])
    source = bucket.put(name, FILES[name])
    kept = NAMES != "c0"
    chosen = Selection(labels_file=labels, exclude=("label=c0",))
    assert_items(read_embeddings(source, chosen), kept)
    path = tmp_path / "p.parquet"
    selection = Selection(labels_file=labels)
    assert map_embeddings(source, selection, ChangedRows, path, force=False) == len(NAMES)
    assert read_embeddings(str(path)).n_items == len(NAMES)


def test_a_command_gives_the_report_of_the_file_on_the_disk(opis, bucket):
    here = opis(
        "evaluate", SAMPLE / "digits.npy", "--labels", SAMPLE / "digits_labels.npy", "--json"
    )
    source, labels = (
        bucket.put(name, (SAMPLE / name).read_bytes())
        for name in ("digits.npy", "digits_labels.npy")
    )
    there = opis("evaluate", source, "--labels", labels, "--json")
    assert there[0] == here[0] == 0, there[2]
    assert there[1].replace(source, str(SAMPLE / "digits.npy")) == here[1]


def test_rows_of_an_npy_file_are_asked_for_once_some_at_a_time(bucket, tmp_path, monkeypatch):
    for limit in ("_ROWS_AT_ONCE", "_FEWEST_ROWS_AT_ONCE"):
        monkeypatch.setattr(f"opiscli.sources.npy_file.{limit}", 1000)
    monkeypatch.setattr("opiscli.sources.npy_format._BYTES_AT_ONCE", 1 << 20)
    rows, labels = clusters(n_classes=900, dims=32, sizes=(4, 9))
    rows = rows.astype(np.float32)
    np.save(tmp_path / "y.npy", labels)
    source = bucket.put("e.npy", npy(rows))
    bucket.counting.log.clear()
    assert read_embeddings(source, Selection(labels_file=tmp_path / "y.npy")).n_items == len(rows)
    asked = [one.part for one in bucket.counting.log if one.part]
    assert len(asked) > 4
    assert bucket.counting.n_bytes("/e.npy") < rows.nbytes + (1 << 18)


@pytest.mark.parametrize("name", ["e.npy", "columns.npy", "e.npz", "e.faiss", "y.txt"])
def test_the_memory_limit_holds(bucket, tmp_path, name):
    np.save(tmp_path / "y.npy", NAMES)
    labels = None if name == "e.npz" else tmp_path / "y.npy"
    source = "e.npy" if name == "y.txt" else name
    if name == "y.txt":
        labels = bucket.put("y.txt", LABELS["y.txt"] * 5)
    with pytest.raises(UsageError, match="memory_limit"):
        read_embeddings(
            bucket.put(source, FILES[source]), Selection(labels_file=labels, memory_limit=200)
        )


@pytest.mark.parametrize(
    ("name", "contents", "says"),
    [
        ("e.npy", FILES["e.npy"][:-9], "damaged or may be cut off"),
        ("e.npy", b"\x93NUMPY\1\0", "damaged or may be cut off"),
        ("e.npy", npy(np.array([{}], dtype=object)), "never unpickles"),
        ("e.npy", FILES["e.npy"] + b"more", "bytes more than"),
        ("e.npz", FILES["e.npz"][:-30], "damaged or may be cut off"),
        ("e.npz", npz(x=np.arange(3)), "no column|holds|embedding"),
        ("e.faiss", FILES["e.faiss"][:90], "cannot be read as a FAISS index"),
        ("e.bin", FILES["e.faiss"], "ends in .faiss or .index"),
    ],
)
def test_damaged_files_are_explained_by_their_address(put, tmp_path, name, contents, says):
    np.save(tmp_path / "y.npy", NAMES)
    labels = None if name == "e.npz" else tmp_path / "y.npy"
    with pytest.raises((SourceError, EmbeddingError), match=says) as refused:
        read_embeddings(put(name, contents), Selection(labels_file=labels))
    assert name in refused.value.problem
    assert "s3cr3t" not in refused.value.problem + refused.value.hint
    assert str(tmp_path.parent) not in refused.value.problem


@pytest.mark.parametrize("name", ["e.npy", "e.faiss"])
def test_labels_are_asked_for(bucket, name):
    with pytest.raises(UsageError, match=f"/{name} has no labels"):
        read_embeddings(bucket.put(name, FILES[name]))


def test_labels_that_are_not_there_or_too_few(put):
    source = put("e.npy", FILES["e.npy"])
    there = put("y.npy", npy(NAMES[:-1]))
    with pytest.raises(EmbeddingError, match=r"labels in .*y\.npy.*must match"):
        read_embeddings(source, Selection(labels_file=there))
    with pytest.raises(SourceError, match="no such file"):
        read_embeddings(source, Selection(labels_file=there.replace("y.npy", "z.npy")))
    with pytest.raises(SourceError, match="not the address of a file"):
        read_embeddings(source, Selection(labels_file="postgresql://ann:s3cr3t@host/db"))


def test_a_table_has_its_own_labels(put):
    labels = put("y.npy", LABELS["y.npy"])
    with pytest.raises(UsageError, match="carries its own labels") as refused:
        read_embeddings(put("e.parquet", as_parquet(table())), Selection(labels_file=labels))
    assert "s3cr3t" not in str(refused.value)


def test_arrays_are_not_one_of_several(bucket):
    bucket.put("f/a.npy", FILES["e.npy"])
    with pytest.raises(SourceError, match="cannot be one of several"):
        read_embeddings(f"{bucket.url}/f/*.npy")
