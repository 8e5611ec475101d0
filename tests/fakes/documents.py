"""Shared documents in memory, with a clock of their own: `molthub.provider.documents.SharedDocuments`."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from molthub.errors import MolthubError
from molthub.provider.documents import Document

BEGIN = datetime(2027, 1, 1, tzinfo=UTC)


class MemoryDocuments:
    """`seconds` is the store's clock. Faults are set from outside, each for the next call.

    lose_answer  the next write happens, and its caller is told that it was too slow (a retry met its own write)
    fail         the next call raises this; fail_after: the next write happens and then raises
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self.lose_answer = False
        self.fail: MolthubError | None = None
        self.fail_after: MolthubError | None = None
        self.writes: list[str] = []
        self._found: dict[str, tuple[bytes, str, float]] = {}
        self._lock = threading.Lock()

    def read(self, name: str) -> Document | None:
        with self._lock:
            self._fail()
            if name not in self._found:
                return None
            body, tag, written = self._found[name]
            return Document(body, tag, BEGIN + timedelta(seconds=written), BEGIN + timedelta(seconds=self.seconds))

    def write(self, name: str, body: bytes, *, replaces: str | None) -> str | None:
        with self._lock:
            self._fail()
            current = self._found[name][1] if name in self._found else None
            if current != replaces:
                return None
            tag = f"tag-{len(self.writes)}"
            self.writes.append(name)
            self._found[name] = (body, tag, self.seconds)
            if self.fail_after is not None:
                error, self.fail_after = self.fail_after, None
                raise error
            if self.lose_answer:
                self.lose_answer = False
                return None
            return tag

    def remove(self, name: str) -> None:
        """By hand, as nobody of Molthub does."""
        with self._lock:
            del self._found[name]

    def _fail(self) -> None:
        if self.fail is not None:
            error, self.fail = self.fail, None
            raise error
