"""A clock that only moves when somebody sleeps; safe to share between threads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

START = datetime(2027, 1, 4, 9, 0, tzinfo=UTC)


class FakeClock:
    """`molthub.apply.settings.Clock` for tests: `sleep` returns at once and is remembered."""

    def __init__(self, start: datetime = START) -> None:
        self.time = start
        self.slept: list[float] = []
        self._lock = threading.Lock()

    def now(self) -> datetime:
        with self._lock:
            return self.time

    def sleep(self, seconds: float, cancel: Callable[[], bool]) -> None:
        if cancel():
            return
        with self._lock:
            self.slept.append(seconds)
            self.time += timedelta(seconds=seconds)
