"""A process that answers as Google Cloud Storage does about the files of a folder, bucket ``box``.

It is a process of its own: pyarrow's client does not let go of the interpreter while it waits.
"""

import json
import sys
from pathlib import Path
from urllib.parse import unquote

from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

OBJECTS = "/storage/v1/b/box/o"
DATES = {"updated": "2026-01-01T00:00:00Z", "timeCreated": "2026-01-01T00:00:00Z"}


def application(folder):
    """What answers requests."""

    def described(path):
        name = path.relative_to(folder).as_posix()
        about = {"kind": "storage#object", "bucket": "box", "name": name, "generation": "1"}
        return {**about, **DATES, "etag": "e", "size": str(path.stat().st_size)}

    def answer(request):
        place = request.environ["RAW_URI"].partition("?")[0]
        if place == OBJECTS:
            start = request.args.get("prefix", "")
            found = [described(path) for path in sorted(folder.rglob("*")) if path.is_file()]
            items = [one for one in found if one["name"].startswith(start)]
            return as_json({"kind": "storage#objects", "items": items})
        path = folder / unquote(place.removeprefix(f"{OBJECTS}/"))
        if not place.startswith(OBJECTS) or not path.is_file():
            return as_json({}, 404)
        return (
            part(path, request) if request.args.get("alt") == "media" else as_json(described(path))
        )

    return lambda environ, start: answer(Request(environ))(environ, start)


def as_json(value, status=200):
    return Response(json.dumps(value), status=status, mimetype="application/json")


def part(path, request):
    contents = path.read_bytes()
    found = Response(contents, headers={"x-goog-generation": "1"})
    found.make_conditional(request, accept_ranges=True, complete_length=len(contents))
    return found


if __name__ == "__main__":
    server = make_server("127.0.0.1", 0, application(Path(sys.argv[1])), threaded=True)
    print(server.port, flush=True)  # noqa: T201  # for whoever started it
    server.serve_forever()
