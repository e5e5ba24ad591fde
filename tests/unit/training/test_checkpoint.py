"""Checkpoints: a run continues bit for bit, and what cannot be continued is explained."""

import numpy as np
import pytest
from conftest import clusters

from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.errors import SourceError, UsageError
from opiscli.heads.tensor_file import read_tensors, write_tensors
from opiscli.settings.evaluation import RangeRequest
from opiscli.training.checkpoint import Checkpoint
from opiscli.training.fit import fit
from opiscli.training.settings import Optimiser, TrainingSettings
from opiscli.training.split import split_classes
from opiscli.training.validation import Validation

ITEMS = EmbeddingSet.from_arrays(*clusters(n_classes=24, dims=8, sizes=(6, 12), spread=0.8))
FAR = (0.02, 0.1)


def training(**options):
    items, held_out = split_classes(ITEMS, 0.4, 0)
    settings = TrainingSettings(steps=40, far=FAR, learning_rate=1e-3, **options)
    return items, Validation(held_out, RangeRequest.of(far=FAR), 1), settings


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setattr("opiscli.training.checkpoint._LEAST_PAUSE", 0)
    return tmp_path / "h.state.safetensors"


def interrupted(path, after=2, **options):
    checkpoint, seen = Checkpoint(path, "identity"), []

    def stop(run):
        checkpoint.write(run)
        seen.append(run.history[-1])
        if len(seen) > after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(*training(**options), on_validation=stop)
    return checkpoint


@pytest.mark.parametrize(
    "options",
    [{}, {"optimiser": Optimiser.LBFGS}, {"loss": "proxy-anchor"}],
)
@pytest.mark.parametrize("after", [0, 2])
def test_a_resumed_training_ends_as_if_never_interrupted(path, options, after):
    whole = fit(*training(**options))
    run = interrupted(path, after, **options).read()
    resumed = fit(*training(**options), resumed=run)
    assert resumed.history[after + 1 :] == whole.history[after + 1 :]
    assert resumed.cost == whole.cost
    assert np.array_equal(resumed.projection.weight, whole.projection.weight)


def test_what_is_written_is_what_is_read(path):
    checkpoint = interrupted(path)
    contents, run = path.read_bytes(), checkpoint.read()
    checkpoint.write(run)
    assert path.read_bytes() == contents
    run.best, run.best_cost = run.state.flat + 1, -1 / 3
    checkpoint.write(run)
    read = checkpoint.read()
    assert (read.best_cost, read.history, read.state.step) == (-1 / 3, run.history, 20)
    assert np.array_equal(read.best, run.best)
    assert {array.dtype for array in read_tensors(path, 1 << 20).tensors.values()} == {
        np.dtype("f4")
    }


def test_a_checkpoint_that_takes_long_to_write_is_not_written_each_time(path, monkeypatch):
    run = interrupted(path).read()
    checkpoint, before = Checkpoint(path, "another"), path.read_bytes()
    monkeypatch.setattr("opiscli.training.checkpoint._LEAST_PAUSE", 1e9)
    checkpoint.write(run)
    written = path.read_bytes()
    assert written != before
    run.best_cost -= 1
    checkpoint.write(run)
    assert path.read_bytes() == written


def test_other_settings_or_data_are_refused(path):
    interrupted(path)
    with pytest.raises(UsageError, match="was written with other settings or data: identity"):
        Checkpoint(path, "another").read()


@pytest.mark.parametrize("left_out", ["step", "rng", "history", "best_cost"])
def test_a_checkpoint_with_something_missing_is_damaged(path, left_out):
    checkpoint = interrupted(path)
    tensors, description, _ = read_tensors(path, 1 << 20)
    del description[left_out]
    write_tensors(path, tensors, description, force=True)
    with pytest.raises(SourceError, match=f"is damaged: .*{left_out}"):
        checkpoint.read()


@pytest.mark.parametrize(
    ("name", "change", "says"),
    [
        ("first", lambda of: of[1:], "first has shape"),
        ("parameters", lambda of: of[None], "parameters has shape"),
        ("second", lambda of: of - 1, "a mean of squares is negative"),
        ("parameters", lambda of: of * np.float32("nan"), "parameters holds values that are not"),
    ],
)
def test_a_state_that_no_training_has_is_refused(path, name, change, says):
    checkpoint = interrupted(path, after=0)
    tensors, description, _ = read_tensors(path, 1 << 20)
    write_tensors(path, {**tensors, name: change(tensors[name])}, description, force=True)
    with pytest.raises(SourceError, match=f"is damaged: .*{says}"):
        checkpoint.read()


def test_a_changed_checkpoint_is_refused(path):
    checkpoint = interrupted(path, after=0)
    contents = path.read_bytes()
    for place in range(9, len(contents), len(contents) // 300):
        changed = bytearray(contents)
        changed[place] ^= 1
        path.write_bytes(changed)
        with pytest.raises((SourceError, UsageError)):
            checkpoint.read()


def test_files_that_are_not_checkpoints(path, tmp_path):
    checkpoint = interrupted(path)
    contents = path.read_bytes()
    for length in (0, 7, 100, len(contents) - 1):
        path.write_bytes(contents[:length])
        with pytest.raises(SourceError, match="is damaged, cut off"):
            checkpoint.read()
    write_tensors(path, {"weight": np.eye(2)}, {"schema": "opis.head/2"}, force=True)
    with pytest.raises(SourceError, match="not a checkpoint of this version"):
        checkpoint.read()
    with pytest.raises(SourceError, match="cannot be read"):
        Checkpoint(tmp_path / "missing", "identity").read()
