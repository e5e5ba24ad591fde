"""Threshold files: read as written, and refused where they would mean another threshold."""

import json

import pytest

from opiscli.distance import OF_EMBEDDINGS, Distance
from opiscli.embeddings.cosine import to_similarity
from opiscli.errors import SourceError, UsageError
from opiscli.thresholds.threshold_file import read

GOOD = {
    "schema": "opis.threshold/1",
    "threshold": 1.0,
    "similarity": 0.5,
    "distance": "euclidean",
    "accept": "distance <= threshold",
    "normalize": True,
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "t.json"


def read_text(path, text, distance=Distance.EUCLIDEAN):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read(path, distance)


@pytest.mark.parametrize(
    "left_out", [(), ("similarity",), ("accept", "normalize", "similarity")], ids=len
)
def test_a_file_may_say_less(path, left_out):
    some = {name: value for name, value in GOOD.items() if name not in left_out}
    assert read_text(path, json.dumps(some)) == 1.0


@pytest.mark.parametrize("distance", OF_EMBEDDINGS)
@pytest.mark.parametrize("similarity", [1, 1 - 1e-7, 0.9, 0.42, 1 / 3, 0, -1e-9, -0.77, -1])
def test_every_similarity_that_opis_writes_agrees(path, distance, similarity):
    """One that was asked for, and that of a threshold, which is rounded as those of pairs are."""
    threshold = distance.of_similarity(similarity)
    for written in (similarity, to_similarity(threshold, distance)):
        whole = {**GOOD, "distance": distance, "threshold": threshold, "similarity": written}
        assert read_text(path, json.dumps(whole), distance) == threshold


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"threshold": True}, "its threshold is true, expected a number in [0, 2]"),
        ({"threshold": "0.9"}, 'its threshold is "0.9", expected a number'),
        ({"threshold": None}, "its threshold is missing"),
        ({"threshold": [1]}, "its threshold is [1]"),
        ({"threshold": 10**400}, "its threshold is 1000"),
        ({"threshold": -0.1}, "its threshold is -0.1"),
        ({"threshold": float("nan")}, "NaN is not a finite number"),
        ({"threshold": float("inf")}, "Infinity is not a finite number"),
        ({"threshold": 0.9}, "its threshold 0.9 is the similarity 0.59"),
        ({"similarity": 0.5000001}, "but its similarity is 0.5000001; one of the two was changed"),
        ({"similarity": "0.5"}, 'its similarity is "0.5", expected a number in [-1, 1]'),
        ({"distance": "cosine"}, "its threshold 1.0 is the similarity 0.0"),
        ({"distance": "manhattan"}, 'its distance is "manhattan", expected euclidean or cosine'),
        ({"distance": ["cosine"]}, "its distance is ["),
        ({"normalize": False}, "its normalize is false, expected true"),
        ({"normalize": 1}, "its normalize is 1, expected true"),
        ({"accept": "distance < threshold"}, 'expected "distance <= threshold"'),
        ({"accept": "similarity >= threshold"}, 'expected "distance <= threshold"'),
        ({"schema": "opis.threshold/9"}, 'its schema is "opis.threshold/9", expected'),
        ({"schema": ["x"] * 1000}, 'its schema is ["x", '),
    ],
)
def test_what_means_another_threshold_is_refused(path, change, says):
    with pytest.raises(SourceError) as refused:
        read_text(path, json.dumps({**GOOD, **change}))
    assert says in refused.value.problem
    assert len(refused.value.problem) < 400 + len(str(path))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "Expecting value"),
        ("[1]", "it is not a JSON object"),
        (b"\xff", "byte 0 is not UTF-8 text"),
        ('{"threshold": 1, "threshold": 0.5}', "its key 'threshold' occurs twice"),
        ('{"threshold": 1e999}', "1e999 is not a finite number"),
        ("[" * 500_000, "nested more than 32 levels deep"),
        ('{"a":' * 100 + "1" + "}" * 100, "nested more than 32 levels deep"),
        (" " * (1 << 21), "longer than 1,048,576 characters"),
        ("1" * 5000, "Exceeds the limit"),
    ],
    ids=range(9),
)
def test_what_is_no_threshold_file_is_explained(path, text, says):
    with pytest.raises(SourceError, match=says):
        read_text(path, text)


def test_a_threshold_of_another_distance(path):
    with pytest.raises(UsageError, match="is a euclidean distance"):
        read_text(path, json.dumps(GOOD), Distance.COSINE)
