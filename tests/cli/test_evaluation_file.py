"""``--save`` and reading it back: everything derived from the file equals the direct answer."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from conftest import SAMPLE, clusters

import opiscli
from opiscli import EmbeddingSet
from opiscli.analysis.counting import count_items
from opiscli.analysis.evaluate import derive
from opiscli.counting.reuse import under
from opiscli.counts import opis_file as evaluation_file
from opiscli.counts.seal import UNSEALED, sealed
from opiscli.errors import OpisWarning, SourceError
from opiscli.settings.evaluation import EvaluationSettings, RangeBy, RangeRequest
from opiscli.settings.resources import Resources

WORDNET = SAMPLE / "wordnet.parquet"


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "run.opis"
    items = EmbeddingSet.from_arrays(*clusters(1, n_classes=40))
    run = count_items(items, EvaluationSettings(), Resources(2, 1 << 32), complete=True)
    evaluation_file.write(run, path)
    return path


@pytest.mark.parametrize(
    "options",
    [(), ("--distance", "cosine"), ("--k", "1,5"), ("--frr", "0.05:0.3"), ("--range", "0.9:1.2")],
)
def test_a_saved_evaluation_gives_the_same_report(opis, tmp_path, options):
    path = tmp_path / "run.opis"
    direct = opis("evaluate", WORDNET, "--json", *options)
    saving = opis("evaluate", WORDNET, "--json", *options, "--save", path)
    assert saving[:2] == direct[:2]
    assert opis("evaluate", path, "--json") == direct


@pytest.mark.parametrize(
    "options", [("--beta", "2"), ("--epsilon", "0.2"), ("--utility", "precision-recall")]
)
def test_settings_can_be_changed_later(opis, tmp_path, options):
    path = tmp_path / "run.opis"
    opis("evaluate", WORDNET, "--save", path, "--quiet")
    assert opis("evaluate", path, "--json", *options) == opis(
        "evaluate", WORDNET, "--json", *options
    )


def test_another_range_later(opis, tmp_path):
    """Thresholds are then the nearest that were counted, and the noise floor is interpolated."""
    path = tmp_path / "run.opis"
    opis("evaluate", WORDNET, "--save", path, "--quiet")
    for bounds in ("1e-3:1e-2", "2e-2:2e-1"):
        later, direct = (
            json.loads(opis("evaluate", source, "--json", "--far", bounds)[1])
            for source in (path, WORDNET)
        )
        found, right = (run["calibration_range"] for run in (later, direct))
        assert found["threshold"] == pytest.approx(right["threshold"], abs=1e-4)
        for attained, allowed in zip(found["attained_far"], right["far"], strict=True):
            assert attained <= allowed
        assert later["opis"]["value"] == pytest.approx(direct["opis"]["value"], rel=1e-3)
        assert later["opis"]["noise"] == pytest.approx(direct["opis"]["noise"], rel=2e-2)


def test_through_a_pipe(opis):
    """`--save -` writes the counts to stdout and the report to stderr."""
    command = [sys.executable, "-m", "opiscli", "evaluate"]
    first = subprocess.Popen(
        [*command, WORDNET, "--save", "-", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    second = subprocess.run([*command, "--json"], stdin=first.stdout, capture_output=True)
    report = first.communicate()[1]
    assert (first.returncode, second.returncode) == (0, 0)
    assert json.loads(report)["schema"] == "opis.evaluation/1"
    assert json.loads(second.stdout) == json.loads(report)


def test_what_it_holds_is_compared_with_the_memory_limit_before_it_is_unpacked(opis, saved):
    for given, stdin in ((saved, None), ("-", saved.read_bytes())):
        command = [sys.executable, "-m", "opiscli", "evaluate", given, "--memory-limit", "30kB"]
        done = subprocess.run(command, input=stdin, capture_output=True)
        assert done.returncode == 2
        assert b"--memory-limit is 30 kB, but" in done.stderr


def test_a_threshold_between_the_counted_ones_is_moved_and_says_so(opis, saved):
    """Unless no pair lies between: then the counts are exact for the threshold itself."""
    run = evaluation_file.read(saved, "run.opis")
    table = run.counted.table
    filled = np.union1d(table.positive.bins, table.negative.bins)
    occupied = int(filled[len(filled) // 2])
    empty = int(np.setdiff1d(np.arange(1, len(table.thresholds) - 1), filled)[5])
    for position, is_exact in ((occupied, False), (empty, True)):
        lo, hi = table.thresholds[position - 1 : position + 1]
        between = float((lo + hi) / 2)
        _, out, err = opis("calibrate", saved, "--threshold", repr(between), "--json")
        (point,) = json.loads(out)["operating_points"]
        assert point["threshold"] == (between if is_exact else hi)
        assert point["target"] == between
        assert ("pairs were not counted at" in err) is not is_exact


def test_noise_is_not_known_where_items_were_not_counted(saved):
    """Another range may lie outside of the thresholds at which they were."""
    run = evaluation_file.read(saved, "run.opis")
    noise = run.counted.for_noise
    inside = (noise.thresholds >= run.counted.grid[0]) & (noise.thresholds <= run.counted.grid[-1])
    narrow = replace(run.counted, for_noise=noise.at(noise.thresholds[inside]))
    asked = replace(run.settings, calibration_range=RangeRequest(RangeBy.FAR, 0.2, 0.4))
    assert derive(under(run, asked)).opis.noise is not None
    assert derive(under(replace(run, counted=narrow), asked)).opis.noise is None


def test_a_file_is_not_overwritten(opis, saved):
    before = saved.read_bytes()
    code, out, err = opis("evaluate", WORDNET, "--save", saved)
    assert (code, out) == (2, "")
    assert "exists already" in err
    assert saved.read_bytes() == before


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--distance", "cosine"), "was counted with euclidean"),
        (("--k", "1,3"), "was counted for --k 1"),
        (("--where", "split=test"), "is an evaluation file"),
        (("--drop-duplicates",), "--drop-duplicates is True"),
        (("--sample-pairs", "1e4"), "was counted without"),
    ],
)
def test_what_cannot_be_changed_later(opis, saved, options, says):
    code, out, err = opis("evaluate", saved, *options)
    assert (code, out) == (2, "")
    assert says in err


def test_a_file_that_was_cut_off_is_refused(saved, tmp_path, opis):
    whole = saved.read_bytes()
    for part in (0.1, 0.5, 0.9, 0.99):
        broken = tmp_path / "broken.opis"
        broken.write_bytes(whole[: int(len(whole) * part)])
        code, out, err = opis("evaluate", broken)
        assert (code, out) == (3, "")
        assert len(err.splitlines()) == 2


def damaged(saved, change, *, seal=True):
    """A file with changed contents, under a digest of its own or written before there were any."""
    table = pa.ipc.open_file(saved.read_bytes()).read_all()
    about = json.loads(table.schema.metadata[b"opis"])
    columns = {name: table[name].to_pylist() for name in table.column_names}
    about["schema"] = evaluation_file.SCHEMA if seal else "opis.counts/1"
    change(columns, about)
    types = {field.name: field.type for field in table.schema}
    arrays = {name: pa.array(values, types[name]) for name, values in columns.items()}
    metadata = {"opis": json.dumps(about), **({"opis.sha256": UNSEALED} if seal else {})}
    written = pa.table(arrays).replace_schema_metadata(metadata)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, written.schema) as writer:
        writer.write_table(written)
    return sealed(sink.getvalue().to_pybytes())


DAMAGE = {
    "a pair more": lambda c, a: c["negative_counts"][0].__setitem__(0, 60_000),
    "a bin that is not there": lambda c, a: c["positive_bins"][0].__setitem__(0, 65_000),
    "a column gone": lambda c, a: c.pop("n_items"),
    "no settings": lambda c, a: a.pop("settings"),
    "an unknown setting": lambda c, a: a["settings"].update(colour="red"),
    "a setting out of range": lambda c, a: a["settings"].update(epsilon=7),
    "thresholds out of order": lambda c, a: a["thresholds"].reverse(),
    "no thresholds": lambda c, a: a["thresholds"].clear(),
    "a grid that was not counted": lambda c, a: a.update(grid=[0.123, 0.456]),
    "a later version": lambda c, a: a.update(schema="opis.counts/9"),
    "not an object": lambda c, a: a.update(data=[1, 2]),
    "a number as text": lambda c, a: a["data"].update(dims="8"),
    "nested deeply": lambda c, a: a.update(grid=json.loads("[" * 500 + "]" * 500)),
    "a missing value": lambda c, a: c["n_queries"].__setitem__(0, None),
    "more queries than items": lambda c, a: c["n_queries"].__setitem__(0, 10_000),
    "more hits than queries": lambda c, a: c["hits:recall@1"].__setitem__(0, 10_000.0),
    "hits that are not finite": lambda c, a: c["hits:recall@1"].__setitem__(0, float("nan")),
    "an item less": lambda c, a: c["n_items"].__setitem__(0, c["n_items"][0] - 1),
    "two classes of one name": lambda c, a: c["label"].__setitem__(0, c["label"][1]),
    "bins out of order": lambda c, a: c["negative_bins"][0].reverse(),
    "an empty bin": lambda c, a: c["negative_counts"][0].__setitem__(0, 0),
    "pairs counted once": lambda c, a: a.update(ends=1),
    "sums beyond all items": lambda c, a: c["cross_products"][0].__setitem__(-1, 1 << 40),
    "sums that fall": lambda c, a: c["negative_squares"][0].reverse(),
    "a grid out of order": lambda c, a: a["grid"].reverse(),
    "a search more": lambda c, a: c["nearest_other_counts"][0].__setitem__(0, 900),
    "a search nearer than a pair": lambda c, a: c["nearest_other_bins"][0].__setitem__(0, 0),
    "a hit nearer than a pair": lambda c, a: c["hits_at_bins"][0].__setitem__(0, 0),
    "other hits than those of R@1": lambda c, a: c["hits_at_counts"][0].__setitem__(0, 1),
    "half of the searches": lambda c, a: c.pop("hits_at_bins"),
}


@pytest.mark.parametrize("change", DAMAGE.values(), ids=DAMAGE.keys())
def test_counts_that_no_items_have_are_refused(saved, change):
    contents = damaged(saved, change)
    assert evaluation_file.is_evaluation(contents)
    with pytest.raises(SourceError, match=r"cannot be read as an evaluation file|expected 'opis"):
        evaluation_file.read(contents, "run.opis")


def test_the_checks_are_not_what_refuses_a_good_file(saved):
    contents = damaged(saved, lambda columns, about: None)
    plain, again = (evaluation_file.read(c, "x") for c in (saved.read_bytes(), contents))
    np.testing.assert_array_equal(plain.counted.grid, again.counted.grid)


def test_a_file_without_searches_says_so(saved, tmp_path, opis):
    """Files of earlier versions: all other numbers are the same."""

    def change(columns, about):
        for name in [name for name in columns if name.startswith(("nearest_other", "hits_at"))]:
            columns.pop(name)

    (tmp_path / "old.opis").write_bytes(damaged(saved, change))
    results = []
    for file in (saved, tmp_path / "old.opis"):
        code, out, err = opis("evaluate", file, "--json")
        results.append(json.loads(out))
    assert "no counts of searches, so FPIR and FNIR are unknown" in err
    for new, old in zip(*(one["operating_points"] for one in results), strict=True):
        assert new["identification"] is not None
        assert old == {**new, "identification": None}
    code, _, err = opis("calibrate", tmp_path / "old.opis", "--criterion", "fpir=0.1")
    assert code == 5
    assert "FPIR is unknown" in err


def test_a_file_without_a_digest_is_read_with_a_warning(saved):
    """Files of opis 0.1.0 and 0.2.0: what the embeddings are gone for cannot be counted again."""
    old = damaged(saved, lambda columns, about: None, seal=False)
    with pytest.warns(OpisWarning, match="without a digest, so damage to it may go unnoticed"):
        found = evaluation_file.read(old, "old.opis")
    np.testing.assert_array_equal(
        found.counted.table.positive.pairs,
        evaluation_file.read(saved, "run.opis").counted.table.positive.pairs,
    )


def test_a_digest_cannot_be_left_out(saved):
    def now(columns, about):
        about["schema"] = evaluation_file.SCHEMA

    with pytest.raises(SourceError, match="it has no digest"):
        evaluation_file.read(damaged(saved, now, seal=False), "run.opis")


def test_opposite_vectors_can_be_saved(tmp_path):
    """The threshold after their distance, 2, lies above it."""
    rng = np.random.default_rng(0)
    codes = np.repeat(np.arange(20), 10)
    rows = np.sign(rng.normal(size=(20, 8))[codes] + rng.normal(size=(200, 8)))
    path = tmp_path / "codes.opis"
    direct = opiscli.evaluate(rows.astype(np.float32), codes, save=path)
    assert evaluation_file.read(path, "codes").counted.table.thresholds[-1] > 2
    assert opiscli.evaluate(path).to_json() == direct.to_json()
