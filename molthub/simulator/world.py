"""Everything one simulator holds: its clock, its moto, its ECS, its ledger. Used under the global lock only."""

from __future__ import annotations

import re
from typing import Any

from molthub.simulator.backend import MotoWorld
from molthub.simulator.clock import SimulatedClock
from molthub.simulator.cloudformation.calling import Serve
from molthub.simulator.cloudformation.engine import Formation
from molthub.simulator.ecs.api import Ecs
from molthub.simulator.ecs.engine import Engine, Ids
from molthub.simulator.faults import FaultBook
from molthub.simulator.iam.decisions import Judged
from molthub.simulator.iam.principals import Principals
from molthub.simulator.ledger import Ledger
from molthub.simulator.replies import Answer
from molthub.simulator.storage.state import Stores
from molthub.simulator.surroundings import Account
from molthub.simulator.throttling import Throttling


class World:
    """One simulated AWS."""

    def __init__(self, *, clock: SimulatedClock, seed: int) -> None:
        self.clock = clock
        self._seed = seed
        self.moto = MotoWorld()
        self.ledger = Ledger()
        self.faults = FaultBook()
        self.throttling = Throttling()
        self._serve: Serve | None = None
        self._begin()

    def _begin(self) -> None:
        self.quotas: dict[tuple[str, str], float] = {}
        self.stores = Stores(self.moto, lambda: self.ecs.engine.now, self.clock.date_of, self._uuid)
        self.account = Account(self.moto, self.stores, lambda: self.ecs.engine.now, self.quotas)
        self.ecs = Ecs(Engine(ids=Ids(self._seed), surroundings=self.account, date_of=self.clock.date_of))
        self.ecs.engine.agenda.run_until(self.clock.now())
        self.principals = Principals(self.moto)
        self.formation = Formation(
            agenda=self.ecs.engine.agenda,
            ids=Ids(self._seed),
            ledger=self.ledger,
            date_of=self.clock.date_of,
            serve=self._answer,
        )
        self.decisions: list[Judged] = []

    def _uuid(self) -> str:
        return self.ecs.engine.ids.uuid()

    def attach(self, serve: Serve) -> None:
        """Who answers the calls that CloudFormation makes within the account."""
        self._serve = serve

    def reset(self) -> None:
        """An empty account again; the counters start anew, the clock runs on."""
        self.moto.reset()
        self.ledger.reset()
        self.faults.clear()
        self.throttling.reset()
        self._begin()

    def _answer(self, environ: dict[str, Any], body: bytes) -> Answer:
        assert self._serve is not None, "the application attaches itself when it is made"
        return self._serve(environ, body)

    def settle(self) -> None:
        """Let everything happen in ECS that is due by now."""
        self.ecs.engine.agenda.run_until(self.clock.now())

    def account_of(self, access_key: str) -> str:
        """Whose account an access key opens: twelve digits name it, an assumed role brings its own."""
        return access_key if re.fullmatch(r"\d{12}", access_key) else self.moto.account_of(access_key)

    def places(self) -> set[tuple[str, str]]:
        """The accounts and regions that anything was done in."""
        return set(self.ecs.engine.regions)

    def groups_in_use(self, account: str, region: str) -> set[str]:
        """Security groups that a task's network interface holds, a while beyond the task's end."""
        ecs = self.ecs.engine.region(account, region)
        held = (task for task in ecs.tasks.values() if task.live or task.arn in ecs.held_interfaces)
        return {group for task in held for group in task.groups}
