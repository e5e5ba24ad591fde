"""Options are declared once, as frozen dataclasses, and expanded by one decorator."""

import ast
import dataclasses
import inspect

import pytest
from command_table import COMMANDS
from conftest import ROOT

from opiscli.cli.options.groups import option, takes_groups


@dataclasses.dataclass(frozen=True, kw_only=True)
class Inner:
    a: int = 1
    b: str | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Outer:
    needed: int
    inner: Inner
    last: bool = False


_DEFAULT = Inner(a=7)


def test_groups_are_expanded_where_they_stand_and_put_together_again():
    got = []

    @takes_groups
    def command(first=None, *, outer: Outer, own: int = 3):
        got.append((first, outer, own))

    parameters = inspect.signature(command).parameters
    assert list(parameters) == ["first", "needed", "a", "b", "last", "own"]
    assert parameters["needed"].default is inspect.Parameter.empty
    assert parameters["a"].default == 1
    assert command.__annotations__["b"] == (str | None)
    command(first="x", needed=5, a=2, b="y", last=True, own=4)
    assert got == [("x", Outer(needed=5, inner=Inner(a=2, b="y"), last=True), 4)]


def test_a_default_of_a_group_gives_those_of_its_options():
    @takes_groups
    def draws(*, inner: Inner = _DEFAULT):
        """Draw."""

    assert inspect.signature(draws).parameters["a"].default == 7
    assert draws.__doc__ == "Draw."


def test_options_show_a_default_only_where_it_is_asked_for():
    assert not option("text", "Panel").show_default
    assert option("text", "Panel", show_default=True).show_default


def _commands():
    names = {name.replace("-", "_") for name in COMMANDS}
    for file in sorted((ROOT / "opiscli" / "cli").glob("*.py")):
        for node in ast.parse(file.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name == file.stem and file.stem in names:
                yield file, node


@pytest.mark.parametrize(
    ("file", "command"), list(_commands()), ids=lambda value: getattr(value, "name", "")
)
def test_a_command_reads_calls_and_shows(file, command):
    body = command.body[1:]
    assert body[-1].end_lineno - body[0].lineno + 1 <= 20, f"{file}: {command.name} is too long"


def test_every_command_is_looked_at():
    assert len(list(_commands())) == 17
