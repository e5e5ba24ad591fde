"""Examples in docstrings are run."""

import doctest
import importlib
import pkgutil

import pytest

import opiscli

MODULES = [m.name for m in pkgutil.walk_packages(opiscli.__path__, "opiscli.")]


@pytest.mark.parametrize("name", [m for m in MODULES if not m.endswith(("__main__", "compiled"))])
def test_examples_hold(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0
