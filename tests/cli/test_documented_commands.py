"""Every command line of the README, docs/ and help runs as it stands, with files of such names.

A line runs in bash, in a folder of its own that holds `sample_data` and each file that the line
names: `e.parquet`, `a.opis`, `x.npy` and so on, made from a third of the sample data. A
file that the line writes is not there beforehand. Nothing is installed: a stub in place of pip,
uv and pipx checks that the extras that a line asks for exist.

The guide to continuous integration is one story, so test_continuous_integration.py runs it whole.
"""

import csv
import importlib.util
import json
import re
import shlex
import shutil
import sqlite3
import subprocess
from contextlib import closing

import faiss
import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
from command_table import COMMANDS
from conftest import SAMPLE
from documents import DOCUMENTS, shell_lines

LINES = sorted(
    {
        line
        for document in DOCUMENTS
        if document.name != "continuous-integration.md"
        for line in shell_lines(document)
    }
)
HELP_EXAMPLES = [
    line
    for command in COMMANDS.values()
    for line in re.findall(r"^ +(opis .*)", command.epilog or "", re.MULTILINE)
]
FILE = re.compile(
    r"(?:\b[a-z]+://)?"
    r"([\w./*?-]+\.(?:parquet|opis|npy|npz|arrow|feather|csv|jsonl|json|safetensors|duckdb|db|faiss|txt))"
)
WRITTEN = re.compile(r"(?:-o|--output|--save|>>?)[ =](\S+)")


@pytest.fixture(scope="session")
def examples(tmp_path_factory):
    """A folder with an example of each kind of file, 720 items of 120 classes in 64 dims."""
    folder = tmp_path_factory.mktemp("examples")
    table = pq.read_table(SAMPLE / "wordnet.parquet")
    labels = table["label"].to_numpy().astype(str)
    rows = np.concatenate([np.flatnonzero(labels == label)[:6] for label in np.unique(labels)])
    table = table.take(np.sort(rows))
    place = np.arange(len(table))
    table = table.append_column("country", pa.array(np.array(["FR", "IN", "PE"])[place % 3]))
    embeddings = np.array(table["embedding"].to_pylist(), dtype=np.float32)
    embeddings = embeddings @ np.linalg.svd(embeddings, full_matrices=False)[2][:64].T
    column = table.column_names.index("embedding")

    def with_embeddings(new):
        return table.set_column(column, "embedding", pa.array(list(new.astype(np.float32))))

    tuned = with_embeddings(embeddings - 0.5 * embeddings.mean(0))
    table = with_embeddings(embeddings)
    pq.write_table(table, folder / "e.parquet")
    for name in ("tuned", "after", "b", "new"):
        pq.write_table(tuned, folder / f"{name}.parquet")
    pq.write_table(table.filter(pa.array(place % 2 == 0)), folder / "queries.parquet")
    for name in ("enrolled", "gallery"):
        pq.write_table(table.filter(pa.array(place % 2 == 1)), folder / f"{name}.parquet")
    labels = labels[np.sort(rows)]
    np.save(folder / "e.npy", embeddings)
    index = faiss.IndexFlatIP(embeddings.shape[1])
    index.add(embeddings)
    faiss.write_index(index, str(folder / "e.faiss"))
    np.save(folder / "y.npy", labels)
    np.savez(folder / "e.npz", embedding=embeddings, label=labels)
    feather.write_feather(table, folder / "e.feather")
    shutil.copy(folder / "e.feather", folder / "e.arrow")
    write_databases(folder, table)
    write_pair_files(folder, table["id"].to_numpy(), labels, embeddings)
    write_text_files(folder, labels, embeddings)
    write_made_files(folder, labels, embeddings)
    return folder


def write_pair_files(folder, ids, labels, embeddings):
    """Pairs of items that stand a few rows apart: scores without a header, trials, embeddings."""
    first = np.repeat(np.arange(len(labels)), 9)
    second = (first + np.tile(np.arange(1, 10), len(labels))) % len(labels)
    unit = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    scores = (unit[first] * unit[second]).sum(axis=1)
    same = labels[first] == labels[second]
    lines = {
        "scores.txt": zip(same.astype(int), scores, strict=True),
        "bob.txt": zip(labels[first], labels[second], second, scores, strict=True),
        "trials.txt": zip(same.astype(int), ids[first], ids[second], strict=True),
    }
    for name, rows in lines.items():
        (folder / name).write_text("".join(f"{' '.join(map(str, row))}\n" for row in rows))
    both = {"speaker_a": labels[first], "speaker_b": labels[second]}
    with (folder / "scores.csv").open("w", newline="") as file:
        table = {**both, "same": same.astype(int), "similarity": scores}
        csv.writer(file).writerows([[*table], *zip(*table.values(), strict=True)])
    columns = {"embedding_a": list(unit[first]), "embedding_b": list(unit[second]), "same": same}
    pq.write_table(pa.table(columns), folder / "pairs.parquet")


def write_databases(folder, table):
    """A table of the items, in SQLite and, if it is installed, in DuckDB."""
    rows = table.select(["label", "embedding"]).to_pylist()
    texts = [(row["label"], "test", json.dumps(row["embedding"])) for row in rows]
    with closing(sqlite3.connect(folder / "e.db")) as database:
        database.execute("CREATE TABLE items (label, split, embedding)")
        database.executemany("INSERT INTO items VALUES (?, ?, ?)", texts)
        database.commit()
    if importlib.util.find_spec("duckdb") is not None:
        import duckdb

        with closing(duckdb.connect(folder / "e.duckdb")) as database:
            database.register("given", table)
            database.execute("CREATE TABLE items AS SELECT *, label AS id FROM given")


def write_text_files(folder, labels, embeddings):
    dims = [f"dim_{j}" for j in range(8)]
    with (folder / "e.csv").open("w", newline="") as file:
        csv.writer(file).writerows(
            [["label", *dims], *([a, *x] for a, x in zip(labels, embeddings[:, :8], strict=True))]
        )
    items = zip(labels, embeddings.tolist(), strict=True)
    lines = (json.dumps({"label": label, "embedding": x}) for label, x in items)
    (folder / "e.jsonl").write_text("\n".join(lines) + "\n")


def write_made_files(folder, labels, embeddings):
    """What opis itself writes: an evaluation, a threshold, a head."""
    import opiscli
    from opiscli.cli import main

    for argv in (
        ["evaluate", "e.parquet", "-q", "--ranking", "--save", "e.opis"],
        ["evaluate", "tuned.parquet", "-q", "--ranking", "--save", "b.opis"],
        ["calibrate", "e.parquet", "-q", "--far", "1e-3", "-o", "threshold.json",
         "--probability", "--prevalence", "1e-2"],
    ):  # fmt: skip
        paths = [str(folder / word) if "." in word else word for word in argv]
        with pytest.raises(SystemExit, match="0"):
            main(paths)
    opiscli.Head(steps=1).fit(embeddings, labels).save(folder / "head.safetensors")
    # For lines that project the sample data itself, which has more dims.
    whole = pq.read_table(SAMPLE / "wordnet.parquet").slice(0, 400)
    head = opiscli.Head(steps=1).fit(whole["embedding"].to_pylist(), whole["label"].to_numpy())
    head.save(folder / "wide.safetensors")


def provide(name, folder, examples, line):
    """The example of that name, else of its kind; a pattern matches two files."""
    if "*" in name:
        for one in ("1", "2"):
            provide(name.replace("*", one), folder, examples, line)
        return
    path = folder / name
    if path.exists():
        return
    kind = path.suffix
    if kind == ".npy" and re.match("y|.*label", path.stem):
        source = "y.npy"
    elif (examples / path.name).exists():
        source = path.name
    else:
        source = {".json": "threshold", ".safetensors": "head"}.get(kind, "e") + kind
    if kind == ".safetensors" and "sample_data/wordnet" in line:
        source = "wide.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(examples / source, path)


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.split("  ")[0])
def test_a_command_line_runs(line, tmp_path, examples, programs, shell_environment):
    if shutil.which("bash") is None:
        pytest.skip("there is no bash to run the line")
    if "duckdb://" in line:
        pytest.importorskip("duckdb", reason="needs the extra duckdb")
    (tmp_path / "sample_data").symlink_to(SAMPLE)
    written = set(WRITTEN.findall(line))
    code = re.sub(r"\s#.*", "", line)
    for name in set(FILE.findall(code)) - written:
        provide(name, tmp_path, examples, line)
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "bin").symlink_to(programs)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", line],
        cwd=tmp_path,
        env=shell_environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    # A condition may be met on these data: that is an answer, too.
    fine = {0, 1} if "opis check" in line else {0}
    assert done.returncode in fine, done.stderr
    assert all((tmp_path / name).exists() for name in written if "$" not in name and name != "-")


@pytest.mark.parametrize("line", HELP_EXAMPLES)
def test_an_example_of_the_help_runs(line, opis, tmp_path, examples, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in set(FILE.findall(line)) - set(WRITTEN.findall(line)):
        provide(name, tmp_path, examples, line)
    _, *words = shlex.split(line)
    # Twenty trainings of full length take long, and one step runs the same code.
    words += ["--steps", "1"] if "--tune" in words else []
    code, out, err = opis(*words)
    assert code in ({0, 1} if words[0] == "check" else {0}), err
    assert out


def test_lines_are_found():
    assert len(LINES) > 30
