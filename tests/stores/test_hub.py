"""Data sets of the Hugging Face Hub, read from a server on this machine in its place."""

import json

import pytest
from object_store import as_parquet
from stored_items import HALVES, assert_items, table

from opiscli import SourceError, read_embeddings
from opiscli.sources import Selection

FIRST, SECOND = HALVES
TOKEN = "hf_s3cretT0ken"
MAIN = {"data/a.parquet": FIRST, "data/x/b.parquet": SECOND, "README.md": None}
CONVERTED = {"default/train/0000.parquet": FIRST, "default/test/0000.parquet": SECOND}


class Repository:
    """Answers as the Hub does about one data set, to those who have the token."""

    def __init__(self, branches):
        self.files = {
            f"/datasets/o/n/resolve/{revision}/{path}": b"notes"
            if rows is None
            else as_parquet(table(rows))
            for revision, contents in branches.items()
            for path, rows in contents.items()
        }

    def __call__(self, request, _):
        from werkzeug.wrappers import Response

        place = request.environ["RAW_URI"].partition("?")[0]
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return Response(status=401)
        if place.startswith("/api/datasets/o/n/tree/"):
            return self.listed(request, place)
        if (contents := self.files.get(place)) is None:
            return Response(status=404)
        whole = Response(contents)
        whole.make_conditional(request, accept_ranges=True, complete_length=len(contents))
        return whole

    def listed(self, request, place):
        """Two entries, and where the next ones are."""
        from werkzeug.wrappers import Response

        revision, _, folder = place.partition("/tree/")[2].partition("/")
        start = f"/datasets/o/n/resolve/{revision}/"
        paths = [path.removeprefix(start) for path in self.files if path.startswith(start)]
        below = [path for path in paths if not folder or path.startswith(f"{folder}/")]
        if not below:
            return Response(status=404)
        entries = [{"type": "directory", "path": "data"}]
        entries += [{"type": "file", "path": path} for path in below]
        at = int(request.args.get("cursor", 0))
        page = Response(json.dumps(entries[at : at + 2]), mimetype="application/json")
        if at + 2 < len(entries):
            next_page = f"{request.host_url.rstrip('/')}{place}?cursor={at + 2}"
            page.headers["Link"] = f'<{next_page}>; rel="next"'
        return page


@pytest.fixture
def hub(web, monkeypatch):
    """Puts a server in the place of the Hub."""
    monkeypatch.setenv("HF_TOKEN", TOKEN)

    def start(converted=(), **branches):
        answer = Repository({"refs%2Fconvert%2Fparquet": dict(converted), **branches})
        server = web({}, broken=answer)
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        return server

    return start


@pytest.mark.parametrize(
    "path", ["data", "data/**/*.parquet", "", "@main/data", "@main", "data/*"], ids=str
)
def test_files_of_a_repository(hub, path):
    hub(main=MAIN)
    separator = "" if path.startswith("@") else "/"
    assert_items(read_embeddings(f"hf://datasets/o/n{separator}{path}"))


def test_one_file_at_a_revision(hub):
    hub(main=MAIN, v2={"data/a.parquet": SECOND})
    assert_items(read_embeddings("hf://datasets/o/n/data/a.parquet"), FIRST)
    assert_items(read_embeddings("hf://datasets/o/n@v2/data/a.parquet"), SECOND)


def test_a_data_set_is_read_by_split(hub):
    hub(main={"data.csv": None}, converted=CONVERTED)
    assert_items(
        read_embeddings("hf://datasets/o/n", Selection(with_pairs=False)),
        [*range(11, 22), *range(11)],
    )
    only = read_embeddings("hf://datasets/o/n", Selection(where=("split=train",), with_pairs=False))
    assert_items(only, FIRST)
    assert_items(read_embeddings("hf://datasets/o/n@~parquet/default/test"), SECOND)


def test_what_is_not_whole_or_not_one_is_refused(hub):
    hub(converted={**CONVERTED, "other/train/0000.parquet": FIRST})
    with pytest.raises(SourceError, match="has 2 configurations, expected one: default, other"):
        read_embeddings("hf://datasets/o/n")
    hub(converted={"default/partial-train/0000.parquet": FIRST})
    with pytest.raises(SourceError, match="too large for the Hub to convert"):
        read_embeddings("hf://datasets/o/n")


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("hf://datasets/o/n/no", "no such file or folder"),
        ("hf://datasets/o/other", "no such file or folder"),
        ("hf://datasets/o", "is not the address of a data set"),
        ("hf://o/n", "is not the address of a data set"),
    ],
)
def test_what_is_not_there(hub, opis, address, says):
    hub(main=MAIN)
    code, out, err = opis("evaluate", address)
    assert (code, out) == (3, "")
    assert says in err
    assert TOKEN not in err


def test_a_token_from_the_file_of_the_hub_or_none(hub, opis, monkeypatch, tmp_path):
    hub(main=MAIN)
    monkeypatch.delenv("HF_TOKEN")
    code, _, err = opis("evaluate", "hf://datasets/o/n/data")
    assert code == 3
    assert "refuses access" in err
    token = tmp_path / "token"
    token.write_text(f"{TOKEN}\n")
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    assert_items(read_embeddings("hf://datasets/o/n/data"))


def test_a_server_that_is_not_the_hub(web, monkeypatch):
    from werkzeug.wrappers import Response

    server = web({}, broken=lambda request, answer: Response("<html>"))
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    with pytest.raises(SourceError, match="is not what the Hub sends"):
        read_embeddings("hf://datasets/o/n")
