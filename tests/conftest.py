"""What many tests need: data sets of every kind, and a way to call the command."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "sample_data"

settings.register_profile("dev", max_examples=30, deadline=None)
settings.register_profile("ci", max_examples=200, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


@pytest.fixture
def shared_data():
    """Folder of larger real sets; not part of the project, so tests on it may be skipped."""
    folder = Path(os.environ.get("OPIS_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no larger data sets in {folder}; set OPIS_DATA to a folder that has them")
    return folder


@pytest.fixture
def opis(capsys):
    """Run a command in this process; return (exit code, stdout, stderr)."""
    from opiscli.cli import main

    def run(*argv):
        with pytest.raises(SystemExit) as leaving:
            main([str(argument) for argument in argv])
        out, err = capsys.readouterr()
        return leaving.value.code, out, err

    return run


@pytest.fixture(scope="session")
def cluster():
    """Two worker processes of one thread each, which are started again if they are lost."""
    distributed = pytest.importorskip("distributed", reason="Dask is not installed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=":0", host="127.0.0.1"
    ) as running:
        yield running


def evaluate_with(embeddings, labels, settings):
    """Evaluate arrays under settings that are already an object."""
    from opiscli import EmbeddingSet, evaluate_items
    from opiscli.settings.resources import Resources

    items = EmbeddingSet.from_arrays(embeddings, labels)
    return evaluate_items(items, settings, Resources.of_machine())


def clusters(seed=0, n_classes=12, dims=8, sizes=(2, 9), spread=0.5):
    """Classes of different sizes around random centres, some wide and some narrow."""
    rng = np.random.default_rng(seed)
    n = rng.integers(*sizes, size=n_classes)
    labels = np.repeat(np.arange(n_classes), n)
    centres = rng.normal(size=(n_classes, dims))[labels]
    width = spread * rng.uniform(0.5, 1.5, size=n_classes)[labels]
    return centres + width[:, None] * rng.normal(size=(len(labels), dims)), labels


def clusters_on_a_line(seed=0, n_classes=32, dims=8, sizes=(6, 12)):
    """Classes at one of four distances along the first dim, where their items also spread.

    Those far out crowd together in angle. A head that leaves this dim out makes classes alike,
    on classes that it was not trained on, too.
    """
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(n_classes), rng.integers(*sizes, size=n_classes))
    centres = rng.normal(size=(n_classes, dims))[labels]
    rows = centres + 0.5 * rng.normal(size=(len(labels), dims))
    rows[:, 0] = labels % 4 + 1.5 * rng.normal(size=len(labels))
    return rows, labels


def coarse_grid(seed=0, n_items=60, n_classes=8, dims=16):
    """Vectors of ±1/4 in 16 dims: length, products and sums are exact, and ties are common."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, n_classes, size=n_items)
    labels[:4] = [0, 0, 1, 1]
    return rng.choice([-0.25, 0.25], size=(n_items, dims)), labels
