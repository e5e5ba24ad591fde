"""Files on web servers: what is sent, what is kept secret, and what happens when it fails."""

import base64
import errno
import gzip
import io
import re

import numpy as np
import pyarrow as pa
import pytest
from object_store import as_csv, as_parquet, wide
from stored_items import assert_items, table

from opiscli import SourceError, read_embeddings

PARQUET = as_parquet(table())
BASIC = "Basic " + base64.b64encode(b"ann:p@ss").decode()


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("contents", [PARQUET, as_csv(), gzip.compress(as_csv())])
def test_files_of_servers_with_and_without_ranges(web, contents, ranges):
    server = web({"/a/e": contents}, ranges=ranges)
    assert_items(read_embeddings(f"{server.url}/a/e"))
    read_embeddings(f"{server.url}/a/e?version=2#top")


def test_only_the_columns_that_are_needed_are_sent(web):
    items = wide()
    contents = as_parquet(items, row_group_size=2000, use_dictionary=False)
    server = web({"/e": contents})
    needed = items.select(["label", "embedding"]).nbytes
    assert read_embeddings(f"{server.url}/e").n_items == items.num_rows
    assert len(contents) > 5 * needed
    assert server.counting.n_bytes("/e") < needed + (1 << 18)
    asked = [one.part for one in server.counting.log]
    assert len(asked) == len(set(asked))


def test_row_groups_that_are_not_small_are_asked_for_one_by_one(web, monkeypatch):
    monkeypatch.setattr("opiscli.sources.parquet._BYTES_AHEAD", 1)
    server = web({"/e": as_parquet(wide(), row_group_size=1000, use_dictionary=False)})
    assert read_embeddings(f"{server.url}/e").n_items == 6000


def test_a_password_is_sent_and_not_shown(web, opis):
    def guarded(request, answer):
        from werkzeug.wrappers import Response

        allowed = request.headers.get("Authorization") == BASIC
        return answer if allowed and "Signature" in request.args else Response(status=401)

    server = web({"/e": PARQUET}, broken=guarded)
    address = server.url.replace("://", "://ann:p%40ss@") + "/e?Signature=s3cr3t"
    code, out, err = opis("evaluate", address, "--json", "--far-range", "0.1:0.5")
    assert code == 0, err
    shown = out + err
    wrong = address.replace("p%40ss", "wr0ng")
    code, out, err = opis("evaluate", wrong)
    assert code == 3
    assert "refuses access (HTTP 401)" in err
    for secret in ("p%40ss", "p@ss", "s3cr3t", "wr0ng"):
        assert secret not in shown + out + err


def test_no_secret_is_in_a_file(web, opis, tmp_path):
    server = web({"/e": as_parquet(wide())})
    address = server.url.replace("://", "://ann:p%40ss@") + "/e?Signature=s3cr3t"
    for argv in (
        ["evaluate", address, "--save", "a.opis"],
        ["calibrate", address, "--far", "1e-2", "-o", "t.json"],
        ["finetune", address, "--steps", "1", "--choose", "validation", "-o", "h.safetensors"],
        ["project", address, "--head", "h.safetensors", "-o", "p.parquet"],
    ):
        names = [str(tmp_path / word) if re.search(r"^\w\.", word) else word for word in argv]
        code, _, err = opis(*names)
        assert code == 0, err
    written = [path.read_bytes() for path in tmp_path.iterdir() if path.is_file()]
    assert len(written) >= 4
    assert not [secret for secret in (b"p%40ss", b"p@ss", b"s3cr3t") if secret in b"".join(written)]


def test_a_secret_is_not_told_to_the_server_of_a_redirect(web):
    other = web({"/there": PARQUET})
    told = []

    def redirected(request, answer):
        from werkzeug.wrappers import Response

        return Response(status=302, headers={"Location": f"{other.url}/there"})

    def listening(request, answer):
        told.append(request.headers.get("Authorization"))
        return answer

    listener = web({"/there": PARQUET}, broken=listening)
    other.url = listener.url
    start = web({}, broken=redirected)
    assert_items(read_embeddings(start.url.replace("://", "://ann:pw@") + "/here"))
    assert told
    assert set(told) == {None}


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (403, "refuses access (HTTP 403)"),
        (404, "no such file"),
        (410, "no such file"),
        (418, "answers HTTP 418"),
    ],
)
def test_refusals(web, opis, status, says):
    from werkzeug.wrappers import Response

    server = web({}, broken=lambda request, answer: Response(status=status))
    code, out, err = opis("evaluate", f"{server.url}/e?sig=hidden")
    assert code == 3
    assert out == ""
    assert says in err
    assert "hidden" not in err
    assert err.count("\n") == 2


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:1/e", "https://[::1]:1/e", "http:///e", "http://[x/e", "http://a b/e"],
)
def test_servers_that_cannot_be_reached(no_configuration, opis, address):
    code, out, err = opis("evaluate", address)
    assert (code, out) == (3, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 2


def cut(after, times):
    """A server that sends only some bytes of a part, so many times."""
    left = [times]

    def broken(request, answer):
        contents = answer.get_data()
        if request.range is not None and request.range.ranges[0][0] > 0 and left[0]:
            left[0] -= 1
            answer.response = iter([contents[:after]])
            answer.headers["Content-Length"] = str(len(contents))
        return answer

    return broken


def test_a_connection_that_is_lost_is_taken_up_again(web, monkeypatch):
    monkeypatch.setattr("opiscli.sources.http_file._PAUSES", (0, 0))
    contents = as_parquet(wide(), row_group_size=2000)
    server = web({"/e": contents}, broken=cut(1000, 2))
    assert read_embeddings(f"{server.url}/e").n_items == 6000
    server = web({"/e": contents}, broken=cut(1000, 100))
    with pytest.raises(SourceError, match=r"connection was lost at byte [\d,]+ of"):
        read_embeddings(f"{server.url}/e")


@pytest.mark.parametrize("times", [2, 100])
def test_a_server_that_closes_midway_over_an_npy_file(web, opis, monkeypatch, tmp_path, times):
    monkeypatch.setattr("opiscli.sources.http_file._PAUSES", (0, 0))
    rows = np.random.default_rng(0).normal(size=(6000, 16)).astype(np.float32)
    np.save(tmp_path / "y.npy", np.arange(6000) % 50)
    held = io.BytesIO()
    np.save(held, rows)
    server = web({"/e.npy": held.getvalue()}, broken=cut(1000, times))
    code, out, err = opis(
        "evaluate", f"{server.url}/e.npy?sig=s3cr3t", "--labels", tmp_path / "y.npy",
        "--sample-pairs", "2e6", "--json",
    )  # fmt: skip
    assert "s3cr3t" not in out + err
    if times == 2:
        assert code == 0, err
    else:
        assert (code, out) == (3, "")
        assert "connection was lost at byte" in err
        assert err.count("\n") == 2


def test_a_file_that_is_sent_incomplete_is_an_error(web):
    def short(request, answer):
        answer.response = iter([answer.get_data()[:100]])
        answer.headers["Content-Length"] = str(len(PARQUET))
        return answer

    server = web({"/e": PARQUET}, ranges=False, broken=short)
    with pytest.raises(SourceError, match="lost before the file was complete"):
        read_embeddings(f"{server.url}/e")


@pytest.mark.parametrize("grows", [True, False])
def test_a_file_that_changes_while_it_is_read_is_an_error(web, grows):
    contents = as_parquet(wide())
    files = {"/e": contents}

    def changed(request, answer):
        files["/e"] = contents + b"more" if grows else contents[:-1] + b"2"
        return answer

    server = web(files, broken=changed)
    with pytest.raises(SourceError, match="was changed while it was read"):
        read_embeddings(f"{server.url}/e")


def test_a_disk_without_room_for_a_copy(web, monkeypatch):
    class Full(io.BytesIO):
        def write(self, _):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryFile", Full)
    server = web({"/e": as_csv()})
    with pytest.raises(SourceError, match=r"cannot be copied to .*: No space left on device"):
        read_embeddings(f"{server.url}/e")


def test_an_empty_file(web):
    server = web({"/e": b""})
    with pytest.raises(SourceError, match="/e is empty"):
        read_embeddings(f"{server.url}/e")


def test_a_web_page_is_recognised(web):
    server = web({"/e.parquet": b"<!doctype html><title>Log in</title>"})
    with pytest.raises(SourceError, match="is a web page"):
        read_embeddings(f"{server.url}/e.parquet")


def test_an_arrow_stream_is_copied_first(web):
    held = pa.BufferOutputStream()
    with pa.ipc.new_stream(held, table().schema) as writer:
        writer.write_table(table())
    server = web({"/e": held.getvalue().to_pybytes()})
    assert_items(read_embeddings(f"{server.url}/e"))
