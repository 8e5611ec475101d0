"""What the controller wants told of its instances: once each time a condition changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from molthub.errors import MolthubError
from molthub.events.notices import Notice, NoticeKind
from molthub.events.types import Event
from molthub.health.types import StatusRecord
from molthub.notify.conditions import notice_of
from molthub.resources.identity import Identity
from molthub.state.store import Store


class Noticing:
    """Thread-safe as the store is. wake: set by whoever delivers, and called when there is something new to be told.

    What was told last is in the database; it is kept here too, so that a status that says nothing new costs no query.
    """

    def __init__(self, store: Store, *, now: Callable[[], datetime], log: Any) -> None:
        self._store = store
        self._now = now
        self._log = log
        self.wake: Callable[[], None] = _nobody
        self._last: dict[Identity, Notice] = {}

    def status(self, record: StatusRecord, *, stuck: bool) -> None:
        """A status was written down. stuck: a change failed, and trying again alone does not help."""
        notice = notice_of(record, at=self._now(), stuck=stuck)
        if notice is not None:
            self._tell(notice)

    def drift(self, event: Event, name: str) -> None:
        """Drift was found. name: what the instance is called."""
        self._tell(Notice(event.at, event.identity, name, NoticeKind.DRIFTED, event.message, commit=event.commit))

    def forget(self, identity: Identity) -> None:
        """The instance is gone."""
        self._last.pop(identity, None)
        self._store.forget_notices(identity)

    def pending(self, limit: int) -> Sequence[tuple[int, Notice]]:
        """As notify.worker.Outbox wants it."""
        return self._store.pending_notices(limit)

    def settle(self, numbers: Sequence[int]) -> None:
        """As notify.worker.Outbox wants it."""
        self._store.settle_notices(numbers, self._now())

    def _tell(self, notice: Notice) -> None:
        last = self._last.get(notice.identity)
        if last is not None and not notice.is_news_after(last):
            return
        try:
            is_news = self._store.add_notice(notice)
        except MolthubError as error:  # the next status says it again
            self._log.warning("cannot store a notification", ref=error.ref, error=error.diagnostic.message)
            return
        self._last[notice.identity] = notice
        if is_news:
            self.wake()


def _nobody() -> None:
    """Nobody waits for news yet."""
