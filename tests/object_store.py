"""An object store on this machine that speaks S3, and a web server; both count what they send."""

import threading
from dataclasses import dataclass, field
from typing import Any

import pytest


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
    from werkzeug.wrappers import Request, Response

    def app(environ, start_response):
        request = Request(environ)
        contents = files.get(request.path)
        answer = Response(status=404) if contents is None else Response(contents)
        if contents is not None and ranges:
            answer.set_etag(str(hash(contents)))
            answer.make_conditional(request, accept_ranges=True, complete_length=len(contents))
        if broken is not None:
            answer = broken(request, answer)
        return answer(environ, start_response)

    return app


def s3_app():
    """Moto's imitation of S3."""
    pytest.importorskip("moto.server", reason="moto[s3] and flask are not installed")
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    return DomainDispatcherApplication(create_backend_app)
