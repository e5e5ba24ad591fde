"""Heads do not know training; losses, optimisers and heads do not know each other."""

import ast
from graphlib import TopologicalSorter

from conftest import ROOT

PACKAGE = ROOT / "opiscli"
ROOMS = ("heads", "training", "analysis/finetune.py", "analysis/project.py", "analysis/export.py")


def name_of(file):
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(file):
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file} imports relatively"
            # Either part may be the module.
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def files():
    for room in ROOMS:
        path = PACKAGE / room
        yield from [path] if path.is_file() else sorted(path.rglob("*.py"))


IMPORTS = {name_of(file): set(imported(file)) for file in files()}


def test_neighbours_that_do_not_know_each_other():
    losses, optimisers = "opiscli.training.losses", "opiscli.training.optimisers"
    upper = ("analysis", "report", "plots", "cli")
    for one, others in {
        "opiscli.heads": ("opiscli.training", *(f"opiscli.{room}" for room in upper)),
        "opiscli.training": tuple(f"opiscli.{room}" for room in upper),
        losses: (optimisers, "opiscli.heads"),
        optimisers: (losses, "opiscli.heads"),
    }.items():
        inside = {name: found for name, found in IMPORTS.items() if name.startswith(one)}
        assert inside
        for name, found in inside.items():
            assert not [module for module in found if module.startswith(others)], name


def test_no_circle_between_files():
    known = {name: found & set(IMPORTS) - {name} for name, found in IMPORTS.items()}
    assert sum(map(len, known.values())) > 80
    TopologicalSorter(known).prepare()
