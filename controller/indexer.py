"""Keeps the index of commits up to the followed head, in a thread of its own.

The first time, that of a long history takes a while; nothing else waits for it, and what goes wrong only leaves the
index behind: a reader brings it up by itself.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from molthub.errors import MolthubError
from molthub.history.index import CommitIndex
from molthub.pipeline.past.indexing import bring_up
from molthub.source.protocol import FleetSource


class Indexer:
    """`take` heads, `close` at the end. stopping: the controller ends, so a long reading is left off."""

    def __init__(self, source: FleetSource, index: CommitIndex, *, stopping: Callable[[], bool], log: Any) -> None:
        self._source = source
        self._index = index
        self._stopping = stopping
        self._log = log
        self._news = threading.Condition()
        self._head: str | None = None
        self._closed = False
        self._thread: threading.Thread | None = None

    def take(self, head: str) -> None:
        """Index up to this head soon; a head that was not reached yet is passed over."""
        with self._news:
            self._head = head
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="indexer", daemon=True)
                self._thread.start()
            self._news.notify()

    def close(self) -> None:
        """Finish the last head that was taken, unless the controller is to stop; return when the thread has ended."""
        with self._news:
            self._closed = True
            self._news.notify()
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        while (head := self._next()) is not None:
            try:
                read = bring_up(self._source, self._index, head, stopping=self._stopping)
            except MolthubError as error:
                self._log.warning("cannot index the history", ref=error.ref, error=error.diagnostic.message)
            except Exception:  # noqa: BLE001 - an index left behind is no reason to end the thread
                self._log.exception("indexing hit a bug")
            else:
                self._log.debug("indexed", commit=head, commits=read)

    def _next(self) -> str | None:
        """The newest head taken; None when there will be no other."""
        with self._news:
            self._news.wait_for(lambda: self._head is not None or self._closed)
            head, self._head = self._head, None
            return head
