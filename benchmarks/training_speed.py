"""Steps per second of training, beside pytorch-metric-learning on torch where it is installed.

    python benchmarks/training_speed.py

The same step on both sides: 32 classes x 4 items, 384 to 128 dims, a linear head, unit length, the
loss, its gradient, Adam. opis uses one thread; torch uses what it is given, two by default.
"""

import json
import os
import time
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from opiscli import EmbeddingSet
from opiscli.heads import HeadKind
from opiscli.training.descent import DescentState
from opiscli.training.problem import Problem
from opiscli.training.settings import DEFAULT_TCM, Margins, TrainingSettings

HERE = Path(__file__).parent
DIMS, DIM, N_CLASSES, ITEMS_A_CLASS = 384, 128, 200, 10
LOSSES = ("multi-similarity", "supcon", "triplet", "proxy-anchor")


def items() -> EmbeddingSet:
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(N_CLASSES), ITEMS_A_CLASS)
    centres = rng.normal(size=(N_CLASSES, DIMS))[labels]
    return EmbeddingSet.from_arrays(centres + 0.7 * rng.normal(size=centres.shape), labels)


def steps_per_second(run, *, seconds: float = 2.0) -> float:
    run(3)
    n, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        run(3)
        n += 3
    return n / (time.perf_counter() - start)


def opis_runner(loss: str, *, tcm: bool):
    settings = TrainingSettings(
        loss=loss,
        head=HeadKind.LINEAR,
        dim=DIM,
        steps=10**6,
        tcm=DEFAULT_TCM if tcm else None,
        margins=Margins.FIXED,
    )
    problem = Problem.from_settings(items(), settings)
    state = DescentState.initial(problem)
    batches = problem.batches()

    def run(n: int) -> None:
        for _ in range(n):
            batch = batches.draw(state.rng)
            value = problem.value(state.flat, batch, settings.tcm)
            state.optimiser.step(state.flat, value.gradient, 1e-4)

    return run


def torch_runner(loss: str, *, tcm: bool):
    import torch
    from pytorch_metric_learning import losses, miners

    data = items()
    batches = Problem.from_settings(data, TrainingSettings(head=HeadKind.LINEAR)).batches()
    rng = np.random.default_rng(0)
    x, y = torch.from_numpy(data.unit_rows.copy()), torch.from_numpy(data.codes.astype(np.int64))
    head = torch.nn.Linear(DIMS, DIM)
    sizes = {"num_classes": N_CLASSES, "embedding_size": DIM}
    base = {
        "multi-similarity": losses.MultiSimilarityLoss,
        "supcon": losses.SupConLoss,
        "triplet": losses.TripletMarginLoss,
        "proxy-anchor": lambda: losses.ProxyAnchorLoss(**sizes),
    }[loss]()
    miner = miners.TripletMarginMiner(0.05, "semihard") if loss == "triplet" else None
    regulariser = losses.ThresholdConsistentMarginLoss()
    optimiser = torch.optim.Adam([*head.parameters(), *base.parameters()], 1e-4)

    def run(n: int) -> None:
        for _ in range(n):
            batch = torch.from_numpy(batches.draw(rng))
            vectors, codes = head(x[batch]), y[batch]
            value = base(vectors, codes, miner(vectors, codes) if miner else None)
            if tcm:
                value = value + regulariser(vectors, codes)
            optimiser.zero_grad()
            value.backward()
            optimiser.step()

    return run


def main() -> None:
    rows = []
    load = round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None
    for loss in LOSSES:
        for tcm in (False, True):
            with threadpool_limits(1, "blas"):
                row = {"loss": loss, "tcm": tcm}
                row["opis"] = round(steps_per_second(opis_runner(loss, tcm=tcm)))
            try:
                rate = steps_per_second(torch_runner(loss, tcm=tcm))
                row["pytorch_metric_learning"] = float(f"{rate:.3g}")
            except ImportError:
                row["pytorch_metric_learning"] = None
            rows.append(row)
            print(json.dumps(row), flush=True)
    result = {"processors": os.cpu_count(), "load_before": load, "rows": rows}
    path = HERE / "results" / "training_speed.json"
    path.write_text(json.dumps(result, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
