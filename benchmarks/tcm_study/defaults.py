"""Does `opis finetune`, as it comes, ever do harm? Its defaults on each set, three seeds.

    python benchmarks/tcm_study/defaults.py FOLDER

Trained on the rows with split=train, measured on those with split=test, which have other classes.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

from study import MOST_TEST_CLASSES, SEEDS, measure, some_classes

from opiscli import read_embeddings
from opiscli.analysis.finetune import HeadPaths, finetune_to_file
from opiscli.heads import Projection
from opiscli.settings.resources import Resources
from opiscli.sources import Selection
from opiscli.training.settings import TrainingSettings

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
            with tempfile.TemporaryDirectory() as folder:
                paths = HeadPaths(Path(folder) / "head.safetensors", force=False)
                start = time.perf_counter()
                settings = TrainingSettings(seed=seed)
                outcome = finetune_to_file(items, None, settings, resources, paths, source=name)
                seconds = time.perf_counter() - start
            finetuned = outcome.finetuned
            after = measure(test, finetuned.projection, resources)
            row = {"set": name, "seed": seed, "step": finetuned.step, "seconds": round(seconds, 1)}
            rows.append({**row, "before": before, "after": after})
            print(json.dumps(rows[-1]), flush=True)
    (HERE / "defaults.json").write_text(json.dumps(rows, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
