"""What an apply is told, and the clock it goes by."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from molthub.resources.identity import Identity

Cancel = Callable[[], bool]
"""Asked between writes and while waiting; True ends the apply cleanly: Ctrl-C, SIGTERM, or a newer commit."""

OnBug = Callable[[Identity, BaseException], None]
"""Told of an exception that is a bug of ours, to log it with its traceback. People get MH-APPLY-001 instead."""


class Clock(Protocol):
    """The time, so that tests need none."""

    def now(self) -> datetime:
        """The time now, with a zone."""
        ...

    def sleep(self, seconds: float, cancel: Cancel) -> None:
        """Return after so many seconds, or as soon as `cancel()` is True."""
        ...


class SystemClock:
    """The real time. A cancellation is noticed within a fifth of a second."""

    SLICE = 0.2

    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float, cancel: Cancel) -> None:
        end = time.monotonic() + seconds
        while not cancel() and (left := end - time.monotonic()) > 0:
            time.sleep(min(self.SLICE, left))


@dataclass(frozen=True, slots=True)
class ApplySettings:
    """How an apply behaves. All times in seconds.

    commit           full hash of the commit the plan was made from; written with every object
    actor            who applies, for the events
    patience         how long one instance may wait for AWS in all (WaitingError); 0: come back later instead
    poll_interval    between two looks at a rollout
    longest_wait     between two looks at anything else that AWS is not ready with
    rollout_timeout  after which a rollout is given up on (AWS goes on with it; the next plan waits for it again)
    attempts         of one call that fails transiently, the first included
    backoff          before the second attempt; doubled each time up to `longest_backoff`, with full jitter
    retry_after      when another try is worth it after the surroundings failed
    parallel         instances at once whose changes restart nothing
    failures_before  rollouts of this commit that already failed in earlier passes
    """

    commit: str
    actor: str
    patience: float = 1800.0
    poll_interval: float = 5.0
    longest_wait: float = math.inf
    rollout_timeout: float = 1800.0
    attempts: int = 4
    backoff: float = 1.0
    longest_backoff: float = 20.0
    retry_after: float = 30.0
    parallel: int = 8
    failures_before: int = 0


def never() -> bool:
    """The `cancel` of a caller that never cancels."""
    return False


def ignore_bug(_identity: Identity, _error: BaseException) -> None:
    """The `on_bug` of a caller that has no log."""
