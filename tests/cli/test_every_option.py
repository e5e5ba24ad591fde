"""Every option of every command does something: one line a case, one case an option.

A case runs a command with an option and without it on a few dozen items, and what comes out must
differ: what is printed, the exit code or a file. Signatures are left out of the comparison, because
they repeat what was asked for whether or not it was heeded.
"""

import re
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from command_table import COMMANDS

from opiscli.cli import main

# What a command is called with, where a case does not name other sources.
CALLS = {
    "evaluate": "e.parquet",
    "compare": "e.parquet f.parquet",
    "inspect": "e.parquet",
    "calibrate": "e.parquet --far 0.05",
    "translate": "old.parquet young.parquet --similarity 0.5",
    "check": "e.parquet --fail-if opis>0.2",
    "finetune": "t.parquet --steps 20 --far 0.05:0.2 -o new.safetensors",
    "normalize": "e.parquet --cohort c.parquet --k 20 -o new.parquet",
    "project": "e.parquet --head head.safetensors -o new.parquet",
    "export": "head.safetensors -o new.npz",
    "report": "small.parquet -o new.html",
    "plot-curves": "e.parquet -o new.svg",
    "plot-distances": "e.parquet -o new.svg",
    "plot-det": "e.parquet -o new.svg",
    "plot-pareto": "e.parquet f.parquet -o new.svg",
    "plot-classes": "small.parquet --highlight worst:1 -o new.svg",
    "help": "calibrate",
}

# Command, option and value | what is typed before it: other sources, other options | what differs.
# A command * is every one that has the option and no line of its own. In the last column, nothing
# is "anything may differ"; "exit N" how the command ends with the option; "silence" that the option
# leaves stderr empty where a terminal sees progress; for the rest see SEEN.
CASES = """
* --embedding-column other
* --label-column kind
* --id-column name                      | bad.parquet                                    | exit 4
* --embedding-columns dim_*              | wide.parquet --embedding-columns other_*
* --where fold=a
* --exclude fold=b
* --labels y.npy                        | x.npy --labels z.npy
* --no-offset                           | o.parquet
* --query items                         |                                                | exit 2
* --score-column other                  | pairs.csv --scores similarity --class-column kind
* --same-column alike                   | pairs.csv --scores similarity --class-column kind
* --scores distance                     | pairs.csv --scores similarity --class-column kind | exit 4
* --a-column nothing                    | pairs.csv --scores similarity --b-column kind  | exit 3
* --b-column nothing                    | pairs.csv --scores similarity --a-column kind  | exit 3
* --cluster-column nothing              | pairs.csv --scores similarity                  | exit 3
* --class-column nothing                | pairs.csv --scores similarity                  | exit 3
* --trials nothing.txt                  |                                                | exit 3
* --drop-duplicates
* --min-items 9
* --far-range 0.05:0.3                  |                                                | opis
* --frr-range 0.05:0.3                  |                                                | opis
* --range 0.6:1.1                       |                                                | opis
* --similarity-range 0.3:0.8            |                                                | opis
* --utility precision-recall            |                                                | opis
* --beta 2                              |                                                | opis
* --epsilon 0.4                         |                                                | eps-opis
* --distance cosine                     |                                                | opis
* --threshold-file t.json
* --style dark_background
* --format csv
* --json
* --seed 7                              |                                                | interval
* --quiet                               |                                                | silence
* --verbose
* --threads 3                           | -v --memory-limit 300kB --threads 1              | exit 2
* --memory-limit 1kB                    |                                                | exit 2
* --scheduler tcp://127.0.0.1:9         |                                                | exit 3
* --workers-read                        |                                                | exit 2

evaluate --gallery f.parquet
evaluate --gallery-where fold=a         | --gallery f.parquet
evaluate --gallery-labels y.npy        | x.npy --labels y.npy --gallery x.npy --gallery-labels z.npy
evaluate --thresholds 2                 |                                                | opis
evaluate --k 5
evaluate --ranking
evaluate --index SQ4
evaluate --sample-pairs 9e4             | many.parquet                                   | opis
evaluate --prevalence 0.2
evaluate --group-by fold
evaluate --full
evaluate --save new.opis
evaluate --force                        | --save there.opis

compare --embedding-columns dim_*       | wide.parquet w.parquet --embedding-columns other_*
compare --id-column name                | bad.parquet e.parquet                          | exit 4
compare --labels y.npy                  | x.npy x.npy --labels z.npy
compare --score-column other            | pairs.csv pairs.csv --scores similarity
compare --same-column alike             | pairs.csv pairs.csv --scores similarity
compare --a-column nothing              | pairs.csv pairs.csv --scores similarity        | exit 3
compare --b-column nothing              | pairs.csv pairs.csv --scores similarity        | exit 3
compare --scores distance               | pairs.csv pairs.csv --scores similarity        | exit 4
compare --cluster-column nothing        | pairs.csv pairs.csv --scores similarity        | exit 3
compare --class-column nothing          | pairs.csv pairs.csv --scores similarity        | exit 3
compare --k 5
compare --no-offset                     | o.parquet f.parquet

inspect --distance cosine               |                                                | threshold
inspect --far 0.2                       |                                                | threshold
inspect --threshold 0.9                 |                                                | threshold
inspect --similarity 0.6                |                                                | threshold
inspect --pairs 2
inspect --neighbours 1
inspect --show fold
inspect --components

calibrate --distance cosine             |                                                | threshold
calibrate --far 0.2                     |                                                | threshold
calibrate --criterion eer               |                                                | threshold
calibrate --target 0.3                  | --criterion frr --target 0.1                   | threshold
calibrate --threshold 0.9               |                                                | threshold
calibrate --similarity 0.6              |                                                | threshold
calibrate --average macro               |                                                | threshold
calibrate --class-share 0.5             | --far 0.2                                      | threshold
calibrate --confidence 0.8              | --far 0.2                                      | threshold
calibrate --prevalence 0.2              | --criterion precision=0.6 --prevalence 0.3     | threshold
calibrate --probability                 | --prevalence 0.2
calibrate --allow-zero                  | --far 1e-9
calibrate --eval f.parquet
calibrate --eval-where fold=a           | --eval f.parquet
calibrate --gallery f.parquet
calibrate --gallery-where fold=a        | --gallery f.parquet
calibrate --gallery-labels z.npy        | x.npy --labels y.npy --gallery f.parquet        | exit 2
calibrate --margin 0.3                  | --criterion fpir=0.2                           | threshold
calibrate --group-by fold
calibrate --per-class
calibrate --holdout 0.5                 | --repeats 2
calibrate --repeats 3                   | --holdout 0.5 --repeats 2
calibrate --unlabelled                  | --impostors c.parquet
calibrate --max-positive-share 0.5      | --unlabelled --max-positive-share 0.2          | threshold
calibrate --impostors c.parquet         |                                                | threshold
calibrate --impostors-where fold=a      | --impostors c.parquet                          | threshold
calibrate --impostors-labels y.npy      | --impostors x.npy
calibrate --output mine.json
calibrate --force                       | -o there.json
calibrate --print threshold
calibrate --for pgvector-l2
calibrate --seed 7                      | --holdout 0.5 --repeats 2

translate --id-column kind              |                                                | exit 4
translate --embedding-columns dim_* | wide.parquet w.parquet --id-column name --embedding-columns o*
translate --labels y.npy                | x.npy x.npy --by-row --labels z.npy
translate --no-offset                   | o.parquet o.parquet --id-column name
translate --distance cosine             |                                                | threshold
translate --threshold 1                 |                                                | exit 2
translate --similarity 0.4              |                                                | threshold
translate --threshold-file t.json       |                                                | exit 2
translate --new-embedding-column other  |                                                | threshold
translate --by-row                      | old.parquet turned.parquet
translate --output mine.json
translate --force                       | -o there.json

check --fail-if opis>0                  |                                                | exit 1
check --distance cosine                 |                                                | failing
check --threshold 1                     | --fail-if far>0.9 --threshold 0.5
check --similarity 0.2                  | --fail-if far>0.9 --similarity 0.5
check --prevalence 0.5                  | --fail-if precision<0 --threshold 0.5 --prevalence 0.1
check --threshold-file t.json           | --fail-if far>0.9

finetune --output mine.safetensors
finetune --loss triplet                 |                                                | training
finetune --loss-option gamma=5          |                                                | training
finetune --tcm                          | --no-tcm                                       | training
finetune --no-tcm                       |                                                | training
finetune --margins fixed                |                                                | training
finetune --tcm-margin-pos 0.7           | --margins fixed                                | training
finetune --tcm-margin-neg 0.3           | --margins fixed                                | training
finetune --tcm-lambda-pos 1             |                                                | training
finetune --tcm-lambda-neg 1             |                                                | training
finetune --head-type mlp                |                                                | training
finetune --start pca                    | --dim 4                                        | training
finetune --dim 4                        |                                                | training
finetune --optimiser lbfgs              |                                                | training
finetune --steps 30                     |                                                | training
finetune --classes-per-batch 4          |                                                | training
finetune --items-per-class 2            |                                                | training
finetune --lr 0.01                      |                                                | training
finetune --decay 0.5                    | --lr 0.01                                      | training
finetune --tune 2
finetune --resume                       |                                                | exit 2
finetune --choose validation            |                                                | training
finetune --careful
finetune --at-far 0.1
finetune --normalize
finetune --test-fraction 0.2            | --val-fraction 0.2                             | training
finetune --val v.parquet                |                                                | training
finetune --val-fraction 0.75            |                                                | training
finetune --objective recall | --val-fraction 0.2 --seed 2 --lr 0.01 --loss supcon | training
finetune --far-range 0.1:0.4                  |                                          | training
finetune --seed 7                       |                                                | training
finetune --force                        | -o there.safetensors
finetune --threads 0                    |                                                | exit 2

normalize --cohort many.parquet
normalize --embedding-columns dim_*     | wide.parquet --cohort wide.parquet --embedding-columns o*
normalize --cohort-where fold=a
normalize --cohort-labels y.npy         | --cohort x.npy                                 | exit 4
normalize --labels y.npy                | x.npy
normalize --id-column name              | bad.parquet                                    | exit 4
normalize --label-column kind
normalize --k 10
normalize --weight 0.5
normalize --output mine.parquet
normalize --seed 7                      | --json
normalize --force                       | -o there.parquet
normalize --no-offset                   | o.parquet

project --head other.safetensors
project --probability p.json
project --output mine.parquet
project --force                         | -o there.parquet
project --memory-limit 20B              |                                                | exit 2

export --output mine.faiss
export --force                          | -o there.npz

report --min-items 8                     | e.parquet -o new.html
report --output mine.html
report --force                          | -o there.html

plot-curves --highlight c3
plot-curves --output mine.svg
plot-curves --force                     | -o there.svg

plot-distances --log
plot-distances --output mine.svg
plot-distances --force                  | -o there.svg

plot-det --distance cosine               | counted.opis -o new.svg                        | exit 2
plot-det --output mine.svg
plot-det --force                        | -o there.svg

plot-pareto --embedding-columns dim_*   | wide.parquet w.parquet --embedding-columns o*
plot-pareto --arrow e:f
plot-pareto --output mine.svg
plot-pareto --force                     | -o there.svg

plot-classes --min-items 11
plot-classes --distance cosine
plot-classes --threshold 0.9            |                                                | picture
plot-classes --similarity 0.6           |                                                | picture
plot-classes --far 0.2                  |                                                | picture
plot-classes --highlight c1
plot-classes --output mine.svg
plot-classes --force                    | -o there.svg
"""

# Options without which a call is refused; all other calls go through without theirs, too.
LETS_PASS = {"--force", "--allow-zero", "--threshold-file", "--no-offset"}

# What the last column may name, and how it is found in what a command prints and writes; in a
# picture, all but its words.
SEEN = {
    "opis": r"OPIS(?:</dt>[^>]*>| +[A-Z]? +)([\d.e-]+)",
    "eps-opis": r"%-OPIS(?:</dt>[^>]*>| +[A-Z]? +)([\d.e-]+)",
    "failing": r"opis>0.2 +([\d.e-]+)",
    "interval": r"OPIS +[A-Z]? +[\d.e-]+ +([\d.e-]+ ?. ?[\d.e-]+)",
    "threshold": r"d ≤ ([\d.]+)",
    "training": r"\"(?:base|tcm|opis|kept)\": [^,}]*",
}
SIGNATURE = re.compile(r"opis(-finetune)?\|[^\n\"<]*\|v:[\d.]+")
WORDS_IN_PICTURE = re.compile(r"^( *)<g id=\"text_\d+\">\n.*?^\1</g>\n", re.MULTILINE | re.DOTALL)


def options_of(command):
    """Long names of all options of a command, both of a pair such as --tcm/--no-tcm."""
    names = {name for one in COMMANDS[command].params for name in [*one.opts, *one.secondary_opts]}
    return {name for name in names if name.startswith("--")}


def read_cases():
    """By command and option: the option with its value, what is typed before it, what differs."""
    own, shared = {}, {}
    for line in filter(None, CASES.split("\n")):
        case, before, seen = ([part.strip() for part in line.split("|")] + ["", ""])[:3]
        command, _, option = case.partition(" ")
        name = option.split()[0]
        if command != "*":
            own[command, name] = (option, before, seen)
            continue
        for one in COMMANDS:
            if name in options_of(one):
                shared[one, name] = (option, before, seen)
    return shared | own


EVERY_CASE = read_cases()


def test_every_option_has_a_case():
    assert set(EVERY_CASE) == {(name, option) for name in COMMANDS for option in options_of(name)}


def write_set(name, *, n_classes=7, sizes=(6, 10), first=0, n_dims=8, seed=0, on_line=False):
    """Some dozen items in classes of different width, with every kind of column.

    On a line, the first dim is one that a head learns to leave out.
    """
    rng = np.random.default_rng(seed)
    kind = np.repeat(np.arange(n_classes), rng.integers(*sizes, size=n_classes))
    width = rng.uniform(0.2, 0.8, size=n_classes)[kind]
    centres = rng.normal(size=(n_classes, n_dims))[kind]
    vectors = centres + width[:, None] * rng.normal(size=centres.shape)
    if on_line:
        vectors[:, 0] = kind % 4 + 1.5 * rng.normal(size=len(kind))
    vectors[1] = vectors[0]
    columns = {
        "name": [f"item {i}" for i in range(len(kind))],
        "label": [f"c{one + first}" for one in kind],
        "kind": [f"k{one}" for one in (kind + np.arange(len(kind)) % 5 // 4) % n_classes],
        "fold": ["b" if i % 3 == 0 else "a" for i in range(len(kind))],
        "embedding": list(vectors),
        "other": list(vectors**3),
    }
    pq.write_table(pa.table(columns), name)
    return vectors, kind


def write_wide(name, source):
    """The same items with one column for each coordinate."""
    rows = pq.read_table(source)
    columns = {one: rows[one] for one in ("name", "label", "kind", "fold")}
    for prefix, lists in (("dim", rows["embedding"]), ("other", rows["other"])):
        values = np.array(lists.to_pylist())
        columns |= {f"{prefix}_{k}": values[:, k] for k in range(values.shape[1])}
    pq.write_table(pa.table(columns), name)


def write_with_ids(name, source, order=1):
    """The same items with ids, in this order or reversed."""
    rows = pq.read_table(source)
    rows = rows.rename_columns(["id" if one == "name" else one for one in rows.column_names])
    pq.write_table(rows.take(np.arange(len(rows))[::order]), name)


def write_pairs(name):
    """Pairs with two scores, two opinions of which are alike, and a class."""
    rng = np.random.default_rng(8)
    same = rng.random(900) < 0.3
    columns = {
        "kind": [f"c{one}" for one in rng.integers(7, size=900)],
        "same": same.astype(int).tolist(),
        "alike": (same ^ (rng.random(900) < 0.1)).astype(int).tolist(),
        "score": (2 * same + rng.normal(size=900)).tolist(),
        "other": (2 * same + rng.normal(size=900)).tolist(),
    }
    rows = zip(*columns.values(), strict=True)
    lines = [",".join(columns), *(",".join(map(str, row)) for row in rows)]
    Path(name).write_text("\n".join(lines))


def write_offsets(name, source):
    """The same items with offsets of their similarities."""
    rows = pq.read_table(source)
    offsets = np.random.default_rng(7).normal(scale=0.1, size=len(rows))
    pq.write_table(rows.append_column("offset", pa.array(offsets)), name)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The sources and files that the calls name."""
    folder = tmp_path_factory.mktemp("options")
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(folder)
        vectors, labels = write_set("e.parquet")
        write_set("f.parquet", seed=1)
        write_set("t.parquet", n_classes=24, sizes=(4, 6), seed=2, on_line=True)
        write_set("v.parquet", first=50, seed=3)
        write_set("small.parquet", n_classes=4, sizes=(8, 12), seed=4)
        write_set("many.parquet", n_classes=60, sizes=(7, 9), seed=5)
        write_set("c.parquet", n_classes=40, sizes=(6, 9), first=100, seed=6)
        write_offsets("o.parquet", "e.parquet")
        write_with_ids("old.parquet", "e.parquet")
        write_with_ids("young.parquet", "f.parquet")
        write_with_ids("turned.parquet", "e.parquet", -1)
        write_pairs("pairs.csv")
        write_wide("wide.parquet", "t.parquet")
        write_wide("w.parquet", "v.parquet")
        np.save("x.npy", vectors)
        np.save("y.npy", labels)
        np.save("z.npy", (labels + np.arange(len(labels)) % 5 // 4) % 7)
        bad = pq.read_table("e.parquet")
        zeros = pa.array([[0.0] * 8] * len(bad))
        pq.write_table(bad.set_column(4, "embedding", zeros), "bad.parquet")
        for suffix in ("opis", "json", "safetensors", "parquet", "npz", "html", "svg"):
            (folder / f"there.{suffix}").write_text("there already")
        run("calibrate e.parquet --far 0.1 -o t.json")
        run("calibrate e.parquet --far 0.1 --probability --prevalence 0.1 -o p.json")
        run("evaluate e.parquet --save counted.opis")
        for seed, name in ((0, "head"), (2, "other")):
            training = "finetune t.parquet --far 0.05:0.2 --steps 10 --lr 0.003 --val-fraction 0.2"
            run(f"{training} --seed {seed} -o {name}.safetensors")
    return folder


def run(line):
    with pytest.raises(SystemExit) as leaving:
        main(line.split())
    assert leaving.value.code == 0, line


class Outcome(NamedTuple):
    """What came out of a call; the text is what was printed and written."""

    code: int
    err: str
    text: str


@pytest.fixture(scope="module")
def outcomes():
    """What came out of calls that were made already."""
    return {}


@pytest.fixture
def outcome(opis, folder, outcomes, monkeypatch):
    """Make a call, unless it was made before, and leave the folder as it was."""
    monkeypatch.chdir(folder)

    def made(line, *, on_terminal=False):
        if (line, on_terminal) not in outcomes:
            there = contents_of(folder)
            with monkeypatch.context() as patch:
                if on_terminal:
                    patch.setattr(sys.stderr, "isatty", lambda: True)
                code, out, err = opis(*line.split())
            written = dict(contents_of(folder).items() - there.items())
            for name in written:
                (folder / name).unlink()
            for name in written.keys() & there.keys():
                (folder / name).write_bytes(there[name])
            outcomes[line, on_terminal] = Outcome(code, err, as_text(out, written))
        return outcomes[line, on_terminal]

    return made


def contents_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def as_text(out, written):
    """What was printed and written as one text, without signatures."""
    text = out
    for name, contents in sorted(written.items()):
        text += f"\n{name}\n{contents.decode('utf-8', 'backslashreplace')}"
    return SIGNATURE.sub("", text)


def call(command, before):
    """What is typed before the option; sources of the case take the place of the usual ones."""
    usual, options = sources_and_options(CALLS[command])
    instead, more = sources_and_options(before)
    return " ".join(filter(None, [command, instead or usual, options, more]))


def sources_and_options(words):
    end = re.match(r"(?:[^-\s]\S*\s*)*", words).end()
    return words[:end].strip(), words[end:]


def what_is_seen(of, seen):
    if seen not in SEEN:
        return of
    if "<svg " in of.text and "<html" not in of.text:
        return WORDS_IN_PICTURE.sub("", of.text)
    found = re.findall(SEEN[seen], of.text)
    assert found, f"nothing like {SEEN[seen]} in:\n{of.text[:2000]}"
    return found


@pytest.mark.parametrize(("command", "name"), sorted(EVERY_CASE))
def test_an_option_makes_a_difference(outcome, command, name):
    option, before, seen = EVERY_CASE[command, name]
    on_terminal = seen == "silence"
    without = outcome(call(command, before), on_terminal=on_terminal)
    given = outcome(f"{call(command, before)} {option}", on_terminal=on_terminal)
    code = int(seen.removeprefix("exit ")) if seen.startswith("exit ") else 0
    assert given.code == code, given.err
    assert without.code == 0 or code != 0 or name in LETS_PASS, without.err
    assert what_is_seen(given, seen) != what_is_seen(without, seen)
    if on_terminal:
        assert without.err
        assert not given.err


@pytest.mark.parametrize("command", COMMANDS)
def test_the_same_call_gives_the_same_again(outcome, outcomes, command):
    first = outcome(call(command, ""))
    del outcomes[call(command, ""), False]
    assert outcome(call(command, "")) == first
