"""finetune, project and export from Python do what the commands do."""

import json

import numpy as np
import pytest
from conftest import clusters_on_a_line, coarse_grid

from opiscli import (
    EmbeddingError,
    EmbeddingSet,
    Head,
    SourceError,
    UsageError,
    evaluate,
    export,
    finetune,
)
from opiscli.results import Comparison
from opiscli.training.split import split_classes

EMBEDDINGS, LABELS = clusters_on_a_line()
OPTIONS = {"steps": 40, "far": (0.02, 0.1), "lr": 1e-3, "threads": 1}
COMMAND = ("--steps", 40, "--far", "0.02:0.1", "--lr", 1e-3, "-q", "--json")


def saved(tmp_path, name, chosen=slice(None)):
    path = tmp_path / f"{name}.npz"
    np.savez(path, embedding=EMBEDDINGS[chosen], label=LABELS[chosen])
    return path


def without_source(report):
    report["data"].pop("source")
    return report


@pytest.mark.parametrize("more", [{}, {"tune": 3}, {"head": "mlp", "tcm": False, "dim": 5}])
def test_finetune_gives_the_json_and_the_head_of_the_command(opis, tmp_path, more):
    flags = [f"--{name}={value}" for name, value in more.items() if name != "tcm"]
    flags += ["--no-tcm"] if "tcm" in more else []
    path = tmp_path / "h.safetensors"
    code, out, _ = opis("finetune", saved(tmp_path, "x"), "-o", path, *COMMAND, *flags)
    tuned = finetune(EMBEDDINGS, LABELS, **OPTIONS, **more)
    assert code == 0
    assert without_source(json.loads(tuned.to_json())) == without_source(json.loads(out))
    theirs = Head.load(path)
    assert np.array_equal(theirs.transform(EMBEDDINGS), tuned.head.transform(EMBEDDINGS))
    assert {**theirs.get_params(), "threads": 1} == tuned.head.get_params()


def test_validation_classes_can_be_given(opis, tmp_path):
    first, second = LABELS < 14, LABELS >= 14
    steps = []
    tuned = finetune(
        EMBEDDINGS[first],
        LABELS[first],
        val=(EMBEDDINGS[second], LABELS[second]),
        on_validation=steps.append,
        **OPTIONS,
    )
    assert tuned.report.validation.n_classes == 18
    assert tuple(steps) == tuned.history
    run = ("finetune", saved(tmp_path, "a", first), "--val", saved(tmp_path, "b", second))
    _, out, _ = opis(*run, "-o", tmp_path / "h.safetensors", *COMMAND)
    assert without_source(json.loads(out)) == without_source(json.loads(tuned.to_json()))
    with pytest.raises(EmbeddingError, match=r"18 classes of .*val are also trained on"):
        finetune(EMBEDDINGS, LABELS, val=(EMBEDDINGS[second], LABELS[second]), **OPTIONS)
    with pytest.raises(EmbeddingError, match=r"8 dims, but 7 in .*val"):
        finetune(EMBEDDINGS, LABELS, val=(EMBEDDINGS[second, :7], LABELS[second]), **OPTIONS)


def test_before_and_after_are_a_paired_comparison():
    tuned = finetune(EMBEDDINGS, LABELS, **OPTIONS)
    comparison, validation = tuned.comparison, tuned.report.validation
    assert isinstance(comparison, Comparison)
    assert comparison.is_paired
    assert comparison.data[0].source == "frozen embeddings"
    assert comparison.warnings == ()
    opis = next(metric for metric in comparison.metrics if metric.name == "opis")
    assert opis.values[1].change.ci is not None
    assert [value.value for value in opis.values] == [
        validation.before["opis"],
        validation.after["opis"],
    ]
    assert tuned.head.record["validation"]["after"] == validation.after
    assert "comparison" not in tuned.head.record


def test_nothing_better_is_a_warning_and_the_identity():
    nothing = {"lr": 1e-12, "objective": "recall", "start": "identity"}
    tuned = finetune(EMBEDDINGS, LABELS, **{**OPTIONS, **nothing})
    assert [warning.code for warning in tuned.warnings] == ["no-better-head"]
    assert tuned.report.head.step is None
    assert tuned.comparison.warnings == ()
    assert np.array_equal(tuned.head.projection.weight, np.eye(8))


def test_an_identity_on_exact_data_does_not_warn_of_equal_sides():
    embeddings, labels = coarse_grid(n_items=200, n_classes=20)
    options = {"lr": 1e-12, "objective": "recall", "start": "identity", "val_fraction": 0.2}
    tuned = finetune(embeddings, labels, steps=10, threads=1, **options)
    before, after = tuned.comparison.data
    assert before.sha256 == after.sha256
    assert tuned.comparison.warnings == ()


def test_the_digest_of_the_data_is_that_of_an_evaluation():
    tuned = finetune(EMBEDDINGS, LABELS, val_fraction=0.2, **OPTIONS)
    items = EmbeddingSet.from_arrays(EMBEDDINGS, LABELS)
    trained_on, held_out = split_classes(items, 0.2, 0)
    assert tuned.report.data.sha256 == trained_on.sha256
    assert tuned.comparison.data[0].sha256 == held_out.sha256
    held = np.isin(LABELS.astype(str), held_out.names)
    evaluation = evaluate(EMBEDDINGS[~held][::-1], LABELS[~held][::-1], threads=1)
    assert tuned.head.record["data"]["sha256"] == evaluation.data.sha256


def test_an_unknown_option_is_named():
    with pytest.raises(TypeError, match="epochs"):
        finetune(EMBEDDINGS, LABELS, epochs=3)


@pytest.mark.parametrize("suffix", ["npz", "faiss"])
def test_export_writes_what_the_command_writes(opis, tmp_path, suffix):
    head = finetune(EMBEDDINGS, LABELS, **OPTIONS).head
    head.save(tmp_path / "h.safetensors")
    paths = [tmp_path / f"{name}.{suffix}" for name in ("a", "b", "c")]
    export(head, paths[0])
    export(tmp_path / "h.safetensors", str(paths[1]))
    assert opis("export", tmp_path / "h.safetensors", "-o", paths[2])[0] == 0
    assert len({path.read_bytes() for path in paths}) == 1
    with pytest.raises(UsageError, match="exists already"):
        export(head, paths[0])
    export(head, paths[0], force=True)
    with pytest.raises(UsageError, match="not trained"):
        export(Head(), paths[0], force=True)
    with pytest.raises(SourceError, match="cannot be read"):
        export(tmp_path / "missing.safetensors", paths[0], force=True)
