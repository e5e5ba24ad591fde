"""Accept pairs in vector engines at the thresholds that ``opis calibrate --for`` writes for them.

Every engine that is installed compares all items with all items and applies the printed value in
its own way: in SQL, as its own score threshold, or to the values that it returns. The number of
accepted pairs is compared with that of opis. Run as ``python benchmarks/vector_engines.py``, or
with the names of some engines; it writes ``benchmarks/results/vector_engines.json``.
"""

import contextlib
import importlib.metadata
import json
import sys
import tempfile
from pathlib import Path

import numpy as np

RESULTS = Path(__file__).parent / "results" / "vector_engines.json"
N_ITEMS = 600
PACKAGES = {"faiss": "faiss-cpu", "qdrant": "qdrant-client", "milvus": "milvus-lite",
            "chroma": "chromadb", "pgvector": "pgserver"}  # fmt: skip


def faiss(metric, vectors, value):
    """Exact flat index; values of ``search`` are compared."""
    import faiss

    index = {"ip": faiss.IndexFlatIP, "l2": faiss.IndexFlatL2}[metric](vectors.shape[1])
    index.add(vectors)
    values, ids = index.search(vectors, len(vectors))
    return accepted(values, ids, value, larger=metric == "ip")


def hnswlib(metric, vectors, value):
    """Approximate index that returns all items; distances are compared."""
    import hnswlib

    index = hnswlib.Index(space=metric, dim=vectors.shape[1])
    index.init_index(max_elements=len(vectors), M=64, ef_construction=len(vectors))
    index.add_items(vectors)
    index.set_ef(2 * len(vectors))
    ids, values = index.knn_query(vectors, k=len(vectors))
    return accepted(values, ids, value, larger=False)


def duckdb(metric, vectors, value):
    """Array functions in a self-join."""
    import duckdb

    function, sign = {
        "cosine-similarity": ("array_cosine_similarity", ">="),
        "cosine-distance": ("array_cosine_distance", "<="),
        "l2": ("array_distance", "<="),
        "ip": ("array_inner_product", ">="),
        "negative-ip": ("array_negative_inner_product", "<="),
    }[metric]
    connection = duckdb.connect()
    kind = f"FLOAT[{vectors.shape[1]}]"
    connection.execute(f"CREATE TABLE items (id INTEGER, v {kind})")
    rows = [(i, vector.tolist()) for i, vector in enumerate(vectors)]
    connection.executemany("INSERT INTO items VALUES (?, ?)", rows)
    query = f"""SELECT count(*) FROM items AS a JOIN items AS b ON a.id < b.id
                WHERE {function}(a.v, b.v) {sign} {value!r}"""
    return connection.execute(query).fetchone()[0]


def sqlite_vec(metric, vectors, value):
    """Distance functions in a self-join; some builds of Python's SQLite cannot load extensions."""
    import sqlite_vec

    try:
        import pysqlite3 as sqlite3
    except ImportError:
        import sqlite3

    connection = sqlite3.connect(":memory:")
    connection.enable_load_extension(True)
    sqlite_vec.load(connection)
    connection.execute("CREATE TABLE items (id INTEGER PRIMARY KEY, v BLOB)")
    rows = [(i, vector.tobytes()) for i, vector in enumerate(vectors)]
    connection.executemany("INSERT INTO items VALUES (?, ?)", rows)
    query = f"""SELECT count(*) FROM items AS a JOIN items AS b ON a.id < b.id
                WHERE vec_distance_{metric}(a.v, b.v) <= {value!r}"""
    return connection.execute(query).fetchone()[0]


def pgvector(metric, vectors, value):
    """Operators in a self-join, in a PostgreSQL server of this process."""
    import pgserver

    operator = {"cosine": "<=>", "l2": "<->", "ip": "<#>"}[metric]
    with tempfile.TemporaryDirectory() as folder:
        server = pgserver.get_server(folder)
        rows = ",".join(f"({i}, '{vector.tolist()}')" for i, vector in enumerate(vectors))
        answer = server.psql(f"""
            CREATE EXTENSION vector;
            CREATE TABLE items (id integer, v vector({vectors.shape[1]}));
            INSERT INTO items VALUES {rows};
            SELECT 'accepted ' || count(*) FROM items AS a JOIN items AS b ON a.id < b.id
            WHERE a.v {operator} b.v <= {value!r};""")
        server.cleanup()
    return int(answer.split("accepted ")[1].split()[0])


def qdrant(metric, vectors, value):
    """Local mode, with its own score threshold."""
    from qdrant_client import QdrantClient, models

    kind = {"cosine": "COSINE", "dot": "DOT", "euclid": "EUCLID"}[metric]
    client = QdrantClient(":memory:")
    config = models.VectorParams(size=vectors.shape[1], distance=models.Distance[kind])
    client.create_collection("items", vectors_config=config)
    points = [models.PointStruct(id=i, vector=v.tolist()) for i, v in enumerate(vectors)]
    client.upsert("items", points)
    requests = [
        models.QueryRequest(query=v.tolist(), limit=len(vectors), score_threshold=value)
        for v in vectors
    ]
    answers = client.query_batch_points("items", requests)
    return unordered({(i, p.id) for i, answer in enumerate(answers) for p in answer.points})


def chroma(metric, vectors, value):
    """Approximate index that returns all items; distances are compared."""
    import chromadb

    client = chromadb.EphemeralClient()
    with contextlib.suppress(Exception):
        client.delete_collection("items")
    settings = {"space": metric, "ef_search": 2 * len(vectors), "max_neighbors": 64}
    collection = client.create_collection("items", configuration={"hnsw": settings})
    collection.add(ids=[str(i) for i in range(len(vectors))], embeddings=vectors)
    wanted = {"n_results": len(vectors), "include": ["distances"]}
    found = collection.query(query_embeddings=vectors, **wanted)
    pairs = {
        (i, int(j))
        for i, (ids, distances) in enumerate(zip(found["ids"], found["distances"], strict=True))
        for j, distance in zip(ids, distances, strict=True)
        if distance <= value
    }
    return unordered(pairs)


def lancedb(metric, vectors, value):
    """Exact search without an index; distances are compared."""
    import lancedb

    with tempfile.TemporaryDirectory() as folder:
        rows = [{"id": i, "vector": vector} for i, vector in enumerate(vectors)]
        table = lancedb.connect(folder).create_table("items", rows)
        pairs = set()
        for i, vector in enumerate(vectors):
            search = table.search(vector).distance_type(metric).limit(len(vectors))
            found = search.select(["id", "_distance"]).to_arrow()
            near = np.asarray(found["_distance"]) <= value
            pairs |= {(i, int(j)) for j in np.asarray(found["id"])[near]}
    return unordered(pairs)


def milvus(metric, vectors, value):
    """Milvus Lite, flat index; distances are compared."""
    from pymilvus import MilvusClient

    with tempfile.TemporaryDirectory() as folder:
        client = MilvusClient(f"{folder}/items.db")
        client.create_collection("items", dimension=vectors.shape[1], metric_type=metric.upper())
        client.insert("items", [{"id": i, "vector": v.tolist()} for i, v in enumerate(vectors)])
        pairs, wanted = set(), {"limit": len(vectors), "output_fields": ["id"]}
        for start in range(0, len(vectors), 100):
            some = vectors[start : start + 100].tolist()
            for i, hits in enumerate(client.search("items", data=some, **wanted), start):
                pairs |= {
                    (i, hit["id"])
                    for hit in hits
                    if (hit["distance"] <= value if metric == "l2" else hit["distance"] >= value)
                }
        client.close()
    return unordered(pairs)


RUNNERS = {
    "faiss": faiss, "hnswlib": hnswlib, "duckdb": duckdb, "sqlite-vec": sqlite_vec,
    "pgvector": pgvector, "qdrant": qdrant, "chroma": chroma, "lancedb": lancedb, "milvus": milvus,
}  # fmt: skip


def accepted(values, ids, value, *, larger):
    """Unordered pairs of different items among all items found for each."""
    near = values >= value if larger else values <= value
    row = np.repeat(np.arange(len(ids)), ids.shape[1]).reshape(ids.shape)
    return unordered(set(zip(row[near].tolist(), ids[near].tolist(), strict=True)))


def unordered(pairs):
    """Number of pairs of two different items that were accepted from either side."""
    return len({(min(pair), max(pair)) for pair in pairs if pair[0] != pair[1]})


def runner_of(engine):
    """What runs an engine, by the name of the engine and its metric; none if nothing does."""
    for product, run in RUNNERS.items():
        if engine.startswith(f"{product}-"):
            return lambda vectors, value: run(engine.removeprefix(f"{product}-"), vectors, value)
    return None


def version_of(engine):
    """Version of the package that runs it, or none if it is not installed."""
    product = next(one for one in RUNNERS if engine.startswith(f"{one}-"))
    try:
        return importlib.metadata.version(PACKAGES.get(product, product))
    except importlib.metadata.PackageNotFoundError:
        return None


def as_stored(vectors, *, normalize, seed=0):
    """What is put into an engine: unit vectors if it needs them, else of any length."""
    wide = vectors.astype(np.float64)
    wide /= np.linalg.norm(wide, axis=1, keepdims=True)
    if not normalize:
        wide *= np.random.default_rng(seed).uniform(0.5, 2, size=(len(wide), 1))
    return np.ascontiguousarray(wide, dtype=np.float32)


def data_sets():
    """Codes of ±1 whose cosines are tied, and real embeddings; with targets for each."""
    import pyarrow.parquet as pq

    rng = np.random.default_rng(0)
    labels = np.arange(300) % 30
    signs = rng.choice([-1, 1], size=(30, 32))[labels]
    codes = np.where(rng.random(signs.shape) < 0.15, -signs, signs).astype(np.float32)
    yield "codes", codes, labels, {"far": 1e-2, "similarity": 0.4375}
    sample = Path(__file__).parents[1] / "sample_data" / "wordnet.parquet"
    table = pq.read_table(sample).slice(0, N_ITEMS)
    real = np.stack(table["embedding"].to_numpy())
    yield "wordnet", real, table["label"].to_numpy(), {"far": [1e-2, 1e-3], "similarity": 0.4}


def main(products):
    """Run every engine that is installed, or some; results of others are kept."""
    import opiscli
    from opiscli.thresholds.engines import ENGINES

    known = [engine.name for engine in ENGINES if runner_of(engine.name)]
    names = [name for name in known if not products or name.startswith(tuple(products))]
    before = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else []
    rows = [row for row in before if row["engine"] in known and row["engine"] not in names]
    for data, vectors, labels, targets in data_sets():
        result = opiscli.calibrate(vectors, labels, engine=names, **targets)
        for point in result.operating_points:
            expected = point.far.k + point.tar_rate.k
            for one in point.engines:
                version = version_of(one.engine)
                if version is None:
                    continue
                stored = as_stored(vectors, normalize=one.normalize)
                try:
                    found = runner_of(one.engine)(stored, one.value)
                except Exception as cause:
                    print(f"{one.engine} failed: {cause!r}", file=sys.stderr)
                    continue
                rows.append({
                    "engine": one.engine, "version": version, "data": data, "target": point.name,
                    "value": one.value, "opis": expected, "accepted": found,
                })  # fmt: skip
                print(*rows[-1].values(), sep="  ", file=sys.stderr)
                # Each at once, because some engines take long.
                in_order = sorted(rows, key=lambda row: known.index(row["engine"]))
                RESULTS.write_text(json.dumps(in_order, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
