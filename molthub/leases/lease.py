"""One process's part in the lease of one environment.

Two clocks, never compared with each other:

- Others judge expiry by the store's clock alone: a lease is over when the store's Date, as it answers the read, is
  `ttl` and a slack beyond the moment at which the same store says the lease was written. How wrong the clocks of
  laptop and controller are does not matter.
- The holder judges by its own clock of elapsed seconds, which also runs while the machine sleeps. It counts from
  before it sent the write, so it always thinks the lease over sooner than anybody else does.

A write is started only while more is left than one call may take (`margin`): a call under way has ended, or was given
up on, before somebody else may write. A process that was stopped and goes on (SIGSTOP, a closed lid) finds its time
used up at the next check.

ECS knows no fencing token, so the epoch is checked here: a guard belongs to the acquisition under which its plan was
made, and refuses after that, even if the lease was lost and won again in between.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from molthub.errors import StallingError, TransientError
from molthub.leases.record import LEASE, LeaseRecord, dump, parse
from molthub.provider.documents import Document, SharedDocuments
from molthub.provider.protocols import Guard

DEFAULT_TTL = 90.0
MARGIN = 40.0
"""Seconds: longer than one attempt of a call may take (5 to connect, 30 to answer; every attempt is checked)."""

SLACK = 2.0
"""Seconds that others wait beyond the end: the store tells whole seconds, and has many machines."""

_ATTEMPTS = 3


def elapsed_seconds() -> float:
    """Seconds that only grow, also while the machine sleeps (time.monotonic stands still then)."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


@dataclass(frozen=True, slots=True)
class Holder:
    """Who wants a lease. name: for people; nonce: of this process, never used twice."""

    name: str
    nonce: str


@dataclass(frozen=True, slots=True)
class LeaseSettings:
    """Seconds. Below a ttl of MARGIN / 0.45 the margin is shorter than a call may take: for tests only."""

    ttl: float = DEFAULT_TTL

    @property
    def margin(self) -> float:
        """What must be left for a write to be started."""
        return min(MARGIN, self.ttl * 0.45)

    @property
    def renew_every(self) -> float:
        """Between two renewals, and between two looks at a lease that another holds."""
        return self.ttl / 3


class Lease:
    """Thread-safe. `acquire`, `renew` and `release` speak to the store; `guard` and what it gives never do.

    elapsed  seconds that only grow; now: the time, for people
    """

    def __init__(
        self,
        documents: SharedDocuments,
        *,
        environment: str,
        holder: Holder,
        settings: LeaseSettings,
        elapsed: Callable[[], float],
        now: Callable[[], datetime],
    ) -> None:
        self.environment = environment
        self.settings = settings
        self.documents = documents
        self._holder = holder
        self._elapsed = elapsed
        self._now = now
        self._store = threading.Lock()  # one conversation with the store at a time
        self._state = threading.Lock()
        self._mine: LeaseRecord | None = None
        self._tag = ""
        self._epochs = 0  # the last one of ours: the next is another, also when somebody removed lease.json meanwhile
        self._good_until = 0.0
        self._other: LeaseRecord | None = None

    # -- what anybody may ask ------------------------------------------------------------------------------

    @property
    def record(self) -> LeaseRecord | None:
        """The lease as far as it is ours, expired or not."""
        with self._state:
            return self._mine

    @property
    def other(self) -> LeaseRecord | None:
        """Who held it when we last looked, if it was not us."""
        with self._state:
            return self._other

    def guard(self) -> Guard:
        """A check to make before every write; it holds for this acquisition only. Raises what `_check` does."""
        with self._state:
            epoch = self._mine.epoch if self._mine else None
        return lambda: self._check(epoch)

    def _check(self, epoch: int | None) -> None:
        """Raises StallingError when somebody else holds the lease, TransientError when it may have run out."""
        with self._state:
            mine, other, good_until = self._mine, self._other, self._good_until
        if mine is None or mine.epoch != epoch:
            raise held_by(other) if other is not None else lost(self.environment)
        left = good_until - self._elapsed()
        if left < self.settings.margin:
            raise TransientError(
                "MH-LEASE-002",
                f"the lease of {self.environment} was not renewed in time, so another may write there by now",
                fix="Nothing to do: once it is renewed the work goes on, and if it is lost, that is said",
            )

    # -- what speaks to the store --------------------------------------------------------------------------

    def acquire(self) -> LeaseRecord | None:
        """Take the lease if it is free, ours, or over. None: it is ours now; else who holds it.

        Raises MolthubErrors when the store cannot be read or written.
        """
        with self._store:
            for _ in range(_ATTEMPTS):
                found = self.documents.read(LEASE)
                record = parse(found.body, environment=self.environment) if found else None
                if record is not None and found is not None and self._is_anothers(record, found):
                    self._set_other(record)
                    return record
                if self._write(self._next(record), found.tag if found else None):
                    return None
            raise TransientError(
                "MH-LEASE-006",
                f"the lease of {self.environment} changes faster than it can be taken",
                fix="Nothing to do: it is tried again",
            )

    def renew(self) -> LeaseRecord | None:
        """Hold it for another `ttl`. None: it is still ours; else who has it now. Raises as `acquire`."""
        with self._store:
            mine = self.record
            for _ in range(_ATTEMPTS):
                if mine is None:
                    break
                if self._write(replace(mine, renewal=mine.renewal + 1), self._tag):
                    return None
                mine = self._found_again()
        other = self.other
        if other is None:
            raise lost(self.environment)
        return other

    def release(self) -> None:
        """Leave it with no holder. Best effort is the caller's business: raises as `acquire`; losing it is no error."""
        with self._store:
            mine = self.record
            if mine is None:
                return
            self._forget(None)
            self.documents.write(LEASE, dump(replace(mine, holder="", renewal=mine.renewal + 1)), replaces=self._tag)

    def _is_anothers(self, record: LeaseRecord, found: Document) -> bool:
        return bool(record.holder) and record.nonce != self._holder.nonce and not is_over(record, found)

    def _next(self, before: LeaseRecord | None) -> LeaseRecord:
        """The record of a new acquisition."""
        return LeaseRecord(
            environment=self.environment,
            holder=self._holder.name,
            nonce=self._holder.nonce,
            epoch=max(before.epoch if before else 0, self._epochs) + 1,
            since=self._now(),
            ttl=self.settings.ttl,
        )

    def _write(self, record: LeaseRecord, replaces: str | None) -> bool:
        """Write it down. From before it was sent it is good for its ttl."""
        began = self._elapsed()
        tag = self.documents.write(LEASE, dump(record), replaces=replaces)
        if tag is None:
            return False
        with self._state:
            self._mine, self._tag, self._other = record, tag, None
            self._epochs = record.epoch
            self._good_until = began + record.ttl
        return True

    def _found_again(self) -> LeaseRecord | None:
        """Ours, when the store has it after all (a renewal whose answer was lost); else it is gone."""
        found = self.documents.read(LEASE)
        record = parse(found.body, environment=self.environment) if found else None
        mine = self.record
        if found and record and mine and record.holder and (record.nonce, record.epoch) == (mine.nonce, mine.epoch):
            with self._state:
                self._mine, self._tag = record, found.tag
            return record
        self._forget(record if record and record.holder else None)
        return None

    def _forget(self, other: LeaseRecord | None) -> None:
        with self._state:
            self._mine, self._other = None, other

    def _set_other(self, other: LeaseRecord) -> None:
        self._forget(other)


def is_over(record: LeaseRecord, found: Document) -> bool:
    """Whether a lease has run out, by the store's clock."""
    return (found.read - found.written).total_seconds() >= record.ttl + SLACK


def held_by(record: LeaseRecord) -> StallingError:
    """Somebody else writes to the environment."""
    since = f"{record.since.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"
    return StallingError(
        "MH-LEASE-001",
        f"the lease of {record.environment} is held by {record.holder} since {since}",
        fix=f"Leave the work to it, or end it: a holder that ends lets go at once, and one that dies is replaced "
        f"after {record.ttl:.0f} s",
    )


def lost(environment: str) -> StallingError:
    """The lease is not ours any more, and nobody else's either: it was taken and let go meanwhile."""
    return StallingError(
        "MH-LEASE-005",
        f"the lease of {environment} was lost while this went on, so what was planned under it is no longer written",
        fix="Plan again: somebody else may have written there meanwhile",
    )
