"""Does a loss that is OPIS itself, beside USS and TCM, lower OPIS on unseen classes?

    python benchmarks/opis_loss.py FOLDER

Heads with the default settings of `opis finetune` are trained on all training classes of a set, and
on random draws of 320 of them, without and with the loss of direct_opis.py in several
weights, relative to OPIS, so that they mean the same for all sets. They are measured on the test
classes, alone and with cohort offsets. Heads that are in results/opis_loss.json are not trained
again: the script can be stopped and started.
"""

import argparse
import json
import time
from dataclasses import replace
from itertools import product
from math import ceil
from pathlib import Path

import numpy as np
from direct_opis import Slopes, of_all_classes, opis_loss
from do_no_harm import AT_FAR, RESOURCES, read
from threadpoolctl import threadpool_limits

from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.embeddings.offsets import Offsets
from opiscli.heads import Projection
from opiscli.neighbours.cohort import Cohort
from opiscli.settings.evaluation import RangeRequest
from opiscli.training.judgement import Judgement, pooled, pooled_corrected
from opiscli.training.losses.parts.loss import Loss, PairLoss, PairMasks
from opiscli.training.optimisers.adam import Adam
from opiscli.training.optimisers.schedule import warm_up_and_cosine
from opiscli.training.problem import Problem
from opiscli.training.settings import TrainingSettings
from opiscli.training.split import at_most

RESULTS = Path(__file__).parent / "results" / "opis_loss.json"
SETS = ("glyphs128", "wordnet384", "debian50", "sample_wordnet")
WEIGHTS, SEEDS, DRAWN = (0, 1, 3), (0, 1, 2), (None, 320)
MOST_TEST_ITEMS = 10_000
EVERY = 25


def trained(items: EmbeddingSet, seed: int, weight: float) -> Projection:
    """As `descend` trains with the default settings, with the loss beside TCM."""
    problem = Problem.from_settings(items, TrainingSettings(seed=seed))
    settings, batches, rng = problem.settings, problem.batches(), np.random.default_rng(seed)
    flat = problem.initial_parameters(rng)
    adam, rate = Adam.initial(flat), settings.rate_for(items.n_classes)
    for step in range(settings.steps):
        if step % EVERY == 0:
            tcm = problem.regulariser(flat, rng)
            # Not from the same stream: batches are the same with any weight.
            other = np.random.default_rng([seed, step])
            of = of_all_classes(problem, flat, other) if weight else None
        batch = batches.draw(rng)
        gradient = problem.value(flat, batch, beside(tcm, of, items.codes[batch], weight)).gradient
        factor = warm_up_and_cosine(step, settings.steps, ceil(settings.steps / 10))
        adam.step(
            flat, gradient, factor * rate, decay=settings.decay, n_decaying=problem.n_decaying
        )
    return problem.projection(flat)


def beside(tcm: PairLoss, of: Slopes | None, codes: np.ndarray, weight: float) -> PairLoss:
    """TCM plus the weighted OPIS loss, relative to OPIS."""
    if of is None:
        return tcm

    def both(similarity: np.ndarray, pairs: PairMasks) -> Loss:
        first, second = tcm(similarity, pairs), opis_loss(similarity, pairs, codes, of)
        return Loss(first.value, first.gradient + np.float32(weight / of.opis) * second.gradient)

    return both


def measured(items: EmbeddingSet) -> dict[str, float]:
    judged = Judgement.of(items, RangeRequest.of(far=(1e-2, 1e-1)), AT_FAR, RESOURCES)
    numbers = {name: float(value[0]) for name, value in pooled([judged])._asdict().items()}
    return {**numbers, "corrected": pooled_corrected([judged])}


def with_offsets(test: EmbeddingSet, train: EmbeddingSet, seed: int) -> EmbeddingSet:
    """Cohort offsets as of `--normalize`: k = 50, w = 0.25, up to 5,000 training items."""
    chosen = np.random.default_rng(seed).permutation(train.n_items)[:5000]
    cohort = Cohort(train.unit_rows[chosen], train.codes[chosen], 50, threads=1)
    nearness = cohort.nearness(test.unit_rows).mean - cohort.own_mean()
    return replace(test, offsets=Offsets.of(0.25 * nearness, 50, 0.25))


def row(train: EmbeddingSet, test: EmbeddingSet, seed: int, weight: float) -> dict:
    start = time.perf_counter()
    with threadpool_limits(1):
        head = trained(train, seed, weight)
    seconds = round(time.perf_counter() - start, 1)
    train, after = (one.with_unit_rows(head.apply(one.unit_rows)) for one in (train, test))
    offset = measured(with_offsets(after, train, seed))
    found = {"head": measured(after), "head and offsets": offset}
    return {"seed": seed, "weight": weight, "seconds": seconds, **found}


def run(folder: Path) -> None:
    rows = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    done = {(one["set"], one["drawn"], one["seed"], one["weight"]) for one in rows}
    frozen: dict[str, dict[str, float]] = {}
    for drawn, seed, name in product(DRAWN, SEEDS, SETS):
        train = read(folder, name, "train")
        paired = np.random.default_rng(seed).permutation(np.flatnonzero(train.class_sizes > 1))
        if drawn is not None and drawn >= len(paired):
            continue
        items = train if drawn is None else train.subset(np.isin(train.codes, paired[:drawn]))
        test = at_most(read(folder, name, "test"), MOST_TEST_ITEMS, 99)
        if name not in frozen:
            frozen[name] = measured(test)
        for weight in WEIGHTS:
            if (name, drawn, seed, weight) not in done:
                found = {"set": name, "drawn": drawn, "n_classes": items.n_classes}
                found |= {**row(items, test, seed, weight), "frozen": frozen[name]}
                rows.append(found)
                RESULTS.write_text(json.dumps(rows, indent=1) + "\n")
                print(*list(found.values())[:6], flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    run(parser.parse_args().folder)


if __name__ == "__main__":
    main()
