"""The rooms of the house: data flows one way, libraries have their rooms, nothing is too long."""

import sys
from pathlib import Path
from statistics import median

import pytest
from command_table import COMMANDS
from conftest import ROOT
from package_imports import imports_of, modules_of
from package_shape import (
    body_lengths,
    circles,
    command_lengths,
    entries,
    file_lengths,
    not_downward,
    room_of,
)

import opiscli

PACKAGE = ROOT / "opiscli"
ENTRANCE = {"__init__", "__main__"}

# Folders from the ground up: a room uses rooms of lower floors, not its neighbours on the same one.
# "ground" is the files at the top of the package, but for those of the entrance.
FLOORS = (
    ("ground",),
    ("results", "indexes"),
    ("settings",),
    ("embeddings",),
    ("sources", "counts", "heads"),
    ("engine.kernels", "sources.pairs"),
    ("engine",),
    ("neighbours",),
    ("metrics",),
    ("metrics.intervals",),
    ("thresholds",),
    ("counting",),
    ("heads.export", "training.losses.parts"),
    ("training.losses", "training.optimisers"),
    ("training", "analysis.warnings", "plots.numbers"),
    ("analysis", "plots.drawing", "report.tables"),
    ("plots", "report.terminal"),
    ("report.html",),
    ("report",),
    ("api", "cli.options"),
    ("cli",),
    ("entrance",),
)
ROOMS = {room for floor in FLOORS for room in floor}

LIBRARIES = {
    "adbc_driver_postgresql": {"sources"},
    "deltalake": {"sources"},
    "distributed": {"engine"},
    "duckdb": {"sources"},
    "faiss": {"neighbours", "heads.export", "indexes"},
    "jinja2": {"report.html"},
    "lance": {"sources"},
    "markupsafe": {"report.html"},
    "matplotlib": {"plots", "plots.drawing", "api"},
    "numba": {"engine.kernels"},
    "numpy": ROOMS - {"entrance", "cli", "report", "report.terminal", "report.tables", "settings"},
    "onnx": {"heads.export"},
    "pyarrow": {"sources", "sources.pairs", "counts", "report.tables"},
    "pyiceberg": {"sources"},
    "rich": {"cli.options", "report.terminal", "report"},
    "safetensors": {"heads"},
    "scipy": {
        "metrics.intervals", "thresholds", "training", "training.losses", "training.optimisers",
        "analysis", "plots.numbers", "plots.drawing", "sources.pairs",
    },
    "sklearn": {"training"},
    "threadpoolctl": {"engine", "training", "embeddings", "neighbours"},
    "typer": {"cli", "cli.options"},
}  # fmt: skip

MOST_ARROWS = 168
MOST_ENTRIES = 26
MOST_LINES_OF_MEDIAN_FILE = 115
MOST_LINES_OF_FILE = 300
MOST_LINES_OF_FUNCTION = 40
MOST_LINES_OF_COMMAND = 20

MODULES = modules_of(PACKAGE)
IMPORTS = imports_of(PACKAGE)
OF_FILES = {(one.user, one.used) for one in IMPORTS if one.used in MODULES}
ROOM = {module: room_of(module, MODULES, ENTRANCE) for module in MODULES}
OF_ROOMS = {(ROOM[user], ROOM[used]) for user, used in OF_FILES if ROOM[user] != ROOM[used]}


def test_every_room_has_a_floor():
    assert set(ROOM.values()) <= ROOMS
    assert sum(map(len, FLOORS)) == len(ROOMS)


def test_arrows_between_rooms_end_on_a_lower_floor():
    assert not_downward(OF_ROOMS, FLOORS) == []


def test_rooms_know_few_others():
    assert len(OF_ROOMS) <= MOST_ARROWS


def test_no_circle_of_rooms():
    assert circles(OF_ROOMS) == []


def test_no_circle_of_files():
    assert circles(OF_FILES) == []


def test_no_circle_as_files_are_imported():
    arrows = {(one.user, one.used) for one in IMPORTS if one.when == "at import"}
    assert circles(arrows) == []


def test_each_library_has_its_rooms():
    used = {(one.used, ROOM[one.user]) for one in IMPORTS if is_library(one.used)}
    assert {library for library, _ in used} <= LIBRARIES.keys()
    assert [(library, room) for library, room in used if room not in LIBRARIES[library]] == []


def is_library(name):
    return name not in MODULES and name not in sys.stdlib_module_names


def test_there_is_little_at_the_top():
    assert len(entries(PACKAGE)) <= MOST_ENTRIES


def test_files_are_short():
    lengths = file_lengths(PACKAGE)
    assert median(lengths.values()) <= MOST_LINES_OF_MEDIAN_FILE
    assert longer(lengths, MOST_LINES_OF_FILE) == {}


def test_functions_are_short():
    assert longer(body_lengths(PACKAGE), MOST_LINES_OF_FUNCTION) == {}


def test_commands_only_read_call_and_show():
    lengths = command_lengths(PACKAGE / "cli")
    assert len(lengths) == len(COMMANDS)
    assert longer(lengths, MOST_LINES_OF_COMMAND) == {}


def longer(lengths, most):
    return {name: length for name, length in lengths.items() if length > most}


def test_no_file_is_a_drawer():
    drawers = {"utils", "helpers", "common", "misc", "base", "manager"}
    assert {name.rpartition(".")[2] for name in MODULES} & drawers == set()


def test_public_names_are_what_can_be_imported():
    assert sorted(opiscli.__all__) == opiscli.__all__
    for name in opiscli.__all__:
        assert getattr(opiscli, name) is not None
    with pytest.raises(AttributeError):
        opiscli.no_such_name  # noqa: B018


def test_the_package_lies_where_it_is_tested():
    assert Path(opiscli.__file__).is_relative_to(ROOT)
