"""How fast the process that was started adds the counts that workers return.

Counts of a task of each size are made once, with the bins of an ordinary evaluation, and added
again and again to the tally of all items, which is what limits how many workers one process can
keep busy. No pairs are counted.

    python benchmarks/adding_tallies.py
"""

import time

import numpy as np

from opiscli.distance import Distance
from opiscli.engine.bins import Bins
from opiscli.engine.count import BlockCounter, empty_tally
from opiscli.engine.kernels import NUMPY
from opiscli.engine.side import Side
from opiscli.engine.space import Block, PairSpace
from opiscli.engine.traffic import _nbytes

N_ITEMS, PER_CLASS, N_BINS, N_AT_ITEMS = 200_000, 20, 400, 201
SIDES = (2048, 8192, 32_768)
SECONDS = 3.0
NS_PER_PAIR = 4.9
"""Of one thread at 128 dims, as measured by scale.py."""


def main():
    codes = np.repeat(np.arange(N_ITEMS // PER_CLASS, dtype=np.int32), PER_CLASS)
    side = Side(np.zeros((N_ITEMS, 1), np.float32), codes, np.arange(N_ITEMS))
    space = PairSpace.within(side, N_ITEMS // PER_CLASS)
    bins = Bins(np.linspace(0.1, 1.9, N_BINS), Distance.EUCLIDEAN)
    item_bin = np.minimum(np.arange(N_BINS + 1), N_AT_ITEMS).astype(np.int32)
    counter = BlockCounter(space, bins, item_bin, True, NUMPY)
    total = empty_tally(counter)
    for length in SIDES:
        rows, columns = slice(0, length), slice(length, 2 * length)
        block = Block(rows, columns, length**2)
        counted = counter._empty(block, np.uint32)
        done, start = 0, time.process_time()
        while (passed := time.process_time() - start) < SECONDS:
            total.add(counted, rows, columns)
            done += 1
        rate = done * _nbytes(counted) / passed
        threads = NS_PER_PAIR * 1e-9 * length**2 / (passed / done)
        print(
            f"tasks of {length:6,} items per side: {_nbytes(counted) / 1e6:6.1f} MB,"
            f" added at {rate / 1e6:5,.0f} MB/s, as fast as {threads:5,.0f} threads count"
        )


if __name__ == "__main__":
    main()
