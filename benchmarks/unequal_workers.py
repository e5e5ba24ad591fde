"""How well tasks are shared by workers of unequal speed: measured time against the ideal.

Each worker sleeps as long as it would count, so that the machine on which this runs has no say:
the tasks are those of a real count, a pair takes a fixed time, and worker ``i`` is slower by the
factor ``SLOWNESS[i]``. Ideal is the time in which all workers together count without a pause.

    python benchmarks/unequal_workers.py
"""

import time
from dataclasses import dataclass

import numpy as np
from distributed import Client, LocalCluster, get_worker

from opiscli.engine.count import block_side
from opiscli.engine.executors import results
from opiscli.engine.portions import portions
from opiscli.engine.side import Side
from opiscli.engine.space import PairSpace
from opiscli.engine.workers import workers_of
from opiscli.settings.resources import Resources

SLOWNESS = (1.0, 1.0, 2.0, 4.0)
N_ITEMS, PER_CLASS = 63_000, 40
SECONDS = 12.0
"""Of the ideal run."""


@dataclass(frozen=True)
class Sleeper:
    """Takes as long as counting a block would."""

    seconds_per_pair: float
    slowness: dict[str, float]

    def __call__(self, block):
        factor = self.slowness[str(get_worker().name)]
        time.sleep(block.n_pairs * self.seconds_per_pair * factor)
        return block.n_pairs


def main():
    codes = np.repeat(np.arange(N_ITEMS // PER_CLASS), PER_CLASS).astype(np.int32)
    side = Side(np.zeros((len(codes), 1), np.float32), codes, np.arange(len(codes)))
    space = PairSpace.within(side, int(codes[-1]) + 1)
    tasks = portions(space, space.blocks(block_side(space)), len(SLOWNESS))
    rate = sum(1 / one for one in SLOWNESS)
    slowness = {str(i): one for i, one in enumerate(SLOWNESS)}
    sleeper = Sleeper(SECONDS * rate / space.n_pairs, slowness)
    with (
        LocalCluster(
            n_workers=len(SLOWNESS), threads_per_worker=1, dashboard_address=":0"
        ) as cluster,
        Client(cluster) as client,
        workers_of(Resources(1, 1 << 30, client)) as workers,
    ):
        start = time.perf_counter()
        done = sum(n for _, n in results(workers, sleeper, tasks))
        took = time.perf_counter() - start
    assert done == space.n_pairs
    print(
        f"{len(tasks)} tasks, workers slower by {SLOWNESS}: {took / SECONDS:.2f} x the ideal time"
    )


if __name__ == "__main__":
    import unequal_workers

    unequal_workers.main()
