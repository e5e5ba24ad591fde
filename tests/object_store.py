"""An object store on this machine that speaks S3, and a web server; both count what they send."""

import io
import threading
import uuid
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq
import pytest
from stored_items import EMBEDDINGS, NAMES

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "AKIAOPISTEST", "AWS_SECRET_ACCESS_KEY": "not/so+secret"}


@dataclass
class Sent:
    """One answer of a server."""

    method: str
    path: str
    part: str | None
    status: int
    n_bytes: int = 0


@dataclass
class Counting:
    """Counts what an application answers."""

    app: Any
    log: list[Sent] = field(default_factory=list)

    def __call__(self, environ, start_response):
        sent = Sent(environ["REQUEST_METHOD"], environ["PATH_INFO"], environ.get("HTTP_RANGE"), 0)
        self.log.append(sent)

        def start(status, headers, exc_info=None):
            sent.status = int(status.split()[0])
            return start_response(status, headers, exc_info)

        for chunk in self.app(environ, start):
            if sent.method != "HEAD":
                sent.n_bytes += len(chunk)
            yield chunk

    def n_bytes(self, ending=""):
        """Bytes sent of paths with this ending."""
        return sum(one.n_bytes for one in self.log if one.path.endswith(ending))


class Server:
    """A server in a thread of this process."""

    def __init__(self, app):
        serving = pytest.importorskip("werkzeug.serving", reason="werkzeug is not installed")

        class Quiet(serving.WSGIRequestHandler):
            def log(self, *_):
                pass

        self.counting = Counting(app)
        self._server = serving.make_server(
            "127.0.0.1", 0, self.counting, threaded=True, request_handler=Quiet
        )
        self.url = f"http://127.0.0.1:{self._server.port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


def web_app(files, *, ranges=True, broken=None):
    """Serves files, a dict of paths and bytes; ``broken`` may change an answer."""
    from werkzeug.exceptions import HTTPException
    from werkzeug.wrappers import Request, Response

    def app(environ, start_response):
        request = Request(environ)
        contents = files.get(request.path)
        answer = Response(status=404) if contents is None else Response(contents)
        if contents is not None and ranges:
            answer.set_etag(str(hash(contents)))
            try:
                answer.make_conditional(request, accept_ranges=True, complete_length=len(contents))
            except HTTPException as refused:
                answer = refused.get_response(environ)
        if broken is not None:
            answer = broken(request, answer)
        return answer(environ, start_response)

    return app


def s3_app():
    """Moto's imitation of S3."""
    pytest.importorskip("moto.server", reason="moto[s3] and flask are not installed")
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    return DomainDispatcherApplication(create_backend_app)


@dataclass
class Bucket:
    """A bucket of a server."""

    server: Server
    name: str
    filesystem: Any

    @classmethod
    def new(cls, server):
        """Make one with a name of its own."""
        from pyarrow import fs

        store = fs.S3FileSystem(
            region="us-east-1", endpoint_override=server.url, allow_bucket_creation=True
        )
        made = cls(server, f"b{uuid.uuid4().hex}", store)
        store.create_dir(made.name)
        return made

    @property
    def url(self):
        """Its address."""
        return f"s3://{self.name}"

    @property
    def counting(self):
        """What the server sent."""
        return self.server.counting

    @property
    def options(self):
        """How libraries in Rust reach it to write a table."""
        return {"aws_endpoint": self.server.url, "allow_http": "true", "aws_region": "us-east-1"}

    def put(self, path, contents):
        """Write a table as Parquet, or bytes; return its address."""
        with self.filesystem.open_output_stream(f"{self.name}/{path}") as stream:
            stream.write(contents if isinstance(contents, bytes) else as_parquet(contents))
        return f"{self.url}/{path}"


def as_parquet(table, **options):
    """A table as the bytes of a Parquet file."""
    held = io.BytesIO()
    pq.write_table(table, held, **options)
    return held.getvalue()


def texts():
    """The items as texts."""
    return pa.table({"embedding": [str(row.tolist()) for row in EMBEDDINGS], "label": NAMES})


def as_csv():
    """The items as the bytes of a CSV file."""
    held = io.BytesIO()
    arrow_csv.write_csv(texts(), held)
    return held.getvalue()


def wide(n_rows=6000, dims=16):
    """Items beside a column that is much larger than all others."""
    rng = np.random.default_rng(0)
    values = pa.array(rng.normal(size=n_rows * dims).astype("f4"))
    return pa.table(
        {
            "label": np.arange(n_rows) % 50,
            "embedding": pa.FixedSizeListArray.from_arrays(values, dims),
            "picture": pa.array([rng.bytes(400) for _ in range(n_rows)]),
        }
    )
