"""The SQLite file: place, permissions, journal, transactions.

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

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool

from molthub.state.settings import BUSY_TIMEOUT, CONNECTIONS, READ_ONLY

LOCAL = ("WAL", "NORMAL")
NETWORKED = ("DELETE", "FULL")
"""Journal mode and synchronisation, by where the file lies."""

_NETWORK_FILE_SYSTEMS = frozenset({"nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "ceph", "glusterfs", "lustre"})
_MOUNT_POINT = 4  # of the fields of a line of mountinfo


def sqlite_engine(path: Path) -> Engine:
    """The engine of the file, which is made (0600) with its parents where there is none."""
    _make_file(path)
    journal = NETWORKED if is_on_a_network(path, _mounts()) else LOCAL
    engine = create_engine(
        "sqlite://",
        creator=lambda: _connect(path, journal=journal),
        poolclass=QueuePool,
        pool_size=CONNECTIONS,
        max_overflow=0,
        pool_timeout=BUSY_TIMEOUT,
    )
    event.listen(engine, "begin", _begin)
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
