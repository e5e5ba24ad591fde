"""Who imports whom in a package: every form of import, resolved to the file it lands in."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

AT_IMPORT, LAZY, TYPING = "at import", "lazy", "typing"


@dataclass(frozen=True, slots=True)
class Import:
    """One import of a file.

    Parameters
    ----------
    user
        The module that imports; a package stands for its ``__init__.py``.
    used
        The module of the same package that it lands in, or the first name of another library.
    when
        As the file is imported, inside a function, or for the type checker only.
    """

    user: str
    used: str
    when: str


def modules_of(root: Path) -> dict[str, Path]:
    """Files of a package by dotted name."""
    names = {}
    for file in sorted(root.rglob("*.py")):
        parts = [root.name, *file.relative_to(root).with_suffix("").parts]
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return names


def imports_of(root: Path) -> set[Import]:
    """All imports of all files of a package, each of a kind once."""
    modules = modules_of(root)
    return {one for name in modules for one in _File(name, modules).imports()}


class _File:
    def __init__(self, name: str, modules: dict[str, Path]) -> None:
        self.name, self.modules = name, modules
        self.tree = ast.parse(modules[name].read_text("utf-8"))
        is_package = modules[name].name == "__init__.py"
        self.package = name if is_package else name.rpartition(".")[0]

    def imports(self) -> Iterator[Import]:
        for node, when in _walk(self.tree, AT_IMPORT):
            for target in self._targets(node):
                for used in self._landing(target):
                    if used != self.name:
                        yield Import(self.name, used, when)

    def _targets(self, node: ast.AST) -> Iterator[str]:
        """Dotted names of what a node imports; one that ends in a dot is a prefix."""
        match node:
            case ast.Import():
                yield from (alias.name for alias in node.names)
            case ast.ImportFrom():
                base = self._absolute("." * node.level + (node.module or ""))
                for alias in node.names:
                    yield base if alias.name == "*" else f"{base}.{alias.name}"
            case ast.Call() if _is_import_call(node.func):
                yield from self._called(node)

    def _called(self, call: ast.Call) -> Iterator[str]:
        """What ``import_module`` imports: its text, or the texts of the file that fit it."""
        match call.args[:1]:
            case [ast.Constant(str(text))]:
                yield self._absolute(text)
                return
            case [ast.JoinedStr([ast.Constant(str(text)), *_])]:
                prefix = text
            case _:
                prefix = ""
        nodes = (node for node in ast.walk(self.tree) if isinstance(node, ast.Constant))
        texts = {f"{prefix}{node.value}" for node in nodes if isinstance(node.value, str)}
        fitting = {self._absolute(text) for text in texts} & self.modules.keys()
        if fitting or prefix:
            yield from fitting or [self._absolute(prefix)]

    def _absolute(self, name: str) -> str:
        dots = len(name) - len(name.lstrip("."))
        if dots == 0:
            return name
        parts = self.package.split(".")
        kept = parts[: len(parts) - dots + 1]
        return ".".join([*kept, name[dots:]] if name[dots:] else kept)

    def _landing(self, target: str) -> Iterator[str]:
        root = self.package.split(".")[0]
        if target.split(".")[0] != root:
            yield target.split(".")[0]
        elif target.endswith("."):
            yield from (name for name in self.modules if name.startswith(target))
        else:
            while target not in self.modules:
                target = target.rpartition(".")[0]
            yield target


def _walk(node: ast.AST, when: str) -> Iterator[tuple[ast.AST, str]]:
    """All nodes, with when they are reached."""
    for child in ast.iter_child_nodes(node):
        yield child, when
        match child:
            case ast.If() if "TYPE_CHECKING" in ast.unparse(child.test):
                yield from ((inner, TYPING) for one in child.body for inner in ast.walk(one))
                yield from _walk(ast.Module(child.orelse), when)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                yield from _walk(child, LAZY)
            case _:
                yield from _walk(child, when)


def _is_import_call(function: ast.expr) -> bool:
    return ast.unparse(function) in {"import_module", "importlib.import_module", "__import__"}
