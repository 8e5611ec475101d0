"""The leases of all environments that one process writes to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime

from molthub.errors import MolthubError, StallingError
from molthub.leases.keeper import Keeper, Standing, refusing
from molthub.leases.lease import Holder, Lease, LeaseSettings
from molthub.provider.documents import SharedDocuments
from molthub.provider.protocols import Guard, unguarded
from molthub.resources.identity import EnvironmentKey

OpenDocuments = Callable[[], SharedDocuments | None]
"""A provider's `documents`."""


class Holding:
    """Thread-safe. `follow` says which environments; `close` lets all their leases go.

    again    take a lease anew after it was lost (a controller, which plans anew then; one apply does not)
    tell     told of every change, from several threads; must not raise
    elapsed  seconds that only grow, also while the machine sleeps; now: the time, for people
    """

    def __init__(
        self,
        *,
        holder: Holder,
        settings: LeaseSettings,
        again: bool,
        tell: Callable[[EnvironmentKey, Standing], None],
        elapsed: Callable[[], float],
        now: Callable[[], datetime],
    ) -> None:
        self.holder = holder
        self._settings = settings
        self._again = again
        self._tell = tell
        self._elapsed = elapsed
        self._now = now
        self._keepers: dict[EnvironmentKey, Keeper] = {}
        self._others: dict[EnvironmentKey, Standing] = {}
        self._lock = threading.Lock()

    def follow(self, environments: Mapping[EnvironmentKey, OpenDocuments]) -> None:
        """Hold the leases of these environments, as far as they can be had, and let others go.

        A lease that is new here is asked for before this returns; from then on a thread keeps it, or waits for it.
        """
        for key in self._keepers.keys() - environments.keys():
            self._take_out(key).close()
        with self._lock:
            self._others = {key: item for key, item in self._others.items() if key in environments}
        for key, open_documents in environments.items():
            if key not in self._keepers:
                self._begin(key, open_documents)

    def _begin(self, key: EnvironmentKey, open_documents: OpenDocuments) -> None:
        try:
            documents = open_documents()
        except MolthubError as error:
            self._set_other(key, Standing(error=error))
            return
        if documents is None:
            self._set_other(key, Standing(ours=True, absent=True))
            return
        keeper = self._keeper(key, documents)
        keeper.look()
        with self._lock:
            self._others.pop(key, None)
            self._keepers[key] = keeper
        keeper.start()

    def _keeper(self, key: EnvironmentKey, documents: SharedDocuments) -> Keeper:
        lease = Lease(
            documents,
            environment=str(key),
            holder=self.holder,
            settings=self._settings,
            elapsed=self._elapsed,
            now=self._now,
        )
        return Keeper(lease, again=self._again, tell=lambda standing: self._tell(key, standing))

    def _set_other(self, key: EnvironmentKey, standing: Standing) -> None:
        with self._lock:
            news = key not in self._others or not self._others[key].same_as(standing)
            self._others[key] = standing
        if news:
            self._tell(key, standing)

    def _take_out(self, key: EnvironmentKey) -> Keeper:
        with self._lock:
            return self._keepers.pop(key)

    def standing(self, key: EnvironmentKey) -> Standing:
        """How the lease of an environment stands, as far as this process knows now."""
        with self._lock:
            keeper = self._keepers.get(key)
            return keeper.standing if keeper is not None else self._others.get(key, Standing(error=_not_asked(key)))

    def epoch(self, key: EnvironmentKey) -> int | None:
        """The epoch under which this process holds the lease; None when it does not, or there is none."""
        with self._lock:
            keeper = self._keepers.get(key)
        record = keeper.lease.record if keeper is not None else None
        return record.epoch if record is not None else None

    def documents(self, key: EnvironmentKey) -> SharedDocuments | None:
        """Where the environment's lease lies; None when there is no place, or it is not known."""
        with self._lock:
            keeper = self._keepers.get(key)
        return keeper.lease.documents if keeper is not None else None

    def guard(self, key: EnvironmentKey) -> Guard:
        """What to ask before every write to the environment. Take it before the plan: it is good for that plan only."""
        with self._lock:
            keeper = self._keepers.get(key)
        if keeper is not None:
            return keeper.guard()
        problem = self.standing(key).problem
        return unguarded if problem is None else refusing(problem)

    def close(self) -> None:
        """Let every lease go."""
        for key in list(self._keepers):
            self._take_out(key).close()


def _not_asked(key: EnvironmentKey) -> MolthubError:
    return StallingError(
        "MH-LEASE-005", f"the lease of {key} is not held, so nothing is written there", fix="Plan again"
    )
