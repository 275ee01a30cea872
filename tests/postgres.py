"""A PostgreSQL of the tests' own: a fresh cluster on a free port of this machine, gone afterwards."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SETTINGS = "-c fsync=off -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=300"


@contextmanager
def cluster() -> Iterator[str]:
    """The URL of an empty database; skips where PostgreSQL is not installed."""
    initdb, pg_ctl = _program("initdb"), _program("pg_ctl")
    if not initdb or not pg_ctl:
        pytest.skip("PostgreSQL is not installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = Path(tempfile.mkdtemp(prefix="ketplan-postgres-"))
    if os.geteuid() == 0:  # the server refuses to be root
        shutil.chown(folder, "postgres")
    data, log = folder / "data", folder / "log"
    _run([initdb, "-D", str(data), "-U", "ketplan", "-A", "trust", "-E", "UTF8", "--no-sync"])
    _run([pg_ctl, "-D", str(data), "-l", str(log), "-w", "-o", f"{SETTINGS} -p {port}", "start"])
    try:
        yield f"postgresql://ketplan@127.0.0.1:{port}/postgres"
    finally:
        _run([pg_ctl, "-D", str(data), "-m", "immediate", "stop"])
        shutil.rmtree(folder)


def _program(name: str) -> str | None:
    if found := shutil.which(name):
        return found
    installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(installed[-1]) if installed else None


def _run(command: list[str]) -> None:
    whoever = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    subprocess.run([*whoever, *command], check=True, stdout=subprocess.DEVNULL, timeout=60, cwd="/")
