"""One controller a database: a lock on a file beside it, which the kernel lets go when its holder dies."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from molthub.errors import StallingError
from molthub.state.failures import explained

_OWNER_LENGTH = 200


@contextlib.contextmanager
def hold(database: Path, owner: str) -> Iterator[None]:
    """Hold the database as its controller. Raises MH-STATE-007, naming the holder, when there is one already.

    owner  who holds it, for the one refused: `host:pid`
    """
    path = database.with_name(f"{database.name}.lock")
    with explained(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _held(database, os.pread(descriptor, _OWNER_LENGTH, 0)) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, owner.encode()[:_OWNER_LENGTH], 0)
        yield
    finally:
        os.close(descriptor)


def _held(database: Path, holder: bytes) -> StallingError:
    name = holder.decode("utf-8", "replace").strip() or "an unknown process"
    return StallingError(
        "MH-STATE-007",
        f"another controller ({name}) runs on the database {database}",
        fix="Stop it, or give this one another database",
    )
