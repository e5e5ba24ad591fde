"""Folders that Hugging Face's save_to_disk wrote."""

import json

import pyarrow as pa
import pytest
from stored_items import HALVES, N, assert_items, table

from opiscli import SourceError, read_embeddings
from opiscli.sources import Selection

FIRST, SECOND = "data-00000-of-00002.arrow", "data-00001-of-00002.arrow"


def save(folder, files=(FIRST, SECOND), names=(FIRST, SECOND), rows=HALVES, **state):
    """Files with some rows each, in the order of ``files``; ``names`` is what exists."""
    folder.mkdir(parents=True)
    for name, part in zip(names, rows, strict=True):
        with pa.ipc.new_stream(folder / name, table().schema) as writer:
            writer.write_table(table(part), max_chunksize=3)
    described = {"_data_files": [{"filename": name} for name in files], **state}
    (folder / "state.json").write_text(json.dumps(described))
    (folder / "dataset_info.json").write_text("{}")
    return folder


def test_a_data_set_is_read_in_the_order_of_its_state(tmp_path):
    assert_items(read_embeddings(str(save(tmp_path / "d"))))
    turned = read_embeddings(str(save(tmp_path / "t", (SECOND, FIRST), (SECOND, FIRST))))
    assert_items(turned)
    back = read_embeddings(str(save(tmp_path / "b", (SECOND, FIRST))))
    order = [*range(N // 2, N), *range(N // 2)]
    assert_items(back, order)


def test_splits_are_a_column(tmp_path):
    for split, part in zip(("train", "test"), HALVES, strict=True):
        save(tmp_path / "d" / split, ("x.arrow",), ("x.arrow",), (part,))
    (tmp_path / "d" / "dataset_dict.json").write_text('{"splits": ["train", "test"]}')
    assert_items(read_embeddings(str(tmp_path / "d")))
    only = read_embeddings(str(tmp_path / "d"), Selection(where=("split=test",), with_pairs=False))
    assert_items(only, HALVES[1])
    assert_items(
        read_embeddings(str(tmp_path / "d"), Selection(exclude=("split=train",))), HALVES[1]
    )
    assert_items(read_embeddings(str(tmp_path / "d" / "train")), HALVES[0])


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"state.json": "["}, "state.json is missing or is not what save_to_disk writes"),
        ({"state.json": "{}"}, "it needs '_data_files'"),
        ({"state.json": '{"_data_files": []}'}, "without files"),
        (
            {"state.json": '{"_data_files": [{"filename": "gone.arrow"}]}'},
            "gone.arrow cannot be read",
        ),
        ({"state.json": '{"_data_files": [{"name": "x"}]}'}, "is not what save_to_disk writes"),
        (
            {"state.json": '{"_data_files": [{"filename": "state.json"}]}'},
            "expected an Arrow stream",
        ),
        ({"dataset_dict.json": "{}"}, "it needs 'splits'"),
        ({"dataset_dict.json": '{"splits": []}'}, "holds no splits"),
        ({"dataset_dict.json": '{"splits": ["train"]}'}, "train/state.json is missing"),
        ({"dataset_dict.json": "null"}, "is not what save_to_disk writes"),
    ],
)
def test_data_sets_that_are_not_whole(tmp_path, files, says):
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(SourceError) as refused:
        read_embeddings(str(tmp_path))
    assert says in refused.value.problem


def test_rows_chosen_by_indices_are_not_read_as_all(tmp_path):
    folder = save(tmp_path / "d", _indices_files=[{"filename": "indices.arrow"}])
    with pytest.raises(SourceError, match="rows chosen by indices") as refused:
        read_embeddings(str(folder))
    assert "flatten_indices" in refused.value.hint
