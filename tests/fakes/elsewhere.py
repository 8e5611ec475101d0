"""Another process that holds a database as its controller, and is killed."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from collections.abc import Iterator

_HOLD = """
import sys, time
from molthub.state.store import open_store
with open_store(sys.argv[1]).controller_lock("elsewhere:42"):
    print("held", "alembic" in sys.modules, flush=True)
    time.sleep(60)
"""


@contextlib.contextmanager
def hold_elsewhere(url: str) -> Iterator[None]:
    """While the block runs, `elsewhere:42` holds the database, which is there and of our schema."""
    holder = subprocess.Popen([sys.executable, "-c", _HOLD, url], stdout=subprocess.PIPE)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held False\n", "a database of our schema is opened without Alembic"
        yield
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.wait()
