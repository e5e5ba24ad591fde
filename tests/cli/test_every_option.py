"""Every option of every command does something: it changes what its case prints or writes."""

import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import typer
from conftest import clusters

from opiscli.cli import app

# Words before all options of a command, which write files named out.* only.
BASE = {
    "evaluate": "evaluate x.parquet",
    "compare": "compare x.parquet other.parquet",
    "inspect": "inspect x.parquet --far 0.05",
    "calibrate": "calibrate x.parquet",
    "check": "check x.parquet --fail-if opis>0.5",
    "finetune": "finetune x.parquet -o out.safetensors --steps 2 --items-per-class 2 -q",
    "project": "project x.parquet --head head.safetensors -o out.parquet",
    "export": "export head.safetensors -o out.npz",
    "report": "report x.parquet -o out.html",
    "plot-curves": "plot-curves x.parquet -o out.svg",
    "plot-distances": "plot-distances x.parquet -o out.svg",
    "plot-det": "plot-det x.parquet -o out.svg",
    "plot-pareto": "plot-pareto x.parquet other.parquet -o out.svg",
    "plot-classes": "plot-classes x.parquet -o out.svg",
}

# Of an option: the words that give it, and after "|" others that stand in both runs.
# A first word "=" replaces the base: that stands in both runs, too.
ANY = {
    "--embedding-column": "--embedding-column second",
    "--label-column": "--label-column kind",
    "--id-column": "--id-column key | = {command} bad.parquet {needed}",
    "--where": "--where split=a",
    "--labels": "--labels y.npy | = {command} x.npy {needed}",
    "--drop-duplicates": "--drop-duplicates",
    "--distance": "--distance cosine",
    "--far": "--far 0.05:0.3",
    "--frr": "--frr 0.1:0.4",
    "--range": "--range 0.7:1.1",
    "--utility": "--utility precision-recall",
    "--beta": "--beta 2",
    "--epsilon": "--epsilon 0.4",
    "--seed": "--seed 5",
    "--threads": "--threads 3 | -v",
    "--memory-limit": "--memory-limit 1kB",
    "--quiet": "-q",
    "--verbose": "-v",
    "--format": "--format csv",
    "--json": "--json",
    "--threshold-file": "--threshold-file t.json",
    "--group-by": "--group-by split",
    "--force": "--force | taken",
    "--style": "--style ggplot",
    "--highlight": "--highlight worst:2",
    "--output": "-o out2{suffix}",
}
CASES = {
    ("evaluate", "--gallery"): "--gallery other.parquet",
    ("evaluate", "--gallery-where"): "--gallery-where split=a | --gallery other.parquet",
    ("evaluate", "--gallery-labels"): "--gallery-labels y.npy | --gallery x.npy",
    ("evaluate", "--thresholds"): "--thresholds 11",
    ("evaluate", "--k"): "--k 1,3",
    ("evaluate", "--ranking"): "--ranking",
    ("evaluate", "--index"): "--index SQ4",
    ("evaluate", "--sample-pairs"): "--sample-pairs 2000",
    ("evaluate", "--save"): "--save out.opis",
    ("evaluate", "--force"): "--force | --save taken.opis",
    ("compare", "--k"): "--k 1,3",
    ("compare", "--id-column"): "--id-column key | = compare bad.parquet other.parquet",
    ("compare", "--labels"): "--labels y.npy | = compare x.npy x.npy",
    ("compare", "--quiet"): "-q | = compare x.parquet unseen.parquet",
    ("inspect", "--far"): "--far 0.1 | = inspect x.parquet",
    ("inspect", "--threshold"): "--threshold 0.9 | = inspect x.parquet",
    ("inspect", "--threshold-file"): "--threshold-file t.json | = inspect x.parquet",
    ("inspect", "--pairs"): "--pairs 2",
    ("inspect", "--neighbours"): "--neighbours 1",
    ("inspect", "--show"): "--show split",
    ("calibrate", "--far"): "--far 0.05 | --threshold 0.8",
    ("calibrate", "--criterion"): "--criterion eer | --threshold 0.8",
    ("calibrate", "--target"): "--target 0.2 | --criterion frr",
    ("calibrate", "--threshold"): "--threshold 0.9 | --far 0.05",
    ("calibrate", "--average"): "--average macro | --far 0.05",
    ("calibrate", "--confidence"): "--confidence 0.6 | --far 0.2",
    ("calibrate", "--allow-zero"): "--allow-zero | = calibrate other.parquet --far 1e-7",
    ("calibrate", "--labels"): "--labels y.npy | = calibrate x.npy --far 0.05",
    ("calibrate", "--threads"): "--threads 3 | -v --far 0.05",
    ("calibrate", "--eval"): "--eval other.parquet | --far 0.05",
    ("calibrate", "--eval-where"): "--eval-where split=a | --far 0.05 --eval other.parquet",
    ("calibrate", "--per-class"): "--per-class | --far 0.05",
    ("calibrate", "--holdout"): "--holdout 0.5 | --far 0.1 --repeats 3",
    ("calibrate", "--repeats"): "--repeats 3 | --far 0.1 --holdout 0.5",
    ("calibrate", "--seed"): "--seed 5 | --far 0.1 --holdout 0.5 --repeats 3",
    ("calibrate", "--output"): "-o out.json | --far 0.05",
    ("calibrate", "--print"): "--print threshold | --far 0.05",
    ("calibrate", "--force"): "--force | --far 0.05 -o taken.json",
    ("check", "--fail-if"): "--fail-if opis>0",
    ("check", "--threshold"): "--threshold 0.9 | --fail-if far>0.5",
    ("check", "--threshold-file"): "--threshold-file t.json | --fail-if far>0.5",
    ("check", "--quiet"): None,  # nothing is left out: reasons to fail are said all the same
    ("plot-curves", "--quiet"): None,  # a picture has no warnings, and progress needs a terminal
    ("plot-distances", "--quiet"): None,
    ("plot-det", "--quiet"): None,
    ("plot-pareto", "--quiet"): None,
    ("plot-classes", "--quiet"): None,
    ("plot-distances", "--log"): "--log",
    ("plot-pareto", "--pairs"): "--pairs x:other",
    ("plot-classes", "--far"): "--far 0.2",
    ("plot-classes", "--threshold"): "--threshold 0.6",
    ("finetune", "--loss"): "--loss triplet",
    ("finetune", "--loss-option"): "--loss-option temperature=0.5",
    ("finetune", "--tcm"): "--no-tcm",
    ("finetune", "--margins"): "--margins fixed",
    ("finetune", "--tcm-margin-pos"): "--tcm-margin-pos 0.7 | --margins fixed",
    ("finetune", "--tcm-margin-neg"): "--tcm-margin-neg 0.1 | --margins fixed",
    ("finetune", "--tcm-lambda-pos"): "--tcm-lambda-pos 2",
    ("finetune", "--tcm-lambda-neg"): "--tcm-lambda-neg 2",
    ("finetune", "--head"): "--head mlp",
    ("finetune", "--start"): "--start pca",
    ("finetune", "--dim"): "--dim 4 | --start pca",
    ("finetune", "--optimiser"): "--optimiser lbfgs",
    ("finetune", "--steps"): "--steps 3",
    ("finetune", "--classes-per-batch"): "--classes-per-batch 3",
    ("finetune", "--items-per-class"): "--items-per-class 3",
    ("finetune", "--lr"): "--lr 0.01",
    ("finetune", "--decay"): "--decay 0.5",
    ("finetune", "--tune"): "--tune 2",
    ("finetune", "--resume"): "--resume",
    ("finetune", "--val"): "--val unseen.parquet",
    ("finetune", "--val-fraction"): "--val-fraction 0.4",
    ("finetune", "--objective"): "--objective recall",
    ("finetune", "--quiet"): "-q | = finetune x.parquet -o out.safetensors --steps 2",
    ("finetune", "--threads"): None,  # no number depends on them, and nothing is said of them
    ("finetune", "--memory-limit"): None,  # only the comparison at the end counts pairs
    ("project", "--head"): "--head noisy.safetensors | = project noisy.parquet -o out.parquet",
    ("export", "--output"): "-o out.onnx",
    (
        "project",
        "--labels",
    ): "--labels y.npy | = project x.npy --head head.safetensors -o out.parquet",
    ("finetune", "--labels"): "--labels y.npy | = finetune x.npy -o out.safetensors --steps 2 -q",
}
EXPLAINED = ("--memory-limit", "--id-column", "--sample-pairs", "--resume")
"""What they change here is how a failure is explained."""


def _options():
    """Every option of every command, as Typer has them."""
    for name, command in typer.main.get_command(app).commands.items():
        for parameter in command.params:
            longest = [word for word in parameter.opts if word.startswith("--")]
            if longest and "--help" not in longest:
                yield name, longest[-1]


OPTIONS = list(_options())


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("options")
    embeddings, labels = clusters(4, n_classes=14, dims=8, sizes=(6, 9), spread=0.8)
    embeddings[7], embeddings[30] = embeddings[6], embeddings[5]
    rng = np.random.default_rng(0)
    columns = {
        "label": labels,
        "kind": rng.permutation(labels),
        "split": rng.choice(["a", "b"], len(labels)),
        "key": [f"key {i}" for i in range(len(labels))],
        "second": list(rng.normal(size=embeddings.shape)),
    }
    other = embeddings + 0.3 * rng.normal(size=embeddings.shape)
    bad = embeddings.copy()
    bad[3] = 0
    for name, vectors in (("x", embeddings), ("other", other), ("bad", bad)):
        pq.write_table(
            pa.table({"embedding": list(vectors), **columns}), folder / f"{name}.parquet"
        )
    unseen = {"embedding": list(other), **columns, "label": labels + 100, "kind": labels + 200}
    pq.write_table(pa.table(unseen), folder / "unseen.parquet")
    noisy = np.hstack([embeddings, 6 * rng.normal(size=(len(labels), 3))])
    pq.write_table(pa.table({"embedding": list(noisy), **columns}), folder / "noisy.parquet")
    np.save(folder / "x.npy", embeddings)
    np.save(folder / "y.npy", labels)
    return folder


@pytest.fixture
def run(opis, data, tmp_path, monkeypatch):
    """Run words in a fresh copy of the data; return all that can be seen of it."""

    def in_copy(words):
        folder = tmp_path / f"run{len(list(tmp_path.iterdir()))}"
        shutil.copytree(data, folder)
        monkeypatch.chdir(folder)
        for path in folder.glob("taken*"):
            path.touch()
        seen = opis(*words.split())
        return seen, {path.name: path.read_bytes() for path in sorted(folder.glob("out*"))}

    return in_copy


@pytest.fixture(scope="module", autouse=True)
def heads_and_thresholds(data):
    from opiscli.cli import main

    for line in (
        f"finetune {data}/x.parquet --steps 2 -q -o {data}/head.safetensors",
        f"finetune {data}/noisy.parquet --steps 60 --lr 0.02 -q -o {data}/noisy.safetensors",
        f"calibrate {data}/x.parquet --far 0.03 -q -o {data}/t.json",
    ):
        with pytest.raises(SystemExit) as leaving:
            main(line.split())
        assert not leaving.value.code
    for suffix in ("opis", "json", "html", "svg", "parquet", "npz", "safetensors"):
        (data / f"taken.{suffix}").touch()


def lines(command, option):
    """The two command lines, with the option and without it."""
    case = CASES.get((command, option), ANY.get(option))
    given, _, rest = (part.strip() for part in case.partition("|"))
    base = BASE[command]
    suffix = base.split(" -o out")[1].split()[0] if " -o out" in base else ""
    if rest.startswith("="):
        needed = base.split(".parquet", 1)[1].replace(" other.parquet", "")
        base, rest = rest[1:].format(command=command, needed=needed), ""
    elif rest == "taken":
        base, rest = base.replace(" out", " taken").replace("-o out", "-o taken"), ""
    elif command == "calibrate" and not rest:
        rest = "--far 0.05"
    elif option == "--output":
        base = (
            base.replace(f" -o out{suffix}", "") if command.startswith(("plot", "report")) else base
        )
    without = f"{base} {rest}"
    return f"{without} {given.format(suffix=suffix)}", without


@pytest.mark.parametrize(("command", "option"), OPTIONS)
def test_an_option_does_something(run, command, option):
    if CASES.get((command, option), "") is None:
        return
    with_it, without = lines(command, option)
    changed = run(with_it)
    assert changed != run(without), f"{with_it} is the same as {without}"
    assert changed[0][0] in (0, 1) or option in EXPLAINED, changed[0][2]


def test_every_case_is_of_an_option():
    assert set(CASES) <= set(OPTIONS)
