"""A real PostgreSQL for tests: one server a session, on a socket in a folder of its own, a database for each test."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from molthub.state.store import open_store

LOCKED_PASSWORD = "correct " + "horse"

_HBA = "local all locked scram-sha-256\nlocal all all trust\n"
_TEMPLATE = "molthub_template"


def programs() -> Path | None:
    """Where initdb and postgres are: the newest installed version's; None where PostgreSQL is not installed."""
    packaged = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if packaged:
        return packaged[-1].parent
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


class RunningPostgres:
    """`url()` gives a new empty database, `furnished_url()` one that has our schema already."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes]) -> None:
        self._folder = folder
        self._process = process
        self._numbers = itertools.count(1)
        self._template = False

    def url(self, *, user: str = "molthub", password: str = "", database: str | None = None) -> str:
        name = database if database is not None else self._new_database("template0")
        secret = f":{password}" if password else ""
        return f"postgresql://{user}{secret}@/{name}?host={self._folder}"

    def furnished_url(self) -> str:
        if not self._template:
            self.run(f"CREATE DATABASE {_TEMPLATE}")
            open_store(self.url(database=_TEMPLATE)).close()
            self._template = True
        return self.url(database=self._new_database(_TEMPLATE))

    def run(self, statement: str, *, url: str = "") -> None:
        """One statement, as an administrator."""
        with psycopg.connect(url or self.url(database="postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    def cut_connections(self, url: str) -> None:
        """What a restart of the server does to everybody connected."""
        self.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()",
            url=url,
        )

    def stop(self) -> None:
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(20)

    def _new_database(self, template: str) -> str:
        name = f"test_{next(self._numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name


def running_postgres() -> Iterator[RunningPostgres]:
    """Start a server and stop it at the end. Skips where PostgreSQL is not installed."""
    binaries = programs()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="molthub-pg-"))
    who = _somebody()
    if who is not None:
        os.chown(folder, who, -1)
    data = folder / "data"
    subprocess.run(
        [binaries / "initdb", "-D", data, "-U", "molthub", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
        check=True,
        capture_output=True,
        user=who,
        cwd=folder,
    )
    (data / "pg_hba.conf").write_text(_HBA)
    settings = {"listen_addresses": "", "unix_socket_directories": str(folder), "fsync": "off"}
    process = subprocess.Popen(
        [binaries / "postgres", "-D", data, *(f"--{name}={value}" for name, value in settings.items())],
        user=who,
        cwd=folder,
        stderr=(folder / "log").open("wb"),
    )
    server = RunningPostgres(folder, process)
    try:
        _await(server, process, folder / "log")
        server.run(f"CREATE ROLE locked LOGIN PASSWORD '{LOCKED_PASSWORD}'")
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _somebody() -> int | None:
    """PostgreSQL refuses to run as root: another user to run it as."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            continue
    return 65534


def _await(server: RunningPostgres, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            server.run("SELECT 1")
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(log.read_text()) from None
            time.sleep(0.05)
        else:
            return
