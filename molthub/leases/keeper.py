"""Keeps a lease in a thread: takes it when it is free, renews it, lets it go at the end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from molthub.errors import MolthubError
from molthub.leases.lease import Lease, held_by
from molthub.leases.record import LeaseRecord
from molthub.provider.protocols import Guard


@dataclass(frozen=True, slots=True)
class Standing:
    """How the lease of an environment stands.

    ours    this process may write
    other   who holds it instead
    error   why that is not known, or why it could not be renewed just now
    absent  the environment has no place for a lease: everybody may write, and nobody knows of the other
    """

    ours: bool = False
    other: LeaseRecord | None = None
    error: MolthubError | None = None
    absent: bool = False

    @property
    def problem(self) -> MolthubError | None:
        """Why this process may not write; None when it may."""
        if self.ours:
            return None
        return held_by(self.other) if self.other is not None else self.error

    def same_as(self, standing: Standing) -> bool:
        """Whether it says the same to people: renewals of one holder are no news."""
        return _words(self) == _words(standing)


def _words(standing: Standing) -> tuple[object, ...]:
    other = (standing.other.nonce, standing.other.epoch) if standing.other else None
    return standing.ours, other, standing.error.ref if standing.error else None


Tell = Callable[[Standing], None]
"""Told of every change of a standing, from the thread that notices it; must not raise."""


@dataclass(slots=True)
class Keeper:
    """One lease, kept. `look` once before `start` when the first answer is needed at once.

    again  take the lease anew after it was lost: a controller plans anew then, one apply does not
    tell   told of every change of the standing
    """

    lease: Lease
    again: bool
    tell: Tell
    standing: Standing = field(default_factory=Standing)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _had: bool = False

    def look(self) -> Standing:
        """Take or renew the lease now, and say how it stands."""
        try:
            ours = self.lease.record is not None
            if not ours and self._had and not self.again:
                return self.standing
            other = self.lease.renew() if ours else self.lease.acquire()
            found = Standing(ours=other is None, other=other)
        except MolthubError as error:
            found = Standing(ours=self.lease.record is not None, other=self.lease.other, error=error)
        self._had = self._had or found.ours
        news = not found.same_as(self.standing)
        self.standing = found
        if news:
            self.tell(found)
        return found

    def guard(self) -> Guard:
        """See `Lease.guard`; where this process may not write, it raises why."""
        problem = self.standing.problem
        return refusing(problem) if problem is not None else self.lease.guard()

    def start(self) -> None:
        """Go on in a thread, until `close`."""
        self._thread = threading.Thread(target=self._keep, name=f"lease-{self.lease.environment}", daemon=True)
        self._thread.start()

    def _keep(self) -> None:
        while not self._stop.wait(self._pause()):
            self.look()

    def _pause(self) -> float:
        """Seconds to the next look; sooner after a failure, as the lease runs out meanwhile."""
        settings = self.lease.settings
        return settings.ttl / 15 if self.standing.error is not None else settings.renew_every

    def close(self) -> None:
        """Stop renewing and let the lease go, so that the next holder need not wait for its end."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        try:
            self.lease.release()
        except MolthubError as error:  # it ends by itself
            self.standing = Standing(error=error)


def refusing(error: MolthubError) -> Guard:
    """A guard that lets nothing pass."""

    def refuse() -> None:
        raise error

    return refuse
