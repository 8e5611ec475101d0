"""Opens the SQLite file: place, permissions, transactions, schema version.

SQLAlchemy's default transactions on SQLite lost 631 of 800 read-modify-write increments of eight threads, without an
error: the driver begins a transaction at the first write, after the read. Here the driver begins nothing
(`isolation_level=None`) and every transaction that may write starts with BEGIN IMMEDIATE; so none is lost.

The journal is a write-ahead log, where several processes read while one writes. Its index lies in shared memory, which
no network file system has between machines ("all processes using a database must be on the same host computer; WAL does
not work over a network filesystem", sqlite.org/wal.html). On NFS, and so on EFS, the journal is a rollback journal that
is deleted after each transaction, with full synchronisation; its locks are byte ranges, which NFSv4 has.
"""

from __future__ import annotations

import os
import re
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.pool import QueuePool

from molthub.errors import StallingError
from molthub.state.failures import damaged, explained
from molthub.state.tables import SCHEMA_VERSION, Table

BUSY_TIMEOUT = 30.0
"""Seconds that a transaction waits for another's end before it is MH-STATE-004."""

READ_ONLY = "molthub_read_only"
"""Execution option of a connection that will not write, and so need not wait for one that does."""

_CONNECTIONS = 32

LOCAL = ("WAL", "NORMAL")
NETWORKED = ("DELETE", "FULL")
"""Journal mode and synchronisation, by where the file lies."""

_NETWORK_FILE_SYSTEMS = frozenset({"nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "ceph", "glusterfs", "lustre"})
_MOUNT_POINT = 4  # of the fields of a line of mountinfo

_APPEND_ONLY = tuple(
    f"CREATE TRIGGER event_no_{verb} BEFORE {verb} ON event BEGIN SELECT RAISE(ABORT, 'events are immutable'); END"
    for verb in ("UPDATE", "DELETE")
)


def database_path(url: str) -> Path:
    """The file of a `sqlite:///FILE` URL (four slashes for an absolute path). Raises MH-STATE-001 for any other."""
    found = re.fullmatch(r"sqlite:///(?P<path>[^?#]+)", url)
    if found is None or found["path"] == ":memory:":
        scheme = re.match(r"[A-Za-z][A-Za-z0-9+]*(?=:)", url)
        shown = f"'{scheme[0]}'" if scheme else "this"  # the rest may hold a password
        raise StallingError(
            "MH-STATE-001",
            f"no database can be kept at {shown}: this release keeps it in an SQLite file",
            fix="Write it as sqlite:///molthub.db, or sqlite:////var/lib/molthub/molthub.db for an absolute path",
        )
    return Path(unquote(found["path"])).expanduser().absolute()


def open_engine(path: Path) -> Engine:
    """The engine of the database at the path, made (0600) with its parents where there is none, at our schema."""
    with explained(path):
        _make_file(path)
        journal = NETWORKED if is_on_a_network(path, _mounts()) else LOCAL
        engine = create_engine(
            "sqlite://",
            creator=lambda: _connect(path, journal=journal),
            poolclass=QueuePool,
            pool_size=_CONNECTIONS,
            max_overflow=0,
            pool_timeout=BUSY_TIMEOUT,
        )
        event.listen(engine, "begin", _begin)
        try:
            _agree_on_schema(engine, path)
        except BaseException:
            engine.dispose()
            raise
        return engine


def _make_file(path: Path) -> None:
    if not path.parent.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    os.close(descriptor)


def _mounts() -> str:
    """The kernel's table of mounts; "" where there is none to read (then the disk counts as local)."""
    try:
        return Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def is_on_a_network(path: Path, mounts: str) -> bool:
    """Whether the file lies on a network file system. mounts: as /proc/self/mountinfo has them (man 5 proc)."""
    best, kind = -1, ""
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split(" ")
        if len(fields) <= _MOUNT_POINT or not after:
            continue
        point = Path(re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), fields[_MOUNT_POINT]))
        if path.is_relative_to(point) and len(point.parts) >= best:  # a later mount lies over an earlier one
            best, kind = len(point.parts), after.split(" ")[0]
    return kind in _NETWORK_FILE_SYSTEMS


def _connect(path: Path, *, journal: tuple[str, str]) -> sqlite3.Connection:
    """A connection of ours. journal: mode and synchronisation."""
    mode, synchronous = journal
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False)
    try:
        connection.execute(f"PRAGMA journal_mode = {mode}")
        connection.execute(f"PRAGMA synchronous = {synchronous}")
    except BaseException:
        connection.close()
        raise
    return connection


def _begin(connection: Connection) -> None:
    options: Any = connection.get_execution_options()
    connection.exec_driver_sql("BEGIN" if options.get(READ_ONLY) else "BEGIN IMMEDIATE")


def _agree_on_schema(engine: Engine, path: Path) -> None:
    """Make the tables of an empty file; refuse a database of a newer Molthub, or of something else."""
    with engine.begin() as connection:
        tables = set(inspect(connection).get_table_names())
        if not tables:
            Table.metadata.create_all(connection)
            for statement in _APPEND_ONLY:
                connection.execute(text(statement))
            connection.execute(text("INSERT INTO schema_version (version) VALUES (:v)"), {"v": SCHEMA_VERSION})
            return
        if not {table.name for table in Table.metadata.sorted_tables} <= tables:
            raise damaged(path)
        version = connection.execute(text("SELECT max(version) FROM schema_version")).scalar()
    if version is None or version < SCHEMA_VERSION:
        raise damaged(path)
    if version > SCHEMA_VERSION:
        raise StallingError(
            "MH-STATE-005",
            f"the database {path} was written by a newer Molthub (schema {version}, this one knows {SCHEMA_VERSION})",
            fix="Upgrade Molthub, or give it another database",
        )
