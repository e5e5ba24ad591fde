"""Every example of the guide to Python runs, in the order in which it is read."""

import re

from conftest import ROOT

import opiscli

GUIDE = (ROOT / "docs" / "python.md").read_text("utf-8")


def test_all_examples_run(monkeypatch, capsys, tmp_path):
    (tmp_path / "sample_data").symlink_to(ROOT / "sample_data")
    monkeypatch.chdir(tmp_path)
    examples = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    assert len(examples) == 10
    names = {}
    for example in examples:
        exec(compile(example, "docs/python.md", "exec"), names)
    said = re.search(r"print\(.*\)\s+# (.*)", examples[-1])[1]
    assert capsys.readouterr().out.endswith(f"\n{said}\n")
    assert names["point"].far.value <= 1e-3
    assert names["in_a"].data.n_items == 180
    assert names["hint"].startswith("If these are packed bits (ubinary), unpack them")
    assert names["signs"].data.dims == 16
    assert len(names["curves"].highlighted) == 3


def test_every_function_is_in_the_guide():
    for name in opiscli.__all__:
        is_function = name.islower() and not name.startswith(("_", "evaluate_", "read_"))
        assert not is_function or f"{name}" in GUIDE, name
