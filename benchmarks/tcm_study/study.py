"""Does TCM make classes agree on a threshold? 4 sets x 2 heads x 2 base losses, with and without.

    python benchmarks/tcm_study/study.py FOLDER

FOLDER holds Parquet files with columns embedding, label and split (train or test, of different
classes). Everything is chosen on validation classes set aside from the training classes: the
learning rate by the R@1 of the base loss alone, then the weight of TCM by the lowest corrected
OPIS whose R@1 is not below that of the base loss by more than 0.1 points. Test classes are seen
once, by the final heads. No head is taken early and none is refused: this measures the loss, not
the safeguards of `opis finetune`.
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
from opiscli.settings.resources import Resources
from opiscli.sources import Selection
from opiscli.training.descent import DescentState, descend
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
LEARNING_RATES = {HeadKind.RESIDUAL: (1e-4, 5e-4), HeadKind.MLP: (3e-5, 1e-4)}
WEIGHTS = (1.0, 5.0, 20.0)
SEEDS = (0, 1, 2)
STEPS = 600
MOST_TEST_CLASSES = {"glyphs128": 500}  # of 1,482: its 2 * 10^9 pairs would take most of the time
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

    rates = [replace(settings, learning_rate=r) for r in LEARNING_RATES[settings.head]]
    seen = [scores(one) for one in rates]
    best = int(np.argmax([score.recall for score in seen]))
    without, floor = rates[best], seen[best].recall - MAY_FALL
    weights = [replace(without, tcm=weighted(weight)) for weight in WEIGHTS]
    seen = [scores(one) for one in weights]
    allowed = [i for i, score in enumerate(seen) if score.recall >= floor] or [0]
    return without, weights[min(allowed, key=lambda i: seen[i].opis)]


def measure(test: EmbeddingSet, projection: Projection, resources: Resources) -> dict[str, float]:
    items = test.with_unit_rows(projection.apply(test.unit_rows))
    result = evaluate_items(items, EvaluationSettings(n_resamples=100), resources)
    return {
        "recall": result.recall["1"].value,
        "opis": result.opis.value,
        "corrected": result.opis.corrected,
        "eps": result.eps_opis.value,
    }


def some_classes(items: EmbeddingSet, most: int) -> EmbeddingSet:
    if items.n_classes <= most:
        return items
    chosen = np.random.default_rng(0).choice(items.n_classes, most, replace=False)
    return items.subset(np.isin(items.codes, chosen))


def study(folder: Path) -> dict:
    resources = Resources.of_machine()
    rows, frozen, started = [], {}, time.perf_counter()
    for name in SETS:
        path = str(folder / f"{name}.parquet")
        train_items = read_embeddings(path, Selection(where=("split=train",)))
        test = read_embeddings(path, Selection(where=("split=test",)))
        test = some_classes(test, MOST_TEST_CLASSES.get(name, test.n_classes))
        identity = Projection.identity(test.dims)
        frozen[name] = {
            "n_items": test.n_items,
            "n_classes": test.n_classes,
            "n_training_classes": train_items.n_classes,
            **measure(test, identity, resources),
        }
        for head, loss in product(LEARNING_RATES, LOSSES):
            base = TrainingSettings(loss=loss, head=head, tcm=None, steps=STEPS)
            without, with_tcm = choose(train_items, base, resources)
            runs = {"without": [], "with": []}
            for seed in SEEDS:
                for arm, settings in (("without", without), ("with", with_tcm)):
                    projection = train(train_items, replace(settings, seed=seed))
                    runs[arm].append(measure(test, projection, resources))
            rows.append(
                {
                    "set": name,
                    "head": head.value,
                    "loss": loss,
                    "learning_rate": without.learning_rate,
                    "tcm_weight": with_tcm.tcm.lambda_plus,
                    **runs,
                }
            )
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
