"""What the controller writes down, and the one place that does: events without floods, statuses, rollouts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from molthub.controller.noticing import Noticing
from molthub.controller.standing import Timeline
from molthub.errors import MolthubError
from molthub.events.types import Event, EventType
from molthub.health.types import StatusRecord
from molthub.resources.identity import EnvironmentKey, Identity
from molthub.resources.observation import Cause, Rollout, StoppedTask
from molthub.state.store import Store


class Journal:
    """Thread-safe as the store is. `log` is structlog's bound logger. noticing: None where nobody is notified."""

    def __init__(
        self, store: Store, log: Any, now: Callable[[], datetime], *, noticing: Noticing | None = None
    ) -> None:
        self._store = store
        self._log = log
        self._now = now
        self._noticing = noticing
        self._timeline = Timeline(store)
        self._telling = threading.Lock()
        self._failed: set[tuple[Identity, str]] = set()
        self._lock = threading.Lock()
        self._changed = False

    def event(self, event: Event) -> None:
        """Store and log an event; a standing condition that has not changed is neither."""
        with self._telling:
            if not self._timeline.is_news(event):
                return
            self._timeline.learn(event)
        self._record(event)
        if self._noticing is not None and event.type is EventType.DRIFT_DETECTED:
            self._noticing.drift(event, self._name(event.identity))

    def _name(self, identity: Identity) -> str:
        """What it was called when it was last seen."""
        try:
            last = self._store.status(identity)
        except MolthubError:
            return str(identity)
        return last.name if last is not None else str(identity)

    def task_stopped(self, identity: Identity, task: StoppedTask) -> None:
        """A task that is over, told once: also when an earlier controller told it."""
        message = f"task {task.task_id} stopped: {task.reason}"
        event = Event(task.stopped_at, identity, EventType.TASK_STOPPED, message, "aws", resource=task.task_id)
        if self._store.add_event_once(event):
            self._say(event)

    def _record(self, event: Event) -> None:
        try:
            self._store.add_event(event)
        except MolthubError as error:  # the work on AWS goes on; the line below still tells
            self._log.warning("cannot store an event", ref=error.ref, error=error.diagnostic.message)
        self._say(event)

    def _say(self, event: Event) -> None:
        self._log.info(
            event.type.value,
            instance=str(event.identity),
            message=event.message,
            resource=event.resource,
            ref=event.ref,
            commit=event.commit,
        )

    def note(self, identity: Identity, type_: EventType, message: str, *, commit: str | None, ref: str = "") -> None:
        """An event of the controller's own."""
        self.event(Event(self._now(), identity, type_, message, "controller", commit=commit, ref=ref))

    def status(self, record: StatusRecord, *, pause: str = "", stuck: bool = False) -> None:
        """Write a status down, and what it says that was not told yet: degraded, recovered, paused…

        pause  who paused it, until when and why; "" where its manifest has no pause
        stuck  a change of it failed, and trying again alone does not help
        """
        with self._telling:
            follows = [
                Event(self._now(), record.identity, type_, message, "controller", commit=record.head_commit)
                for type_, message in self._timeline.follows(record, pause)
            ]
            for event in follows:
                self._timeline.learn(event)
        for event in follows:
            self._record(event)
        self._store.put_status(record)
        self._changed = True
        if self._noticing is not None:
            self._noticing.status(record, stuck=stuck)

    def take_changed(self) -> bool:
        """Whether a status was written since this was last asked."""
        if not self._changed:
            return False
        self._changed = False  # one that is written from now on is read by whoever asked, or asks again
        return True

    def last_status(self, identity: Identity) -> StatusRecord | None:
        return self._store.status(identity)

    def statuses(self) -> tuple[StatusRecord, ...]:
        """Of every instance that was ever seen and not forgotten."""
        return self._store.statuses()

    def forget(self, identity: Identity) -> None:
        """The instance is gone: its status goes, its events stay."""
        self._store.delete_status(identity)
        if self._noticing is not None:
            self._noticing.forget(identity)
        self._changed = True

    def rollout(self, identity: Identity, rollout: Rollout, commit: str) -> None:
        self._store.record_rollout(identity, rollout, commit=commit, now=self._now())

    def rollout_failed(self, identity: Identity, commit: str) -> None:
        """Remember it for `stopAfterFailures`, also for the controller after this one."""
        with self._lock:
            self._failed = {(who, at) for who, at in self._failed if at == commit} | {(identity, commit)}
        try:
            self._store.note_failed(identity, commit)
        except MolthubError as error:
            self._log.warning("cannot store a failed rollout", ref=error.ref, error=error.diagnostic.message)

    def failed_rollouts(self, fleet: str, key: EnvironmentKey, commit: str) -> frozenset[Identity]:
        """Whose rollouts of the commit failed in the environment, by this or an earlier controller."""
        with self._lock:
            known = frozenset(who for who, at in self._failed if at == commit and (who.fleet, who.key) == (fleet, key))
        try:
            return known | self._store.failed_at(fleet, key, commit)
        except MolthubError:  # what this controller saw itself still counts
            return known

    def held_back(self, identity: Identity, definition: str) -> float:
        """Seconds until a definition that failed through its surroundings may be tried again; 0 is now."""
        memory = self._store.retry(identity)
        if memory is None or memory.fingerprint != definition:
            return 0.0
        return max(0.0, (memory.next_try_at - self._now()).total_seconds())

    def hold_back(self, identity: Identity, definition: str, delay_of: Callable[[int], float]) -> float:
        """Remember one more such failure. delay_of: how many came before it → seconds to wait; gives the seconds."""
        memory = self._store.retry(identity)
        before = memory.attempts if memory is not None and memory.fingerprint == definition else 0
        delay = delay_of(before)
        at = self._now() + timedelta(seconds=delay)
        self._store.count_failure(identity, fingerprint=definition, cause=Cause.SURROUNDINGS, next_try_at=at)
        return delay

    def went_well(self, identity: Identity) -> None:
        """Forget what was held back."""
        if self._store.retry(identity) is not None:
            self._store.clear_retry(identity)

    def last_head(self) -> str | None:
        """The newest commit that was followed without objection, by this or an earlier controller."""
        return self._store.followed_head()

    def begins_as(self, release: str) -> bool:
        """Whether another release of Molthub wrote here last, which may have rendered something else."""
        before = self._store.release()
        self._store.set_release(release)
        return before is not None and before != release

    def remember_head(self, commit: str) -> None:
        self._store.set_followed_head(commit)
