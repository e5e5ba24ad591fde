"""A column of offsets is found by itself in every kind of source."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
from conftest import clusters

from opiscli import EmbeddingError, SourceError, UsageError, evaluate, read_embeddings
from opiscli.embeddings.changed_rows import ChangedRows
from opiscli.embeddings.offsets import Offsets
from opiscli.sources import Selection, map_embeddings, read_arrays
from opiscli.sources.offset_column import described

EMBEDDINGS, LABELS = clusters()
OFFSETS = np.random.default_rng(0).normal(scale=0.1, size=len(LABELS)).astype(np.float32)


def table(offsets=OFFSETS, field=None, **more):
    columns = {
        "embedding": list(EMBEDDINGS.astype(np.float32)),
        "label": LABELS.astype(str),
        "offset": offsets,
        **more,
    }
    found = pa.table(columns)
    if field is not None:
        found = found.set_column(2, field, found["offset"])
    return found


def described_table(k=50, weight=0.25):
    return table(field=described(pa.float32(), k, weight))


def write_csv(path, offsets=OFFSETS):
    rows = zip(EMBEDDINGS.tolist(), LABELS, offsets, strict=True)
    lines = [f'"{vector}",{label},{offset}' for vector, label, offset in rows]
    path.write_text("embedding,label,offset\n" + "\n".join(lines) + "\n")


def write_jsonl(path):
    rows = zip(EMBEDDINGS.tolist(), LABELS.tolist(), OFFSETS.tolist(), strict=True)
    keys = ("embedding", "label", "offset")
    path.write_text("".join(json.dumps(dict(zip(keys, row, strict=True))) + "\n" for row in rows))


WRITERS = {
    "e.parquet": lambda path: pq.write_table(table(), path),
    "e.feather": lambda path: feather.write_feather(table(), path),
    "e.csv": write_csv,
    "e.jsonl": write_jsonl,
    "e.npz": lambda path: np.savez(path, embedding=EMBEDDINGS, label=LABELS, offset=OFFSETS),
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_kind_of_source(tmp_path, name):
    WRITERS[name](tmp_path / name)
    items = read_embeddings(str(tmp_path / name))
    assert items.offsets.values == pytest.approx(OFFSETS[items.rows], abs=1e-7)
    assert items.score == "cos-offset"
    plain = read_embeddings(str(tmp_path / name), Selection(no_offset=True))
    assert plain.offsets is None
    some = read_embeddings(str(tmp_path / name), Selection(where=("label=3",), with_pairs=False))
    assert some.offsets.values == pytest.approx(OFFSETS[LABELS == 3], abs=1e-7)


@pytest.mark.parametrize("write", [pq.write_table, feather.write_feather])
def test_how_they_were_computed_is_beside_them(tmp_path, write):
    write(described_table(20, 0.5), str(tmp_path / "e"))
    assert read_embeddings(str(tmp_path / "e")).score == "cos-offset(k=20,w=0.5)"


@pytest.mark.parametrize(
    "about",
    [b"", b"{", b"[1]", b'{"k": 1e999, "weight": 1}', b'{"k": 5, "weight": NaN}', b"[" * 99_999],
)
def test_what_says_nothing_sensible_is_ignored(tmp_path, about):
    field = pa.field("offset", pa.float32(), metadata={b"opis.offset": about})
    pq.write_table(table(field=field), tmp_path / "e.parquet")
    assert read_embeddings(str(tmp_path / "e.parquet")).score == "cos-offset"


def test_files_that_were_normalised_in_two_ways_are_refused(tmp_path):
    for name, k in (("a", 20), ("b", 50)):
        pq.write_table(described_table(k), tmp_path / f"{name}.parquet")
    with pytest.raises(SourceError, match="normalised in different ways"):
        read_embeddings(str(tmp_path))
    assert read_embeddings(str(tmp_path), Selection(no_offset=True)).offsets is None


def test_a_file_without_offsets_beside_one_that_has_them_is_refused(tmp_path):
    pq.write_table(table(), tmp_path / "a.parquet")
    pq.write_table(table().drop(["offset"]), tmp_path / "b.parquet")
    with pytest.raises(SourceError, match=r"b\.parquet has no column 'offset'") as refused:
        read_embeddings(str(tmp_path))
    assert "--no-offset" in refused.value.on_command_line[1]
    assert read_embeddings(str(tmp_path), Selection(no_offset=True)).offsets is None


def test_whole_numbers_and_texts_are_no_offsets(tmp_path):
    places = np.arange(len(LABELS))
    pq.write_table(table(places), tmp_path / "e.parquet")
    assert read_embeddings(str(tmp_path / "e.parquet")).offsets is None
    write_csv(tmp_path / "e.csv", places)
    assert read_embeddings(str(tmp_path / "e.csv")).offsets is None
    pq.write_table(table(places.astype(str)), tmp_path / "e.parquet")
    assert read_embeddings(str(tmp_path / "e.parquet")).offsets is None


@pytest.mark.parametrize("bad", [None, float("nan"), float("inf"), 3.0])
def test_the_first_row_without_a_usable_offset_is_named(tmp_path, bad):
    values = [*OFFSETS[:4].tolist(), bad, *OFFSETS[5:].tolist()]
    ids = [f"item {row}" for row in range(len(values))]
    pq.write_table(table(pa.array(values, pa.float32()), id=ids), tmp_path / "e.parquet")
    with pytest.raises(EmbeddingError, match=r"offset in row 4 is .*, id 'item 4'"):
        read_embeddings(str(tmp_path / "e.parquet"), Selection(id="id"))


def test_a_text_that_is_no_number_is_named(tmp_path):
    values = [*OFFSETS[:4].tolist(), "none", *OFFSETS[5:].tolist()]
    write_csv(tmp_path / "e.csv", values)
    with pytest.raises(EmbeddingError, match="offset in row 4 is 'none'"):
        read_embeddings(str(tmp_path / "e.csv"))


def test_a_table_in_memory():
    found = evaluate(described_table())
    assert "|score:cos-offset(k=50,w=0.25)|" in found.signature
    assert evaluate(described_table(), no_offset=True) == evaluate(table().drop(["offset"]))


@pytest.mark.parametrize("where", [(), ("label=3",)])
def test_beside_arrays(where):
    how = Selection(where=where, with_pairs=False)
    for given, score in (
        (OFFSETS, "cos-offset"),
        (OFFSETS.tolist(), "cos-offset"),
        (Offsets.of(OFFSETS, 20, 0.5), "cos-offset(k=20,w=0.5)"),
    ):
        items = read_arrays(EMBEDDINGS, LABELS, {"offset": given}, how)
        assert items.score == score
        chosen = LABELS == 3 if where else slice(None)
        assert items.offsets.values == pytest.approx(OFFSETS[chosen][items.rows])
    ignored = Selection(where=where, with_pairs=False, no_offset=True)
    assert read_arrays(EMBEDDINGS, LABELS, {"offset": OFFSETS}, ignored).offsets is None


def test_other_embeddings_do_not_keep_them(tmp_path):
    source, target = str(tmp_path / "e.parquet"), tmp_path / "p.parquet"
    pq.write_table(table(), source)
    with pytest.raises(UsageError, match="offsets of the embeddings as they are"):
        map_embeddings(source, Selection(), lambda unit: ChangedRows(-unit), target, force=False)
    how = Selection(no_offset=True)
    map_embeddings(source, how, lambda unit: ChangedRows(-unit), target, force=False)
    assert pq.read_schema(target).names == ["embedding", "label"]
