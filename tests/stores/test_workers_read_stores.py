"""Workers that read a store themselves, with credentials of their own."""

import os
import re

import pytest
from conftest import SAMPLE
from object_store import CREDENTIALS, Server

XML = "<?xml version='1.0'?><Error><Code>{0}</Code><Message>{0}</Message></Error>"


@pytest.fixture
def workers(cluster, bucket):
    """A cluster whose workers are given the environment of a store, and lose it at the end."""
    distributed = pytest.importorskip("distributed")
    with distributed.Client(cluster, set_as_default=False) as client:

        def give(**variables):
            client.run(_with, {**CREDENTIALS, **variables})

        yield give
        client.run(_without_store)


def _with(variables):
    os.environ.update(variables)


def _without_store():
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]


def test_a_file_of_a_store_is_read_by_each_worker(opis, cluster, bucket, workers):
    source = bucket.put("e.parquet", (SAMPLE / "wordnet.parquet").read_bytes())
    workers(AWS_ENDPOINT_URL=bucket.server.url)
    here = opis("evaluate", source, "--json")
    bucket.counting.log.clear()
    there = opis(
        "evaluate", source, "--json", "--verbose", "--workers-read",
        "--scheduler", cluster.scheduler_address,
    )  # fmt: skip
    assert here[:2] == there[:2]
    assert re.search(r" 0\.\d MB sent to each, \d\.\d MB read by all", there[2])
    n_bytes = (SAMPLE / "wordnet.parquet").stat().st_size
    assert bucket.counting.n_bytes("e.parquet") > 1.5 * n_bytes, "once here, and by a worker or two"


def test_a_worker_whose_credentials_have_expired_is_explained(opis, cluster, bucket, workers):
    from werkzeug.wrappers import Response

    refusal = Response(XML.format("ExpiredToken"), status=400, mimetype="text/xml")
    server = Server(refusal)
    source = bucket.put("e.parquet", (SAMPLE / "wordnet.parquet").read_bytes())
    workers(AWS_ENDPOINT_URL=server.url, AWS_SESSION_TOKEN="t0ken-of-session")
    code, out, err = opis(
        "evaluate", source, "--workers-read", "--scheduler", cluster.scheduler_address
    )
    server.stop()
    assert (code, out) == (3, "")
    assert re.match(r"error: the worker process \d+ on \S+ cannot read the source: s3://", err)
    assert "the credentials have expired" in err
    assert "t0ken" not in err
    assert err.count("\n") == 2
