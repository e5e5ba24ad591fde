"""Everything that opis says to people, with the place that says it."""

import ast
import re

from command_table import COMMANDS, GROUP
from conftest import ROOT

PACKAGE = ROOT / "opiscli"
# What these folders write is a report or a picture, in words of any number.
SCREENS = ("report", "plots/drawing", "plots/figures.py", "results/headlines.py")


def documents():
    folders = (ROOT, ROOT / "docs", ROOT / "benchmarks", ROOT / "benchmarks" / "tcm_study")
    files = [file for folder in folders for file in sorted(folder.glob("*.md"))]
    for file in [*files, ROOT / "sample_data" / "README.md"]:
        text = file.read_text("utf-8").split("\n## WordNet 3.0 licence")[0]
        # A number of a block of code, such as a report, is tested elsewhere.
        yield file.relative_to(ROOT).as_posix(), re.sub(r"\n\|[^\n]*\d\.\d[^\n]*", "", text)


def helps():
    """Place, help text and whether it is that of an option or argument."""
    for command in (GROUP, *COMMANDS.values()):
        yield f"opis {command.name}", command.help or "", False
        for parameter in command.params:
            text = getattr(parameter, "help", None)
            if text and not getattr(parameter, "hidden", False):
                yield f"opis {command.name} {parameter.opts[0]}", text, True


def templates():
    for file in sorted((PACKAGE / "report" / "html").iterdir()):
        if file.suffix in (".html", ".j2", ".jinja", ".js"):
            yield file.relative_to(ROOT).as_posix(), file.read_text("utf-8")


def _trees():
    for file in sorted(PACKAGE.rglob("*.py")):
        yield file.relative_to(ROOT).as_posix(), ast.parse(file.read_text("utf-8"))


def _documented(tree):
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef)
    return [node for node in ast.walk(tree) if isinstance(node, kinds) and ast.get_docstring(node)]


def docstrings():
    """The first paragraph of each."""
    for file, tree in _trees():
        for node in _documented(tree):
            name = getattr(node, "name", "module")
            yield f"{file} {name}", ast.get_docstring(node).split("\n\n")[0]


def messages():
    """Errors, warnings and other sentences: strings of three words or more."""
    yield from (found for found in _strings(lambda file: True) if found[1].count(" ") > 1)


def screens():
    """Strings of the code that draws reports and pictures."""
    yield from _strings(lambda file: file.removeprefix("opiscli/").startswith(SCREENS))


def _strings(chosen):
    """Strings that are no docstrings; what is computed stands as ``…``."""
    for file, tree in _trees():
        if not chosen(file):
            continue
        docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)
                 for part in ast.walk(node) if part is not node}  # fmt: skip
        for node in ast.walk(tree):
            if id(node) not in docs | parts and " " in _spoken(node):
                yield f"{file}:{node.lineno}", _spoken(node)


def _spoken(node):
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else "…"
    if isinstance(node, ast.JoinedStr):
        return "".join(_spoken(part) for part in node.values)
    return "…"
