"""What sets of 10^5 to 10^9 items take: measured rates, and the tables of docs/scale.md from them.

Rates are processor time of one thread on a set of N_ITEMS items in classes of PER_CLASS. Bytes are
those of the tasks that a cluster of WORKERS threads would be given, drawn at random.

    python benchmarks/scale.py             measure, and write results/scale.json
    python benchmarks/scale.py --tables    print the tables from it
"""

import json
import sys
import time
from pathlib import Path

import numpy as np

from opiscli import EmbeddingSet
from opiscli.counting.request import CountRequest
from opiscli.counting.sample import FEWEST_OTHERS, count_sample
from opiscli.counting.sweep import Sweep, count_at, expected_plan
from opiscli.counting.within import sample_space
from opiscli.embeddings.on_disk import zeros_on_disk
from opiscli.engine.bins import Bins
from opiscli.engine.count import BlockCounter, _item_bins, block_side
from opiscli.engine.executors import threads
from opiscli.engine.kernels import COMPILED
from opiscli.engine.memory import bytes_needed
from opiscli.engine.portions import portions
from opiscli.engine.side import Side
from opiscli.engine.space import PairSpace
from opiscli.engine.traffic import _nbytes
from opiscli.settings.evaluation import EvaluationSettings
from opiscli.settings.resources import Resources

RESULTS = Path(__file__).with_name("results") / "scale.json"
N_ITEMS, PER_CLASS = 40_000, 20
DIMS = (128, 384, 768)
WORKERS = 64
SIZES = (10**5, 10**6, 10**7, 10**8, 10**9)
_SHARE = 16
"""Thresholds are planned from one item in so many, or from one pair in so many of a sample."""

_BYTES_PER_ITEM = 4 * 768 + 12
_FROM = 2 * 10**6
"""Above this, bytes of results are those of this size, times the pairs."""


def items_of(dims):
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(N_ITEMS // PER_CLASS), PER_CLASS)
    rows = rng.standard_normal((N_ITEMS // PER_CLASS, dims), np.float32)[labels]
    return EmbeddingSet.from_arrays(rows + rng.standard_normal(rows.shape, np.float32), labels)


def measure(dims):
    items, resources = items_of(dims), Resources(1, 8 << 30)
    request = CountRequest.of(EvaluationSettings(ks=(1,)))
    space = PairSpace.within(Side.of(items), items.n_classes)
    sample = sample_space(items, space, request)
    with threads(1) as workers:
        how = Sweep(request, resources, COMPILED, workers)
        start = time.process_time()
        plan = expected_plan(sample, how, space)
        planned = time.process_time()
        count_at(space, plan, how)
        counted = time.process_time()
    few, many = (factor * FEWEST_OTHERS * items.n_items for factor in (2, 12))
    took = [seconds(lambda n=n: count_sample(items, request, n, 0, resources)) for n in (few, many)]
    return {
        "dims": dims,
        "ns_per_pair": (counted - planned) / space.n_pairs * 1e9,
        "ns_per_pair_planned": (planned - start) / sample.n_pairs * 1e9,
        "ns_per_pair_sampled": (took[1] - took[0]) / (many - few) * 1e9,
        "n_thresholds": len(plan.thresholds),
        "n_item_thresholds": len(plan.items_at),
    }


def seconds(work):
    start = time.process_time()
    work()
    return time.process_time() - start


def bytes_per_pair(n_items, n_thresholds, n_item_thresholds):
    """Bytes that the tasks of a count return, per pair."""
    codes = np.repeat(np.arange(n_items // PER_CLASS), PER_CLASS).astype(np.int32)
    side = Side(np.zeros((len(codes), 1), np.float32), codes, np.arange(len(codes)))
    space = PairSpace.within(side, int(codes[-1]) + 1)
    bins = Bins(np.linspace(0.5, 1.3, n_thresholds), EvaluationSettings().distance)
    at = np.arange(n_item_thresholds)
    counter = BlockCounter(space, bins, _item_bins(bins, at), True, COMPILED)
    tasks = portions(space, space.blocks(block_side(space)), WORKERS)
    drawn = np.random.default_rng(0).choice(len(tasks), min(30, len(tasks)), replace=False)
    some = [tasks[i] for i in drawn]
    n_bytes = sum(_nbytes(counter._empty(task, np.uint32)) for task in some)
    return n_bytes / sum(task.n_pairs for task in some)


def bytes_here(n_items, dims, n_thresholds, n_item_thresholds, *, on_disk=False):
    """Memory of the process that counts, or that adds what workers have counted."""
    codes = np.repeat(np.arange(n_items // PER_CLASS), PER_CLASS).astype(np.int32)
    value = zeros_on_disk((1, 1), np.float32) if on_disk else np.float32(0)
    vectors = np.broadcast_to(value, (len(codes), dims))
    space = PairSpace.within(Side(vectors, codes, np.arange(len(codes))), int(codes[-1]) + 1)
    return bytes_needed(space, n_thresholds, np.arange(n_item_thresholds), 1)


def bytes_on_disk(n_items, dims, n_thresholds, n_item_thresholds):
    """Temporary files: the embeddings twice, while they are put in order, or with the counts."""
    of_items = 8 * (n_item_thresholds + 1)
    of_classes = 5 * (n_thresholds + 1) / PER_CLASS
    return n_items * (4 * dims + max(4 * dims, of_items + of_classes))


def run():
    rates = [measure(dims) for dims in DIMS]
    n, at = rates[0]["n_thresholds"], rates[0]["n_item_thresholds"]
    returned = {str(size): bytes_per_pair(size, n, at) for size in (10**5, 10**6, _FROM)}
    RESULTS.write_text(json.dumps({"rates": rates, "bytes_per_pair": returned}, indent=1) + "\n")


def tables():
    measured = json.loads(RESULTS.read_text())
    rates = {rate["dims"]: rate for rate in measured["rates"]}
    print("| dims | all pairs | planning | a sample |\n|---|---|---|---|")
    for dims, rate in rates.items():
        numbers = (rate[f"ns_per_pair{kind}"] for kind in ("", "_planned", "_sampled"))
        print(f"| {dims} |", " | ".join(f"{one:.1f} ns" for one in numbers), "|")
    head = "pairs | 128 dims | 768 dims | memory here | on disk | memory per worker | results |"
    print(f"\n| items | {head}\n|{8 * '---|'}")
    n, at = (rates[768][name] for name in ("n_thresholds", "n_item_thresholds"))
    returned = measured["bytes_per_pair"]
    for size in SIZES:
        pairs = size * (size - 1) / 2
        times = (duration(pairs, rates[dims], "", 1 / _SHARE**2) for dims in (128, 768))
        print(
            f"| {power(size)} | {power(pairs)} |",
            " | ".join(times),
            f"| {amount(size / 10**5 * bytes_here(10**5, 768, n, at))}",
            f"| {memory_and_disk(size, n, at)}",
            f"| {amount(size * _BYTES_PER_ITEM)}",
            f"| {amount(pairs * returned.get(str(size), returned[str(_FROM)]))} |",
        )
    print("\n| items | `--sample-pairs` | 128 dims | 768 dims |\n|---|---|---|---|")
    for size in SIZES[1:4]:
        pairs = max(10**9, 2 * FEWEST_OTHERS * size)
        times = (duration(pairs, rates[dims], "_sampled", 1 / _SHARE) for dims in (128, 768))
        print(
            f"| {power(size)} | `{pairs:.0e}` |".replace("+0", "").replace("+", ""),
            " | ".join(times),
            "|",
        )


def memory_and_disk(size, n, at):
    """Memory and temporary files where the embeddings are on disk."""
    known = min(size, 10**6)
    memory = size / known * bytes_here(known, 768, n, at, on_disk=True)
    return f"{amount(memory)}, {amount(bytes_on_disk(size, 768, n, at))}"


def duration(pairs, rate, kind, planned):
    """Time of one processor, planning included."""
    ns = rate[f"ns_per_pair{kind}"] + planned * rate["ns_per_pair_planned"]
    seconds = pairs * ns / 1e9
    for unit, length in (("years", 365 * 86400), ("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 1.5 * length:
            return f"{float(f'{seconds / length:.2g}'):,.0f} {unit}"
    return f"{seconds:.0f} s"


def power(number):
    digits = f"{number:.0e}".split("e")
    raised = str(int(digits[1])).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"10{raised}" if digits[0] == "1" else f"{digits[0]}·10{raised}"


def amount(n_bytes):
    for unit in ("B", "kB", "MB", "GB", "TB", "PB"):
        if n_bytes < 1000:
            return f"{n_bytes:.3g} {unit}"
        n_bytes /= 1000
    return f"{n_bytes:.3g} EB"


if __name__ == "__main__":
    tables() if "--tables" in sys.argv else run()
