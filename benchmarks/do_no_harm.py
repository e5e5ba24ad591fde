"""Does `opis finetune`, as it comes, harm classes that it has not seen? Random draws of classes.

    python benchmarks/do_no_harm.py FOLDER [--minutes 15] [--table]

Each draw takes 10 to 1,280 of the training classes of a set, chooses a head as `opis finetune` does
with `--loss supcon`, and measures it on test classes that are the same in all draws of the set. So
are the candidates that were not chosen. Harm: OPIS more than 5 % above that of the frozen
embeddings, R@1 more than 0.2 points below, TAR at FAR 1e-3 more than 1 point below.

Draws are appended to results/do_no_harm.jsonl, each with its seed: the script can be stopped
and started again at any time, and goes on with the next draw. `--table` only prints the tables.
"""

import argparse
import json
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from tables import harm_table

from opiscli import read_embeddings
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.heads import Projection
from opiscli.settings.evaluation import RangeRequest
from opiscli.settings.resources import Resources
from opiscli.sources import Selection
from opiscli.training.candidates import HALF_DOSE, HEAD
from opiscli.training.descent import DescentState, descend
from opiscli.training.judgement import Judgement, pooled
from opiscli.training.problem import Problem
from opiscli.training.recipe import train_head
from opiscli.training.settings import TrainingSettings
from opiscli.training.split import at_most

RESULTS = Path(__file__).parent / "results" / "do_no_harm.jsonl"
SIZES = {
    "wordnet384": (10, 20, 40, 65, 80, 160, 320, 640, 1280),
    "debian50": (10, 20, 40, 65, 80, 160, 320, 640, 1280),
    "glyphs128": (10, 20, 40, 65, 80, 160, 320, 640, 1280),
    "sample_wordnet": (20, 40, 65),
    "letters32": (13,),
    "digits64": (5,),
}
MOST_TEST_ITEMS = 4500
AT_FAR = 1e-3
RESOURCES = Resources.of_machine(threads=1)


def read(folder: Path, name: str, split: str) -> EmbeddingSet:
    return read_embeddings(str(folder / f"{name}.parquet"), Selection(where=(f"split={split}",)))


def measured(items: EmbeddingSet, projection: Projection) -> dict[str, float]:
    applied = items.with_unit_rows(projection.apply(items.unit_rows))
    judged = Judgement.of(applied, RangeRequest.of(far=(1e-2, 1e-1)), AT_FAR, RESOURCES)
    return {name: float(value[0]) for name, value in pooled([judged])._asdict().items()}


def head_of(items: EmbeddingSet, settings: TrainingSettings) -> Projection:
    """The head that is trained on all of these classes, whether it is chosen or not."""
    problem = Problem.from_settings(items, settings)
    state = DescentState.initial(problem)
    for _ in descend(problem, state):
        pass
    return problem.projection(state.flat)


def draw(train: EmbeddingSet, test: EmbeddingSet, n_classes: int, seed: int) -> dict[str, object]:
    """One draw: what every candidate does to the test classes, and what was chosen."""
    start = time.perf_counter()
    paired = np.random.default_rng(seed).permutation(np.flatnonzero(train.class_sizes > 1))
    items = train.subset(np.isin(train.codes, paired[:n_classes]))
    result = train_head(items, None, TrainingSettings(loss="supcon", seed=seed), RESOURCES)
    seconds = time.perf_counter() - start
    head = head_of(items, result.settings)
    choice = result.choice
    return {
        "n_classes": int(min(n_classes, len(paired))),
        "seed": seed,
        "seconds": round(seconds, 1),
        "chosen": choice.chosen.name if choice and choice.chosen else None,
        "judged": [] if choice is None else [list(vars_of(one)) for one in choice.judged],
        "frozen": measured(test, Projection.identity(test.dims)),
        "after": {one.name: measured(test, one.projection(head)) for one in (HEAD, HALF_DOSE)},
    }


def vars_of(one: object) -> Iterable[object]:
    return (getattr(one, name) for name in one.__slots__)  # type: ignore[attr-defined]


def run(folder: Path, minutes: float) -> None:
    """Draw in rounds over the sets until the time is over, after the draws that are there."""
    end, done = time.monotonic() + 60 * minutes, {(row["set"], row["seed"]) for row in rows()}
    sets: dict[str, tuple[EmbeddingSet, EmbeddingSet]] = {}
    for seed in range(10**6):
        for name, sizes in SIZES.items():
            if (name, seed) in done or (len(sizes) == 1 and seed >= 3):
                continue
            if time.monotonic() > end:
                return
            if name not in sets:
                test = at_most(read(folder, name, "test"), MOST_TEST_ITEMS, 99)
                sets[name] = read(folder, name, "train"), test
            row = {"set": name, **draw(*sets[name], sizes[seed % len(sizes)], seed)}
            with RESULTS.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
            print(name, row["n_classes"], row["chosen"], row["seconds"], flush=True)


def rows() -> list[dict]:
    lines = RESULTS.read_text().splitlines() if RESULTS.exists() else []
    return [json.loads(line) for line in lines]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--table", action="store_true")
    options = parser.parse_args()
    if not options.table:
        run(options.folder, options.minutes)
    print("\n".join(harm_table()))


if __name__ == "__main__":
    main()
