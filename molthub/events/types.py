"""Entries of the timeline. Immutable; stored append-only by state/, shown by `molthub events`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from molthub.resources.identity import Identity


class EventType(StrEnum):
    """What happened. The word is part of the documented JSON shape: add, never rename."""

    PLANNED = "planned"
    CHANGE_STARTED = "change-started"
    CHANGE_APPLIED = "change-applied"
    CHANGE_FAILED = "change-failed"
    CHANGE_WAITING = "change-waiting"
    ROLLOUT_STARTED = "rollout-started"
    ROLLOUT_COMPLETED = "rollout-completed"
    ROLLOUT_FAILED = "rollout-failed"
    ROLLED_BACK = "rolled-back"
    TASK_STOPPED = "task-stopped"  # of itself or by AWS, with exit code and reason
    DEGRADED = "degraded"
    DRIFT_DETECTED = "drift-detected"
    DRIFT_HEALED = "drift-healed"
    BLOCKED = "blocked"
    INVALID = "invalid"
    HELD = "held"
    REFUSED = "refused"  # nobody with the right to made this change
    PAUSED = "paused"
    RESUMED = "resumed"
    RECOVERED = "recovered"  # from DEGRADED, BLOCKED and the like
    PRUNED = "pruned"
    SYNCED = "synced"
    NOTICE_LOST = "notice-lost"  # a notification could not be delivered, and is given up


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to one instance. message is for people; it never holds a secret.

    at       for a task that stopped, when it did; else when it was written down
    actor    who caused it: `controller`, `aws`, or the operating-system user of an `apply`
    resource what of the instance it is about; of a task its id
    ref      the diagnostic's reference when it is about a failure, else ""
    """

    at: datetime
    identity: Identity
    type: EventType
    message: str
    actor: str
    commit: str | None = None
    resource: str = ""
    ref: str = ""
