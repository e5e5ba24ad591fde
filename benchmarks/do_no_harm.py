"""Does `opis finetune`, as it comes, harm classes that it has not seen? Random draws of classes.

    python benchmarks/do_no_harm.py FOLDER [--minutes 15] [--table]

Each draw takes 10 to 1,280 of the training classes of a set, chooses a head as `opis finetune` and
`opis finetune --normalize` do, and measures it on test classes that are the same in all draws of
the set. So are the candidates that were not chosen. Harm: OPIS more than 5 % above that of the
frozen embeddings, R@1 more than 0.2 points below, TAR at FAR 1e-3 more than 1 point below.

In two of the sets the model itself has seen the training classes: their embeddings are those of
wordnet384 and glyphs128 through a perceptron that was trained on all their training classes, until
it knew these much better than others.

Draws are appended to results/do_no_harm.jsonl, each with its seed: the script can be stopped
and started again at any time, and goes on with the next draw. `--table` only prints the tables.
"""

import argparse
import json
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
from tables import harm_table

from opiscli import read_embeddings
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.errors import EmbeddingError
from opiscli.heads import HeadKind, Projection
from opiscli.heads.initialisation import StartKind
from opiscli.settings.evaluation import RangeRequest
from opiscli.settings.resources import Resources
from opiscli.sources import Selection
from opiscli.training.candidates import candidates_of
from opiscli.training.descent import DescentState, descend
from opiscli.training.judgement import Judgement, pooled
from opiscli.training.problem import Problem
from opiscli.training.recipe import train_head
from opiscli.training.result import TrainingResult
from opiscli.training.settings import TrainingSettings
from opiscli.training.split import at_most

RESULTS = Path(__file__).parent / "results" / "do_no_harm.jsonl"
LARGE = (10, 20, 40, 65, 80, 160, 320, 640, 1280)
SIZES = {
    "wordnet384": LARGE,
    "debian50": LARGE,
    "glyphs128": LARGE,
    "wordnet384, seen": LARGE,
    "glyphs128, seen": LARGE,
    "sample_wordnet": (20, 40, 65),
    "letters32": (13,),
    "digits64": (5,),
}
MOST_TEST_ITEMS = 4500
AT_FAR = 1e-3
RESOURCES = Resources.of_machine(threads=1)


def read(folder: Path, name: str, split: str) -> EmbeddingSet:
    return read_embeddings(str(folder / f"{name}.parquet"), Selection(where=(f"split={split}",)))


def known_to_model(train: EmbeddingSet, test: EmbeddingSet) -> tuple[EmbeddingSet, EmbeddingSet]:
    """Both sets through a perceptron that has learned the classes of the first."""
    head = head_of(
        train,
        TrainingSettings(
            loss="supcon", tcm=None, head=HeadKind.MLP, start=StartKind.IDENTITY, steps=1500,
            learning_rate=1e-3,
        ),
    )  # fmt: skip
    through = (one.with_unit_rows(head.apply(one.unit_rows)) for one in (train, test))
    known, other = through
    return known, other


def sets_of(folder: Path, name: str) -> tuple[EmbeddingSet, EmbeddingSet]:
    file, _, seen = name.partition(", ")
    train, test = (read(folder, file, split) for split in ("train", "test"))
    test = at_most(test, MOST_TEST_ITEMS, 99)
    return known_to_model(train, test) if seen else (train, test)


def measured(items: EmbeddingSet) -> dict[str, float]:
    judged = Judgement.of(items, RangeRequest.of(far=(1e-2, 1e-1)), AT_FAR, RESOURCES)
    return {name: float(value[0]) for name, value in pooled([judged])._asdict().items()}


def head_of(items: EmbeddingSet, settings: TrainingSettings) -> Projection:
    """The head that is trained on all of these classes, whether it is chosen or not."""
    problem = Problem.from_settings(items, settings)
    state = DescentState.initial(problem)
    for _ in descend(problem, state):
        pass
    return problem.projection(state.flat)


def draw(train: EmbeddingSet, test: EmbeddingSet, n_classes: int, seed: int) -> dict[str, object]:
    """One draw: what every candidate does to the test classes, and how it was judged."""
    start = time.perf_counter()
    paired = np.random.default_rng(seed).permutation(np.flatnonzero(train.class_sizes > 1))
    items = train.subset(np.isin(train.codes, paired[:n_classes]))
    result = choice_of(items, seed)
    seconds = time.perf_counter() - start
    head = head_of(items, result.settings)
    judged = [] if result.choice is None else result.choice.judged
    return {
        "n_classes": int(min(n_classes, len(paired))),
        "seed": seed,
        "seconds": round(seconds, 1),
        "judged": [list(vars_of(one)) for one in judged],
        "frozen": measured(test),
        "after": dict(outcomes(head, items, test, with_offsets=len(judged) > 3)),
    }


def choice_of(items: EmbeddingSet, seed: int) -> TrainingResult:
    """As with --normalize, which judges all candidates; as without where that is refused."""
    settings = TrainingSettings(seed=seed, normalize=True)
    try:
        return train_head(items, None, settings, RESOURCES)
    except EmbeddingError:  # too few items for a cohort
        return train_head(items, None, replace(settings, normalize=False), RESOURCES)


def outcomes(
    head: Projection, items: EmbeddingSet, test: EmbeddingSet, *, with_offsets: bool
) -> Iterable[tuple[str, dict[str, float]]]:
    for one in candidates_of(head.dims, head.dim, normalize=with_offsets):
        yield one.name, measured(one.fitted(head, items, threads=1).applied(test, threads=1))


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
                sets[name] = sets_of(folder, name)
            row = {"set": name, **draw(*sets[name], sizes[seed % len(sizes)], seed)}
            with RESULTS.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
            print(name, row["n_classes"], row["seconds"], flush=True)


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
