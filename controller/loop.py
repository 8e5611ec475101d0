"""The controller's loop.

    poll    one `ls-remote`; an unchanged head costs nothing more, and no AWS call
    take up a new head: fetch, load, check; the diff of the two commits names the instances that changed,
            and these are queued
    sweep   at the start, when manifests came, went or broke, and every drift interval: observe each environment whole,
            in batches; write every status; queue what has work
    work    the workers reconcile one instance at a time each (reconciler.py)

A repository that cannot be reached stops only the polling: the last head is still what should be, and drift from it
is still put right. A tree without a usable Fleet stops writing until it is mended.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from molthub.apply.settings import Clock
from molthub.controller.journal import Journal
from molthub.controller.reconciler import Reconciler, wanted_definition
from molthub.controller.settings import ControllerSettings
from molthub.controller.workqueue import WorkQueue
from molthub.controller.world import Head, World, affected
from molthub.errors import Diagnostic, MolthubError
from molthub.events.types import EventType
from molthub.pipeline.engine import check
from molthub.pipeline.history import History
from molthub.pipeline.planner import plan_fleet
from molthub.pipeline.status import status_of
from molthub.pipeline.types import Collaborators, InstanceView, PlannedFleet, Scope
from molthub.resources.identity import EnvironmentKey, Identity
from molthub.resources.states import Verdict
from molthub.source.protocol import FleetSource

NOT_WELL = frozenset({Verdict.INVALID, Verdict.UNKNOWN, Verdict.BLOCKED})


@dataclass(slots=True)
class Loop:
    """One controller. `monotonic` gives seconds that only grow."""

    source: FleetSource
    collaborators: Collaborators
    journal: Journal
    reconciler: Reconciler
    world: World
    queue: WorkQueue[Identity]
    settings: ControllerSettings
    clock: Clock
    monotonic: Callable[[], float]
    stop: threading.Event
    log: Any
    swept_at: float | None = None
    not_well: bool = False
    lost: bool = False

    def run(self, *, once: bool) -> bool:
        """Follow the repository until told to stop, or work off what is due now. True when all ended well."""
        workers = [
            threading.Thread(target=self.reconciler.work, name=f"worker-{number}", daemon=True)
            for number in range(self.settings.workers)
        ]
        for worker in workers:
            worker.start()
        try:
            if once:
                self._once()
            else:
                self._follow()
        finally:
            self.queue.close()
            for worker in workers:
                worker.join()
        return not (self.not_well or self.reconciler.bad or self.lost)

    def _once(self) -> None:
        self.tick()
        if self.lost:
            return
        self.queue.wait_idle()
        if not self.stop.is_set():
            self.sweep()  # the last word: what is, after the work

    def _follow(self) -> None:
        while not self.stop.is_set():
            self.tick()
            self.stop.wait(self.settings.poll_interval)

    def tick(self) -> None:
        """Poll once, and sweep if that is due."""
        removed = False
        try:
            removed = self.poll()
            self.lost = False
        except MolthubError as error:
            self.lost = True
            self.log.warning("cannot follow the repository", ref=error.ref, error=error.diagnostic.message)
        if self.world.head is None:
            return
        due = self.swept_at is None or self.monotonic() - self.swept_at >= self.settings.drift_interval
        if due or removed:
            self._sweep_safely()

    def poll(self) -> bool:
        """Take up the head if it is new. True when that calls for a sweep at once."""
        current = self.world.head
        commit = self.source.poll()
        if current is not None and current.commit == commit:
            return False
        commit = self.source.fetch()
        checked = check(self.source.snapshot(commit), rules=self.collaborators.rules, now=self.clock.now())
        for item in checked.errors:
            self.log.warning("manifest", ref=item.ref, error=item.message, at=str(item.location or ""))
        head = Head(commit, checked, generation=current.generation + 1 if current else 1)
        frozen, self.world.freeze = self.world.freeze, self._rewrite(commit)
        if current is None:
            self.world.take_up(head, frozenset())
            self.log.info("following", repository=self.source.label, commit=commit)
            return True
        paths = self.source.changed_paths(current.commit, commit)
        changed = self._mine(affected(current.checked.documents, checked.documents, paths))
        self.world.take_up(head, changed)
        self.log.info("new head", commit=commit, changed=len(changed))
        if frozen or self._needs_a_whole_look(current, head, changed):
            return True
        for identity in sorted(changed):
            self.queue.add(identity)
        return False

    def _needs_a_whole_look(self, current: Head, head: Head, changed: frozenset[Identity]) -> bool:
        """Whether the change cannot be judged instance by instance: something came, went, broke, or is frozen."""
        before, now = current.checked.documents, head.checked.documents
        same = changed & before.instances.keys() == changed & now.instances.keys() == changed
        return not same or now.invalid != before.invalid or now.fleet is None or self.world.freeze != ()

    def _rewrite(self, commit: str) -> tuple[Diagnostic, ...]:
        """Why nothing may be written at this head: it does not descend from what was followed before."""
        last = self.journal.last_head()
        if last is None or last == commit:
            self.journal.remember_head(commit)
            return ()
        problem = History(self.source, commit).rewrite_problem(last, "this fleet")
        if problem is not None:
            self.log.error("history was rewritten", ref=problem.ref, error=problem.message, fix=problem.fix)
            return (problem,)
        self.journal.remember_head(commit)
        return ()

    def _mine(self, identities: frozenset[Identity]) -> frozenset[Identity]:
        mine = self._environments()
        return frozenset(identity for identity in identities if not mine or identity.key in mine)

    def _environments(self) -> frozenset[EnvironmentKey]:
        """What this controller owns; empty means all. Names were checked when it started."""
        return frozenset(EnvironmentKey(*name.split("/", 1)) for name in self.settings.environments)

    def _sweep_safely(self) -> None:
        try:
            self.sweep()
        except MolthubError as error:
            self.not_well = True
            self.log.error("cannot plan the fleet", ref=error.ref, error=str(error))

    def sweep(self) -> PlannedFleet | None:
        """Look at everything, write every status, queue what has work."""
        head = self.world.head
        if head is None:
            return None
        known = head.checked.documents.environments.keys()
        scope = Scope(environments=self._environments() & known)
        if self.settings.environments and not scope.environments:
            return None
        planned = plan_fleet(head.checked, self.collaborators, scope=scope, freeze=self.world.freeze)
        self.world.decide(planned.decisions, head.generation)
        self.swept_at = self.monotonic()
        self.not_well = any(view.plan.verdict in NOT_WELL for view in planned.views)
        for view in planned.views:
            self._note(head, view)
        self.log.info("swept", commit=head.commit, instances=len(planned.views), changes=planned.plan.has_changes)
        return planned

    def _note(self, head: Head, view: InstanceView) -> None:
        """Write one instance's status and queue it if there is something to do."""
        last = self.journal.last_status(view.identity)
        synced_before = last is not None and last.sync is Verdict.SYNCED and last.head_commit == head.commit
        if synced_before and view.plan.may_apply:
            what = ", ".join(f"{change.kind} ({change.action.word})" for change in view.plan.changes)
            self.journal.note(view.identity, EventType.DRIFT_DETECTED, f"drift in {what}", commit=head.commit)
        record = status_of(view, head_commit=head.commit, now=self.clock.now())
        why = next((f"{item.ref} {item.message}" for item in view.plan.reasons), None)
        if view.plan.verdict in (Verdict.INVALID, Verdict.BLOCKED) and why:
            event = EventType.INVALID if view.plan.verdict is Verdict.INVALID else EventType.BLOCKED
            self.journal.note(
                view.identity, event, view.plan.reasons[0].message, commit=head.commit, ref=view.plan.reasons[0].ref
            )
        reconciled = last.last_reconcile_at if last else None
        self.journal.status(replace(record, last_reconcile_at=reconciled, last_error=why))
        if not view.plan.may_apply and view.plan.rollout_id is None:
            return
        delay = self.journal.held_back(view.identity, wanted_definition(view))
        if delay > 0:
            self.queue.add_after(view.identity, delay)
        else:
            self.queue.add(view.identity)
