"""The test of the architecture sees every form of import and every kind of disorder."""

import pytest
from package_imports import AT_IMPORT, LAZY, TYPING, Import, imports_of, modules_of
from package_shape import (
    body_lengths,
    circles,
    command_lengths,
    entries,
    file_lengths,
    not_downward,
    room_of,
)

FORMS = [
    ("import house.high.b", AT_IMPORT),
    ("import house.high.b as other", AT_IMPORT),
    ("from house.high import b", AT_IMPORT),
    ("from house.high import missing, b", AT_IMPORT),
    ("from house.high.b import name", AT_IMPORT),
    ("from house.high.b import *", AT_IMPORT),
    ("from ..high import b", AT_IMPORT),
    ("from ..high.b import name", AT_IMPORT),
    ("try:\n    import house.high.b\nexcept ImportError:\n    pass", AT_IMPORT),
    ("class A:\n    from house.high import b", AT_IMPORT),
    ("def f():\n    from house.high import b", LAZY),
    ("async def f():\n    if True:\n        from ..high.b import name", LAZY),
    ("import importlib\nimportlib.import_module('house.high.b')", AT_IMPORT),
    ("from importlib import import_module\nimport_module('..high.b', __package__)", AT_IMPORT),
    ("def f(x):\n    return __import__('house.high.b')", LAZY),
    ("N = {'x': 'b'}\ndef f(x):\n    return import_module(f'house.high.{N[x]}')", LAZY),
    ("def f(x):\n    return import_module(f'house.high.{x}')", LAZY),
    ("N = ['house.high.b']\ndef f():\n    return import_module(N[0])", LAZY),
    ("if TYPE_CHECKING:\n    from house.high.b import name", TYPING),
    ("import typing\nif typing.TYPE_CHECKING:\n    from house.high import b", TYPING),
    ("if TYPE_CHECKING:\n    pass\nelse:\n    from house.high import b", AT_IMPORT),
]


@pytest.fixture
def build(tmp_path):
    """Write a package ``house`` of files given by name, and give its folder."""

    def written(files):
        for name, text in files.items():
            path = tmp_path / "house" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path / "house"

    return written


@pytest.mark.parametrize(("text", "when"), FORMS)
def test_every_form_of_import_is_seen(build, text, when):
    high = {"high/__init__.py": "", "high/b.py": ""}
    root = build({"__init__.py": "", "low/__init__.py": "", "low/a.py": text, **high})
    assert Import("house.low.a", "house.high.b", when) in imports_of(root)


def test_an_import_in_a_package_starts_from_the_package(build):
    root = build({"__init__.py": "", "a/__init__.py": "from .b import c", "a/b.py": "import numpy"})
    found = {(one.user, one.used) for one in imports_of(root)}
    assert found == {("house.a", "house.a.b"), ("house.a.b", "numpy")}


def test_a_name_that_is_no_file_lands_in_its_package(build):
    root = build({"__init__.py": "", "a.py": "from house.b import name", "b/__init__.py": ""})
    assert {one.used for one in imports_of(root)} == {"house.b"}


@pytest.mark.parametrize(
    ("file", "room"),
    [
        ("__init__.py", "entrance"),
        ("__main__.py", "entrance"),
        ("errors.py", "ground"),
        ("low/__init__.py", "low"),
        ("low/a.py", "low"),
        ("low/inner/a.py", "low.inner"),
    ],
)
def test_rooms_are_folders(build, file, room):
    modules = modules_of(build({file: ""}))
    assert [room_of(name, modules, {"__main__"}) for name in modules] == [room]


def test_circles_are_found_whole_and_apart():
    arrows = [("a", "b"), ("b", "c"), ("c", "a"), ("c", "d"), ("d", "e"), ("f", "g"), ("g", "f")]
    assert circles(arrows) == [["a", "b", "c"], ["f", "g"]]
    assert circles([("a", "b"), ("a", "c"), ("b", "c")]) == []


def test_a_circle_of_files_in_one_room_is_seen(build):
    files = {"a/x.py": "from house.a import y", "a/y.py": "def f():\n    import house.a.x"}
    root = build({"__init__.py": "", "a/__init__.py": "", **files})
    found = circles((one.user, one.used) for one in imports_of(root))
    assert found == [["house.a.x", "house.a.y"]]


@pytest.mark.parametrize(
    ("arrow", "is_wrong"), [("high low", 0), ("low high", 1), ("low beside", 1)]
)
def test_arrows_go_down(arrow, is_wrong):
    floors = (("low", "beside"), ("high",))
    assert len(not_downward([tuple(arrow.split())], floors)) == is_wrong


def test_an_arrow_of_a_room_without_a_floor_is_an_error():
    with pytest.raises(KeyError):
        not_downward([("new", "low")], (("low",),))


def test_lengths_are_of_bodies_without_docstrings(build):
    text = 'def f(\n    x,\n):\n    """Say\n    much.\n    """\n    y = x\n\n    return y\n'
    root = build({"__init__.py": "", "a.py": text})
    assert body_lengths(root) == {"house.a.f:1": 3}
    assert file_lengths(root) == {"house": 0, "house.a": 9}


def test_commands_are_those_that_are_registered(build):
    text = "def one():\n    pass\ndef two_ways():\n    pass\n    pass\n"
    text += "@app.command()\ndef three():\n    pass\n"
    root = build({"__init__.py": "PANELS = {'x': {'two-ways': 'Help.'}}", "a.py": text})
    assert command_lengths(root) == {"two_ways": 2, "three": 1}


def test_entries_are_files_and_folders_of_code(build):
    root = build(
        {"__init__.py": "", "a.py": "", "b/__init__.py": "", "py.typed": "", "c/d.txt": ""}
    )
    assert entries(root) == ["__init__.py", "a.py", "b"]
    assert sorted(modules_of(root)) == ["house", "house.a", "house.b"]
