"""Ctrl-C while writing to AWS: the first finishes the call under way, the second stops at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from molthub.cli.exit_codes import ExitCode
from molthub.cli.terminal import Terminal


@contextmanager
def graceful(term: Terminal) -> Iterator[threading.Event]:
    """An event that is set by the first SIGINT or SIGTERM; hand its `is_set` to the engine as `cancel`.

    What runs meanwhile ends by itself, soon. The handlers that were there come back afterwards.
    """
    cancelled = threading.Event()

    def handle(_signal: int, _frame: FrameType | None) -> None:
        if cancelled.is_set():
            os._exit(ExitCode.INTERRUPTED)  # every write is safe to be cut off: the next apply goes on from there
        cancelled.set()
        term.say("\nStopping: the calls under way are finished first. Once more stops at once.")

    if threading.current_thread() is not threading.main_thread():
        yield cancelled
        return
    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield cancelled
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
