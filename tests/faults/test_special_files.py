"""Outputs that are links, pipes, devices and sockets, and the permissions of what is replaced."""

import errno
import json
import os
import socket
import stat
import subprocess
import sys

import pytest
from conftest import ROOT, SAMPLE

from opiscli.atomic_file import whole_file
from opiscli.errors import OutputError, UsageError

pytestmark = pytest.mark.skipif(os.name == "nt", reason="files of POSIX")
CALIBRATE = ("calibrate", SAMPLE / "wordnet.parquet", "--far", "0.01", "-q", "-o")


def write(path, text="after", *, force=True):
    with whole_file(path, force=force) as temporary:
        temporary.write_text(text)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("is_relative", [True, False])
def test_a_link_is_kept_and_the_file_behind_it_written(tmp_path, is_relative):
    folder = tmp_path / "behind"
    folder.mkdir()
    target = folder / "target.txt"
    target.write_text("before")
    near, far = tmp_path / "near.txt", tmp_path / "far.txt"
    near.symlink_to("behind/target.txt" if is_relative else target)
    far.symlink_to("near.txt")
    with pytest.raises(UsageError, match=r"far\.txt exists already"):
        write(far, force=False)
    write(far)
    assert far.is_symlink()
    assert near.is_symlink()
    assert target.read_text() == "after"
    assert sorted(folder.iterdir()) == [target]


def test_a_link_to_nothing_yet_creates_the_file(tmp_path):
    link, target = tmp_path / "link", tmp_path / "target"
    link.symlink_to(target)
    write(link, force=False)
    assert link.is_symlink()
    assert target.read_text() == "after"


def test_a_link_to_itself_and_to_no_folder_are_explained(tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "lost").symlink_to("no/such.txt")
    with pytest.raises(UsageError, match="leads back to itself"):
        write(tmp_path / "loop")
    with pytest.raises(OutputError, match=r"lost cannot be written: there is no folder .*no"):
        write(tmp_path / "lost")


@pytest.mark.parametrize("kept", [0o600, 0o640, 0o664, 0o755, 0o444])
def test_the_permissions_of_a_file_that_is_replaced_stay(tmp_path, kept):
    path = tmp_path / "r.txt"
    path.write_text("before")
    path.chmod(kept)
    write(path)
    assert (path.read_text(), mode(path)) == ("after", kept)


@pytest.mark.parametrize(("mask", "expected"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_a_new_file_has_the_usual_permissions(tmp_path, mask, expected):
    before = os.umask(mask)
    try:
        write(tmp_path / "r.txt", force=False)
    finally:
        os.umask(before)
    assert mode(tmp_path / "r.txt") == expected


@pytest.mark.parametrize("refused", [(), ("owner",), ("owner", "group")])
def test_owner_and_group_stay_where_permitted(tmp_path, monkeypatch, refused):
    path, given = tmp_path / "r.txt", []
    path.write_text("before")
    path.chmod(0o664)

    def chown(_, owner, group):
        if refused and (owner != -1 or "group" in refused):
            raise PermissionError(errno.EPERM, "not permitted")
        given.append((owner, group))

    monkeypatch.setattr("opiscli.atomic_file.os.chown", chown)
    owner, group = path.stat().st_uid, path.stat().st_gid
    write(path)
    assert given == ([] if "group" in refused else [(-1 if refused else owner, group)])
    # Another group gets no more than everyone.
    assert mode(path) == (0o644 if "group" in refused else 0o664)


def test_a_pipe_with_a_reader_receives_everything(opis, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    assert opis(*CALIBRATE, pipe)[0] == 0
    with os.fdopen(reader, "rb") as file:
        assert json.load(file)["schema"] == "opis.threshold/1"
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert list(tmp_path.iterdir()) == [pipe]


def test_a_pipe_without_a_reader_does_not_block(opis, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    code, _, err = opis(*CALIBRATE, pipe, "--force")
    assert code == 3
    assert "no program reads from this pipe" in err
    assert list(tmp_path.iterdir()) == [pipe]


def test_another_program_as_output(tmp_path):
    line = f"{sys.executable} -m opiscli {' '.join(map(str, CALIBRATE))} >(cat >{tmp_path}/t.json)"
    line += "; code=$?; wait $!; exit $code"
    done = subprocess.run(["bash", "-c", line], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "t.json").read_text())["schema"] == "opis.threshold/1"


def test_devices_are_written_to_and_stay(opis):
    assert opis(*CALIBRATE, "/dev/null", "--force")[0] == 0
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    if os.path.exists("/dev/full"):
        code, _, err = opis(*CALIBRATE, "/dev/full")
        assert code == 3
        assert "/dev/full cannot be written: No space left" in err
        assert stat.S_ISCHR(os.stat("/dev/full").st_mode)


def test_a_link_to_a_device_is_written_through(tmp_path):
    (tmp_path / "null").symlink_to("/dev/null")
    write(tmp_path / "null", force=False)
    assert os.readlink(tmp_path / "null") == "/dev/null"


@pytest.mark.parametrize("path", ["/dev/stdout", "/dev/stderr", "/dev/fd/1", "/proc/self/fd/2"])
def test_results_and_files_are_not_mixed(opis, path, tmp_path):
    for named in (path, tmp_path / "link"):
        (tmp_path / "link").unlink(missing_ok=True)
        (tmp_path / "link").symlink_to(path)
        code, out, err = opis(*CALIBRATE, named, "--force")
        assert (code, out) == (2, "")
        assert f"{named} is a standard stream" in err


def test_sockets_and_folders_are_refused(opis, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    server = socket.socket(socket.AF_UNIX)
    server.bind("s")
    (tmp_path / "folder").mkdir()
    for name, says in (("s", "not a regular file"), ("folder", "is a folder")):
        code, _, err = opis(*CALIBRATE, name, "--force")
        assert code == 2
        assert says in err
    server.close()
    assert stat.S_ISSOCK((tmp_path / "s").stat().st_mode)


def test_the_longest_name_can_be_written(tmp_path):
    for name in ("x" * 255, "漢" * 85):
        write(tmp_path / name, force=False)
        write(tmp_path / name)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_name_that_is_too_long_is_explained(opis, tmp_path):
    code, _, err = opis(*CALIBRATE, tmp_path / ("x" * 251 + ".json"))
    assert code == 3
    assert "File name too long" in err


@pytest.mark.parametrize("has_links", [True, False])
def test_a_file_that_appears_at_the_last_moment_is_kept(tmp_path, monkeypatch, has_links):
    path = tmp_path / "r.txt"
    link = os.link

    def late(source, target):
        path.write_text("yours")
        if not has_links:
            raise PermissionError(errno.EPERM, "Operation not permitted")
        link(source, target)

    monkeypatch.setattr("opiscli.atomic_file.os.link", late)
    with pytest.raises(UsageError, match="exists already"):
        write(path, force=False)
    assert path.read_text() == "yours"
    assert list(tmp_path.iterdir()) == [path]


def test_a_disk_without_hard_links(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr("opiscli.atomic_file.os.link", refuse)
    write(tmp_path / "r.txt", force=False)
    assert (tmp_path / "r.txt").read_text() == "after"
    assert len(list(tmp_path.iterdir())) == 1
