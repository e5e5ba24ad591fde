"""Addresses are recognised by their scheme, and what is secret in one is never shown."""

import pyarrow as pa
import pytest

from opiscli.errors import SourceError, UsageError
from opiscli.sources import Selection, addresses, read_embeddings
from opiscli.sources.arrow import InMemory
from opiscli.sources.credentials import (
    query_without_credentials,
    scrubbed,
    secrets_of,
    without_credentials,
)

SHOWN = {
    "postgresql://ann@h/db": "postgresql://ann@h/db",
    "postgresql://ann:pw@h:5432/db": "postgresql://ann@h:5432/db",
    "postgresql://:pw@h/db": "postgresql://h/db",
    "postgresql://ann:p@w/w@h/db": "postgresql://ann@h/db",
    "postgresql://ann:p?w=1@h/db": "postgresql://ann@h/db",
    "postgresql://h:5432/db?password=p@w&user=ann": "postgresql://h:5432/db?password=***&user=ann",
    "postgresql://ann@h/db?sslpassword=pw#x": "postgresql://ann@h/db?sslpassword=***#x",
    "https://pw@h/e.parquet?sig=pw": "https://h/e.parquet?sig=***",
    "abfs://container@account.dfs.core.windows.net/e": (
        "abfs://container@account.dfs.core.windows.net/e"
    ),
    "duckdb:///data/w.duckdb?table=items": "duckdb:///data/w.duckdb?table=items",
    "runs/a:b@c?password=x.parquet": "runs/a:b@c?password=x.parquet",
}


@pytest.mark.parametrize("source", SHOWN)
def test_credentials_are_not_shown(source):
    assert without_credentials(source) == SHOWN[source]


def test_a_secret_is_removed_from_a_message_as_written_and_decoded():
    source = "postgresql://ann:p%40w@h/db?sslpassword=deep"
    assert secrets_of(source) == ["p%40w", "deep", "p@w"]
    assert scrubbed("bad token p%40w, p@w, deep", source) == "bad token ***, ***, ***"


def test_credentials_in_a_query_are_not_shown():
    query = "SELECT *\n FROM postgres_scan('host=h password=pw user=u', 's', 't')"
    shown = "SELECT * FROM postgres_scan('host=h password=*** user=u', 's', 't')"
    assert query_without_credentials(query) == shown
    assert (
        query_without_credentials("ATTACH 'postgres://u:pw@h/db'") == "ATTACH 'postgres://u@h/db'"
    )
    assert query_without_credentials("SELECT 1 WHERE label = 'a'") == "SELECT 1 WHERE label = 'a'"


def test_the_reader_of_a_scheme_opens_its_addresses(monkeypatch):
    def opened(source, selection):
        items = pa.table({"embedding": [[1.0, 0], [0, 1.0]] * 3, "label": ["a", "b"] * 3})
        return InMemory(items.slice(int(selection.query or 0)), source)

    monkeypatch.setitem(addresses.READERS, "toy", addresses.Reader(opened, is_database=True))
    assert read_embeddings("toy://x").n_items == 6
    assert read_embeddings("TOY://x", Selection(query="2")).n_items == 4
    monkeypatch.setitem(addresses.READERS, "toy", addresses.Reader(opened))
    with pytest.raises(UsageError, match="toy://x is no database"):
        read_embeddings("toy://x", Selection(query="2"))


def test_an_unknown_scheme_is_refused_with_those_that_are_known(monkeypatch):
    monkeypatch.setitem(addresses.READERS, "toy", addresses.Reader(print, extra="toys"))
    with pytest.raises(
        SourceError, match=r"no reader for nfs://.* nfs://ann@h/e; .*toy://"
    ) as found:
        read_embeddings("nfs://ann:pw@h/e")
    assert "toys" in found.value.hint


def test_a_query_is_refused_for_a_file(tmp_path):
    for name in ("e.npy", "e.parquet"):
        (tmp_path / name).write_bytes(b"\x93NUMPY" if name == "e.npy" else b"PAR1")
        with pytest.raises(UsageError, match=f"{name} is no database"):
            read_embeddings(str(tmp_path / name), Selection(query="SELECT 1"))
