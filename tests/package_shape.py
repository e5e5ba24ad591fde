"""What can be measured of a package: its rooms, the arrows between them, circles, lengths."""

import ast
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

from package_imports import modules_of

Arrow = tuple[str, str]

GROUND, ENTRANCE = "ground", "entrance"


def room_of(module: str, modules: dict[str, Path], entrance: Collection[str]) -> str:
    """The folder of a module, dotted; for a file at the top, whether it is ground or entrance."""
    parts = module.split(".")[1:]
    if modules[module].name != "__init__.py":
        *folders, file = parts
        return ".".join(folders) or (ENTRANCE if file in entrance else GROUND)
    return ".".join(parts) or ENTRANCE


def circles(arrows: Iterable[Arrow]) -> list[list[str]]:
    """Groups of names that reach each other, in order."""
    after: dict[str, set[str]] = {}
    for start, end in arrows:
        after.setdefault(start, set()).add(end)
    reached = {start: _reached(start, after) for start in after}
    groups = {
        frozenset(other for other in ends if start in reached.get(other, ()))
        for start, ends in reached.items()
        if start in ends
    }
    return sorted(map(sorted, groups))


def _reached(start: str, after: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = list(after[start])
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(after.get(name, ()))
    return found


def not_downward(arrows: Iterable[Arrow], floors: Sequence[Collection[str]]) -> list[Arrow]:
    """Arrows that do not end on a lower floor than they start from; floors from the ground up."""
    height = {room: level for level, floor in enumerate(floors) for room in floor}
    return sorted((start, end) for start, end in arrows if height[start] <= height[end])


def body_lengths(root: Path) -> dict[str, int]:
    """Lines of the body of each function, its docstring left out, by module and name."""
    return {
        f"{module}.{function.name}:{function.lineno}": _body_length(function)
        for module, file in modules_of(root).items()
        for function in _functions(ast.parse(file.read_text("utf-8")))
    }


def command_lengths(root: Path) -> dict[str, int]:
    """Lines of the body of each function that is a command, by name.

    Commands are the functions named in ``PANELS`` and those under ``@app.command(…)``.
    """
    trees = [ast.parse(file.read_text("utf-8")) for file in sorted(root.rglob("*.py"))]
    commands = {name for tree in trees for name in _registered(tree)}
    return {
        function.name: _body_length(function)
        for tree in trees
        for function in tree.body
        if isinstance(function, ast.FunctionDef) and function.name in commands
    }


def _registered(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Name("PANELS")], value=ast.Dict(values=panels)):
                yield from (
                    ast.literal_eval(name).replace("-", "_")
                    for panel in panels
                    for name in panel.keys
                )
            case ast.FunctionDef(name=name, decorator_list=[*marks]):
                if any(".command(" in ast.unparse(mark) for mark in marks):
                    yield name


def _functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def _body_length(function: ast.FunctionDef) -> int:
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def file_lengths(root: Path) -> dict[str, int]:
    """Lines of each file, by module."""
    files = modules_of(root).items()
    return {module: len(file.read_text("utf-8").splitlines()) for module, file in files}


def entries(root: Path) -> list[str]:
    """Files and folders of code at the top of a package."""
    return sorted(
        entry.name
        for entry in root.iterdir()
        if entry.suffix == ".py" or (entry.is_dir() and any(entry.glob("*.py")))
    )
