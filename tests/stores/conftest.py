"""An object store and a web server on this machine, and nothing of the user's own configuration."""

import os
import warnings

import pytest
from object_store import CREDENTIALS, Bucket, Server, s3_app, web_app


@pytest.fixture(scope="session")
def s3_server():
    """A server that speaks S3."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server = Server(s3_app())
    yield server
    server.stop()


@pytest.fixture
def no_configuration(monkeypatch, tmp_path):
    """Neither credentials nor endpoints from the machine's environment."""
    for name in os.environ:
        if name.startswith(("AWS_", "GOOGLE_", "AZURE_", "HF_", "PYICEBERG_")):
            monkeypatch.delenv(name)
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def bucket(s3_server, no_configuration, monkeypatch):
    """An empty bucket that the environment gives access to."""
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": s3_server.url}.items():
        monkeypatch.setenv(name, value)
    return Bucket.new(s3_server)


@pytest.fixture
def web(no_configuration):
    """Starts web servers with some files, and stops them."""
    pytest.importorskip("werkzeug", reason="werkzeug is not installed")
    started = []

    def start(files, **behaviour):
        started.append(Server(web_app(files, **behaviour)))
        return started[-1]

    yield start
    for server in started:
        server.stop()
