"""A numba that cannot be used gives way to NumPy; a damaged cache of it is mended."""

import importlib.util
import pickle
import sys
import warnings
from types import SimpleNamespace

import pytest

from opiscli.engine import kernels
from opiscli.engine.kernels import compiled
from opiscli.engine.kernels.compiled import CompiledKernel
from opiscli.errors import OpisWarning

FAILURES = [
    SystemError("initialization of _internal failed without raising an exception"),
    OSError("cannot load library 'libllvmlite.so'"),
    ImportError("Numba needs NumPy 2.3 or less. Got NumPy 2.4."),
    AttributeError("module 'numba' has no attribute 'njit'"),
    TypeError("expected str, got NoneType"),
    ValueError("bad marshal data"),
    RuntimeError("LLVM ERROR: Symbols not found"),
    KeyError("unknown target"),
    EOFError("Ran out of input"),
    pickle.UnpicklingError("invalid load key, 'j'."),
    PermissionError(13, "Permission denied", "kernel.nbi"),
    NotImplementedError("processor"),
]


def by_name(failure):
    return type(failure).__name__


@pytest.fixture
def numpy_calls(monkeypatch):
    """What the NumPy kernel is called with, in place of counting."""
    calls = []
    monkeypatch.setattr(compiled.numpy_kernel, "tally_tile", lambda *tile: calls.append(tile))
    return calls


@pytest.mark.parametrize("failure", FAILURES, ids=by_name)
def test_a_numba_that_cannot_be_imported(monkeypatch, failure):
    def fail(name):
        raise failure

    monkeypatch.setattr(kernels, "import_module", fail)
    with pytest.warns(OpisWarning, match=f"numba cannot be used .{by_name(failure)}"):
        assert kernels.kernel_for(10**12) == kernels.NUMPY


@pytest.mark.parametrize("failure", FAILURES, ids=by_name)
def test_a_kernel_that_cannot_be_compiled(monkeypatch, numpy_calls, failure):
    def fail(*tile):
        raise failure

    broken = SimpleNamespace(tally_tile=fail, FUNCTIONS=[])
    monkeypatch.setattr(compiled, "_numba_kernel", lambda: broken)
    kernel = CompiledKernel()
    with pytest.warns(OpisWarning, match="gives the same numbers") as said:
        kernel(1, 2)
    kernel(3)
    assert numpy_calls == [(1, 2), (3,)]
    assert kernel.has_given_way
    assert len(said) == 1


@pytest.mark.parametrize("failure", FAILURES, ids=by_name)
def test_a_kernel_that_cannot_be_loaded(monkeypatch, numpy_calls, failure):
    def fail():
        raise failure

    monkeypatch.setattr(compiled, "_numba_kernel", fail)
    with pytest.warns(OpisWarning, match="numba cannot be used"):
        CompiledKernel()(1)
    assert numpy_calls == [(1,)]


def test_too_little_memory_is_not_a_reason_to_count_in_another_way(monkeypatch, numpy_calls):
    def fail(*tile):
        raise MemoryError

    broken = SimpleNamespace(tally_tile=fail, FUNCTIONS=[])
    monkeypatch.setattr(compiled, "_numba_kernel", lambda: broken)
    with pytest.raises(MemoryError):
        CompiledKernel()(1)
    assert numpy_calls == []


def test_a_missing_or_disabled_numba_is_not_worth_a_word(monkeypatch):
    pytest.importorskip("numba")
    import numba

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert kernels.has_compiler()
        monkeypatch.setattr(numba.config, "DISABLE_JIT", 1)
        assert not kernels.has_compiler()
        monkeypatch.setitem(sys.modules, "numba", None)
        assert not kernels.has_compiler()
        assert not kernels.is_installed()


def emptied(file):
    file.write_bytes(b"")


def halved(file):
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def short_of_a_byte(file):
    file.write_bytes(file.read_bytes()[:-1])


def text(file):
    file.write_text("<html>not found</html>")


def zeros(file):
    file.write_bytes(bytes(file.stat().st_size))


def foreign(file):
    file.write_bytes(file.read_bytes()[:30] + pickle.dumps(["another", "program"]))


def of_missing_class(file):
    file.write_bytes(file.read_bytes().replace(b"numba", b"bumba"))


def folder(file):
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize(
    ("suffix", "damage"),
    [
        *(("nbi", d) for d in (emptied, halved, short_of_a_byte, text, zeros, foreign, folder)),
        *(("nbc", d) for d in (emptied, halved, text, zeros, of_missing_class, folder)),
    ],
)
def test_a_damaged_cache_is_mended(monkeypatch, numpy_calls, tmp_path, suffix, damage):
    pytest.importorskip("numba")
    source = tmp_path / "cached.py"
    source.write_text(
        "import numba\n"
        "@numba.njit(cache=True)\n"
        "def tally_tile(x):\n    x[0] += 1\n"
        "FUNCTIONS = [tally_tile]\n"
    )
    counted = [0]

    def count():
        import numpy as np

        spec = importlib.util.spec_from_file_location("cached", source)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        monkeypatch.setattr(compiled, "_numba_kernel", lambda: module)
        kernel, table = CompiledKernel(), np.array(counted)
        kernel(table)
        counted[:] = table.tolist()
        return kernel, module.tally_tile

    count()
    (file,) = (tmp_path / "__pycache__").glob(f"*.{suffix}")
    damage(file)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        kernel, _ = count()
        assert not kernel.has_given_way
        if damage is not folder:
            assert sum(count()[1].stats.cache_hits.values()) == 1
    assert counted[0] == (2 if damage is folder else 3)
    assert numpy_calls == []
