"""``--scheduler``: the counts of one machine, and every way in which a cluster can be missing."""

import os
import re
import signal
import socket
import threading

import pytest

import opiscli
from opiscli.engine import count as counting
from opiscli.settings.version import __version__

EVALUATED = ("evaluate", "sample_data/wordnet.parquet", "--where", "split=test", "--json")


@pytest.fixture(autouse=True)
def many_small_tasks(monkeypatch, request):
    monkeypatch.chdir(request.config.rootpath)
    monkeypatch.setattr(counting, "block_side", lambda _: 100)


COMMANDS = [
    EVALUATED,
    ("evaluate", "sample_data/digits.npy", "--labels", "sample_data/digits_labels.npy",
     "--gallery", "sample_data/digits.npy", "--gallery-labels", "sample_data/digits_labels.npy",
     "--json"),
    ("evaluate", "sample_data/wordnet.parquet", "--sample-pairs", "6e5", "--json"),
    ("calibrate", *EVALUATED[1:4], "--far", "1e-3", "--json"),
    ("compare", "sample_data/wordnet.parquet", "sample_data/wordnet.parquet", "--json"),
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_cluster_gives_the_numbers_of_one_process(opis, cluster, command):
    here = opis(*command, "--threads", 1)
    there = opis(*command, "--scheduler", cluster.scheduler_address, "--verbose")
    assert here[:2] == there[:2]
    assert "on 2 worker processes" in there[2]
    assert re.search(r"largest memory per worker: \d+ MB in process \d+ on \S+, \d+ MB", there[2])


def test_a_report_counted_by_processes_is_the_same_page(opis, tmp_path):
    pages = []
    for name, how in (("a", ("--threads", 1)), ("b", ("--scheduler", "local:2"))):
        page = tmp_path / f"{name}.html"
        assert opis("report", EVALUATED[1], "-o", page, *how)[0] == 0
        pages.append(page.read_bytes())
    assert pages[0] == pages[1]


def test_python_takes_a_client_that_is_open(cluster):
    distributed = pytest.importorskip("distributed")
    here = opiscli.evaluate(EVALUATED[1], where="split=test", threads=1)
    with distributed.Client(cluster, set_as_default=False) as client:
        there = opiscli.evaluate(EVALUATED[1], where="split=test", executor=client)
        assert client.status == "running"
    assert there.to_json() == here.to_json()


@pytest.mark.parametrize("workers_read", [False, True])
def test_a_worker_that_is_killed_midway_changes_no_count(cluster, workers_read):
    distributed = pytest.importorskip("distributed")
    told, killed = [], []

    def kill_one(stage, done, total):
        told.append((stage, done))
        if stage == "pairs" and not killed:
            killed.append(next(iter(client.run(os.getpid).values())))
            os.kill(killed[0], signal.SIGKILL)

    here = opiscli.evaluate(EVALUATED[1], threads=1)
    with distributed.Client(cluster, set_as_default=False) as client:
        there = opiscli.evaluate(
            EVALUATED[1], executor=client, workers_read=workers_read, on_progress=kill_one
        )
    assert killed
    assert there.to_json() == here.to_json()
    pairs = [done for stage, done in told if stage == "pairs"]
    assert pairs[-1] == there.pairs.n_positive + there.pairs.n_negative


def test_another_version_on_the_workers_is_refused_before_work_starts(opis, cluster, monkeypatch):
    from opiscli.engine import cluster_versions, dask_cluster, remote

    for module in (cluster_versions, dask_cluster, remote):
        monkeypatch.setattr(module, "__version__", "0.0.1")
    code, out, err = opis(*EVALUATED, "--scheduler", cluster.scheduler_address)
    assert (code, out) == (3, "")
    assert f"opis {__version__}" in err
    assert "opis 0.0.1" in err
    assert "reading" not in err


@pytest.mark.parametrize("greeting", [None, b"", b"SSH-2.0-OpenSSH"])
def test_nothing_or_something_else_at_the_address(opis, greeting):
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"

        def answer():
            connection, _ = server.accept()
            with connection:
                connection.sendall(greeting)

        if greeting is None:
            server.close()
        else:
            threading.Thread(target=answer, daemon=True).start()
        code, out, err = opis(*EVALUATED, "--scheduler", address)
    assert (code, out) == (3, "")
    assert err.splitlines()[0] == f"error: no Dask scheduler answers at {address}"


def test_tls_without_certificates(opis):
    pytest.importorskip("distributed")
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"tls://127.0.0.1:{server.getsockname()[1]}"
        code, out, err = opis(*EVALUATED, "--scheduler", address)
    assert (code, out) == (3, "")
    assert "distributed.comm.tls" in err


@pytest.mark.parametrize(
    "wrong", ["local:0", "local", "127.0.0.1:8786", "tcp://host", "http://h:1"]
)
def test_what_is_no_scheduler_is_refused(opis, wrong):
    code, out, err = opis(*EVALUATED, "--scheduler", wrong)
    assert (code, out) == (2, "")
    assert err.startswith(f"error: --scheduler {wrong} is not an address")
