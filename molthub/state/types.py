"""What the database gives back, as values. No SQLModel object leaves this package."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from molthub.events.types import Event, EventType
from molthub.resources.identity import EnvironmentKey, Identity
from molthub.resources.observation import Cause, RolloutState


@dataclass(frozen=True, slots=True)
class DeploymentRecord:
    """One rollout, as last seen.

    commit           the commit whose apply was waiting for it when it was first seen
    task_definition  fingerprint of what it rolled out
    finished_at      when it was first seen to be over; None while it goes on
    """

    identity: Identity
    deployment_id: str
    commit: str
    task_definition: str
    state: RolloutState
    started_at: datetime
    finished_at: datetime | None = None
    reason: str = ""
    cause: Cause | None = None


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events are meant; what is empty or None limits nothing.

    since   at or after; until: before
    after   only those written down after the event with this number (RecordedEvent.number)
    resource  exactly this one
    """

    identity: Identity | None = None
    environments: frozenset[EnvironmentKey] = frozenset()
    workspaces: frozenset[str] = frozenset()
    types: frozenset[EventType] = frozenset()
    since: datetime | None = None
    until: datetime | None = None
    after: int | None = None
    resource: str = ""


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """An event with the number it was written down under; numbers only grow."""

    number: int
    event: Event


@dataclass(frozen=True, slots=True)
class RetryMemory:
    """How often in a row the same thing failed for the same cause, and when it may be tried again."""

    identity: Identity
    fingerprint: str
    cause: Cause
    attempts: int
    next_try_at: datetime
