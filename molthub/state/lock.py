"""One controller a database: a lock which the system lets go when its holder dies, however it dies.

For an SQLite file it is a lock on a file beside it (of the kernel), for PostgreSQL an advisory lock (of the server).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from sqlalchemy import Engine

from molthub.state import postgres
from molthub.state.failures import explained
from molthub.state.places import Place, SqliteFile

Confirm = Callable[[], None]
"""Asks whether the lock is still held, and takes it again where it was lost. Raises MH-STATE-007 when it cannot be."""

_OWNER_LENGTH = 200


@contextlib.contextmanager
def hold(place: Place, engine: Engine, owner: str) -> Iterator[Confirm]:
    """Hold the database as its controller. Raises MH-STATE-007, naming the holder, when there is one already.

    owner  who holds it, for the one refused: `host:pid`
    """
    if isinstance(place, SqliteFile):
        with _hold_file(place, owner):
            yield _nothing_to_confirm
        return
    with contextlib.ExitStack() as stack:
        with explained(place):
            lock = stack.enter_context(postgres.hold(place, engine, owner))

        def confirm() -> None:
            with explained(place):
                lock.confirm()

        yield confirm


def _nothing_to_confirm() -> None:
    """The kernel takes a file's lock from nobody."""


@contextlib.contextmanager
def _hold_file(database: SqliteFile, owner: str) -> Iterator[None]:
    path = _lock_of(database.path)
    with explained(database):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, _OWNER_LENGTH, 0).decode("utf-8", "replace")
            raise postgres.held(database.label, holder) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, owner.encode()[:_OWNER_LENGTH], 0)
        yield
    finally:
        os.close(descriptor)


def _lock_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.lock")
