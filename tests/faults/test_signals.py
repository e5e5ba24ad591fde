"""Signals end opis with an exit code of its own, in one line, and leave no temporary files."""

import os
import signal
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import ROOT, clusters
from faults import kills

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
SAYS = {
    signal.SIGINT: "error: interrupted\n",
    signal.SIGTERM: "error: terminated by SIGTERM\n",
    signal.SIGHUP: "error: terminated by SIGHUP\n",
}
SIGNALS = sorted(SAYS)

# Runs opis, in which `work` takes the place of the work of a command.
PROGRAM = """
import os, signal, sys, threading, time
from pathlib import Path
from opiscli.atomic_file import whole_file
from opiscli.analysis import questions

def work(*_, **__):
    with whole_file(Path("o.txt")) as temporary:
        temporary.write_text("half")
        {work}

questions.evaluate = work
from opiscli.__main__ import main
sys.argv = ["opis", "evaluate", "e.parquet"]
main()
"""


@pytest.fixture
def source(tmp_path):
    embeddings, labels = clusters(seed=1)
    table = pa.table({"embedding": list(embeddings), "label": labels})
    pq.write_table(table, tmp_path / "e.parquet")
    return tmp_path


def run(folder, work, *before):
    """Exit code and stderr of a command that does some work, and the files it leaves."""
    done = subprocess.run(
        [*before, sys.executable, "-c", PROGRAM.format(work=work)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        preexec_fn=kills.with_usual_signals,
    )
    files = {path.name for path in folder.iterdir()} - {"e.parquet"}
    return done.returncode, done.stderr, files


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize(
    "work",
    [
        "os.kill(os.getpid(), {0}); time.sleep(60)",
        # A second signal, while the first is handled.
        "\n        try:\n            os.kill(os.getpid(), {0})\n            time.sleep(60)"
        "\n        finally:\n            os.kill(os.getpid(), {0})\n            time.sleep(60)",
        # A library that does not let a signal through.
        "\n        try:\n            os.kill(os.getpid(), {0})\n            time.sleep(60)"
        "\n        except BaseException:\n            time.sleep(60)",
        # One that makes a failure of its own of it.
        "\n        try:\n            os.kill(os.getpid(), {0})\n            time.sleep(60)"
        "\n        except BaseException:\n            raise ValueError",
        # Threads that do not end.
        "threading.Thread(target=time.sleep, args=[60]).start(); os.kill(os.getpid(), {0})",
    ],
    ids=["first", "second", "swallowed", "converted", "threads"],
)
def test_every_signal_ends_and_cleans_up(source, number, work):
    number = int(number)
    assert run(source, work.format(number)) == (128 + number, SAYS[number], set())


def test_a_signal_that_is_ignored_stays_so(source):
    work = "os.kill(os.getpid(), signal.SIGHUP); time.sleep(0.1)\n    os._exit(7)"
    assert run(source, work, "nohup") == (7, "", {"o.txt"})


STARTING = """
import os, sys
class Finder:
    def find_spec(self, name, path, target=None):
        if name == {!r}:
            os.kill(os.getpid(), {})
sys.meta_path.insert(0, Finder())
sys.argv = ["opis", "evaluate", "sample_data/wordnet.parquet"]
from opiscli.__main__ import main
main()
"""


@pytest.mark.parametrize("module", ["opiscli.cli.commands", "opiscli.cli.evaluate", "numpy"])
@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_while_opis_starts(number, module):
    done = subprocess.run(
        [sys.executable, "-c", STARTING.format(module, int(number))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        preexec_fn=kills.with_usual_signals,
    )
    assert (done.returncode, done.stdout, done.stderr) == (128 + number, "", SAYS[number])


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """Kills of runs on a small set."""
    embeddings, labels = clusters(seed=1, n_classes=60)
    folder = tmp_path_factory.mktemp("kills")
    table = pa.table({"embedding": list(embeddings), "label": labels})
    pq.write_table(table, folder / "e.parquet")
    return kills.Kills(folder, folder / "e.parquet")


@pytest.mark.parametrize("name", kills.COMMANDS)
def test_a_target_is_old_or_new(killed, name):
    new, seconds = killed.undisturbed(name)
    for number in (signal.SIGTERM, signal.SIGKILL):
        found = killed.count(name, number, runs=1, new=new, seconds=seconds)
        assert not found["DAMAGED"] + found["traceback"]
        assert number == signal.SIGKILL or not found["left over"]
        assert found["old"] + found["new"] == 1
