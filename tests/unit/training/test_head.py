"""The trained head as an object: on its own, in a file, and in scikit-learn's pipelines."""

import inspect
import json
import pickle
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import clusters_on_a_line

from opiscli import EmbeddingError, Head, UsageError, finetune, project
from opiscli.heads import Projection
from opiscli.heads.head_file import HeadFile, write_head
from opiscli.training.fitted_head import FittedHead
from opiscli.training.settings import TrainingSettings

EMBEDDINGS, LABELS = clusters_on_a_line()
OPTIONS = {"steps": 40, "far": (0.02, 0.1), "lr": 1e-3, "threads": 1}


@pytest.fixture(scope="module")
def head():
    return Head(**OPTIONS).fit(EMBEDDINGS, LABELS)


def test_defaults_are_those_of_training():
    assert Head().settings() == TrainingSettings()


def test_rows_have_length_one_and_are_float32(head):
    rows = head.transform((3 * EMBEDDINGS).tolist())
    assert rows.shape == EMBEDDINGS.shape
    assert rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(head.transform(EMBEDDINGS[:1]), rows[:1], atol=1e-6)
    identity = Head().fitted(FittedHead(Projection.identity(8)), {})
    assert not np.allclose(rows, identity.transform(EMBEDDINGS), atol=1e-3)


def test_a_head_that_is_only_applied_imports_no_training(head, tmp_path):
    head.save(tmp_path / "h.safetensors")
    code = """if True:
        import sys
        from opiscli import Head
        Head.load(sys.argv[1]).transform([[1.0] * 8])
        print({"scipy", "faiss", "pyarrow", "sklearn"} & set(sys.modules))
    """
    run = [sys.executable, "-c", code, tmp_path / "h.safetensors"]
    assert subprocess.run(run, capture_output=True, check=True, text=True).stdout == "set()\n"


def test_a_pickled_head_works(head):
    copy = pickle.loads(pickle.dumps(head))
    assert np.array_equal(copy.transform(EMBEDDINGS), head.transform(EMBEDDINGS))
    assert copy.record == head.record


def test_fit_and_finetune_train_the_same_head(head):
    tuned = finetune(EMBEDDINGS, LABELS, **OPTIONS)
    assert np.array_equal(tuned.head.projection.weight, head.projection.weight)
    assert tuned.head.signature == head.signature
    assert tuned.report.head.step == head.step
    again = Head(**OPTIONS).fit_transform(EMBEDDINGS, LABELS)
    assert np.array_equal(again, head.transform(EMBEDDINGS))


def test_every_parameter_reaches_training():
    changed = {
        "loss": "contrastive", "loss_options": {"gamma": 5.0}, "tcm": False,
        "margins": "fixed", "tcm_margin_pos": 0.7, "tcm_margin_neg": 0.2, "tcm_lambda_pos": 2.0,
        "tcm_lambda_neg": 3.0, "head": "mlp", "start": "pca", "dim": 4, "optimiser": "lbfgs",
        "steps": 7, "classes_per_batch": 5, "items_per_class": 3, "lr": 0.1, "decay": 0.5,
        "choose": "validation", "careful": True, "at_far": 0.01, "val_fraction": 0.4,
        "test_fraction": 0.1, "normalize": True, "objective": "both", "far": (0.05, 0.2), "seed": 3,
    }  # fmt: skip
    assert {*changed, "tune", "threads"} == set(Head().get_params())
    no_conflict = {"tcm": True, "optimiser": "adam", "loss_options": None, "choose": None}
    no_conflict |= {"val_fraction": None}
    both = Head(**{**changed, **no_conflict}).settings().tcm
    assert (both.margin_plus, both.margin_minus) == (0.7, 0.2)
    assert (both.lambda_plus, both.lambda_minus) == (2.0, 3.0)
    plain = Head().settings().signature()
    assert all(Head(**{k: v}).settings().signature() != plain for k, v in changed.items())


def test_a_loaded_head_is_the_saved_one(head, tmp_path):
    path = tmp_path / "head.safetensors"
    head.set_params(loss_options={"gamma": np.float64(5.0)})
    fresh = head.fitted(FittedHead(head.projection), head.record)
    fresh.save(path)
    loaded = Head.load(path)
    assert np.array_equal(loaded.transform(EMBEDDINGS), head.transform(EMBEDDINGS))
    assert loaded.get_params() == {**head.get_params(), "threads": None}
    assert loaded.record == fresh.record
    with pytest.raises(UsageError, match="exists already"):
        loaded.save(path)
    loaded.save(str(path), force=True)
    head.set_params(loss_options=None)


def test_parameters_of_a_later_version_are_left_out(head, tmp_path):
    path = tmp_path / "head.safetensors"
    record = {"options": {"steps": 5, "unheard_of": 1}}
    write_head(path, HeadFile(head.projection, record), force=False)
    assert Head.load(path).get_params() == Head(steps=5).get_params()


def test_results_cannot_be_changed(head):
    with pytest.raises(ValueError, match="read-only"):
        head.projection.weight[0, 0] = 1
    head.record["signature"] = "other"
    assert head.signature.startswith("opis-finetune|")
    with pytest.raises(AttributeError):
        head.projection = None


def test_parameters_by_name():
    head = Head(steps=5, far=(0.02, 0.1))
    assert repr(head) == "Head(steps=5, far=(0.02, 0.1))"
    assert head.set_params(steps=6) is head
    assert head.get_params()["steps"] == 6
    with pytest.raises(UsageError, match="no parameter 'step', expected one of: loss,"):
        head.set_params(seed=1, step=6)
    assert head.seed == 0
    assert list(head.get_params()) == list(inspect.signature(Head).parameters)
    with pytest.raises(TypeError, match="step"):
        Head(step=6)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"steps": 0}, "steps is 0"),
        ({"tune": 0}, "tune is 0"),
        ({"head": "big"}, "is 'big'"),
        ({"threads": 0}, "threads is 0"),
    ],
)
def test_parameters_are_checked_by_fit(options, says):
    with pytest.raises(UsageError, match=says):
        Head(**options).fit(EMBEDDINGS, LABELS)


def test_what_cannot_be_transformed(head):
    for call in (lambda h: h.transform(EMBEDDINGS), lambda h: h.projection, lambda h: h.signature):
        with pytest.raises(UsageError, match="the head is not trained"):
            call(Head())
    assert not hasattr(Head(), "n_features_in_")
    assert head.n_features_in_ == 8
    with pytest.raises(EmbeddingError, match="have 7 dims, the head expects 8"):
        head.transform(EMBEDDINGS[:, :7])
    with pytest.raises(EmbeddingError, match="expected \\(items, dims\\)"):
        head.transform(EMBEDDINGS[0])
    with pytest.raises(EmbeddingError, match="row 1 "):
        head.transform(np.vstack([EMBEDDINGS[:1], np.zeros((1, 8))]))


def test_a_pipeline_gives_the_rows_of_opis_project(opis, tmp_path):
    pipeline = pytest.importorskip("sklearn.pipeline")
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    np.savez(tmp_path / "x.npz", embedding=EMBEDDINGS, label=LABELS)
    options = ("--steps", 40, "--far", "0.02:0.1", "--lr", 1e-3, "-q")
    path, output = tmp_path / "h.safetensors", tmp_path / "p.parquet"
    assert opis("finetune", tmp_path / "x.npz", "-o", path, *options)[0] == 0
    assert opis("project", tmp_path / "x.npz", "--head", path, "-o", output)[0] == 0
    written = np.stack(pq.read_table(output)["embedding"].to_numpy())
    steps = pipeline.make_pipeline(preprocessing.Normalizer(), Head(**OPTIONS))
    ours = steps.fit(EMBEDDINGS, LABELS).transform(EMBEDDINGS)
    np.testing.assert_allclose(ours, written, atol=1e-6)
    alone = pipeline.make_pipeline(Head(**OPTIONS)).fit_transform(EMBEDDINGS, LABELS)
    assert np.array_equal(alone, written)


def test_scikit_learn_clones_and_searches(head):
    base = pytest.importorskip("sklearn.base")
    from sklearn.model_selection import GridSearchCV
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import Pipeline
    from sklearn.utils import get_tags
    from sklearn.utils.validation import check_is_fitted

    clone = base.clone(head)
    assert clone.get_params() == head.get_params()
    with pytest.raises(UsageError, match="not trained"):
        clone.transform(EMBEDDINGS)
    tags = get_tags(head)
    assert tags.transformer_tags is not None
    assert tags.target_tags.required
    check_is_fitted(head)
    with pytest.raises(ValueError, match="not fitted"):
        check_is_fitted(clone)
    untrained = Head(loss_options={"gamma": 5.0}, far=(0.02, 0.1), threads=1)
    steps = Pipeline([("head", untrained), ("knn", KNeighborsClassifier(1))])
    search = GridSearchCV(steps, {"head__steps": np.array([5, 10])}, cv=2)
    search.fit(EMBEDDINGS, LABELS)
    assert search.best_score_ > 0.5
    assert search.best_estimator_.named_steps["head"].steps in (5, 10)
    json.dumps(search.best_estimator_.named_steps["head"].record)


def test_project_takes_arrays_and_sources(head, tmp_path):
    expected = head.transform(EMBEDDINGS)
    head.save(tmp_path / "h.safetensors")
    np.savez(tmp_path / "x.npz", embedding=EMBEDDINGS, label=LABELS)
    pq.write_table(pa.table({"vector": list(EMBEDDINGS), "id": LABELS}), tmp_path / "x.parquet")
    assert np.array_equal(project(EMBEDDINGS, head), expected)
    assert np.array_equal(project(EMBEDDINGS, tmp_path / "h.safetensors"), expected)
    assert np.array_equal(project(tmp_path / "x.npz", head), expected)
    assert np.array_equal(project(str(tmp_path / "x.parquet"), head), expected)
    one_class = project(tmp_path / "x.parquet", head, where=("id=3",))
    np.testing.assert_allclose(one_class, expected[LABELS == 3], atol=1e-6)
    with pytest.raises(EmbeddingError, match="id=99"):
        project(tmp_path / "x.parquet", head, where=("id=99",))
