"""The documents that show commands, and the command lines in them."""

import re

from conftest import ROOT

DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
# A command line ends at a comment, a pipe, a file it is sent to or what closes the code around it.
COMMAND = re.compile(r"\bopis ([a-z][a-z-]*)((?:[ \t]+(?:'[^']*'|[^\s'|#)>]+))+)")
_BLOCK = re.compile(r"```(\w*)\n(.*?)```", re.DOTALL)
_PLACEHOLDER = re.compile(r"\b[A-Z]{3,}\b|…")  # opis help COMMAND


def blocks(document, *languages):
    """Blocks of code in these languages, or in any; lines that a backslash parts are joined."""
    found = _BLOCK.findall(document.read_text("utf-8"))
    return [code.replace("\\\n", " ") for kind, code in found if not languages or kind in languages]


def pieces(document):
    """Pieces of code in prose."""
    return re.findall(r"`([^`\n]+)`", _BLOCK.sub("", document.read_text("utf-8")))


def shell_lines(document):
    """Every line that a reader can paste into a shell: blocks of ``sh``, and commands in prose."""
    lines = "\n".join(blocks(document, "sh", "bash")).splitlines()
    in_prose = [piece for piece in pieces(document) if COMMAND.search(piece)]
    return [
        line for line in [*lines, *in_prose]
        if line.strip() and not line.startswith("#") and not _PLACEHOLDER.search(_bare(line))
    ]  # fmt: skip


def commands(document):
    """Names of the commands that are shown with arguments, with these as text."""
    return COMMAND.findall("\n".join([*blocks(document), *pieces(document)]))


def _bare(line):
    return re.sub(r"\$\{?[A-Z_]+\}?|^[A-Z_]+=| #.*", "", line)  # variables are no placeholders
