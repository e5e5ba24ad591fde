"""Damages files and runs opis on them: run.py [READER …] [--seconds S | --cases N] [--seed SEED].

A batch of cases runs in a forked child with a memory limit and a time limit, so that crashes and
hangs are found. Every case follows from its reader, seed and number: ``--case 123`` runs it again
and shows what the command wrote. The rule of each case is `broken_rule`.
"""

import argparse
import importlib
import json
import math
import os
import random
import resource
import select
import signal
import sys
import tempfile
import time
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from mutators import damaged  # noqa: E402
from originals import READERS  # noqa: E402

EXIT_CODES = {0, 2, 3, 4, 5, 6}
_GATE = 1
ADDRESSES = 6 << 30
RESIDENT = 1 << 30
SECONDS_PER_CASE = 60
BATCH = 100
_IMPORTED_ONCE = (
    "opiscli.analysis.questions", "opiscli.cli", "opiscli.engine.kernels.numba_kernel",
    "opiscli.report", "opiscli.report.html", "opiscli.sources.arrays_as_tables",
    "opiscli.sources.mapping", "opiscli.sources.tables", "opiscli.training.head",
)  # fmt: skip
"""Before batches are forked; nothing is computed there, so no thread of a library is alive."""


UNDAMAGED = "undamaged"
"""A seed with which nothing is damaged, so that every file must be read."""


def case_of(reader, seed, number):
    """A case and its contents, damaged."""
    chance = random.Random(f"{reader} {seed} {number}")
    case = READERS[reader](chance)
    if seed == UNDAMAGED:
        return case, case.seal(case.contents)
    return case, case.seal(damaged(case.contents, reader, chance))


def broken_rule(case, code, out, err, expected):
    """What is wrong with how a command ended; None if nothing is."""
    allowed = EXIT_CODES | ({_GATE} if case.argv[0] == "check" else set())
    lines = err.strip().split("\n")
    if "Traceback" in err:
        return f"traceback: {lines[-1][:150]}"
    if code not in allowed:
        return f"exit code {code}: {lines[0][:200]}"
    if code >= 2 and not (
        len(lines) == 2 and lines[0].startswith("error: ") and lines[1].startswith("hint: ")
    ):
        return f"not two lines: {err[:200]!r}"
    if "\x1b" in err or "\x1b" in out:
        return "escape characters on the terminal"
    if code == 0 and case.has_digest and out != expected:
        return "read as other data"
    return None


def run_case(case, contents, folder):
    """Run a command in this process; return its exit code, and what it wrote."""
    from opiscli.cli import main

    for name, given in {**case.others, case.name: contents}.items():
        (folder / name).write_bytes(given)
    written = folder / dict(pairwise(case.argv)).get("-o", "nothing")
    written.unlink(missing_ok=True)
    out, err = folder / "stdout.txt", folder / "stderr.txt"
    with out.open("wb") as to_out, err.open("wb") as to_err:
        os.dup2(to_out.fileno(), 1)
        os.dup2(to_err.fileno(), 2)
    with (folder / case.name).open("rb") if case.stdin else Path(os.devnull).open("rb") as given:
        os.dup2(given.fileno(), 0)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 - it must outlive this function
    sys.stdout, sys.stderr = (open(n, "w", closefd=False) for n in (1, 2))  # noqa: SIM115
    code = None
    try:
        main(list(case.argv))
    except SystemExit as leaving:
        code = leaving.code
    sys.stdout.flush()
    sys.stderr.flush()
    texts = [file.read_bytes().decode("utf-8", "replace") for file in (out, err)]
    if written.is_file():
        texts[0] += f"{written.name}: {sha256(written.read_bytes()).hexdigest()}\n"
    return code, *texts


def _batch(cases, seed, folder, report, end):
    """Run cases in this child, and write a line before and after each."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.chdir(folder)
    expected = {}
    for reader, number in cases:
        if time.monotonic() > end:
            return
        report(["start", [reader, number]])
        case, contents = case_of(reader, seed, number)
        of_whole = case.argv, case.contents
        if case.has_digest and of_whole not in expected:
            expected[of_whole] = run_case(case, case.contents, folder)[1]
        code, out, err = run_case(case, contents, folder)
        broken = broken_rule(case, code, out, err, expected.get(of_whole))
        if seed == UNDAMAGED and code != 0 and reader != "options":
            broken = f"not read, though it is not damaged: {err[:200]!r}"
        report(["end", [reader, number], code, broken])


def _packed(line):
    return json.dumps(line).encode() + b"\n"


def run_batch(cases, seed, folder, end=math.inf):
    """Run cases ``(reader, number)`` in a child; return findings, those left, and exit codes."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        status = 1
        try:
            _batch(cases, seed, folder, lambda line: os.write(writing, _packed(line)), end)
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    findings, current, codes = [], None, []
    for line in _lines(reading, child):
        kind, of, *rest = line
        number = tuple(of)
        current = number if kind == "start" else None
        if kind == "end":
            codes.append(rest[0])
            if rest[1]:
                findings.append((number, rest[1]))
    _, status, used = os.wait4(child, 0)
    left = [] if current is None else cases[cases.index(current) + 1 :]
    if current is not None:
        how = signal.Signals(status & 127).name if status & 127 else f"status {status >> 8}"
        how = f"no end in {SECONDS_PER_CASE} s" if how == "SIGKILL" else f"crash: {how}"
        findings.append((current, how))
    if used.ru_maxrss * 1024 > RESIDENT:
        findings.append((cases[0], f"up to {used.ru_maxrss >> 10} MB within {len(codes)} cases"))
    return findings, left, codes


def _lines(reading, child):
    """Lines of a child, which is killed if the next one does not come in time."""
    with os.fdopen(reading, "rb", buffering=0) as pipe:
        waiting = b""
        while True:
            if not select.select([pipe], [], [], SECONDS_PER_CASE)[0]:
                os.kill(child, signal.SIGKILL)
                return
            if not (piece := pipe.read(65536)):
                return
            *whole, waiting = (waiting + piece).split(b"\n")
            yield from map(json.loads, whole)


def fuzz(reader, seed, seconds, n_cases):
    """Run batches until the time is over or there were enough cases; return the findings."""
    found, seen = [], {}
    end = time.monotonic() + seconds
    number = 0
    with tempfile.TemporaryDirectory() as folder:
        while number < n_cases and time.monotonic() < end:
            left = [(reader, n) for n in range(number, min(number + BATCH, n_cases))]
            number += len(left)
            while left:
                findings, left, codes = run_batch(left, seed, Path(folder), end)
                found += findings
                for code in codes:
                    seen[code] = seen.get(code, 0) + 1
    counts = ", ".join(f"{n} × {code}" for code, n in sorted(seen.items(), key=str))
    print(
        f"{reader}: {sum(seen.values())} cases, exit codes {counts}; {len(found)} findings",
        flush=True,
    )
    return found


def _together(readers, seed, numbers):
    """Run a few cases of all readers in one child, which is quicker."""
    with tempfile.TemporaryDirectory() as folder:
        cases = [(reader, number) for number in numbers for reader in readers]
        findings, left, _ = run_batch(cases, seed, Path(folder))
    for (reader, number), what in findings:
        print(f"{reader} --seed {seed} --case {number}: {what}")
    return int(bool(findings or left))


def show(reader, seed, number):
    """Run one case, keep its files, and show what came of it."""
    case, contents = case_of(reader, seed, number)
    folder = Path(tempfile.mkdtemp(prefix="opis-fuzz-"))
    for name, given in {**case.others, case.name: contents}.items():
        (folder / name).write_bytes(given)
    redirected = f" < {case.name}" if case.stdin else ""
    print(f"cd {folder} && opis {' '.join(map(repr, case.argv))}{redirected}")


def main():
    """Read the arguments, fuzz, and list the findings; exit code 1 if there are any."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("readers", nargs="*", default=list(READERS))
    parser.add_argument("--seconds", type=float, default=1e9)
    parser.add_argument("--cases", type=int, default=10**9)
    parser.add_argument("--seed", default="0")
    parser.add_argument("--case", type=int)
    parser.add_argument("--together", action="store_true", help="all readers in one child")
    asked = parser.parse_args()
    if asked.case is not None:
        show(asked.readers[0], asked.seed, asked.case)
        return 0
    for module in _IMPORTED_ONCE:
        importlib.import_module(module)
    if asked.together:
        return _together(asked.readers, asked.seed, range(asked.cases))
    any_found = False
    for reader in asked.readers:
        for (_, number), what in fuzz(reader, asked.seed, asked.seconds, asked.cases):
            any_found = True
            print(f"  {reader} --seed {asked.seed} --case {number}: {what}")
    return int(any_found)


if __name__ == "__main__":
    sys.exit(main())
