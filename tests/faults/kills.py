"""Ends opis with signals while it writes, and counts what becomes of its files.

    python tests/faults/kills.py [RUNS [COMMAND ...]]

Half of the signals are sent at random moments of a run, half as soon as a temporary file exists. A
target must hold the bytes it had before or those of an undisturbed run, and only SIGKILL may leave
temporary files.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "sample_data" / "wordnet.parquet"
SIGNALS = tuple(
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGKILL")
    if hasattr(signal, name)
)
COUNTED = ("--force", "-q", "--threads", "1")
COMMANDS = {
    "evaluate": (("evaluate", "{source}", *COUNTED, "--save"), "o.opis"),
    "project": (("project", "{source}", "--force", "--head", "{head}", "-o"), "o.parquet"),
    "report": (("report", "{source}", *COUNTED, "-o"), "o.html"),
    "finetune": (("finetune", "{source}", *COUNTED, "--steps", "40", "-o"), "o.safetensors"),
}
# A training that was ended can be resumed from this.
CHECKPOINT = "o.state.safetensors"
OLD = b"old"


class Kills:
    """Runs of the commands on a source in a folder, and a signal during each.

    A head for ``project`` is trained first, unless one is given.
    """

    def __init__(self, folder, source=SOURCE, head=None, seed=0):
        self.folder, self.source, self.random = folder, source, random.Random(seed)
        folder.mkdir(parents=True, exist_ok=True)
        self.head = head or self._trained()

    def _trained(self):
        self.head, head = None, self.folder / "head.safetensors"
        argv, _ = COMMANDS["finetune"]
        self._start(argv, head).communicate()
        return head

    def _start(self, argv, target):
        words = [word.format(source=self.source, head=self.head) for word in argv]
        return subprocess.Popen(
            [sys.executable, "-m", "opiscli", *words, target],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
            preexec_fn=with_usual_signals,
        )

    def undisturbed(self, name):
        """What a command writes, and how many seconds it takes."""
        argv, target = COMMANDS[name]
        path = self._fresh(name) / target
        started = time.monotonic()
        _, err = self._start(argv, path).communicate()
        assert path.read_bytes() != OLD, err.decode()
        return path.read_bytes(), time.monotonic() - started

    def count(self, name, number, *, runs, new, seconds):
        """Send a signal to so many runs of a command, and count what happened."""
        argv, target = COMMANDS[name]
        found = Counter()
        for run in range(runs):
            folder = self._fresh(name)
            process = self._start(argv, folder / target)
            if run % 2 == 0:
                _wait_for_a_temporary_file(process, folder)
            else:
                time.sleep(self.random.uniform(0.3, max(0.4, seconds)))
            process.send_signal(number)
            sent = time.monotonic()
            _, err = process.communicate()
            found["slow to end (> 2 s)"] += time.monotonic() - sent > 2
            found[f"exit {process.returncode}"] += 1
            found["traceback"] += b"Traceback" in err or b"Exception ignored" in err
            contents = (folder / target).read_bytes()
            found["old" if contents == OLD else "new" if contents == new else "DAMAGED"] += 1
            left = {path.name for path in folder.iterdir()} - {target, CHECKPOINT}
            found["left over"] += any(one.endswith(".part") for one in left)
        return +found

    def _fresh(self, name):
        folder = self.folder / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        (folder / COMMANDS[name][1]).write_bytes(OLD)
        return folder


def with_usual_signals():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def _wait_for_a_temporary_file(process, folder):
    while process.poll() is None and not any(folder.glob(".opis-*.part")):
        time.sleep(0.0005)


def main():
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    is_bad = False
    with tempfile.TemporaryDirectory() as folder:
        kills = Kills(Path(folder))
        for name in sys.argv[2:] or COMMANDS:
            new, seconds = kills.undisturbed(name)
            for number in SIGNALS:
                found = kills.count(name, number, runs=runs, new=new, seconds=seconds)
                shown = ", ".join(f"{what}: {n}" for what, n in sorted(found.items()))
                sys.stdout.write(f"{name:9} {number.name:8} {shown}\n")
                sys.stdout.flush()
                is_bad |= bool(found["DAMAGED"] or found["traceback"])
                is_bad |= bool(found["left over"]) and number != signal.SIGKILL
    raise SystemExit(int(is_bad))


if __name__ == "__main__":
    main()
