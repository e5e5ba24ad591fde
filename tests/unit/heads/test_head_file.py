"""Head files: bit-identical round trips, and every kind of wrong file explained."""

import json
import pickle
import re
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from opiscli.errors import EmbeddingError, OutputError, SourceError, UsageError
from opiscli.heads.cohort import HeadCohort
from opiscli.heads.head_file import HeadFile, read_head, write_head
from opiscli.heads.projection import HiddenLayer, Projection
from opiscli.heads.tensor_file import read_tensors, write_tensors

WRITTEN_BY_0_1_0 = Path(__file__).with_name("head_0_1_0.safetensors")
RECORD = {"signature": "s|é", "data": {"n_items": 5}}
META = {"schema": "opis.head/2", "normalize": "unit length before and after", "record": RECORD}


NESTED = json.loads('{"":' * 100 + "1" + "}" * 100)


def ramp(*shape):
    return (np.arange(np.prod(shape), dtype=np.float32).reshape(shape) - 3) / np.float32(7)


def perceptron():
    return Projection(
        weight=ramp(4, 3), bias=ramp(3), hidden=HiddenLayer(ramp(4, 2), ramp(2), ramp(2, 3))
    )


def arrays_of(projection):
    hidden = projection.hidden
    more = () if hidden is None else (hidden.weight, hidden.bias, hidden.output)
    return [projection.weight, projection.bias, *more]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "h.safetensors"


def as_file(path, arrays, description):
    save_file(arrays, path, {"opis": json.dumps(description)})


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    path = tmp_path / "h.safetensors"
    path.write_bytes(b"x" * 1000)
    with pytest.raises(SourceError, match="holds 1,000 bytes, more than the 999"):
        read_head(path, 999)


@pytest.mark.parametrize("projection", [perceptron(), Projection.identity(4)])
def test_save_then_load_is_bit_identical(path, projection):
    write_head(path, HeadFile(projection, RECORD), force=False)
    read = read_head(path)
    assert read.record == RECORD
    pairs = zip(arrays_of(projection), arrays_of(read.projection), strict=True)
    assert all(a.tobytes() == b.tobytes() and a.shape == b.shape for a, b in pairs)
    contents = path.read_bytes()
    for _ in range(5):
        write_head(path, read, force=True)
        assert path.read_bytes() == contents


def cohort(n=7, dim=3):
    rows = np.random.default_rng(0).normal(size=(n, dim))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return HeadCohort(rows.astype(np.float32), 5, 0.25, 0.125)


def test_a_head_with_offsets_keeps_its_cohort_under_a_schema_of_its_own(path):
    write_head(path, HeadFile(perceptron(), RECORD, cohort()), force=False)
    read, expected = read_head(path).cohort, cohort()
    assert np.array_equal(read.rows, expected.rows)
    assert (read.k, read.weight, read.centre) == (5, 0.25, 0.125)
    assert not read.rows.flags.writeable
    with safe_open(path, framework="numpy") as file:
        described = json.loads(file.metadata()["opis"])
    assert described["schema"] == "opis.head/4"
    assert described["offsets"] == {"k": 5, "weight": 0.25, "centre": 0.125}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"offsets": None}, "how its offsets are computed"),
        ({"offsets": {"k": 5, "weight": 0.25}}, "how its offsets are computed"),
        ({"offsets": {"k": "x", "weight": 0.25, "centre": 0}}, "how its offsets are computed"),
        ({"offsets": {"k": 8, "weight": 0.25, "centre": 0}}, "shape (7, 3) and k is 8"),
        ({"offsets": {"k": 5, "weight": 1.5, "centre": 0}}, "weight 1.5"),
        ({"offsets": {"k": 5, "weight": 0.25, "centre": 1e300}}, "centre 1e+300"),
        ({"rows": ramp(7, 3)}, "not of length one"),
        ({"rows": cohort(7, 4).rows}, "cohort has shape (7, 4), but the head 3 dims"),
        ({"rows": None}, "do not form a head"),
        ({"schema": "opis.head/3"}, "do not form a head"),
    ],
)
def test_a_cohort_that_cannot_be_is_explained(path, changes, says):
    offsets = {"k": 5, "weight": 0.25, "centre": 0.125}
    description = {**META, "schema": "opis.head/4", "offsets": offsets}
    tensors = {"weight": ramp(4, 3), "bias": ramp(3), "cohort": cohort().rows}
    if "rows" in changes:
        tensors["cohort"] = changes.pop("rows")
    tensors = {name: array for name, array in tensors.items() if array is not None}
    write_tensors(path, tensors, {**description, **changes}, force=False)
    with pytest.raises(SourceError, match=re.escape(says)):
        read_head(path)


def test_the_library_reads_what_is_written(path):
    write_head(path, HeadFile(perceptron(), RECORD), force=False)
    arrays = load_file(path)
    assert np.array_equal(arrays["hidden.output"], ramp(2, 3))
    with safe_open(path, framework="numpy") as file:
        described = json.loads(file.metadata()["opis"])
    assert len(described.pop("sha256")) == 64
    assert described == {**META, "schema": "opis.head/3"}


def test_a_head_of_version_0_1_0_is_read():
    read = read_head(WRITTEN_BY_0_1_0)
    assert read.record == {"signature": "opis-finetune|é|v:0.1.0", "data": {"n_items": 5}}
    pairs = zip(arrays_of(perceptron()), arrays_of(read.projection), strict=True)
    assert all(a.tobytes() == b.tobytes() for a, b in pairs)


@pytest.mark.parametrize("whole", [WRITTEN_BY_0_1_0, None])
def test_a_file_cut_off_anywhere_is_explained(tmp_path, path, whole):
    if whole is None:
        write_head(path, HeadFile(perceptron(), RECORD), force=False)
    contents, cut = (whole or path).read_bytes(), tmp_path / "cut.safetensors"
    for length in [*range(0, len(contents), 7), len(contents) - 1]:
        cut.write_bytes(contents[:length])
        with pytest.raises(SourceError, match="is damaged, cut off or not a safetensors file"):
            read_head(cut)
    cut.write_bytes(contents + b"\0")
    with pytest.raises(SourceError, match="is damaged, cut off or not a safetensors file"):
        read_head(cut)


def test_a_header_that_claims_to_be_huge_is_not_read(path):
    path.write_bytes((2**60).to_bytes(8, "little") + b"{" + b" " * 64)
    with pytest.raises(SourceError, match="header too large"):
        read_head(path)


@pytest.mark.parametrize(
    ("arrays", "description", "says"),
    [
        ({"weight": np.eye(3, dtype=np.float32)}, {}, "is not a head: it has no schema"),
        ({"weight": ramp(3, 3)}, {"schema": "opis.training/2"}, "its schema is 'opis.training/2'"),
        ({"weight": ramp(3, 3)}, META, r"do not form a head: weight \(3, 3\)"),
        ({"weight": ramp(3, 3), "bias": ramp(2)}, META, "do not form a head"),
        ({"weight": ramp(3, 3), "bias": ramp(3), "x": ramp(1)}, META, "do not form a head"),
        ({"weight": np.eye(3), "bias": ramp(3)}, META, "array 'weight' of .* is F64, expected F32"),
        ({"weight": np.float32(["nan"]), "bias": ramp(1)}, META, "do not form a head"),
        ({"weight": np.float32([["nan"]]), "bias": ramp(1)}, META, "weights that are not finite"),
        ({"weight": ramp(0, 2), "bias": ramp(2)}, META, r"has a layer of shape \(0, 2\)"),
        ({"weight": ramp(2, 0), "bias": ramp(0)}, META, r"has a layer of shape \(2, 0\)"),
        ({"weight": ramp(1, 1), "bias": ramp(1)}, {**META, "normalize": "no"}, "does not say"),
        ({"weight": ramp(1, 1), "bias": ramp(1)}, {**META, "schema": "opis.head/3"}, "no digest"),
        ({"weight": ramp(1, 1), "bias": ramp(1)}, {**META, "sha256": "0" * 64}, "match its digest"),
        ({"weight": ramp(1, 1), "bias": ramp(1)}, {**META, "record": NESTED}, "nested more than"),
        ({"weight": ramp(1, 1), "bias": ramp(1)}, {**META, "record": "{"}, "its record cannot be"),
        ({"weight": ramp(1, 1), "bias": ramp(1)}, {**META, "record": [1]}, "its record cannot be"),
        ({"weight": ramp(1, 1), "bias": ramp(1)}, 5, "is damaged"),
    ],
)
def test_foreign_safetensors_are_no_heads(path, arrays, description, says):
    as_file(path, arrays, description)
    with pytest.raises(SourceError, match=says):
        read_head(path)


@pytest.mark.parametrize("weight", [np.float32([["nan"]]), np.float32([["inf"]]), ramp(0, 1)])
def test_no_head_can_be_made_of_such_weights(weight):
    with pytest.raises(EmbeddingError, match="the head has"):
        Projection(weight=weight, bias=ramp(1))


def test_a_changed_head_is_refused(path):
    record = {"signature": "s", "data": {"n_items": 5}}
    write_head(path, HeadFile(perceptron(), record), force=False)
    contents = path.read_bytes()
    for place in range(len(contents)):
        changed = bytearray(contents)
        changed[place] ^= 1 << place % 8
        path.write_bytes(changed)
        with pytest.raises(SourceError):
            read_head(path)


def test_a_description_nested_without_end_is_explained(path):
    save_file({"weight": ramp(1, 1), "bias": ramp(1)}, path, {"opis": "[" * 100_000})
    with pytest.raises(SourceError, match="nested more than 32 levels"):
        read_head(path)


def test_half_precision_is_refused_by_name(path):
    header = json.dumps({"weight": {"dtype": "BF16", "shape": [1], "data_offsets": [0, 2]}})
    path.write_bytes(len(header).to_bytes(8, "little") + header.encode() + b"\0\0")
    with pytest.raises(SourceError, match="is BF16, expected F32"):
        read_head(path)


@pytest.mark.parametrize("protocol", [2, 5])
def test_a_pickle_is_not_opened(path, protocol):
    class Bomb:
        def __reduce__(self):
            return (pytest.fail, ("it was run",))

    path.write_bytes(pickle.dumps(Bomb(), protocol))
    with pytest.raises(SourceError, match="looks like a PyTorch or pickle file"):
        read_head(path)
    path.write_bytes(b"PK\x03\x04" + b"\0" * 60)
    with pytest.raises(SourceError, match="looks like a PyTorch or pickle file"):
        read_head(path)


def test_a_header_of_128_bytes_is_not_taken_for_a_pickle(path):
    description = "x" * 200
    while path.exists() is False or path.read_bytes()[0] != 0x80:
        write_tensors(path, {"weight": ramp(1)}, {"note": description}, force=True)
        description += "x"
    assert read_tensors(path, 1 << 20).description["note"].startswith("x")


def test_paths_that_cannot_be_read_or_written(tmp_path, path):
    for missing in (path, tmp_path):
        with pytest.raises(SourceError, match="cannot be read: "):
            read_head(missing)
    head = HeadFile(Projection.identity(2), {})
    write_head(path, head, force=False)
    with pytest.raises(UsageError, match="exists already"):
        write_head(path, head, force=False)
    with pytest.raises(OutputError, match="there is no folder"):
        write_head(tmp_path / "no" / "h.safetensors", head, force=False)


def test_a_failed_write_leaves_the_old_head(path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    write_head(path, HeadFile(Projection.identity(2), {}), force=False)
    contents = path.read_bytes()
    monkeypatch.setattr("opiscli.atomic_file.os.fsync", full)
    with pytest.raises(OutputError, match="No space left"):
        write_head(path, HeadFile(perceptron(), RECORD), force=True)
    assert path.read_bytes() == contents
    assert list(path.parent.iterdir()) == [path]
