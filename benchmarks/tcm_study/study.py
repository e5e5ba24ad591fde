"""What makes classes agree on a threshold? TCM, the start from PLDA, and offsets, one by one.

    python benchmarks/tcm_study/study.py FOLDER

4 sets x 2 heads x 2 base losses. FOLDER holds Parquet files with columns embedding, label and split
(train or test, of different classes). Everything is chosen on validation classes set aside from
the training classes, for each start by itself: the learning rate by the R@1 of the base loss
alone, then the weight of TCM by the lowest corrected OPIS whose R@1 is not below that of the base
loss by more than 0.1 points. Offsets have their default weight, and training items as the cohort.
Test classes are seen once, by the final heads. No head is taken early and none is refused: this
measures the parts, not the safeguards of `opis finetune`.
"""

import json
import sys
import time
from dataclasses import replace
from datetime import date
from itertools import product
from pathlib import Path

import numpy as np

from opiscli import EmbeddingSet, EvaluationSettings, __version__, evaluate_items, read_embeddings
from opiscli.heads import HeadKind, Projection
from opiscli.heads.initialisation import StartKind
from opiscli.settings.resources import Resources
from opiscli.sources import Selection
from opiscli.training.descent import DescentState, descend
from opiscli.training.fitted_head import FittedHead
from opiscli.training.problem import Problem
from opiscli.training.settings import TrainingSettings
from opiscli.training.split import split_classes
from opiscli.training.tcm import ThresholdConsistentMargin
from opiscli.training.validation import Scores, Validation

HERE = Path(__file__).parent
# The shared sets without the sample of wordnet384, and without digits64, whose five test classes
# make OPIS the variance of five numbers.
SETS = ("wordnet384", "letters32", "debian50", "glyphs128")
LOSSES = ("supcon", "multi-similarity")
LEARNING_RATES = {
    (HeadKind.RESIDUAL, StartKind.IDENTITY): (1e-4, 5e-4),
    (HeadKind.RESIDUAL, StartKind.PLDA): (3e-5, 3e-4),
    (HeadKind.MLP, StartKind.IDENTITY): (3e-5, 1e-4),
    (HeadKind.MLP, StartKind.PLDA): (1e-5, 1e-4),
}
HEADS = (HeadKind.RESIDUAL, HeadKind.MLP)
STARTS = {StartKind.IDENTITY: "", StartKind.PLDA: "PLDA"}
WEIGHTS = (1.0, 5.0, 20.0)
SEEDS = (0, 1, 2)
STEPS = 600
# Of 2,163, 4,441 and 1,482: all of their 2 * 10^9 pairs would take most of the time.
MOST_TEST_CLASSES = {"wordnet384": 1000, "debian50": 2000, "glyphs128": 400}
OFFSET_WEIGHT, NEIGHBOURS = 0.25, 50
MAY_FALL = 0.001


def weighted(weight: float) -> ThresholdConsistentMargin:
    return ThresholdConsistentMargin(lambda_plus=weight, lambda_minus=weight)


def train(items: EmbeddingSet, settings: TrainingSettings) -> Projection:
    problem = Problem.from_settings(items, settings)
    state = DescentState.initial(problem)
    for _ in descend(problem, state):
        pass
    return problem.projection(state.flat)


def choose(
    items: EmbeddingSet, settings: TrainingSettings, resources: Resources
) -> tuple[TrainingSettings, TrainingSettings]:
    """Settings without and with TCM, by validation classes alone."""
    items, held_out = split_classes(items, settings.val_fraction, settings.seed)
    validation = Validation(held_out, settings.calibration_range, resources.threads)

    def scores(settings: TrainingSettings) -> Scores:
        return validation.scores(train(items, settings))

    grid = LEARNING_RATES[settings.head, settings.start]
    rates = [replace(settings, learning_rate=rate) for rate in grid]
    seen = [scores(one) for one in rates]
    best = int(np.argmax([score.recall for score in seen]))
    without, floor = rates[best], seen[best].recall - MAY_FALL
    weights = [replace(without, tcm=weighted(weight)) for weight in WEIGHTS]
    seen = [scores(one) for one in weights]
    allowed = [i for i, score in enumerate(seen) if score.recall >= floor] or [0]
    return without, weights[min(allowed, key=lambda i: seen[i].opis)]


def measure(test: EmbeddingSet, head: FittedHead, resources: Resources) -> dict[str, float]:
    items = head.applied(test, resources.threads)
    result = evaluate_items(items, EvaluationSettings(n_resamples=100), resources)
    return {
        "recall": result.recall["1"].value,
        "opis": result.opis.value,
        "corrected": result.opis.corrected,
        "eps": result.eps_opis.value,
    }


def with_offsets(projection: Projection, items: EmbeddingSet, resources: Resources) -> FittedHead:
    threads = resources.threads
    return FittedHead.normalized(projection, items, NEIGHBOURS, OFFSET_WEIGHT, threads)


def some_classes(items: EmbeddingSet, most: int) -> EmbeddingSet:
    if items.n_classes <= most:
        return items
    chosen = np.random.default_rng(0).choice(items.n_classes, most, replace=False)
    return items.subset(np.isin(items.codes, chosen))


def frozen_numbers(train_items: EmbeddingSet, test: EmbeddingSet, resources: Resources) -> dict:
    identity = Projection.identity(test.dims)
    offsets = with_offsets(identity, train_items, resources)
    return {
        "n_items": test.n_items,
        "n_classes": test.n_classes,
        "n_training_classes": train_items.n_classes,
        **measure(test, FittedHead(identity), resources),
        "offsets": measure(test, offsets, resources),
    }


def compare(
    train_items: EmbeddingSet, test: EmbeddingSet, base: TrainingSettings, resources: Resources
) -> dict:
    """All arms of one set, head and base loss: numbers of each seed by the name of the arm."""
    runs: dict[str, list] = {}
    chosen = {}
    for start, name in STARTS.items():
        without, with_tcm = choose(train_items, replace(base, start=start), resources)
        chosen[start.value] = {
            "learning_rate": without.learning_rate,
            "tcm_weight": with_tcm.tcm.lambda_plus,
        }
        for seed, (tcm, settings) in product(SEEDS, (("", without), ("TCM", with_tcm))):
            projection = train(train_items, replace(settings, seed=seed))
            arm = " + ".join(filter(None, ("base", tcm, name)))
            runs.setdefault(arm, []).append(measure(test, FittedHead(projection), resources))
            if bool(tcm) == bool(name):  # the base loss alone, and all parts together
                head = with_offsets(projection, train_items, resources)
                runs.setdefault(f"{arm} + offsets", []).append(measure(test, head, resources))
    return {"head": base.head.value, "loss": base.loss, "chosen": chosen, "arms": runs}


def study(folder: Path) -> dict:
    resources = Resources.of_machine()
    rows, frozen, started = [], {}, time.perf_counter()
    for name in SETS:
        path = str(folder / f"{name}.parquet")
        train_items = read_embeddings(path, Selection(where=("split=train",)))
        test = read_embeddings(path, Selection(where=("split=test",)))
        test = some_classes(test, MOST_TEST_CLASSES.get(name, test.n_classes))
        frozen[name] = frozen_numbers(train_items, test, resources)
        for head, loss in product(HEADS, LOSSES):
            base = TrainingSettings(loss=loss, head=head, tcm=None, steps=STEPS)
            rows.append({"set": name, **compare(train_items, test, base, resources)})
            print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
    seconds = round(time.perf_counter() - started)
    return {
        "opis": __version__, "date": date.today().isoformat(), "seconds": seconds,
        "steps": STEPS, "seeds": SEEDS, "frozen": frozen, "comparisons": rows,
    }  # fmt: skip


def main() -> None:
    result = study(Path(sys.argv[1]))
    (HERE / "results.json").write_text(json.dumps(result, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
