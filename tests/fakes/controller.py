"""A controller over a fleet in memory, with a real database and real threads, and a clock that does not tick."""

from __future__ import annotations

import logging
import threading
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from molthub.controller.drift import DriftJudge
from molthub.controller.indexer import Indexer
from molthub.controller.journal import Journal
from molthub.controller.leasing import LeaseTeller
from molthub.controller.loop import Loop
from molthub.controller.noticing import Noticing
from molthub.controller.publisher import Publisher
from molthub.controller.reconciler import Reconciler
from molthub.controller.settings import ControllerSettings
from molthub.controller.taskwatch import TaskWatch
from molthub.controller.workqueue import WorkQueue
from molthub.controller.world import World, provider_of
from molthub.history.index import MemoryIndex
from molthub.leases.holding import Holding
from molthub.leases.lease import Holder, LeaseSettings
from molthub.resources.identity import Identity
from molthub.state.store import open_store
from tests.fakes.fleet import FakeFleet


class FakeController:
    """`once()` runs it once through; `tick()` looks once, with the workers running until `close()`."""

    def __init__(
        self, fleet: FakeFleet, database: Path | str, holder: str = "controller on test (pid 1)", **settings: object
    ) -> None:
        self.store = open_store(f"sqlite:///{database}" if isinstance(database, Path) else database)
        self.stop = threading.Event()
        self.fleet = fleet
        self.seconds = 0.0
        log = structlog.wrap_logger(logging.getLogger("test"))
        self.noticing = Noticing(self.store, now=fleet.clock.now, log=log)
        self.journal = Journal(self.store, log, fleet.clock.now, noticing=self.noticing)
        self.queue: WorkQueue[Identity] = WorkQueue(lambda: self.seconds)
        self.world = World()
        teller = LeaseTeller(log)
        self.holding = Holding(
            holder=Holder(holder, f"nonce of {holder}"),
            settings=LeaseSettings(),
            again=True,
            tell=teller.tell,
            elapsed=lambda: self.seconds,
            now=fleet.clock.now,
        )
        parsed = ControllerSettings(repo="memory", **settings)  # type: ignore[arg-type]
        self.reconciler = Reconciler(
            world=self.world,
            collaborators=fleet.collaborators,
            journal=self.journal,
            settings=parsed,
            queue=self.queue,
            clock=fleet.clock,
            stopping=self.stop.is_set,
            jitter=lambda: 0.0,
            log=log,
            holding=self.holding,
        )
        self.index = MemoryIndex()
        self.loop = self._made_loop(parsed, log, teller)
        self.workers: list[threading.Thread] = []

    def _made_loop(self, parsed: ControllerSettings, log: Any, teller: LeaseTeller) -> Loop:
        fleet = self.fleet
        return Loop(
            source=fleet.source,
            collaborators=fleet.collaborators,
            journal=self.journal,
            reconciler=self.reconciler,
            world=self.world,
            queue=self.queue,
            settings=parsed,
            clock=fleet.clock,
            monotonic=lambda: self.seconds,
            stop=self.stop,
            log=log,
            holding=self.holding,
            taken=teller.taken,
            drift=DriftJudge(fleet.source, log),
            watch=TaskWatch(
                self.journal,
                provider_of=partial(provider_of, self.world, fleet.collaborators),
                now=fleet.clock.now,
                log=log,
            ),
            indexer=Indexer(fleet.source, self.index, stopping=self.stop.is_set, log=log),
            publisher=Publisher(holding=self.holding, world=self.world, now=fleet.clock.now, log=log),
        )

    def once(self) -> bool:
        return self.loop.run(once=True)

    def tick(self) -> None:
        """One look at the repository (and a sweep if it is due), then wait until the work is done."""
        self.start()
        self.loop.tick()
        self.queue.wait_idle()

    def start(self) -> None:
        """Let the workers begin."""
        while len(self.workers) < 3:
            self.workers.append(threading.Thread(target=self.reconciler.work, daemon=True))
            self.workers[-1].start()

    def after(self, seconds: float) -> None:
        """Let time pass for the queue and the drift interval, then tick."""
        self.seconds += seconds
        self.queue.wait_idle()
        self.tick()

    def look_at_leases(self) -> None:
        """What the threads that keep the leases do every half minute."""
        for keeper in self.holding._keepers.values():
            keeper.look()

    def close(self) -> None:
        self.queue.close()
        for worker in self.workers:
            worker.join(5)
        self.reconciler.join()
        self.loop.indexer.close()
        self.holding.close()
        self.store.close()
