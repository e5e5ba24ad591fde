"""``opis project --probability``: the nearest other item, and whether it is of the same class."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import clusters

import opiscli
from opiscli.analysis.nearest_probability import nearest_probability
from opiscli.distance import OF_EMBEDDINGS, Distance
from opiscli.embeddings.changed_rows import ChangedRows
from opiscli.embeddings.offsets import Offsets
from opiscli.thresholds.probability import ProbabilitySteps
from opiscli.thresholds.probability_file import FittedProbability


@pytest.fixture
def rows():
    embeddings, labels = clusters(seed=4, n_classes=20, sizes=(4, 8))
    embeddings[7] = embeddings[3]  # of two that are equally near, the first
    embeddings[11] = embeddings[3]
    return embeddings, labels


@pytest.fixture
def source(tmp_path, rows):
    columns = {"embedding": list(rows[0]), "label": rows[1], "note": np.arange(len(rows[1])) % 2}
    pq.write_table(pa.table(columns), tmp_path / "e.parquet")
    return tmp_path / "e.parquet"


@pytest.fixture
def fitted(tmp_path, rows):
    path = tmp_path / "t.json"
    asked = {"far": 0.05, "probability": True, "prevalence": 0.1}
    opiscli.calibrate(opiscli.count(*rows), **asked, output=path)
    return path


def nearest_of(rows):
    """The nearest other row of each, the first of several, and how far it is."""
    rows = np.asarray(rows, dtype=np.float64)
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    distance = np.linalg.norm(unit[:, None] - unit[None], axis=2).round(7)
    np.fill_diagonal(distance, np.inf)
    return distance.argmin(axis=1), distance.min(axis=1)


def test_it_is_that_of_the_nearest_other_row(opis, source, fitted, rows, tmp_path):
    path = tmp_path / "p.parquet"
    code, out, _ = opis("project", source, "--probability", fitted, "-o", path)
    assert (code, out) == (0, f"{path}\n")
    before, after = pq.read_table(source), pq.read_table(path)
    assert after.schema.names == [*before.schema.names, "nearest", "probability"]
    assert after.select(before.schema.names).equals(before)
    nearest, distance = nearest_of(rows[0])
    assert after["nearest"].to_pylist() == nearest.tolist()
    assert nearest[[3, 7, 11]].tolist() == [7, 3, 3]
    expected = opiscli.probability(fitted, distance)
    assert after["probability"].to_numpy() == pytest.approx(expected)


def test_rows_are_counted_among_those_that_are_written(opis, source, fitted, rows, tmp_path):
    path = tmp_path / "p.parquet"
    code, _, _ = opis("project", source, "--probability", fitted, "-o", path, "--where", "note=1")
    assert code == 0
    assert pq.read_table(path)["nearest"].to_pylist() == nearest_of(rows[0][1::2])[0].tolist()


def test_a_head_is_applied_first(opis, source, fitted, rows, tmp_path):
    head = opiscli.Head(steps=1, dim=3, head="linear", start="pca", far=(0.05, 0.2), threads=1)
    head.fit(*rows)
    head.save(tmp_path / "h.safetensors")
    path = tmp_path / "p.parquet"
    run = ("project", source, "--probability", fitted, "-o", path)
    assert opis(*run, "--head", tmp_path / "h.safetensors")[0] == 0
    after = pq.read_table(path)
    projected = opiscli.project(rows[0], tmp_path / "h.safetensors")
    nearest, distance = nearest_of(projected)
    written = after["nearest"].to_numpy()
    own = projected.astype(np.float64)
    found = np.linalg.norm(own - own[written], axis=1)
    assert found == pytest.approx(distance, abs=1e-6)
    assert np.mean(written == nearest) > 0.9
    expected = opiscli.probability(fitted, distance)
    assert np.mean(np.abs(after["probability"].to_numpy() - expected) < 1e-9) > 0.9
    assert np.array_equal(np.stack(after["embedding"].to_numpy()), projected)


@pytest.mark.parametrize("distance", OF_EMBEDDINGS)
def test_offsets_of_a_head_are_part_of_the_score(rows, distance):
    unit = rows[0] / np.linalg.norm(rows[0], axis=1, keepdims=True)
    rng = np.random.default_rng(0)
    offsets = Offsets.of(rng.uniform(-0.2, 0.2, len(unit)), 9, 0.5)
    steps = ProbabilitySteps(np.linspace(-0.5, 2.5, 300), np.linspace(1, 0, 300))
    fitted = FittedProbability(steps, distance, offsets.score)
    changed = ChangedRows(unit.astype(np.float32), offsets)
    found = nearest_probability(changed, fitted, "e.parquet", 1)
    values = offsets.values.astype(np.float64)
    score = 1 - unit @ unit.T + values[:, None] + values[None]
    np.fill_diagonal(score, np.inf)
    assert found["nearest"].tolist() == score.round(6).argmin(axis=1).tolist()
    nearest = score.min(axis=1)
    if distance is Distance.EUCLIDEAN:
        nearest = np.sign(nearest) * np.sqrt(2 * np.abs(nearest))
    expected = np.minimum(1 - (nearest + 0.5) / 3, 1)
    assert found["probability"] == pytest.approx(expected, abs=0.005)


def test_what_cannot_be_done_is_explained(opis, source, fitted, tmp_path):
    path, table = tmp_path / "p.parquet", pq.read_table(source)
    code, _, err = opis("project", source, "-o", path)
    assert code == 2
    assert "neither --head nor --probability" in err
    offset = pa.array(np.full(len(table), 0.1, dtype=np.float32))
    for name, more, code, says in (
        ("other", {"nearest": offset}, 3, "has a column 'nearest'"),
        ("offset", {"offset": offset}, 2, "offset column"),
    ):
        for column, values in more.items():
            pq.write_table(table.append_column(column, values), tmp_path / f"{name}.parquet")
        run = ("project", tmp_path / f"{name}.parquet", "--probability", fitted, "-o", path)
        found, _, err = opis(*run)
        assert (found, path.exists()) == (code, False)
        assert says in err
    run = ("project", source, "--probability", fitted, "-o", path)
    code, _, err = opis(*run, "--memory-limit", "6kB")
    assert code == 2
    assert "--memory-limit" in err
    pq.write_table(table.slice(0, 1), tmp_path / "one.parquet")
    code, _, err = opis("project", tmp_path / "one.parquet", "--probability", fitted, "-o", path)
    assert code == 4
    assert "a probability is of two items" in err
    text = fitted.read_text().replace('"score": "cosine"', '"score": "cos-offset(k=9,w=0.5)"')
    fitted.write_text(text)
    code, _, err = opis(*run)
    assert code == 2
    assert "cos-offset(k=9,w=0.5)" in err
