"""Everything one simulator holds: its clock, its moto, its ECS, its ledger. Used under the global lock only."""

from __future__ import annotations

import re
from typing import Any

from molthub.simulator.backend import MotoWorld
from molthub.simulator.clock import SimulatedClock
from molthub.simulator.ecs.api import Ecs
from molthub.simulator.ecs.engine import Engine, Ids
from molthub.simulator.ledger import Ledger
from molthub.simulator.refusals import MalformedRequest
from molthub.simulator.surroundings import Account
from molthub.simulator.wire import Call

Json = dict[str, Any]


class World:
    """One simulated AWS."""

    def __init__(self, *, clock: SimulatedClock, seed: int) -> None:
        self.clock = clock
        self._seed = seed
        self.moto = MotoWorld()
        self.ledger = Ledger()
        self._begin()

    def _begin(self) -> None:
        self.account = Account(self.moto, lambda: self.ecs.engine.now)
        self.ecs = Ecs(Engine(ids=Ids(self._seed), surroundings=self.account, date_of=self.clock.date_of))
        self.ecs.engine.agenda.run_until(self.clock.now())

    def reset(self) -> None:
        """An empty account again; the counters start anew, the clock runs on."""
        self.moto.reset()
        self.ledger.reset()
        self._begin()

    def settle(self) -> None:
        """Let everything happen in ECS that is due by now."""
        self.ecs.engine.agenda.run_until(self.clock.now())

    def account_of(self, access_key: str) -> str:
        """Whose account an access key opens: twelve digits name it, an assumed role brings its own."""
        return access_key if re.fullmatch(r"\d{12}", access_key) else self.moto.account_of(access_key)

    def handle(self, call: Call, account: str) -> Json | None:
        """The answer to an operation that the simulator owns; None leaves it to moto."""
        if call.service == "ecs":
            if not self.ecs.handles(call.operation):
                message = f"the simulator does not emulate {call.name}"
                raise MalformedRequest("UnsupportedOperation", message, ref="MH-SIM-003")
            return self.ecs.call(call.operation, account=account, region=call.region, params=call.params)
        return None

    def after(self, call: Call, account: str) -> None:
        """What follows from an operation that moto has carried out."""
