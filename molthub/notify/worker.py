"""The thread that delivers: gathers what happened together into one message, tries again, and gives up at last.

The Outbox remembers what is to be told until it is settled, also across restarts; this thread only carries it. Nothing
else ever waits for a receiver.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from molthub.errors import MolthubError
from molthub.events.notices import Notice
from molthub.notify.message import compose
from molthub.notify.post import Answer, Post

GATHER = 5.0
"""Seconds between the first change and the message that tells of it and of what else changed meanwhile."""

SPACING = 30.0
"""Seconds between two messages: what comes meanwhile is in the second."""

MOST = 100
"""Changes told in one message."""

TRIES = 8
FIRST_WAIT = 5.0
LONGEST_WAIT = 300.0
"""Seconds before the second try, doubled each time up to the longest: about ten minutes in all."""

IDLE = 60.0
"""Seconds after which the outbox is looked into though nothing is said to be new: the database may have failed."""

LAST_TRY = 15.0
"""Seconds that closing waits for the last message."""


class Outbox(Protocol):
    """What is to be told, oldest first, until it is settled. Raises only MolthubErrors."""

    def pending(self, limit: int) -> Sequence[tuple[int, Notice]]: ...
    def settle(self, numbers: Sequence[int]) -> None: ...


@dataclass(slots=True)
class Notifier:
    """`start()`, `wake()` whenever something is new, `close()`.

    lost    told of each notice that is given up, and why
    jitter  0 to 1, for the waits between tries
    """

    outbox: Outbox
    post: Post
    label: str
    now: Callable[[], datetime]
    jitter: Callable[[], float]
    lost: Callable[[Notice, str], None]
    log: Any
    gather: float = GATHER
    spacing: float = SPACING
    _news: threading.Event = field(default_factory=threading.Event, init=False)
    _closing: threading.Event = field(default_factory=threading.Event, init=False)
    _thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._run, name="notify", daemon=True)

    def start(self) -> None:
        """Begin; what an earlier process left is told first."""
        self._news.set()
        self._thread.start()

    def wake(self) -> None:
        """There is something new in the outbox. Returns at once."""
        self._news.set()

    def close(self) -> None:
        """Try once more to tell what is left, for a short time; what does not arrive stays in the outbox."""
        self._closing.set()
        self._news.set()
        if self._thread.is_alive():
            self._thread.join(LAST_TRY)

    def _run(self) -> None:
        while not self._closing.is_set():
            self._news.wait(IDLE)
            self._closing.wait(self.gather)
            self._news.clear()
            self._guarded(self.deliver)
        self._guarded(self._last_try)

    def _guarded(self, step: Callable[[], None]) -> None:
        try:
            step()
        except MolthubError as error:
            self.log.warning("cannot look for notifications", ref=error.ref, error=error.diagnostic.message)
        except Exception:
            self.log.exception("notifying hit a bug")

    def deliver(self) -> None:
        """Tell everything that is in the outbox, or give it up; returns early when closing."""
        failed = 0
        while not self._closing.is_set() and (pending := self.outbox.pending(MOST)):
            answer = self._send(pending)
            if answer.arrived:
                failed, wait = 0, self.spacing
            else:
                failed += 1
                if not answer.again or failed >= TRIES:
                    self._give_up(pending, answer, failed)
                    failed, wait = 0, self.spacing
                else:
                    wait = self._wait_before(failed, answer)
                    self.log.info("notification failed, trying again", to=self.label, why=answer.why, after=wait)
            self._closing.wait(wait)

    def _last_try(self) -> None:
        pending = self.outbox.pending(MOST)
        if pending:
            answer = self._send(pending)
            if not answer.arrived:
                self.log.warning("notification left for the next start", to=self.label, why=answer.why)

    def _send(self, pending: Sequence[tuple[int, Notice]]) -> Answer:
        answer = self.post(compose([notice for _, notice in pending], at=self.now()))
        if answer.arrived:
            self.outbox.settle([number for number, _ in pending])
            self.log.info("notified", to=self.label, changes=len(pending))
        return answer

    def _wait_before(self, failed: int, answer: Answer) -> float:
        backoff = min(FIRST_WAIT * 2.0 ** (failed - 1), LONGEST_WAIT)
        return max(backoff * (0.5 + self.jitter() / 2), answer.retry_after or 0.0)

    def _give_up(self, pending: Sequence[tuple[int, Notice]], answer: Answer, failed: int) -> None:
        self.outbox.settle([number for number, _ in pending])
        self.log.error(
            "notification given up",
            ref="MH-NOTE-005",
            to=self.label,
            why=answer.why,
            tries=failed,
            changes=len(pending),
        )
        for _, notice in pending:
            self.lost(notice, answer.why)
