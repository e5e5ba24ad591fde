"""A Dask cluster of processes that are killed, or have no opis or another: exit 3, explained."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing

import pytest
from conftest import ROOT

import opiscli
from opiscli.engine import count as counting
from opiscli.engine import dask_cluster, executors
from opiscli.errors import ClusterError, OpisWarning
from opiscli.settings.version import __version__

pytest.importorskip("distributed", reason="Dask is not installed")

SOURCE = str(ROOT / "sample_data" / "wordnet.parquet")


class Cluster:
    """A scheduler, and workers that nobody starts again."""

    def __init__(self, folder):
        self._folder = folder
        self._running = []
        with closing(socket.create_server(("127.0.0.1", 0))) as free:
            self.port = free.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{self.port}"
        self.scheduler = None

    def start(self, *, packages=ROOT):
        """Start the scheduler."""
        options = ["--host", "127.0.0.1", "--port", str(self.port), "--no-dashboard"]
        self.scheduler = self._start("scheduler", options, packages)
        self._until(lambda: "Scheduler at" in self._said(self.scheduler))
        return self

    def add_worker(self, *, packages=ROOT):
        """Start a worker with one thread, whose packages come from a folder first."""
        options = [self.address, "--no-nanny", "--nthreads", "1", "--no-dashboard"]
        worker = self._start("worker", options, packages)
        self._until(lambda: "Registered to" in self._said(worker))
        return worker

    def stop(self):
        for process, _ in self._running:
            process.kill()
        for process, log in self._running:
            process.wait()
            log.close()

    def _start(self, what, options, packages):
        log = (self._folder / f"{what}-{len(self._running)}.log").open("w+")
        command = [sys.executable, "-m", f"distributed.cli.dask_{what}", *options]
        process = subprocess.Popen(
            command,
            cwd=self._folder,
            env={**os.environ, "PYTHONPATH": str(packages), "OMP_NUM_THREADS": "1"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        self._running.append((process, log))
        return process

    def _said(self, process):
        log = next(log for one, log in self._running if one is process)
        with open(log.name) as written:
            return written.read()

    def _until(self, condition, seconds=60):
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "a process of the cluster did not start"
            time.sleep(0.1)


@pytest.fixture
def cluster(tmp_path):
    made = Cluster(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def without_opis(tmp_path):
    """A folder of packages in which opis cannot be imported."""
    package = tmp_path / "none" / "opiscli"
    package.mkdir(parents=True)
    text = "raise ModuleNotFoundError(\"No module named 'opiscli'\", name='opiscli')\n"
    (package / "__init__.py").write_text(text)
    return package.parent


@pytest.fixture
def other_version(tmp_path):
    """A folder of packages in which opis is older."""
    package = tmp_path / "old" / "opiscli"
    (package / "settings").mkdir(parents=True)
    for folder in (package, package / "settings"):
        (folder / "__init__.py").touch()
    (package / "settings" / "version.py").write_text("__version__ = '0.0.1'\n")
    return package.parent


def assert_explained(code, out, err, problem, hint):
    assert (code, out) == (3, ""), err
    assert [line.partition(":")[0] for line in err.splitlines()] == ["error", "hint"], err
    assert re.search(problem, err.splitlines()[0]), err
    assert hint in err.splitlines()[1]


def test_workers_without_opis_and_with_another_are_refused(
    opis, cluster, without_opis, other_version
):
    cluster.start()
    cluster.add_worker()
    for packages, says in ((without_opis, "no opis"), (other_version, "opis 0.0.1")):
        worker = cluster.add_worker(packages=packages)
        answer = opis("evaluate", SOURCE, "--scheduler", cluster.address)
        assert_explained(*answer, rf"1 worker has {says}", f"Install opiscli=={__version__}")
        worker.send_signal(signal.SIGTERM)
        worker.wait(30)


@pytest.mark.parametrize("found", ["no opis", "opis 0.0.1"])
def test_a_scheduler_without_opis_or_with_another_is_refused(opis, cluster, request, found):
    name = "without_opis" if found == "no opis" else "other_version"
    cluster.start(packages=request.getfixturevalue(name))
    cluster.add_worker()
    answer = opis("evaluate", SOURCE, "--scheduler", cluster.address)
    assert_explained(*answer, f"scheduler has {found}, but this is", "scheduler, too")


def test_a_scheduler_without_workers_is_refused(opis, cluster, monkeypatch):
    from opiscli.engine import cluster_versions

    monkeypatch.setattr(cluster_versions, "_SECONDS_TO_CONNECT", 0.5)
    cluster.start()
    answer = opis("evaluate", SOURCE, "--scheduler", cluster.address)
    assert_explained(*answer, "has no workers", "dask worker tcp://")


@pytest.fixture
def counted(cluster, monkeypatch):
    """Count on the cluster in many small tasks, and do something when the first is counted."""
    monkeypatch.setattr(counting, "block_side", lambda _: 100)
    monkeypatch.setattr(executors, "_SECONDS_BETWEEN_CHECKS", 0.2)
    monkeypatch.setattr(dask_cluster, "_SECONDS_WITHOUT_WORKERS", 1.0)

    def count(then):
        done = []

        def once(stage, *_):
            if stage == "pairs" and not done:
                done.append(then())

        executor = dask_cluster.DaskCluster(cluster.address)
        try:
            return opiscli.evaluate(SOURCE, executor=executor, on_progress=once)
        finally:
            executor.stop()

    return count


def test_all_workers_lost_and_none_started_again(cluster, counted):
    worker = cluster.start().add_worker()
    with (
        pytest.warns(OpisWarning, match="lost all its workers; new ones are waited for, 1 s"),
        pytest.raises(ClusterError, match="no new one was there within 1 s"),
    ):
        counted(worker.kill)


def test_all_workers_lost_and_another_started(cluster, counted, monkeypatch):
    monkeypatch.setattr(dask_cluster, "_SECONDS_WITHOUT_WORKERS", 60.0)
    worker = cluster.start().add_worker()

    def replace():
        worker.kill()
        worker.wait()
        started.append(threading.Thread(target=cluster.add_worker))
        started[0].start()

    started = []
    with pytest.warns(OpisWarning, match="lost all its workers"):
        found = counted(replace)
    started[0].join()
    assert found.to_json() == opiscli.evaluate(SOURCE, threads=1).to_json()


def test_the_scheduler_lost_midway(cluster, counted):
    cluster.start().add_worker()
    with pytest.raises(ClusterError, match="connection to the Dask scheduler was lost") as lost:
        counted(cluster.scheduler.kill)
    assert lost.value.exit_code == 3


@pytest.mark.parametrize("packages", ["without_opis", "other_version"])
def test_a_worker_that_cannot_run_opis_takes_the_place_of_another(
    cluster, counted, request, packages
):
    folder = request.getfixturevalue(packages)
    worker = cluster.start().add_worker()

    def replace():
        cluster.add_worker(packages=folder)
        worker.kill()

    with pytest.raises(ClusterError, match="a Dask worker cannot run opis: ") as refused:
        counted(replace)
    assert f"Install opiscli=={__version__}" in refused.value.hint
