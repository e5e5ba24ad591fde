"""Processor time of a count on a Dask cluster of two processes, against two threads of one process.

Both evaluate the same set from memory, in turn. Processor time of the client and of all workers is
added up, so that other work on the machine has less of a say than in the time that passes.

    python benchmarks/cluster_overhead.py ../shared/data/glyphs128.parquet [split=train]
"""

import sys
import time
from statistics import median

from distributed import Client, LocalCluster

import opiscli
from opiscli.sources import Selection, read_embeddings

RUNS = 3


def timed(items, client=None):
    """Evaluate; return what it says, the seconds that passed and those of all processors."""

    def used():
        there = 0.0 if client is None else sum(client.run(time.process_time).values())
        return time.process_time() + there

    before, start = used(), time.perf_counter()
    result = opiscli.evaluate(items, threads=2, executor=client)
    return result.to_json(), time.perf_counter() - start, used() - before


def main(source, *where):
    items = read_embeddings(source, Selection(where=where))
    ratios = []
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        timed(items), timed(items, client)  # compiled code is loaded
        for _ in range(RUNS):
            here, there = timed(items), timed(items, client)
            assert here[0] == there[0]
            ratios.append((there[1] / here[1], there[2] / here[2]))
            print(f"seconds {here[1]:.1f} and {there[1]:.1f}, of processors", end=" ")
            print(f"{here[2]:.1f} and {there[2]:.1f}", flush=True)
    passed, used = (median(one) for one in zip(*ratios, strict=True))
    print(f"median ratio {passed:.2f}, of processor time {used:.2f}; the same counts")


if __name__ == "__main__":
    main(*sys.argv[1:])
