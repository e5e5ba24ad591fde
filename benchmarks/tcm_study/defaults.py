"""Does `opis finetune`, as it comes, ever do harm? Its defaults on each set, three seeds.

    python benchmarks/tcm_study/defaults.py FOLDER

Trained on the rows with split=train, measured on those with split=test, which have other classes.
"""

import json
import sys
import time
from pathlib import Path

from study import MOST_TEST_CLASSES, SEEDS, measure, some_classes

from opiscli import read_embeddings
from opiscli.analysis.finetune import finetune_items
from opiscli.heads import Projection
from opiscli.settings.resources import Resources
from opiscli.sources import Selection
from opiscli.training.head import Head

HERE = Path(__file__).parent
SETS = ("wordnet384", "sample_wordnet", "letters32", "digits64", "debian50", "glyphs128")


def main() -> None:
    resources, rows = Resources.of_machine(), []
    for name in SETS:
        path = str(Path(sys.argv[1]) / f"{name}.parquet")
        items = read_embeddings(path, Selection(where=("split=train",)))
        test = read_embeddings(path, Selection(where=("split=test",)))
        test = some_classes(test, MOST_TEST_CLASSES.get(name, test.n_classes))
        before = measure(test, Projection.identity(test.dims), resources)
        for seed in SEEDS:
            start = time.perf_counter()
            tuned = finetune_items(items, None, Head(seed=seed), resources, source=name)
            seconds = time.perf_counter() - start
            after = measure(test, tuned.head.projection, resources)
            chosen = tuned.report.choice.chosen
            row = {"set": name, "seed": seed, "chosen": chosen, "seconds": round(seconds, 1)}
            rows.append({**row, "before": before, "after": after})
            print(json.dumps(rows[-1]), flush=True)
    (HERE / "defaults.json").write_text(json.dumps(rows, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
