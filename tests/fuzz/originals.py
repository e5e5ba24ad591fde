"""Undamaged files of every kind that opis reads, and the commands that read them.

A reader is a function from a random generator to a `Case`: files, and the arguments of a command.
"""

import io
import json
import os
import subprocess
import sys
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq

N_CLASSES, PER_CLASS, DIMS = 6, 5, 4
N = N_CLASSES * PER_CLASS
CODES = np.repeat(np.arange(N_CLASSES), PER_CLASS)
_UNSEALED = b"opis-sha256:" + b"0" * 64
_RNG = np.random.default_rng(7)
X = (_RNG.normal(size=(N_CLASSES, DIMS))[CODES] + 0.7 * _RNG.normal(size=(N, DIMS))).astype("f4")
LABELS = [f"class {code}" for code in CODES]


@dataclass(frozen=True)
class Case:
    """A command over files, one of which is going to be damaged.

    Parameters
    ----------
    name
        The file that is damaged.
    contents
        Of that file.
    argv
        Arguments of the command; it runs in the folder of the files.
    others
        Further files by name.
    stdin
        Whether the file is given as standard input.
    has_digest
        Whether damage to the contents must be noticed.
    seal
        What gives damaged contents the digest that they would have.
    """

    name: str
    contents: bytes
    argv: tuple[str, ...]
    others: dict[str, bytes] = field(default_factory=dict)
    stdin: bool = False
    has_digest: bool = False
    seal: Callable[[bytes], bytes] = bytes


def _table(random):
    """Columns in one of the forms that are read."""
    embedding = random.choice(
        [
            pa.FixedSizeListArray.from_arrays(pa.array(X.ravel()), DIMS),
            pa.array(X.tolist(), pa.list_(pa.float32())),
            pa.array(X.tolist(), pa.large_list(pa.float64())),
        ]
    )
    label = random.choice(
        [
            pa.array(LABELS),
            pa.array(LABELS).dictionary_encode(),
            pa.array(CODES),
            pa.array(LABELS, pa.large_string()),
        ]
    )
    split = pa.array(["a", "b"] * (N // 2))
    table = pa.table({"embedding": embedding, "label": label, "split": split})
    if random.random() < 0.25:
        about = {b"opis.offset": b'{"k": 5, "weight": 0.25}'}
        offset = pa.field("offset", pa.float32(), metadata=about)
        table = table.append_column(offset, pa.array(CODES / 100, pa.float32()))
    return table


_ON_TABLES = (
    ("evaluate", "{}", "-q", "--json"),
    ("evaluate", "{}", "-q", "--json", "--where", "split=a", "--far-range", "0.05:0.3"),
    ("evaluate", "{}", "-q", "--json", "--group-by", "split"),
    ("inspect", "{}", "-q", "--json"),
    ("normalize", "{}", "--cohort", "cohort.parquet", "--k", "5", "-o", "out.parquet", "--force"),
    ("project", "{}", "--head", "head.safetensors", "-o", "out.parquet", "--force"),
)


def _cohort():
    sink = io.BytesIO()
    labels = pa.array([f"other {at % 12}" for at in range(N)])
    pq.write_table(pa.table({"embedding": X.tolist(), "label": labels}), sink)
    return sink.getvalue()


def _on_table(random, name, contents, *, has_digest=False, pipe=True):
    stdin = pipe and random.random() < 0.25
    command = random.choice(_ON_TABLES)
    argv = tuple(word.format("-" if stdin else name) for word in command)
    others = {"head.safetensors": head()} if "project" in argv else {}
    if "normalize" in argv:
        others = {"cohort.parquet": _cohort()}
    return Case(name, contents, argv, others, stdin, has_digest)


def parquet(random):
    sink = io.BytesIO()
    pq.write_table(
        _table(random),
        sink,
        compression=random.choice(["none", "snappy", "zstd", "gzip"]),
        row_group_size=random.choice([7, 1000]),
        use_dictionary=random.random() < 0.7,
    )
    return _on_table(random, "e.parquet", sink.getvalue())


def _ipc(random, opener):
    sink = io.BytesIO()
    table = _table(random)
    with opener(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=random.choice([7, 1000]))
    return sink.getvalue()


def arrow(random):
    return _on_table(random, "e.arrow", _ipc(random, pa.ipc.new_file))


def stream(random):
    return _on_table(random, "e.arrows", _ipc(random, pa.ipc.new_stream))


def feather_file(random):
    sink = io.BytesIO()
    compression = random.choice(["uncompressed", "lz4", "zstd"])
    feather.write_feather(_table(random), sink, compression=compression)
    return _on_table(random, "e.feather", sink.getvalue())


def feather_1(random):
    columns = {f"d{at}": X[:, at] for at in range(DIMS)}
    label = random.choice([pa.array(LABELS), pa.array(LABELS).dictionary_encode(), pa.array(CODES)])
    sink = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is deprecated, but still read
        feather.write_feather(pa.table({**columns, "label": label}), sink, version=1)
    source = "-" if (stdin := random.random() < 0.25) else "e.feather"
    argv = ("evaluate", source, "-q", "--json", "--embedding-columns", "d*")
    return Case("e.feather", sink.getvalue(), argv, stdin=stdin)


def index(random):
    factory = random.choice(["Flat", "SQ8", "PQ2x4", "IVF2,Flat", "HNSW4", "PCA3,SQ8"])
    argv = ("evaluate", "x.npy", "--labels", "y.npy", "--index", "i.faiss", "-q", "--json")
    if random.random() < 0.5:
        argv = ("evaluate", "i.faiss", "--labels", "y.npy", "-q", "--json")
    others = {"x.npy": _npy_bytes(X), "y.npy": _npy_bytes(CODES)}
    return Case("i.faiss", _saved_index(factory), argv, others)


@cache
def _saved_index(factory):
    """Made in another process, for FAISS keeps threads alive."""
    script = (
        "import sys, faiss, numpy; x = numpy.load(sys.argv[1]); faiss.omp_set_num_threads(1);"
        " i = faiss.index_factory(x.shape[1], sys.argv[2]); i.train(x); i.add(x);"
        " faiss.write_index(i, sys.argv[3])"
    )
    with TemporaryDirectory() as folder:
        unit = X / np.linalg.norm(X, axis=1, keepdims=True)
        np.save(Path(folder) / "x.npy", unit)
        command = [sys.executable, "-c", script, "x.npy", factory, "i.faiss"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        return (Path(folder) / "i.faiss").read_bytes()


def csv(random):
    if random.random() < 0.5:
        head_line = ",".join(f"d{i}" for i in range(DIMS))
        rows = [f"{label},{','.join(map(str, x))}" for label, x in zip(LABELS, X, strict=True)]
        text = "\n".join([f"label,{head_line}", *rows]) + "\n"
        argv = ("evaluate", "e.csv", "-q", "--json", "--embedding-columns", "d*")
        return Case("e.csv", text.encode(), argv)
    rows = [f'{label},"{x.tolist()}",a' for label, x in zip(LABELS, X, strict=True)]
    text = "\n".join(["label,embedding,split", *rows]) + "\n"
    return _on_table(random, "e.csv", text.encode())


def jsonl(random):
    rows = [
        json.dumps(
            {"embedding": x.tolist(), "label": label, "split": "a", "more": {"b": [1, None]}}
        )
        for label, x in zip(LABELS, X, strict=True)
    ]
    return _on_table(random, "e.jsonl", ("\n".join(rows) + "\n").encode())


def _npy_bytes(array):
    sink = io.BytesIO()
    np.save(sink, array)
    return sink.getvalue()


def npy(random):
    kind = random.choice(["<f4", ">f4", "<f8", "<f2"])
    order = random.choice("CF")
    x = _npy_bytes(np.array(X, dtype=kind, order=order))
    stored = random.choice([CODES, np.array(LABELS), np.array(LABELS).astype("S9")])
    y = _npy_bytes(stored)
    argv = ("evaluate", "x.npy", "--labels", "y.npy", "-q", "--json")
    if random.random() < 0.3:
        argv += ("--exclude", f"label={1 if stored is CODES else 'class 1'}")
    if random.random() < 0.5:
        return Case("x.npy", x, argv, {"y.npy": y})
    return Case("y.npy", y, argv, {"x.npy": x})


def npz(random):
    sink = io.BytesIO()
    compression = random.choice([0, 8, 8, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
    arrays = {"embedding": X, "label": np.array(LABELS), "split": np.array(["a", "b"] * (N // 2))}
    with zipfile.ZipFile(sink, "w", compression) as archive:
        for name, array in arrays.items():
            archive.writestr(f"{name}.npy", _npy_bytes(array))
    return _on_table(random, "e.npz", sink.getvalue(), has_digest=True, pipe=False)


def labels(random):
    name = random.choice(["y.txt", "y.csv", "y.tsv"])
    text = "\n".join([*(["label"] if name != "y.txt" else []), *LABELS]) + "\n"
    argv = ("evaluate", "x.npy", "--labels", name, "-q", "--json")
    return Case(name, text.encode(), argv, {"x.npy": _npy_bytes(X)})


def evaluation(random):
    command = random.choice(
        [
            ("evaluate", "{}", "-q", "--json"),
            ("calibrate", "{}", "--far", "1e-1", "-q", "--json"),
            ("check", "{}", "--fail-if", "opis>0.2", "-q", "--json"),
            ("report", "{}", "-o", "r.html", "--force", "-q"),
        ]
    )
    argv = tuple(word.format("e.opis") for word in command)
    if random.random() < 0.4:
        return Case("e.opis", _saved_evaluation(), argv, has_digest=True)
    return Case("e.opis", _unsealed_evaluation(), argv, seal=_sealed)


def _unsealed_evaluation():
    """Without a digest, and without compression, so that damage reaches the counts."""
    table = pa.ipc.open_file(pa.BufferReader(_saved_evaluation())).read_all()
    described = {**table.schema.metadata, b"opis.sha256": _UNSEALED}
    sink = io.BytesIO()
    with pa.ipc.new_file(sink, table.schema.with_metadata(described)) as writer:
        writer.write_table(table)
    return sink.getvalue()


def _sealed(contents):
    """Give a damaged evaluation file the right digest, as whoever means harm would."""
    return contents.replace(_UNSEALED, b"opis-sha256:" + sha256(contents).hexdigest().encode())


@cache
def _saved_evaluation():
    """Made in another process, so that no thread of a library is alive where batches are forked."""
    with TemporaryDirectory() as folder:
        np.save(Path(folder) / "x.npy", X)
        np.save(Path(folder) / "y.npy", CODES)
        argv = ["evaluate", "x.npy", "--labels", "y.npy", "-q", "--save", "e.opis"]
        command = [sys.executable, "-m", "opiscli", *argv]
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
        return (Path(folder) / "e.opis").read_bytes()


def head(*, has_digest=True):
    """A head file: safetensors with metadata, as it is written now or as opis 0.1.0 wrote it."""
    normalize = "unit length before and after"
    arrays = {"bias": np.zeros(DIMS, "f4"), "weight": 2 * np.eye(DIMS, dtype="f4")}
    metadata = {"schema": "opis.head/1", "normalize": normalize, "record": "{}"}
    if has_digest:
        described = {"schema": "opis.head/3", "normalize": normalize, "record": {"note": "made"}}
        shapes = {name: list(array.shape) for name, array in arrays.items()}
        digest = sha256(json.dumps([described, shapes], sort_keys=True).encode())
        for array in arrays.values():
            digest.update(array.tobytes())
        metadata = {"opis": json.dumps({**described, "sha256": digest.hexdigest()})}
    listed, body = {"__metadata__": metadata}, b""
    for name, array in arrays.items():
        offsets = [len(body), len(body) + array.nbytes]
        listed[name] = {"dtype": "F32", "shape": array.shape, "data_offsets": offsets}
        body += array.tobytes()
    text = json.dumps(listed).encode()
    return len(text).to_bytes(8, "little") + text + body


def heads(random):
    has_digest = random.random() < 0.7
    contents, others = head(has_digest=has_digest), {}
    argv = ("export", "h.safetensors", "-o", "h.npz", "--force")
    if random.random() < 0.5:
        argv = ("project", "x.npy", "--head", "h.safetensors", "-o", "o.parquet", "--force")
        others = {"x.npy": _npy_bytes(X)}
    return Case("h.safetensors", contents, argv, others, has_digest=has_digest)


def threshold(random):
    written = {
        "schema": "opis.threshold/1", "name": "far=0.1", "threshold": 0.9,
        "similarity": 1 - 0.9**2 / 2, "distance": "euclidean",
        "accept": "distance <= threshold", "normalize": True, "target": {"far": 0.1},
    }  # fmt: skip
    argv = ("calibrate", "x.npy", "--labels", "y.npy", "--threshold-file", "t.json", "-q", "--json")
    if random.random() < 0.5:
        argv = ("check", *argv[1:], "--fail-if", "far>1")
    others = {"x.npy": _npy_bytes(X), "y.npy": _npy_bytes(CODES)}
    return Case("t.json", json.dumps(written, indent=2).encode(), argv, others)


_OPTIONS = (
    "--far-range", "--range", "--similarity-range", "--beta", "--epsilon", "--thresholds", "--k",
    "--seed", "--sample-pairs", "--memory-limit", "--where", "--exclude", "--min-items",
    "--utility", "--distance", "--embedding-column", "--label-column", "--group-by", "--format",
)  # fmt: skip
_WORDS = (
    "0", "1", "-1", "nan", "inf", "-inf", "1e308", "1e-320", "1e999", "0x10", "1_000", "١", "",
    " ", "a=b", "label=class 1", "split=a", "=", "a:b", "1e-2:1e-1", "0.1:0.2", "nan:nan", ":",
    "1:2:3", "1,5,10", ",", "9" * 400, "\x1b[31m", "\u202e", "'", '"', "%s", "{}", "$(x)", "../..",
)  # fmt: skip
_CONDITIONS = (
    "opis>0.01", "recall@1<0.9", "far@far=0.1>0.2", "opis", ">", "opis>nan", "opis>1e999",
    "recall@999999999999>0", "recall@-1>0", "opis>>1", "opis>0.1>0.2", "OPIS>1",
    "far@threshold=nan>1", "far@far=1e-400>0", "tar@similarity=2<1", "worst_far>0",
)  # fmt: skip
_CALIBRATE = (
    "--far", "--threshold", "--similarity", "--holdout", "--repeats", "--confidence",
    "--criterion", "--for", "--average", "--print",
)  # fmt: skip


def options(random):
    command = random.choice(["evaluate", "calibrate", "check"])
    if command == "check":
        condition = random.choice(_CONDITIONS)
        at = random.randrange(len(condition) + 1)
        if random.random() < 0.5:
            condition = condition[:at] + random.choice(_WORDS) + condition[at:]
        given = ["--fail-if", condition]
    else:
        names = _OPTIONS if command == "evaluate" else _CALIBRATE
        n_given = random.randint(1, 2)
        given = [f"{random.choice(names)}={random.choice(_WORDS)}" for _ in range(n_given)]
    sink = io.BytesIO()
    pq.write_table(_table(random), sink)
    argv = (command, "e.parquet", "-q", *given)
    return Case("unused.txt", b"", argv, {"e.parquet": sink.getvalue()})


READERS = {
    "parquet": parquet, "arrow": arrow, "stream": stream, "feather": feather_file,
    "feather 1": feather_1, "csv": csv, "jsonl": jsonl, "npy": npy, "npz": npz, "labels": labels,
    "opis": evaluation, "head": heads, "threshold": threshold, "index": index, "options": options,
}  # fmt: skip
