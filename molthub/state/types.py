"""What the database gives back, as values. No SQLModel object leaves this package."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from molthub.resources.identity import Identity
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
class RetryMemory:
    """How often in a row the same thing failed for the same cause, and when it may be tried again."""

    identity: Identity
    fingerprint: str
    cause: Cause
    attempts: int
    next_try_at: datetime
