"""Does `opis finetune`, as it comes, ever do harm? Its defaults on each set, three seeds.

    python benchmarks/tcm_study/defaults.py FOLDER

Trained on the rows with split=train, measured on all of those with split=test, which have other
classes; with the defaults, and with --normalize.
"""

import json
import sys
import time
from pathlib import Path

from study import SEEDS

from opiscli import EmbeddingSet, EvaluationSettings, evaluate_items, read_embeddings
from opiscli.heads import Projection
from opiscli.settings.resources import Resources
from opiscli.sources import Selection
from opiscli.training.fitted_head import FittedHead
from opiscli.training.recipe import train_head
from opiscli.training.settings import TrainingSettings

HERE = Path(__file__).parent
SETS = ("wordnet384", "sample_wordnet", "letters32", "digits64", "debian50", "glyphs128")


def measure(test: EmbeddingSet, head: FittedHead, resources: Resources) -> dict[str, float]:
    items = head.applied(test, resources.threads)
    result = evaluate_items(items, EvaluationSettings(n_resamples=100), resources)
    tar = {point.target_far: point.tar for point in result.operating_points}
    return {
        "recall": result.recall["1"].value,
        "opis": result.opis.value,
        "corrected": result.opis.corrected,
        "tar": tar[1e-3],
    }


def main() -> None:
    resources, rows = Resources.of_machine(), []
    for name in SETS:
        path = str(Path(sys.argv[1]) / f"{name}.parquet")
        items = read_embeddings(path, Selection(where=("split=train",)))
        test = read_embeddings(path, Selection(where=("split=test",)))
        before = measure(test, FittedHead(Projection.identity(test.dims)), resources)
        for normalize in (False, True):
            for seed in SEEDS:
                settings = TrainingSettings(seed=seed, normalize=normalize)
                start = time.perf_counter()
                result = train_head(items, None, settings, resources)
                seconds = time.perf_counter() - start
                after = before if result.is_unchanged else measure(test, result.fitted, resources)
                chosen = result.choice.chosen if result.choice else None
                row = {"set": name, "normalize": normalize, "seed": seed}
                row |= {"chosen": chosen.name if chosen else None, "seconds": round(seconds, 1)}
                rows.append({**row, "before": before, "after": after})
                print(json.dumps(rows[-1]), flush=True)
    (HERE / "defaults.json").write_text(json.dumps(rows, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
