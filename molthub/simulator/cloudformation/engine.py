"""The engine: places, callers, events; and the operations that api.py names."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from molthub.simulator.cloudformation.calling import Caller, Serve
from molthub.simulator.cloudformation.state import Event, Place, Stack
from molthub.simulator.ecs.agenda import Agenda
from molthub.simulator.ecs.engine import Ids
from molthub.simulator.ledger import Ledger, Violation


class Formation:
    """CloudFormation of every account and region of the simulator.

    serve    answers a request within the simulated account
    date_of  turns a simulated moment into the date that is reported for it
    """

    def __init__(
        self, *, agenda: Agenda, ids: Ids, ledger: Ledger, date_of: Callable[[float], float], serve: Serve
    ) -> None:
        self.agenda = agenda
        self.ids = ids
        self._serve = serve
        self._ledger = ledger
        self._date_of = date_of
        self._places: dict[tuple[str, str], Place] = {}

    @property
    def now(self) -> float:
        return self.agenda.now

    def date(self, moment: float) -> datetime:
        return datetime.fromtimestamp(self._date_of(moment), UTC)

    def place(self, account: str, region: str) -> Place:
        return self._places.setdefault((account, region), Place(account, region))

    def caller(self, place: Place) -> Caller:
        return Caller(self._serve, place.account, place.region)

    def tell(self, stack: Stack, name: str, kind: str, *, physical: str, status: str, reason: str) -> None:
        """One event of a stack."""
        event = Event(
            id=f"{name}-{status}-{self.ids.uuid()}",
            at=self.now,
            name=name,
            kind=kind,
            physical=physical,
            status=status,
            reason=reason,
            token=stack.token,
        )
        stack.events.append(event)

    def broken(self, kind: str, message: str) -> None:
        """A mistake of the simulator's own."""
        self._ledger.violate(Violation("MH-SIM-004", f"cloudformation/{kind}", message))
