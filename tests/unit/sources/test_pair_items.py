"""Ids of items, trial lists and pairs of embeddings."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pair_files import DISTANCE, read, written

from opiscli.distance import OF_EMBEDDINGS, Distance
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.errors import OpisError
from opiscli.sources import Selection, read_embeddings
from opiscli.sources.pair_selection import PairSelection
from opiscli.sources.pairs import components, read_items_or_pairs

N_ITEMS, DIMS = 40, 6


def scores_of(rows, head="distance,same,a,b"):
    return "\n".join([head, *(",".join(map(str, (0.5, *row))) for row in rows), ""])


def clusters_by_hand(rows):
    """Sets of items that positive pairs link, merged until nothing changes."""
    groups = {item: {item} for _, *pair in rows for item in pair}
    for same, a, b in rows:
        if same and groups[a] is not groups[b]:
            groups[a] |= groups[b]
            for item in groups[a]:
                groups[item] = groups[a]
    return groups


def test_items_that_same_class_pairs_link_are_one_cluster(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    classes = rng.integers(0, 12, 80)
    pairs = [tuple(rng.choice(80, 2, replace=False)) for _ in range(2000)]
    rows = [(int(classes[a] == classes[b]), f"i{a}", f"i{b}") for a, b in pairs]
    rows = [row for row in rows if row[0] or rng.random() < 0.1]
    path = written(tmp_path, scores_of(rows))
    groups = clusters_by_hand(rows)
    found = read(path)
    assert found.classes is None
    assert found.n_items == len(groups)
    assert set(found.clusters.names) == {min(group) for group in groups.values()}
    named = [tuple(found.clusters.names[code] for code in pair) for pair in found.clusters.sides.T]
    assert named == [(min(groups[a]), min(groups[b])) for _, a, b in rows]
    assert not found.warnings
    monkeypatch.setattr(components, "_PAIRS_AT_ONCE", 7)
    assert read(path).clusters.sides.tolist() == found.clusters.sides.tolist()


def test_labels_that_are_not_transitive_leave_items_as_clusters(tmp_path):
    rows = [(1, "x", "y"), (1, "y", "z"), (0, "z", "x"), (0, "u", "x")]
    found = read(written(tmp_path, scores_of(rows)))
    assert found.clusters.names == ("u", "x", "y", "z")
    assert found.clusters.sides.tolist() == [[1, 2, 3, 0], [2, 3, 1, 1]]
    ((code, message),) = found.warnings
    assert code == "labels-not-transitive"
    assert "'z' and 'x'" in message


def test_columns_of_both_sides_are_identities_if_they_are_equal_in_same_class_pairs(tmp_path):
    rows = [(1, "x", "x"), (0, "y", "x"), (1, "y", "y")]
    found = read(written(tmp_path, scores_of(rows)))
    assert found.classes.names == ("x", "y")
    assert found.clusters is None
    without = scores_of([row[1:] for row in rows], "distance,a,b")
    assert read(written(tmp_path, without)).is_positive.tolist() == [True, False, True]
    with pytest.raises(OpisError, match=r"row 3 .*contradicts itself: same is 1"):
        read(written(tmp_path, scores_of([*rows, (1, "x", "y")])))


def test_numbers_are_ids_on_one_side_and_texts_on_the_other(tmp_path):
    table = pa.table({"distance": [1.0, 2.0], "label_a": [7, 8], "label_b": ["7", "x"]})
    pq.write_table(table, tmp_path / "s.parquet")
    assert read(tmp_path / "s.parquet").is_positive.tolist() == [True, False]


def embeddings(tmp_path, **columns):
    """A file of embeddings with ids, and what it holds."""
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 8, N_ITEMS)
    rows = rng.normal(size=(N_ITEMS, DIMS)) + 3 * np.eye(8, DIMS)[labels]
    ids = [f"id{k}" for k in rng.permutation(N_ITEMS)]
    held = {"id": ids, "label": labels, "embedding": rows.tolist(), **columns}
    table = pa.table({name: values for name, values in held.items() if values is not None})
    pq.write_table(table, tmp_path / "e.parquet")
    return tmp_path / "e.parquet", rows, labels, ids


def all_pairs(labels):
    return [(a, b, int(labels[a] == labels[b])) for a in range(N_ITEMS) for b in range(a)]


def by_definition(rows, pairs, distance):
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    cosine = np.array([1 - unit[a] @ unit[b] for a, b, _ in pairs])
    return np.sqrt(2 * cosine) if distance is Distance.EUCLIDEAN else cosine


LISTS = {
    "voxceleb": "{2} {0} {1}",
    "kaldi": "{0} {1} {2}",
    "csv": "{0},{1},{2}",
    "named": "{2}\t{0}\t{1}",
}
HEADS = {"csv": "enroll,test,target\n", "named": "flag\tone\ttwo\n"}


@pytest.mark.parametrize("kind", LISTS)
@pytest.mark.parametrize("distance", OF_EMBEDDINGS)
def test_trials_are_compared_as_their_embeddings(tmp_path, kind, distance):
    path, rows, labels, ids = embeddings(tmp_path)
    pairs = all_pairs(labels)
    words = {"kaldi": ("nontarget", "target")}.get(kind, ("0", "1"))
    lines = [LISTS[kind].format(ids[a], ids[b], words[same]) for a, b, same in pairs]
    trials = written(tmp_path, HEADS.get(kind, "") + "\n".join(lines), "trials")
    asked = PairSelection(trials=trials)
    if kind == "named":
        asked = PairSelection(trials=trials, same_column="flag", a_column="one", b_column="two")
    found = read_items_or_pairs(str(path), Selection(), asked, distance=distance)
    assert found.kind is DISTANCE
    assert found.distance is distance
    assert np.allclose(found.distances, by_definition(rows, pairs, distance), atol=1e-6)
    assert found.is_positive.tolist() == [bool(same) for *_, same in pairs]
    names = [(str(labels[a]), str(labels[b])) for a, b, _ in pairs]
    assert [tuple(found.classes.names[k] for k in pair) for pair in found.classes.sides.T] == names
    assert found.n_items == N_ITEMS


def test_trials_of_unlabelled_items(tmp_path):
    path, rows, _, ids = embeddings(tmp_path, label=None)
    trials = written(tmp_path, f"1 {ids[3]} {ids[9]}\n0 {ids[3]} {ids[5]}\n1 {ids[9]} {ids[7]}\n")
    found = read(path, trials=trials)
    assert np.allclose(
        found.distances, by_definition(rows, [(3, 9, 1), (3, 5, 0), (9, 7, 1)], Distance.EUCLIDEAN),
        atol=1e-6,
    )  # fmt: skip
    assert found.classes is None
    assert found.n_items == 4
    assert sorted(found.clusters.names) == sorted([ids[5], min(ids[3], ids[9], ids[7])])


def test_ids_that_are_numbers_and_rows_that_are_chosen(tmp_path):
    numbers = list(range(N_ITEMS))
    path, rows, *_ = embeddings(tmp_path, id=None, number=numbers, label=None, fold=["x", "y"] * 20)
    trials = written(tmp_path, "1 2 4\n0 2 6\n", "t.txt")
    asked = PairSelection(trials=trials)
    only_x = Selection(id="number", where=("fold=x",))
    found = read_items_or_pairs(str(path), only_x, asked)
    expected = by_definition(rows, [(2, 4, 1), (2, 6, 0)], Distance.EUCLIDEAN)
    assert np.allclose(found.distances, expected, atol=1e-6)
    with pytest.raises(OpisError, match=r"line 1 .*names '2'"):
        read_items_or_pairs(str(path), Selection(id="number", where=("fold=y",)), asked)


BAD_TRIALS = {
    "1 id1 id2\n0 id1 nobody\n": (4, "line 2 .*names 'nobody', which is the id of no item"),
    "1 id1 id1\n0 id1 id2\n": (4, "line 1 .*compares 'id1' with itself"),
    "1 id1 id2\n1 id1 id3\n": (4, "all 2 pairs"),
    "1 id1 id2 0.5\n0 id1 id3 0.2\n": (3, "has scores"),
    "1 id1\n0 id2\n": (3, "are of no known order|expected two of ids"),
    "a,b\nid1,id2\n": (3, "expected two of ids, and one that says"),
}


@pytest.mark.parametrize("text", BAD_TRIALS)
def test_bad_trials_are_explained(tmp_path, text):
    code, problem = BAD_TRIALS[text]
    path, *_ = embeddings(tmp_path, label=None)
    with pytest.raises(OpisError, match=problem) as error:
        read(path, trials=written(tmp_path, text, "trials"))
    assert error.value.exit_code == code


def test_trials_and_items_have_to_agree(tmp_path):
    path, _, labels, ids = embeddings(tmp_path)
    (a, b, same), *_ = all_pairs(labels)
    trials = written(tmp_path, f"{1 - same} {ids[a]} {ids[b]}\n{same} {ids[a]} {ids[b]}\n")
    with pytest.raises(OpisError, match=r"line 1 .* column 'label' of the SOURCE has the labels"):
        read(path, trials=trials)
    for option in ({"scores": DISTANCE}, {"score_column": "x"}):
        with pytest.raises(OpisError, match="was given with trials"):
            read(path, trials=trials, **option)


def test_ids_have_to_be_different(tmp_path):
    path, *_ = embeddings(tmp_path, id=["x", *"abc", "x", *map(str, range(N_ITEMS - 5))])
    trials = written(tmp_path, "1 a b\n0 a c\n")
    with pytest.raises(OpisError, match=r"id 'x' .*is in row 0 and in row 4") as error:
        read(path, trials=trials)
    assert error.value.exit_code == 4
    path, *_ = embeddings(tmp_path, id=None)
    with pytest.raises(OpisError, match="has no column 'id'") as error:
        read(path, trials=trials)
    assert error.value.exit_code == 3


def pair_file(tmp_path, **columns):
    rng = np.random.default_rng(4)
    rows = rng.normal(size=(60, DIMS)).astype(np.float32)
    held = {
        "embedding_a": list(rows[::2]),
        "embedding_b": list(rows[1::2]),
        "same": [k % 3 == 0 for k in range(30)],
        **columns,
    }
    pq.write_table(pa.table(held), tmp_path / "p.parquet")
    return tmp_path / "p.parquet", rows.astype(float)


@pytest.mark.parametrize("distance", OF_EMBEDDINGS)
def test_rows_with_two_embeddings(tmp_path, distance):
    path, rows = pair_file(tmp_path, source=["x", "y", "z"] * 10)
    asked = PairSelection(cluster_column="source")
    found = read_items_or_pairs(str(path), Selection(), asked, distance=distance)
    pairs = [(2 * k, 2 * k + 1, 0) for k in range(30)]
    assert np.allclose(found.distances, by_definition(rows, pairs, distance), atol=1e-12)
    assert found.is_positive.tolist() == [k % 3 == 0 for k in range(30)]
    assert found.clusters.names == ("x", "y", "z")
    assert found.distance is distance
    named = PairSelection(a_column="embedding_b", b_column="embedding_a")
    turned = read_items_or_pairs(str(path), Selection(), named, distance=distance)
    assert np.allclose(turned.distances, found.distances)


def test_nearly_equal_embeddings_keep_their_distance(tmp_path):
    rows = np.ones((2, DIMS)) + 1e-9 * np.eye(2, DIMS)
    held = {"embedding_a": [rows[0]] * 2, "embedding_b": [rows[1], -rows[1]], "same": [1, 0]}
    pq.write_table(pa.table(held), tmp_path / "p.parquet")
    near, far = read(tmp_path / "p.parquet").distances
    assert near == pytest.approx(1e-9 * np.sqrt(2 / DIMS), rel=1e-6)
    assert far == pytest.approx(2)


def test_bad_pairs_of_embeddings_are_explained(tmp_path):
    zero = [np.zeros(DIMS, np.float32)] * 30
    short = [np.ones(DIMS - 1, np.float32)] * 30
    for columns, problem in (
        ({"embedding_b": zero}, "row 0 .*an embedding in 'embedding_b' that is zero"),
        ({"embedding_b": short}, "row 0 .*embeddings of 6 dims .* and of 5 dims"),
    ):
        path, _ = pair_file(tmp_path, **columns)
        with pytest.raises(OpisError, match=problem) as error:
            read(path)
        assert error.value.exit_code == 4
    path, _ = pair_file(tmp_path)
    with pytest.raises(OpisError, match=r"scores was given, but .* has no scores") as error:
        read(path, scores=DISTANCE)
    assert error.value.exit_code == 2


def test_embeddings_of_items_are_read_as_ever(tmp_path):
    path, *_ = embeddings(tmp_path, score=list(range(N_ITEMS)))
    found = read_items_or_pairs(str(path), Selection(), PairSelection())
    assert isinstance(found, EmbeddingSet)
    assert found.sha256 == read_embeddings(str(path)).sha256
    with pytest.raises(OpisError, match="has no column 'embedding'"):
        read(written(tmp_path, "label,x\nA,1\n"))
    with pytest.raises(OpisError, match="has no column 'other'"):
        read(path, Selection(embedding="other"))
    with pytest.raises(OpisError, match="no such file"):
        read(tmp_path / "nothing.csv")
