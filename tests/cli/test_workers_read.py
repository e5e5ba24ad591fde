"""``--workers-read``: workers read the source themselves, and count the same or explain why not."""

import os
import re
import shutil
import time

import pyarrow.parquet as pq
import pytest
from conftest import SAMPLE

import opiscli
from opiscli.counting import sampled_items
from opiscli.engine import count as counting
from opiscli.errors import UsageError

WORDNET = "sample_data/wordnet.parquet"
DIGITS = ("sample_data/digits.npy", "--labels", "sample_data/digits_labels.npy")


@pytest.fixture(autouse=True)
def many_small_tasks(monkeypatch, request):
    monkeypatch.chdir(request.config.rootpath)
    monkeypatch.setattr(counting, "block_side", lambda _: 400)


def megabytes(err, what):
    """What ``--verbose`` says was sent or read."""
    return float(re.search(rf"([\d.,]+) MB {what}", err)[1].replace(",", ""))


@pytest.mark.parametrize(
    "command",
    [
        ("evaluate", WORDNET, "--where", "split=test"),
        ("evaluate", *DIGITS, "--gallery", DIGITS[0], "--gallery-labels", DIGITS[2]),
        ("calibrate", WORDNET, "--far", "1e-2"),
        ("compare", WORDNET, WORDNET),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("where", ["dask", "local:2"])
def test_counts_are_those_of_one_process_and_no_items_are_sent(opis, cluster, command, where):
    scheduler = cluster.scheduler_address if where == "dask" else where
    here = opis(*command, "--json", "--threads", 1)
    there = opis(*command, "--json", "--scheduler", scheduler, "--workers-read", "--verbose")
    assert here[:2] == there[:2]
    assert megabytes(there[2], "read by all") > 0.4
    assert megabytes(there[2], "sent to each") < 0.3


def test_planning_takes_rows_of_what_workers_have_read(opis, monkeypatch):
    monkeypatch.setattr(sampled_items, "SAMPLE_ITEMS", 1000)
    command = ("evaluate", WORDNET, "--json")
    here = opis(*command, "--threads", 1)
    there = opis(*command, "--scheduler", "local:1", "--workers-read", "--verbose")
    assert here[:2] == there[:2]
    assert megabytes(there[2], "read by all") == pytest.approx(2255 * 384 * 4 / 1e6, abs=0.1)
    assert megabytes(there[2], "sent to each") < 0.1


@pytest.fixture
def a_folder_each(cluster, tmp_path, monkeypatch):
    """This process and the workers are in two folders, which the same path leads to."""
    if not os.path.isdir("/proc/self/cwd"):
        pytest.skip("needs a path that means another folder in each process")
    distributed = pytest.importorskip("distributed")
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    shutil.copy(SAMPLE / "wordnet.parquet", here / "e.parquet")
    monkeypatch.chdir(here)
    with distributed.Client(cluster, set_as_default=False) as client:
        before = next(iter(client.run(os.getcwd).values()))
        client.run(os.chdir, str(there))
        yield there
        client.run(os.chdir, before)


SAME_PATH = ("evaluate", "/proc/self/cwd/e.parquet", "--json")


def test_a_worker_that_cannot_read_the_source_is_named(opis, cluster, a_folder_each):
    code, out, err = opis(*SAME_PATH, "--scheduler", cluster.scheduler_address, "--workers-read")
    assert (code, out) == (3, "")
    assert re.match(
        r"error: the worker process \d+ on \S+ cannot read the source: no such file", err
    )
    assert "leave --workers-read out" in err
    assert err.count("\n") == 2


@pytest.mark.parametrize("differs", ["rows", "values"])
def test_a_worker_that_reads_other_data_is_refused(opis, cluster, a_folder_each, differs):
    table = pq.read_table(SAMPLE / "wordnet.parquet")
    if differs == "rows":
        changed = table.slice(0, 2000)
    else:  # the items of each class are in another order
        changed = table.take(list(range(table.num_rows))[::-1])
    pq.write_table(changed, a_folder_each / "e.parquet")
    code, out, err = opis(*SAME_PATH, "--scheduler", cluster.scheduler_address, "--workers-read")
    assert (code, out) == (3, "")
    says = r"2,000 × 384 numbers instead of 2,255 × 384" if differs == "rows" else "other values"
    assert re.match(rf"error: the worker process \d+ on \S+ reads other data .*: {says}", err)
    assert "same file on every machine" in err


def test_what_workers_have_read_is_dropped_at_the_end(cluster):
    distributed = pytest.importorskip("distributed")
    with distributed.Client(cluster, set_as_default=False) as client:
        told = []

        def ask(stage, done, total):
            told.append(max(client.run(n_kept).values()))

        opiscli.evaluate(WORDNET, executor=client, workers_read=True, on_progress=ask)
        assert max(told) == 1
        deadline = time.monotonic() + 10
        while any(client.run(n_kept).values()) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert set(client.run(n_kept).values()) == {0}


def n_kept():
    from opiscli.engine import read_by_workers

    return len(read_by_workers._kept._arrays)


@pytest.mark.parametrize(
    "argv",
    [
        (WORDNET, "--workers-read"),
        ("sqlite://e.db", "--query", "items", "--scheduler", "local:1", "--workers-read"),
        ("-", "--scheduler", "local:1", "--workers-read"),
    ],
)
def test_what_workers_cannot_read_is_refused(opis, argv):
    code, out, err = opis("evaluate", *argv)
    assert (code, out) == (2, "")
    assert err.startswith("error: --workers-read was given, but ")


def test_arrays_are_only_in_this_process(cluster):
    distributed = pytest.importorskip("distributed")
    items = opiscli.read_embeddings(WORDNET)
    with (
        distributed.Client(cluster, set_as_default=False) as client,
        pytest.raises(UsageError, match="not those of a file or an address"),
    ):
        opiscli.evaluate(items, executor=client, workers_read=True)
