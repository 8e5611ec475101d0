"""One instance, once: plan it anew, apply what is due, write down how it is.

Level-triggered: nothing is handed over but the identity. The plan is made from the head that is followed now and from
what AWS has now; a newer head that changes the instance pre-empts a wait.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from molthub.apply.settings import ApplySettings, Clock
from molthub.apply.types import InstanceResult, Outcome
from molthub.controller.journal import Journal
from molthub.controller.settings import ControllerSettings
from molthub.controller.workqueue import WorkQueue, backoff
from molthub.controller.world import Head, World
from molthub.errors import Diagnostic, MolthubError
from molthub.leases.holding import Holding
from molthub.pipeline.applier import apply_fleet
from molthub.pipeline.planner import plan_fleet
from molthub.pipeline.status import pause_of, status_of
from molthub.pipeline.types import Collaborators, InstanceView, PlannedFleet, Scope
from molthub.provider.protocols import Guard
from molthub.resources.identity import Identity
from molthub.resources.observation import RolloutState
from molthub.resources.types import Service

BAD_ENDS = frozenset({Outcome.FAILED, Outcome.WAITING, Outcome.HELD, Outcome.BLOCKED})
FAILED_ROLLOUTS = frozenset({RolloutState.FAILED, RolloutState.ROLLED_BACK})


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Job:
    """One instance's work, planned. rolls: a rollout is to be waited for, and the slot for it is taken.

    guard  of the lease under which it was planned
    """

    head: Head
    identity: Identity
    planned: PlannedFleet
    view: InstanceView
    rolls: bool
    guard: Guard


@dataclass(slots=True)
class Reconciler:
    """Shared by all workers; keeps only what the next try needs to know.

    tries     identity → how often in a row it did not end well
    bad       identities whose last try did not end well, for `--once`
    waiting   those of them that only wait for AWS, and come back in seconds
    """

    world: World
    collaborators: Collaborators
    journal: Journal
    settings: ControllerSettings
    queue: WorkQueue[Identity]
    clock: Clock
    stopping: Callable[[], bool]
    jitter: Callable[[], float]
    log: Any
    holding: Holding
    tries: Counter[Identity] = field(default_factory=Counter)
    bad: set[Identity] = field(default_factory=set)
    waiting: set[Identity] = field(default_factory=set)
    _rollouts: set[threading.Thread] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def work(self) -> None:
        """A worker's life: until the queue is closed. Keys that still wait at the end are let be."""
        while (identity := self.queue.get()) is not None:
            job = None if self.stopping() else self._guarded(identity, lambda: self._prepare(identity))
            if job is None:
                self.queue.done(identity)
            elif job.rolls:
                self._apart(job)
            else:
                self._finish(job)

    def join(self) -> None:
        """Wait for the rollouts that were handed over."""
        while self._rollouts:
            for thread in list(self._rollouts):
                thread.join()

    def _apart(self, job: _Job) -> None:
        """A rollout is waited for in a thread of its own, so that it keeps no worker from a quick repair.

        The environments' slots limit how many there are.
        """

        def run() -> None:
            try:
                self._finish(job)
            finally:
                self._rollouts.discard(threading.current_thread())

        thread = threading.Thread(target=run, name=f"rollout-{job.identity.id}", daemon=True)
        self._rollouts.add(thread)
        thread.start()

    def _finish(self, job: _Job) -> None:
        try:
            self._guarded(job.identity, lambda: self._carry_out(job))
        finally:
            self.queue.done(job.identity)

    def _guarded(self, identity: Identity, step: Callable[[], T | None]) -> T | None:
        """The step's answer. Nothing that goes wrong with one instance may end a worker: it is tried again later."""
        try:
            return step()
        except MolthubError as error:
            self.log.warning("reconcile failed", instance=str(identity), ref=error.ref, error=error.diagnostic.message)
            self._remember_error(identity, error.diagnostic)
        except Exception:
            self.log.exception("reconcile hit a bug", instance=str(identity))
        self._again(identity, self._next_try(identity))
        return None

    def _again(self, identity: Identity, delay: float | None) -> None:
        if delay is not None and not self.stopping():
            self.queue.add_after(identity, delay)

    def _prepare(self, identity: Identity) -> _Job | None:
        """The instance's plan, made anew; None when there is nothing to do now, or no slot for its rollout."""
        head = self.world.head
        if head is None or self.holding.standing(identity.key).problem is not None:
            return None  # who takes the lease looks at everything first
        guard = self.holding.guard(identity.key)
        planned, view = self._plan(head, identity)
        if view is None:
            if identity.key in head.checked.documents.environments:  # else nobody looked: the sweep tells of it
                self.journal.forget(identity)
            self._done(identity)
            return None
        rolls = _rolls(view)
        if rolls and not self.queue.take_slot(identity, identity.key, self._limit(planned, identity)):
            return None
        return _Job(head, identity, planned, view, rolls, guard)

    def _carry_out(self, job: _Job) -> None:
        """Apply the plan, look again, write down how it is, and say when it is worth another look."""
        view: InstanceView | None = job.view
        wanted = wanted_definition(job.view)
        result = self._apply(job)
        if result.writes or job.view.plan.rollout_id:
            _, view = self._plan(job.head, job.identity)
        self._record(job.head, job.identity, view, result)
        self._again(job.identity, self._judge(job.head, job.identity, result, wanted))

    def _plan(self, head: Head, identity: Identity) -> tuple[PlannedFleet, InstanceView | None]:
        planned = plan_fleet(
            head.checked,
            self.collaborators,
            scope=Scope(identities=frozenset({identity})),
            decided=self.world.decided_at(head.generation),
            freeze=head.freeze,
        )
        return planned, next((view for view in planned.views if view.identity == identity), None)

    def _limit(self, planned: PlannedFleet, identity: Identity) -> int:
        return next(item.max_concurrent for item in planned.plan.environments if item.key == identity.key)

    def _apply(self, job: _Job) -> InstanceResult:
        head, identity = job.head, job.identity
        settings = ApplySettings(
            commit=head.commit,
            actor="controller",
            patience=0.0,
            poll_interval=self.settings.rollout_poll,
            rollout_timeout=self.settings.rollout_timeout,
            failures_before=len(self._failed(head, identity) - {identity}),
        )
        results = apply_fleet(
            job.planned,
            self.collaborators,
            settings=settings,
            report=self.journal.event,
            clock=self.clock,
            cancel=lambda: self.stopping() or self.world.superseded(identity, head.generation),
            on_bug=lambda who, error: self.log.error("apply hit a bug", instance=str(who), exc_info=error),
            guards=lambda _key: job.guard,
        )
        return next(result for result in results if result.identity == identity)

    def _record(self, head: Head, identity: Identity, view: InstanceView | None, result: InstanceResult) -> None:
        """The one place that writes an instance's status after work on it."""
        if view is None:
            self.journal.forget(identity)
            return
        error = next((f"{item.ref} {item.message}" for item in result.diagnostics), None)
        last = self.journal.last_status(identity)
        previous = last.status if last else None
        record = status_of(view, head_commit=head.commit, now=self.clock.now(), previous=previous)
        record = replace(record, last_reconcile_at=self.clock.now(), last_error=error)
        stuck = result.outcome is Outcome.FAILED and result.retry_after is None
        self.journal.status(record, pause=pause_of(view), stuck=stuck)
        rollout = view.observed.runtime.rollout if view.observed and view.observed.runtime else None
        if rollout is not None:
            self.journal.rollout(identity, rollout, head.commit)

    def _remember_error(self, identity: Identity, diagnostic: Diagnostic) -> None:
        """In the status; the database itself may be what failed, and then the log has to do."""
        error = f"{diagnostic.ref} {diagnostic.message}"
        with suppress(MolthubError):
            last = self.journal.last_status(identity)
            if last is not None:
                self.journal.status(replace(last, last_reconcile_at=self.clock.now(), last_error=error))

    def _judge(self, head: Head, identity: Identity, result: InstanceResult, wanted: str) -> float | None:
        if result.rollout in FAILED_ROLLOUTS:
            self.journal.rollout_failed(identity, head.commit)
        if result.outcome is Outcome.CANCELLED:
            return 0.0
        if result.outcome not in BAD_ENDS:
            self._done(identity)
            self.journal.went_well(identity)
            return None
        with self._lock:
            self.bad.add(identity)
            self.waiting.discard(identity)
        if result.outcome is Outcome.WAITING:
            with self._lock:
                self.waiting.add(identity)
            return result.retry_after or 1.0
        if result.retry_after is None:
            return None
        if result.rollout in FAILED_ROLLOUTS:
            return self.journal.hold_back(identity, wanted, lambda tries: backoff(tries, jitter=self.jitter()))
        return max(result.retry_after, self._next_try(identity))

    def _failed(self, head: Head, identity: Identity) -> frozenset[Identity]:
        """Whose rollouts of this commit failed in the environment: each counts once, however often it tried."""
        return self.journal.failed_rollouts(identity.fleet, identity.key, head.commit)

    def _done(self, identity: Identity) -> None:
        with self._lock:
            self.tries.pop(identity, None)
            self.bad.discard(identity)
            self.waiting.discard(identity)

    def _next_try(self, identity: Identity) -> float:
        with self._lock:
            self.bad.add(identity)
            self.waiting.discard(identity)
            self.tries[identity] += 1
            return backoff(self.tries[identity] - 1, jitter=self.jitter())


def _rolls(view: InstanceView) -> bool:
    return view.plan.rollout_id is not None or (
        view.plan.may_apply and any(change.restarts for change in view.plan.changes)
    )


def wanted_definition(view: InstanceView) -> str:
    """Fingerprint of the task definition that is to be rolled out or is rolling out, "" when none is."""
    services = (change.after for change in view.plan.changes if change.restarts and isinstance(change.after, Service))
    runtime = view.observed.runtime if view.observed else None
    under_way = runtime.rollout if view.plan.rollout_id is not None and runtime is not None else None
    return next((service.task_definition for service in services), under_way.task_definition if under_way else "")
