"""Files that opis wrote, damaged anywhere: refused, or read as they were, and never a traceback."""

import sys
import warnings

import pytest
from conftest import ROOT

from opiscli.errors import OpisError

sys.path.insert(0, str(ROOT / "benchmarks"))
from damage import written


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = written(tmp_path_factory.mktemp("written"))
    return {path.name: (path.read_bytes(), read) for path, read in found}


def damaged(whole):
    """Truncated, extended, and with a bit flipped at places all over the file."""
    yield from (whole[: len(whole) * part // 64] for part in range(64))
    yield from (whole + more for more in (b"\0", b"x", b"\xff" * 64, whole))
    for place in range(0, len(whole), max(len(whole) // 200, 1)):
        changed = bytearray(whole)
        changed[place] ^= 1 << place % 8
        yield bytes(changed)


@pytest.mark.parametrize("name", ["counts.opis", "head.safetensors", "threshold.json"])
def test_nothing_else_is_read(files, name, tmp_path):
    whole, read = files[name]
    path = tmp_path / name
    path.write_bytes(whole)
    right, n_refused = read(path), 0
    for contents in damaged(whole):
        path.write_bytes(contents)
        try:
            assert read(path) == right
        except OpisError:
            n_refused += 1
    assert n_refused > 100


@pytest.mark.parametrize("name", ["counts.opis", "head.safetensors", "threshold.json"])
def test_an_empty_file_is_explained(files, name, tmp_path):
    path = tmp_path / name
    path.write_bytes(b"")
    with pytest.raises(OpisError, match=name.partition(".")[0]):
        files[name][1](path)
