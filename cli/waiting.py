"""Waiting for instances: one look at each environment a poll, told when something changed, until all are there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from molthub.cli import context
from molthub.errors import MolthubError, StallingError, TransientError, WaitingError
from molthub.health.types import StatusRecord
from molthub.pipeline.planner import plan_fleet
from molthub.pipeline.status import status_of
from molthub.pipeline.types import Collaborators, InstanceView, PlannedFleet, Scope
from molthub.pipeline.waiting import Goal, Look, judge
from molthub.pipeline.whereabouts import whereabouts
from molthub.resources.identity import Identity


def never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Instance:
    """One that is waited for. look: the last one; record: None when there was nothing of it."""

    identity: Identity
    name: str
    look: Look
    record: StatusRecord | None = None


@dataclass(slots=True)
class Wait:
    """What is waited for, and how.

    commit    full hash that the followed branch must hold; None for whatever it holds
    tell      told of each instance whose state changed, and of trouble that passes
    """

    roots: context.Roots
    fleet: context.ReadFleet
    goal: Goal
    targets: Mapping[Identity, str]
    reread: Callable[[], context.ReadFleet]
    tell: Callable[[str], None]
    commit: str | None = None
    interval: float = 5.0
    _collaborators: Collaborators | None = None
    _told: dict[str, str] = field(default_factory=dict)

    def until(self, deadline: datetime) -> tuple[Instance, ...]:
        """The last look at all of them: every one reached, one or more hopeless, or it is the deadline.

        A hopeless one ends it only when the others are decided as well.
        """
        clock = self.roots.clock()
        found = self._first()
        while True:
            try:
                found = self._look()
            except (TransientError, WaitingError) as error:
                self._say("", str(error.diagnostic.message))
            if all(item.look.reached or item.look.hopeless for item in found):
                return found
            left = (deadline - clock.now()).total_seconds()
            if left <= 0:
                return found
            clock.sleep(min(self.interval, left), never)

    def _first(self) -> tuple[Instance, ...]:
        waiting = Look("not looked at yet")
        return tuple(Instance(identity, name, waiting) for identity, name in self.targets.items())

    def _look(self) -> tuple[Instance, ...]:
        """Git first: AWS is asked only once the branch holds the commit."""
        if self.fleet.source.poll() != self.fleet.commit:
            self.fleet, self._collaborators = self.reread(), None
        head = self.fleet.commit
        if self.commit is not None and head is not None and not self._holds(self.commit, head):
            self._say("", f"the branch is at {head[:12]}, which does not hold {self.commit[:12]} yet")
            early = Look("the commit is not there yet")
            return tuple(replace(item, look=early) for item in self._first())
        planned = self._plan()
        found = tuple(self._judged(planned, identity) for identity in self.targets)
        for item in found:
            self._say(item.name, "reached" if item.look.reached else item.look.now)
        return found

    def _holds(self, commit: str, head: str) -> bool:
        try:
            return self.fleet.source.is_ancestor(commit, head)
        except TransientError:
            raise
        except MolthubError:  # it is nowhere to be found yet
            return False

    def _plan(self) -> PlannedFleet:
        if self._collaborators is None:
            self._collaborators = context.collaborators(self.roots, self.fleet)
        return plan_fleet(self.fleet.checked, self._collaborators, scope=Scope(identities=frozenset(self.targets)))

    def _judged(self, planned: PlannedFleet, identity: Identity) -> Instance:
        name = self.targets[identity]
        view = next((view for view in planned.views if view.identity == identity), None)
        record = self._record(view)
        unread = [item for item in planned.plan.environments if item.key == identity.key and item.reasons]
        if view is None and unread:  # nothing was seen of it because nothing could be seen
            return Instance(identity, name, Look(unread[0].reasons[0].message))
        return Instance(identity, name, judge(self.goal, view, record, name=name), record)

    def _record(self, view: InstanceView | None) -> StatusRecord | None:
        return status_of(view, head_commit=self.fleet.commit, now=self.roots.now()) if view is not None else None

    def _say(self, name: str, text: str) -> None:
        if self._told.get(name) != text:
            self._told[name] = text
            self.tell(f"{name}: {text}" if name else text)


def find(roots: context.Roots, fleet: context.ReadFleet, names: Iterable[str], goal: Goal) -> dict[Identity, str]:
    """Whom names mean: by a manifest, an Invalid one too, or by full id; for DELETED also by what is there on AWS.

    Raises MH-PIPE-001 for a name that nothing has: it may be gone, or never have been.
    """
    found: dict[Identity, str] = {}
    for text in names:
        try:
            where = whereabouts(fleet.checked, text)
            found[where.identity] = where.name
        except StallingError as error:
            seen = _seen(roots, fleet, text) if error.ref == "MH-PIPE-001" and goal is Goal.DELETED else None
            if seen is None:
                raise
            found[seen] = str(seen)
    return found


def _seen(roots: context.Roots, fleet: context.ReadFleet, text: str) -> Identity | None:
    views = plan_fleet(fleet.checked, context.collaborators(roots, fleet)).views
    found = [view.identity for view in views if text in (view.identity.id, str(view.identity))]
    return found[0] if len(found) == 1 else None
