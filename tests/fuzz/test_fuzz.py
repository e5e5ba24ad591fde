"""A few damaged files of every kind; `make fuzz` runs many."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("batches are forked", allow_module_level=True)

FOLDER = Path(__file__).parent


@pytest.mark.parametrize("seed", ["0", "undamaged"])
def test_a_few_cases_of_every_reader(seed):
    command = [sys.executable, str(FOLDER / "run.py"), "--cases", "3", "--together", "--seed", seed]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_case_follows_from_its_number(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    from mutators import damaged
    from originals import READERS

    for reader in READERS:
        if reader in ("opis", "index"):  # made by other processes, which takes a second
            continue
        first, second = (
            (case := READERS[reader](chance), damaged(case.contents, reader, chance))
            for chance in (random.Random(5), random.Random(5))
        )
        assert first == second


@pytest.mark.parametrize(
    ("code", "err", "broken"),
    [
        (0, "", None),
        (3, "error: a\nhint: b\n", None),
        (3, "error: a\n", "not two lines"),
        (1, "error: a\nhint: b\n", "exit code 1"),
        (70, "error: a\nhint: b\n", "exit code 70"),
        (3, "Traceback (most recent call last):\nValueError\n", "traceback"),
        (None, "", "exit code None"),
    ],
)
def test_the_rule(monkeypatch, code, err, broken):
    monkeypatch.syspath_prepend(str(FOLDER))
    from originals import Case
    from run import broken_rule

    found = broken_rule(Case("x", b"", ("evaluate",)), code, "", err, None)
    assert (found is None) if broken is None else found.startswith(broken)


def test_other_data_is_noticed_where_there_is_a_digest(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    from originals import Case
    from run import broken_rule

    case = Case("x", b"", ("evaluate",), has_digest=True)
    assert broken_rule(case, 0, "1", "", "1") is None
    assert broken_rule(case, 0, "2", "", "1") == "read as other data"
