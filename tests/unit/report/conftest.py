"""One result of every kind, of a small set with names that try to restyle what shows them."""

import numpy as np
import pytest
from conftest import clusters

from opiscli.analysis.calibrate import calibrate_run, choose_thresholds
from opiscli.analysis.check import check_run
from opiscli.analysis.compare import compare_runs
from opiscli.analysis.counting import count_items
from opiscli.analysis.evaluate import derive
from opiscli.analysis.inspect import inspect_run
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.settings.calibration import CalibrationSettings
from opiscli.settings.conditions import Condition
from opiscli.settings.evaluation import EvaluationSettings
from opiscli.settings.resources import Resources
from opiscli.settings.target import Criterion, Target

HOSTILE = (
    "<script>alert(1)</script>",
    "[red]a\x1b[2J",
    "\u202etxt",
    "'\"&amp;{{ 7 * 7 }}",
    "a\nb",
)


@pytest.fixture(scope="session")
def items():
    embeddings, labels = clusters(seed=5, n_classes=40, dims=6, sizes=(5, 9), spread=0.7)
    names = np.array([f"{HOSTILE[label % len(HOSTILE)]} {label}" for label in labels])
    return EmbeddingSet.from_arrays(embeddings, names)


@pytest.fixture(scope="session")
def runs(items):
    """The set, and the same classes farther apart."""
    settings = EvaluationSettings(ranking=True)
    apart = EmbeddingSet.from_arrays(
        items.unit_rows + np.eye(6)[items.codes % 6], np.array(items.names)[items.codes]
    )
    return [
        count_items(each, settings, Resources.of_machine(), complete=True, source=name)
        for each, name in ((items, "<b>before"), (apart, "after"))
    ]


@pytest.fixture(scope="session")
def results(items, runs):
    run = runs[0]
    settings = CalibrationSettings(targets=(Target(Criterion.FAR, 1e-2),))
    conditions = [Condition.parse(text) for text in ("opis>0.2", "tar@far=1e-2<2", "map_at_r<2")]
    resources = Resources.of_machine()
    return {
        "evaluate": derive(run),
        "calibrate": calibrate_run(run, choose_thresholds(run, settings), settings),
        "check": check_run(run, conditions, None),
        "compare": compare_runs(runs),
        "inspect": inspect_run(run, items, settings, resources, n_pairs=3),
    }
