"""The hint to OpenBLAS is given only where it is safe."""

import os

import pytest

from opiscli import processor

ALL = "fma avx512f avx512cd avx512bw avx512dq avx512vl"


def cpuinfo(tmp_path, *flags):
    path = tmp_path / "cpuinfo"
    path.write_text("".join(f"processor\t: {i}\nflags\t\t: {f}\n\n" for i, f in enumerate(flags)))
    return path


def test_only_what_every_processor_has_counts(tmp_path):
    assert processor.processor_flags(cpuinfo(tmp_path, ALL, f"{ALL} sse")) == set(ALL.split())
    assert "avx512f" not in processor.processor_flags(cpuinfo(tmp_path, ALL, "fma sse"))
    assert processor.processor_flags(tmp_path / "missing") == set()


@pytest.mark.parametrize(
    ("flags", "chosen", "expected"),
    [(ALL, None, "SkylakeX"), ("fma avx2", None, None), (ALL, "Zen", "Zen")],
)
def test_the_users_choice_stands(monkeypatch, flags, chosen, expected):
    monkeypatch.setattr(processor, "processor_flags", lambda _: set(flags.split()))
    monkeypatch.delenv("OPENBLAS_CORETYPE", raising=False)
    if chosen:
        monkeypatch.setenv("OPENBLAS_CORETYPE", chosen)
    processor.use_widest_vectors()
    assert os.environ.get("OPENBLAS_CORETYPE") == expected
    os.environ.pop("OPENBLAS_CORETYPE", None)
