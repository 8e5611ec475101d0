"""What an instance's timeline said last, subject by subject, so that each change is told once, also across restarts."""

from __future__ import annotations

from collections.abc import Iterator

from molthub.errors import MolthubError
from molthub.events.types import Event, EventType
from molthub.health.types import Health, StatusRecord
from molthub.resources.identity import Identity
from molthub.resources.states import Verdict
from molthub.state.store import Store

Types = frozenset[EventType]

CONDITIONS: Types = frozenset(
    {EventType.BLOCKED, EventType.INVALID, EventType.HELD, EventType.REFUSED, EventType.DRIFT_DETECTED}
)
"""Conditions rather than happenings: told when they begin or change, not each time they are seen."""

PASSING: Types = frozenset(
    {EventType.TASK_STOPPED, EventType.DEGRADED, EventType.PAUSED, EventType.RESUMED, EventType.NOTICE_LOST}
)
"""What leaves a condition as it is."""

WORK: Types = frozenset(EventType) - PASSING
END: Types = frozenset({EventType.PRUNED})
"""What comes after it is another life, whatever was told of the one before."""

FAILURES: Types = frozenset({EventType.DEGRADED, EventType.ROLLOUT_FAILED, EventType.ROLLED_BACK})
TROUBLE: Types = END | FAILURES | {EventType.BLOCKED, EventType.INVALID, EventType.REFUSED, EventType.RECOVERED}
RUNNING: Types = END | FAILURES | {EventType.RECOVERED, EventType.ROLLOUT_COMPLETED}
DRIFT: Types = END | {EventType.DRIFT_DETECTED, EventType.DRIFT_HEALED}
PAUSE: Types = END | {EventType.PAUSED, EventType.RESUMED}

SUBJECTS = (WORK, TROUBLE, RUNNING, DRIFT, PAUSE)

WELL = frozenset({Health.HEALTHY, Health.STOPPED})
AS_IT_SHOULD = frozenset({Verdict.SYNCED, Verdict.SUSPENDED})


class Timeline:
    """The newest event of each subject: read from the database once for all instances, and kept from then on."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[tuple[Identity, Types], Event] = {}
        self._loaded = False

    def latest(self, identity: Identity, subject: Types) -> Event | None:
        """None also while the database cannot be read: better told twice than never."""
        if not self._loaded:
            self._load()
        return self._known.get((identity, subject))

    def _load(self) -> None:
        since, self._known = self._known, {}
        try:
            events = self._store.latest_events()
        except MolthubError:
            self._known = since
            return
        self._loaded = True
        for event in (*events, *since.values()):
            self.learn(event)

    def learn(self, event: Event) -> None:
        """This happened."""
        for subject in SUBJECTS:
            if event.type in subject:
                self._known[event.identity, subject] = event

    def is_news(self, event: Event) -> bool:
        """Whether it is to be told: a condition that holds already, and has not changed, is not."""
        if event.type not in CONDITIONS:
            return True
        last = self.latest(event.identity, WORK)
        return last is None or (last.type, last.message) != (event.type, event.message)

    def follows(self, record: StatusRecord, pause: str) -> Iterator[tuple[EventType, str]]:
        """What a status says that the timeline does not say yet. pause: who paused it, until when and why."""
        yield from self._of_drift(record)
        yield from self._of_pause(record, pause)
        yield from self._of_health(record)

    def _of_drift(self, record: StatusRecord) -> Iterator[tuple[EventType, str]]:
        drift = self.latest(record.identity, DRIFT)
        if drift is not None and drift.type is EventType.DRIFT_DETECTED and record.sync in AS_IT_SHOULD:
            yield EventType.DRIFT_HEALED, f"{drift.message} is put right"

    def _of_pause(self, record: StatusRecord, pause: str) -> Iterator[tuple[EventType, str]]:
        last = self.latest(record.identity, PAUSE)
        was_paused = last is not None and last.type is EventType.PAUSED
        if record.sync is Verdict.SUSPENDED and not was_paused:
            yield EventType.PAUSED, f"paused{pause}"
        elif record.sync in (Verdict.SYNCED, Verdict.OUT_OF_SYNC) and was_paused:
            yield EventType.RESUMED, f"its pause is over{pause}" if pause else "resumed"

    def _of_health(self, record: StatusRecord) -> Iterator[tuple[EventType, str]]:
        if record.health is Health.DEGRADED:
            told = self.latest(record.identity, RUNNING)
            if told is None or told.type not in FAILURES:  # a rollout that failed said why already
                yield EventType.DEGRADED, record.reason or "degraded"
            return
        last = self.latest(record.identity, TROUBLE)
        is_well = record.health in WELL and record.sync in AS_IT_SHOULD
        if is_well and last is not None and last.type not in (EventType.RECOVERED, EventType.PRUNED):
            yield EventType.RECOVERED, "well again, and as its manifest says"
