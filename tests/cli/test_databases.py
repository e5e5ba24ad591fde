"""The same set in databases and in Parquet gives the same report, and failures are explained."""

import io
import json
import os
import socket
import sqlite3
import struct
import subprocess
import sys
import threading
from contextlib import closing, contextmanager, suppress

import faiss
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import opiscli
from opiscli.errors import UsageError

SECRET = "open-sesame"


@pytest.fixture(scope="session")
def items():
    rng = np.random.default_rng(3)
    kind = np.repeat(np.arange(12), 8)
    vectors = rng.normal(size=(12, 6))[kind] + 0.6 * rng.normal(size=(len(kind), 6))
    vectors = vectors.astype(np.float16)  # so that no database has to round
    columns = {
        "id": [f"item {i}" for i in range(len(kind))],
        "label": [f"c{one}" for one in kind],
        "fold": np.arange(len(kind)) % 2,
        "embedding": list(vectors.astype(np.float32)),
    }
    return pa.table(columns)


@pytest.fixture(scope="session")
def folder(tmp_path_factory, items):
    """A Parquet file, and databases in files."""
    folder = tmp_path_factory.mktemp("databases")
    pq.write_table(items, folder / "e.parquet")
    with pa.ipc.new_stream(folder / "e.arrows", items.schema) as writer:
        writer.write_table(items)
    rows = items.to_pylist()
    with closing(sqlite3.connect(folder / "e.db")) as database:
        database.execute("CREATE TABLE items (id, label, fold, embedding BLOB, texts TEXT, mixed)")
        database.executemany(
            "INSERT INTO items VALUES (?, ?, ?, ?, ?, ?)",
            [
                (
                    row["id"], row["label"], row["fold"],
                    np.array(row["embedding"], "<f4").tobytes(), json.dumps(row["embedding"]),
                    at if at < 50 else "text",
                )
                for at, row in enumerate(rows)
            ],
        )  # fmt: skip
        database.commit()
    return folder


@pytest.fixture(scope="session")
def duck(folder, items):
    duckdb = pytest.importorskip("duckdb", reason="needs the extra duckdb")
    with closing(duckdb.connect(folder / "e.duckdb")) as database:
        database.register("given", items)
        database.execute(
            "CREATE TABLE items AS SELECT id, label, fold, embedding::FLOAT[6] AS embedding,"
            " embedding::FLOAT[] AS lists, embedding::DOUBLE[] AS doubles, label::BLOB AS bytes"
            " FROM given"
        )
    contents = bytearray((folder / "e.duckdb").read_bytes())
    contents[5000:9000] = bytes(4000)
    (folder / "bad.duckdb").write_bytes(contents)
    return f"duckdb://{folder}/e.duckdb"


@pytest.fixture(scope="session")
def schema(postgres, items):
    """The name of a schema with a table of the items."""
    from adbc_driver_postgresql import dbapi

    name = f"opis_{os.getpid()}"
    with dbapi.connect(postgres) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(14)")  # tests may run in several processes
        cursor.execute("CREATE EXTENSION IF NOT EXISTS vector")
        cursor.execute(f"DROP SCHEMA IF EXISTS {name} CASCADE")
        cursor.execute(f"CREATE SCHEMA {name}")
        cursor.adbc_ingest("given", items, db_schema_name=name, mode="create")
        cursor.execute(
            f"CREATE TABLE {name}.items AS SELECT id, label, fold, embedding::real[] AS embedding,"
            " embedding::double precision[] AS doubles, embedding::real[]::vector AS vectors,"
            f" embedding::real[]::vector::halfvec AS halves FROM {name}.given"
        )
        connection.commit()
    return name


@pytest.fixture
def evaluated(opis):
    def evaluate(*words, **more):
        code, out, err = opis("evaluate", *words, "--json", **more)
        assert code == 0, err
        report = json.loads(out)
        del report["data"]["source"], report["data"]["where"]
        return report

    return evaluate


def test_an_index_and_a_stream_give_the_report_of_parquet(evaluated, folder, items, monkeypatch):
    expected = evaluated(str(folder / "e.parquet"))
    contents = io.BytesIO((folder / "e.arrows").read_bytes())
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(contents))
    assert evaluated("-") == expected
    rows = np.array(items["embedding"].to_pylist(), np.float32)
    index = faiss.IndexIDMap(faiss.IndexFlatL2(rows.shape[1]))
    ids = np.arange(len(rows))[::-1].copy()
    index.add_with_ids(rows, ids)
    faiss.write_index(index, str(folder / "e.faiss"))
    pq.write_table(pa.table({"id": ids, "label": items["label"]}), folder / "y.parquet")
    assert evaluated(folder / "e.faiss", "--labels", str(folder / "y.parquet")) == expected


def test_a_database_in_a_file_gives_the_report_of_parquet(evaluated, folder, duck):
    expected = evaluated(str(folder / "e.parquet"))
    query = "SELECT {} AS embedding, label FROM items"
    for column in ("embedding", "lists", "doubles"):
        assert evaluated(duck, "--query", query.format(column)) == expected
    assert evaluated(f"{duck}?table=items") == expected
    for column in ("embedding", "texts"):
        found = evaluated(f"sqlite://{folder}/e.db", "--query", query.format(column) + ";")
        assert found == expected


def test_postgresql_gives_the_report_of_parquet(evaluated, folder, postgres, schema):
    expected = evaluated(str(folder / "e.parquet"))
    for column in ("embedding", "doubles", "vectors", "halves"):
        query = f"SELECT label, {column} AS embedding FROM {schema}.items -- all of them"
        assert evaluated(postgres, "--query", query) == expected
    assert evaluated(f"{postgres}?table={schema}.items", "--embedding-column=vectors") == expected


def test_rows_and_columns_are_chosen_of_a_query_as_of_a_file(evaluated, folder, duck):
    chosen = ["--where", "fold=1", "--exclude", "label=c3", "--id-column", "id"]
    expected = evaluated(str(folder / "e.parquet"), *chosen)
    assert evaluated(duck, "--query", "FROM items", *chosen) == expected


def test_paths_are_relative_or_absolute(evaluated, folder, duck, monkeypatch):
    monkeypatch.chdir(folder)
    expected = evaluated("e.parquet")
    for scheme, file in (("duckdb", "e.duckdb"), ("sqlite", "e.db")):
        for path in (file, f"/{file}", f"{folder}/{file}", f"/{folder}/{file}"):
            assert evaluated(f"{scheme}://{path}?table=items") == expected


def test_other_commands_read_databases(opis, folder, duck, tmp_path):
    source, database = str(folder / "e.parquet"), f"{duck}?table=items"
    assert opis("compare", source, database)[0] == 0
    assert opis("evaluate", source, "--gallery", f"sqlite://{folder}/e.db?table=items")[0] == 0
    query = ["--query", "SELECT label, fold, embedding FROM items WHERE fold = 0"]
    made = str(tmp_path / "n.parquet")
    code, _, err = opis("normalize", duck, *query, "--cohort", source, "-k", "5", "-o", made)
    assert code == 0, err
    assert pq.read_table(made).column_names == ["label", "fold", "embedding", "offset"]
    head = str(tmp_path / "h.safetensors")
    assert opis("finetune", database, "--steps=1", "--choose=validation", "-o", head)[0] == 0
    code, _, err = opis("project", duck, *query, "--head", head, "-o", str(tmp_path / "p.parquet"))
    assert (code, len(pq.read_table(tmp_path / "p.parquet"))) == (0, 48), err


def test_python_functions_take_a_query(folder, duck, items):
    query = "SELECT label, embedding FROM items WHERE fold = 1"
    expected = opiscli.evaluate(str(folder / "e.parquet"), where="fold=1")
    assert opiscli.evaluate(duck, query=query).opis == expected.opis
    embeddings = np.array(items["embedding"].to_pylist())
    head = opiscli.Head(steps=1).fit(embeddings, items["label"].to_pylist())
    projected = opiscli.project(duck, head, query=f"{query} ORDER BY rowid")
    np.testing.assert_allclose(projected, head.transform(embeddings[1::2]), atol=1e-6)
    with pytest.raises(UsageError, match="query selects nothing here: arrays were given"):
        opiscli.evaluate(embeddings, items["label"].to_pylist(), query=query)


def test_the_query_is_part_of_what_is_shown(opis, duck):
    _, out, _ = opis("evaluate", duck, "--query", "SELECT  label,\n embedding FROM items", "--json")
    assert json.loads(out)["data"]["where"] == ["SELECT label, embedding FROM items"]


FAILURES = {
    # address | query | what is said, in the problem and in the hint
    "missing file": ("duckdb://{folder}/none.duckdb", "FROM items", "No such file", "path"),
    "no duckdb": ("duckdb://{folder}/e.parquet", "FROM items", "not a DuckDB database", "kind"),
    "no sqlite": ("sqlite://{folder}/e.parquet", "SELECT 1", "not a SQLite database", "kind"),
    "damaged": ("duckdb://{folder}/bad.duckdb", "FROM items", "orrupt", "complete"),
    "missing table": ("{duck}", "FROM nothing", "nothing does not exist", "names of tables"),
    "syntax": ("{duck}", "SELEC 1", "syntax error", "names of tables"),
    "sqlite table": ("sqlite://{folder}/e.db", "SELECT 1 FROM no", "no such table: no", "names"),
    "missing column": ("{duck}", "SELECT label AS one FROM items", "no column 'embedding'", "Name"),
    "wrong type": ("{duck}", "SELECT label, bytes AS embedding FROM items", "bytes", ""),
    "writes a file": ("{duck}", "COPY items TO '{folder}/x.csv'", "one SELECT", "begin the query"),
    "two queries": ("{duck}", "FROM items; FROM items", "one SELECT", "begin the query"),
    "deletes": ("sqlite://{folder}/e.db", "DELETE FROM items", "not authorized", "begin the query"),
    "attaches": ("sqlite://{folder}/e.db", "ATTACH '{folder}/x' AS x", "not authorized", "begin"),
    "no query": ("sqlite://{folder}/e.db", "-- items", "no columns", "begin the query"),
    "fails late": ("{duck}", "SELECT error('boom') FROM items", "boom", "client"),
    "no server": ("postgresql://u:{secret}@127.0.0.1:1/x", "SELECT 1", "refused", "the port"),
    "no host": ("postgresql://u:{secret}@no.invalid/x", "SELECT 1", "translate host name", "host"),
    "bad address": ("postgresql://u:{secret}%zz@h/x", "SELECT 1", "invalid percent-encoded", ""),
    "bad parameter": ("postgresql://u@h/x?word={secret}", "SELECT 1", "invalid URI", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_is_explained(opis, folder, duck, name):
    source, query, problem, hint = FAILURES[name]
    if source.startswith("postgresql"):
        pytest.importorskip("adbc_driver_postgresql", reason="needs the extra postgres")
    values = {"folder": folder, "duck": duck, "secret": SECRET}
    before = {path.name for path in folder.iterdir()}
    code, out, err = opis("evaluate", source.format(**values), "--query", query.format(**values))
    assert_explained(code, out, err, problem, hint)
    assert {path.name for path in folder.iterdir()} == before


def assert_explained(code, out, err, problem, hint):
    assert code == 3, err
    assert out == ""
    lines = err.splitlines()
    assert [line.split(":")[0] for line in lines] == ["error", "hint"]
    assert problem in lines[0]
    assert hint in lines[1]
    assert SECRET not in err


SERVER_FAILURES = {
    "password": (f"postgresql://opis:{SECRET}@", "SELECT 1", "authentication failed", "PGPASSWORD"),
    "table": (None, "SELECT * FROM none", 'relation "none" does not exist', "names of tables"),
    "type": (None, "SELECT label, fold AS embedding FROM {0}.items", "int", ""),
    "delete": (None, "DELETE FROM {0}.items RETURNING id", "read-only", "begin the query"),
    "writing": (None, "SELECT set_config('transaction_read_only', 'off', true)", "read-write", ""),
    "no columns": (None, "DO 'BEGIN END'", "no columns", "begin the query"),
    "late": (None, "SELECT 1 / (fold - fold) FROM {0}.items", "division by zero", "client"),
    "lost": (
        None,
        "SELECT label, embedding, CASE WHEN id = 'item 90' THEN"
        " pg_terminate_backend(pg_backend_pid()) END FROM {0}.items",
        "terminating connection", "was lost",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SERVER_FAILURES)
def test_a_failure_of_a_server_is_explained(opis, postgres, schema, name):
    user, query, problem, hint = SERVER_FAILURES[name]
    source = postgres if user is None else user + postgres.rpartition("@")[2]
    code, out, err = opis("evaluate", source, "--query", query.format(schema))
    assert_explained(code, out, err, problem, hint)


LARGE = "SELECT i % 50 AS label, array_fill(i::real, ARRAY[256]) AS embedding FROM"
MANY_ROWS = f"{LARGE} generate_series(1, 40000) AS i"


@contextmanager
def between(postgres, lose):
    """The address of the server through a relay, which loses it after some megabytes."""
    host, _, rest = postgres.rpartition("@")[2].partition(":")
    port = int(rest.partition("/")[0])
    user = postgres.rpartition("@")[0]
    with socket.create_server(("127.0.0.1", 0)) as relay:

        def pass_on(source, target, most):
            n_bytes = 0
            with suppress(OSError):
                while part := source.recv(1 << 16):
                    target.sendall(part)
                    n_bytes += len(part)
                    if n_bytes > most:
                        lose(source, target)
                        return

        def serve():
            with suppress(OSError):  # until the relay is closed
                while True:
                    client, _ = relay.accept()
                    server = socket.create_connection((host, port))
                    for ends in ((client, server, 1 << 40), (server, client, 4_000_000)):
                        threading.Thread(target=pass_on, args=ends, daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield f"{user}@127.0.0.1:{relay.getsockname()[1]}/{rest.partition('/')[2]}"


def close(source, target):
    for one in (target, source):
        one.shutdown(socket.SHUT_RDWR)
        one.close()


def reset(source, target):
    target.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    close(source, target)


@pytest.mark.parametrize("lose", [close, reset])
def test_a_connection_that_is_dropped_while_rows_arrive(opis, postgres, lose):
    with between(postgres, lose) as source:
        code, out, err = opis("evaluate", source, "--query", MANY_ROWS)
    assert_explained(code, out, err, "read: server closed the connection", "lost while rows")
    assert postgres.rpartition("@")[0].rpartition(":")[2] not in err


def test_an_expired_password_is_explained(opis, postgres, schema):
    from adbc_driver_postgresql import dbapi

    role = f"ann_{os.getpid()}"
    with dbapi.connect(postgres, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP ROLE IF EXISTS {role}")
        cursor.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{SECRET}' VALID UNTIL '2001-01-01'")
    source = f"postgresql://{role}:{SECRET}@{postgres.rpartition('@')[2]}"
    code, out, err = opis("evaluate", source, "--query", "SELECT 1")
    assert_explained(code, out, err, "authentication failed", "may have expired")


def test_the_password_comes_from_the_environment(opis, postgres, schema, monkeypatch, tmp_path):
    user, _, rest = postgres.partition("://")[2].partition(":")
    password, _, server = rest.partition("@")
    source = f"postgresql://{user}@{server}?table={schema}.items"
    monkeypatch.setenv("PGPASSWORD", password)
    assert opis("evaluate", source)[0] == 0
    monkeypatch.delenv("PGPASSWORD")
    (tmp_path / "passwords").write_text(f"*:*:*:{user}:{password}\n")
    (tmp_path / "passwords").chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "passwords"))
    assert opis("evaluate", source)[0] == 0


def test_no_password_is_written(opis, postgres, schema, tmp_path):
    password = postgres.partition("@")[0].rpartition(":")[2]
    source = f"{postgres}?table={schema}.items"
    saved, threshold, page = tmp_path / "r.opis", tmp_path / "t.json", tmp_path / "r.html"
    for words in (
        ("evaluate", source, "-v", "--save", str(saved)),
        ("calibrate", source, "-v", "--far", "0.1", "-o", str(threshold)),
        ("report", source, "-v", "-o", str(page)),
        ("compare", source, source, "--json"),
    ):
        code, out, err = opis(*words)
        assert code == 0, err
        assert password not in out + err
    for file in tmp_path.iterdir():
        assert password.encode() not in file.read_bytes(), file
    assert f"{schema}.items" in threshold.read_text()


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="the memory is found on Linux")
def test_a_password_is_removed_from_the_list_of_processes(tmp_path):
    program = (
        "import sys; from opiscli.cli.process_title import hide_credentials as hide;"
        "hide(sys.argv); print(open('/proc/self/cmdline').read(), sys.argv[1])"
    )
    address = f"postgresql://ann:{SECRET}@h/x?table=a"
    command = [sys.executable, "-c", program, address, "--query", "SELECT 1"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    hidden = address.replace(SECRET, "*" * len(SECRET))
    assert f"\0{hidden}\0--query\0SELECT 1\0 {address}" in shown


def test_either_a_query_or_a_table_is_needed(opis, duck):
    for words in (
        (duck,),
        (f"{duck}?table=items", "--query", "FROM items"),
        (duck, "--query", " ;"),
    ):
        code, _, err = opis("evaluate", *words)
        assert code == 2, err
        assert "--query" in err


def test_a_missing_package_is_named(opis, duck, monkeypatch):
    for package, source in (
        ("duckdb", duck),
        ("adbc_driver_postgresql", f"postgresql://u:{SECRET}@h/x"),
    ):
        monkeypatch.setitem(sys.modules, package, None)
        code, _, err = opis("evaluate", source, "--query", "SELECT 1")
        assert code == 2
        assert "pip install 'opiscli[" in err
        assert SECRET not in err


def test_the_memory_limit_holds_for_what_a_query_gives(opis, duck):
    query = "SELECT label, embedding FROM items, range(400)"
    code, _, err = opis("evaluate", duck, "--query", query, "--memory-limit", "500kB")
    assert code == 2
    assert "--memory-limit is 500 kB" in err


VALUES = {
    "SELECT label, embedding, mixed FROM items": ("", 0),
    "SELECT mixed AS label, embedding FROM items": ("only 1 classes", 0),
    "SELECT label, CAST('12345' AS BLOB) AS embedding FROM items": ("has 5 bytes", 4),
    "SELECT label, CAST('abcdefgh' AS BLOB) AS embedding FROM items": ("not float32", 4),
    "SELECT label, iif(fold, texts, embedding) AS embedding FROM items": ("BLOBs and text", 3),
    "SELECT label, NULL AS embedding FROM items": ("row 0", 4),
    "SELECT label, embedding FROM items WHERE 0": ("0 embeddings", 4),
}


@pytest.mark.parametrize("query", VALUES)
def test_values_of_any_type_in_sqlite_are_read_or_explained(opis, folder, query):
    code, _, err = opis("evaluate", f"sqlite://{folder}/e.db", "--query", query)
    assert (code, VALUES[query][0] in err) == (VALUES[query][1], True), err
