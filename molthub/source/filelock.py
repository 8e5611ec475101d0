"""One process at a time, by a lock on a file; let go when the block ends or the process dies."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from molthub.errors import StallingError, TransientError

_PAUSE = 0.05


@contextlib.contextmanager
def file_lock(path: Path, *, what: str, timeout: float = 300.0) -> Iterator[None]:
    """Hold the lock. what: what it guards, for people. Raises MH-ACT-017 after `timeout` seconds of waiting."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise StallingError(
            "MH-GIT-016", f"nothing can be committed in {what}: {error.strerror}", fix="Make it writable"
        ) from error
    try:
        _wait(descriptor, what, timeout)
        yield
    finally:
        os.close(descriptor)


def _wait(descriptor: int, what: str, timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise TransientError(
                    "MH-ACT-017",
                    f"another action holds {what} for more than {timeout:.0f} seconds",
                    fix="Look whether it waits for a passphrase, and try again",
                ) from None
            time.sleep(_PAUSE)
        else:
            return
