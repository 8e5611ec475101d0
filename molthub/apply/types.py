"""How an apply went, and whom it tells on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from molthub.errors import Diagnostic
from molthub.events.types import Event
from molthub.resources.identity import Identity
from molthub.resources.observation import RolloutState

Report = Callable[[Event], None]
"""Called for everything that happens, from the thread it happens in; must not raise."""


class Outcome(StrEnum):
    """How one instance's apply ended."""

    UNCHANGED = "unchanged"
    APPLIED = "applied"
    FAILED = "failed"
    WAITING = "waiting"  # AWS is not ready; come back
    BLOCKED = "blocked"
    HELD = "held"  # not started: too many rollouts failed before it
    CANCELLED = "cancelled"  # Ctrl-C, SIGTERM, or a newer commit


@dataclass(frozen=True, slots=True)
class InstanceResult:
    """How one instance's apply ended.

    retry_after  seconds until it is worth another try, None when a person must act
    stays        what is left of something that was deleted, and until when
    """

    identity: Identity
    name: str
    outcome: Outcome
    diagnostics: tuple[Diagnostic, ...] = ()
    rollout: RolloutState | None = None
    writes: int = 0
    retry_after: float | None = None
    stays: tuple[str, ...] = ()
