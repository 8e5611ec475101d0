"""The controller's loop.

    poll    one `ls-remote`; an unchanged head costs nothing more, and no AWS call
    take up a new head: fetch, load, check; the diff of the two commits names the instances that changed,
            and these are queued
    sweep   at the start, when manifests came, went or broke, when a commit tells of a changed secret, and every drift
            interval: observe each environment whole, in batches; write every status; queue what has work
    work    the workers reconcile one instance at a time each (reconciler.py)

Only who holds an environment's lease writes there. While another holds it this controller looks and plans, and works
off nothing; once it has the lease it sweeps, so that everything is planned anew.

A repository that cannot be reached stops only the polling: the last head is still what should be, and drift from it
is still put right. A tree without a usable Fleet stops writing until it is mended.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from molthub import __version__
from molthub.apply.settings import Clock
from molthub.controller.drift import DriftJudge, tells_of_a_secret
from molthub.controller.indexer import Indexer
from molthub.controller.journal import Journal
from molthub.controller.judging import judged, stopped
from molthub.controller.publisher import Publisher
from molthub.controller.reconciler import Reconciler, wanted_definition
from molthub.controller.settings import ControllerSettings
from molthub.controller.taskwatch import TaskWatch
from molthub.controller.workqueue import WorkQueue
from molthub.controller.world import Head, World, affected, asked_for, ended_pauses
from molthub.errors import Diagnostic, MolthubError, TransientError
from molthub.events.types import EventType
from molthub.health.types import Health, StatusRecord
from molthub.leases.holding import Holding, OpenDocuments
from molthub.pipeline.history import History
from molthub.pipeline.places import location_of
from molthub.pipeline.planner import plan_fleet
from molthub.pipeline.status import pause_of, status_of
from molthub.pipeline.types import Collaborators, InstanceView, PlannedFleet, Scope
from molthub.planning.deletion import environment_removed
from molthub.provider.documents import SharedDocuments
from molthub.provider.protocols import Location
from molthub.resources.identity import EnvironmentKey, Identity
from molthub.resources.states import Verdict
from molthub.source.protocol import FleetSource
from molthub.source.types import CommitInfo

NOT_WELL = frozenset({Verdict.INVALID, Verdict.UNKNOWN, Verdict.BLOCKED})

MANY = 20
"""More changed instances than this are looked at in one sweep: one alone costs about ten calls, in batches 0.15."""

WAITING_LOOK = 0.2
"""Seconds between two looks of `--once` at what still waits for AWS."""


def _certain() -> None:
    """Nobody can take the database's lock away."""


@dataclass(slots=True)
class Loop:
    """One controller. `monotonic` gives seconds that only grow.

    swept_at  when it last looked at everything, by `monotonic`
    urgent    a sweep is owed, whatever the drift interval says
    not_well  what the last sweep saw was not all well
    lost      the last poll failed
    told      the head that was last published
    looked_at  when pauses that end were last looked for
    anew      another release of Molthub wrote last: what this one renders otherwise is no drift
    confirm   raises when the database has another controller by now
    drift     judges which changes undo what somebody did on AWS
    watch     tells why tasks stopped
    publisher  tells others, through the bucket, how it goes
    indexer    keeps the index of commits up to the head
    holding   the leases of the environments it owns; taken: set when one of them became ours
    """

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
    holding: Holding
    taken: threading.Event
    publisher: Publisher
    drift: DriftJudge
    watch: TaskWatch
    indexer: Indexer
    swept_at: float | None = None
    urgent: bool = False
    not_well: bool = False
    lost: bool = False
    told: str = ""
    looked_at: datetime | None = None
    anew: bool = False
    confirm: Callable[[], None] = _certain

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
            self.reconciler.join()
            self.indexer.close()
            self.holding.close()
        return not (self.not_well or self.reconciler.bad or self.lost)

    def _once(self) -> None:
        self.tick()
        if self.lost:
            return
        self._work_off()
        self.queue.close()
        if not self.stop.is_set():
            planned = self.sweep()  # the last word: what is, after the work
            self.not_well = self.not_well or (planned is not None and planned.plan.has_changes)
            self._publish()

    def _work_off(self) -> None:
        """Return when nothing is left that is due now, or that waits for AWS: within the time a rollout may take."""
        end = self.monotonic() + self.settings.rollout_timeout
        self.queue.wait_idle()
        while self.reconciler.waiting and not self.stop.is_set() and self.monotonic() < end:
            self.stop.wait(WAITING_LOOK)
            self.queue.wait_idle()

    def _follow(self) -> None:
        while not self.stop.is_set():
            self._confirm_lock()
            self.tick()
            self.stop.wait(self.settings.poll_interval)

    def _confirm_lock(self) -> None:
        """Go on only as the database's controller. Raises MH-STATE-007 when another took its place meanwhile."""
        try:
            self.confirm()
        except TransientError as error:  # no server, and so no other controller on it either
            self.log.warning("cannot reach the database", ref=error.ref, error=error.diagnostic.message)

    def tick(self) -> None:
        """Poll once, and sweep if that is due. Nothing that goes wrong here ends the controller."""
        try:
            self.urgent = self.poll() or self.urgent
            self.lost = False
        except MolthubError as error:
            self.lost = True
            self.log.warning("cannot follow the repository", ref=error.ref, error=error.diagnostic.message)
        except Exception:
            self.lost = True
            self.log.exception("polling hit a bug")
        if self.world.head is None:
            return
        if self.taken.is_set():
            self.taken.clear()
            self.urgent = True
        self._end_pauses(self.world.head)
        due = self.swept_at is None or self.monotonic() - self.swept_at >= self.settings.drift_interval
        if due or self.urgent:
            self._sweep_safely()
        self._publish()

    def _end_pauses(self, head: Head) -> None:
        """Queue whose pause ends by itself: nobody commits anything then."""
        now = self.clock.now()
        since, self.looked_at = self.looked_at or now, now
        for identity in sorted(self._mine(ended_pauses(head.checked.documents, since, now))):
            self.queue.add(identity)

    def _publish(self) -> None:
        """Tell the other readers of the bucket what changed since."""
        head = self.world.head
        if head is None or not (self.journal.take_changed() or self.told != head.commit):
            return
        self.told = head.commit
        try:
            self.publisher.publish(head, self.journal.statuses())
        except MolthubError as error:
            self.log.warning("cannot publish", ref=error.ref, error=error.diagnostic.message)
        except Exception:
            self.log.exception("publishing hit a bug")

    def poll(self) -> bool:
        """Take up the head if it is new. True when that calls for a sweep at once."""
        current = self.world.head
        commit = self.source.poll()
        if current is not None and current.commit == commit:
            return False
        commit = self.source.fetch()
        self.indexer.take(commit)
        head = self._judged(commit, generation=current.generation + 1 if current else 1)
        if current is None:
            self.world.take_up(head, frozenset())
            self.log.info("following", repository=self.source.label, commit=commit)
            return True
        commits = self._commits_between(current, head)
        asked = asked_for(commits, head.checked.documents.instances)
        changed = self._mine(self._changed(current, head) | asked)
        self.world.take_up(head, changed)
        self.log.info("new head", commit=commit, changed=len(changed))
        if self._needs_a_whole_look(current, head, changed) or any(map(tells_of_a_secret, commits)):
            return True
        for identity in sorted(changed):
            self.queue.add(identity)
        return False

    def _judged(self, commit: str, *, generation: int) -> Head:
        now = self.clock.now()
        checked = judged(self.source.snapshot(commit), self.collaborators, now)
        for item in checked.errors:
            self.log.warning("manifest", ref=item.ref, error=item.message, at=str(item.location or ""))
        return Head(
            commit,
            checked,
            generation,
            judged_on=now.astimezone(UTC).date(),
            freeze=self._rewrite(commit),
            stopped=stopped(self.collaborators, commit, self.log),
        )

    def _changed(self, current: Head, head: Head) -> frozenset[Identity]:
        """What differs between two heads: everything, where the former one is lost (a rewrite, and a new mirror)."""
        before, now = current.checked.documents, head.checked.documents
        try:
            paths = self.source.changed_paths(current.commit, head.commit)
        except MolthubError as error:
            self.log.warning("cannot compare with the former head", ref=error.ref, error=error.diagnostic.message)
            return frozenset(before.instances.keys() | now.instances.keys())
        return affected(before, now, paths)

    def _needs_a_whole_look(self, current: Head, head: Head, changed: frozenset[Identity]) -> bool:
        """Whether the change is not to be judged instance by instance: something came, went, broke, is or was frozen,
        may be confirmed to be deleted, or it is so much that one look in batches is cheaper."""
        before, now = current.checked.documents, head.checked.documents
        same = changed & before.instances.keys() == changed & now.instances.keys() == changed
        broke = now.invalid != before.invalid or before.environments.keys() != now.environments.keys()
        frozen = head.freeze or current.freeze
        held_back = self.world.holds_deletions_back() or head.stopped != current.stopped
        return not same or broke or now.fleet is None or bool(frozen) or held_back or len(changed) > MANY

    def _commits_between(self, current: Head, head: Head) -> tuple[CommitInfo, ...]:
        """The commits since the former head; none where they cannot be read: then the drift interval will do."""
        try:
            return self.source.commits_between(current.commit, head.commit)
        except MolthubError as error:
            self.log.warning("cannot read the commits since the former head", ref=error.ref)
            return ()

    def _rewrite(self, commit: str) -> tuple[Diagnostic, ...]:
        """Why nothing may be written at this head: it does not descend from what was followed before."""
        last = self.journal.last_head()
        if last is None or last == commit:
            self.journal.remember_head(commit)
            return ()
        history = History(self.source, commit)
        access = self.collaborators.access_at(commit)
        history = replace(history, believes=access.believes) if access is not None else history
        problem = history.rewrite_problem(last, "this fleet")
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
        except Exception:
            self.not_well = True
            self.log.exception("the sweep hit a bug")

    def sweep(self) -> PlannedFleet | None:
        """Look at everything, write every status, queue what has work."""
        head = self._judged_today()
        if head is None:
            return None
        known = head.checked.documents.environments.keys()
        scope = Scope(environments=self._environments() & known)
        if missing := self._environments() - known:  # misspelt, most likely: silence would look like peace
            self.not_well = True
            self.log.warning("no such environment", environments=sorted(map(str, missing)), commit=head.commit)
        if self.settings.environments and not scope.environments:
            return None
        self.holding.follow(self._places(head, scope))
        self.taken.clear()  # what is ours by now, this look is for
        began = self.clock.now()
        planned = plan_fleet(head.checked, self.collaborators, scope=scope, freeze=head.freeze)
        self.world.decide(planned.decisions, head.generation)
        self.anew = self.swept_at is None and self.journal.begins_as(__version__)
        self.swept_at, self.urgent = self.monotonic(), False
        self.not_well = bool(missing) or any(view.plan.verdict in NOT_WELL for view in planned.views)
        self._hold_slots(planned)
        for view in sorted(planned.views, key=lambda view: view.plan.rollout_id is None):
            self._take(head, view, began)
        self._tell_of_the_rest(head, planned)
        self.watch.look(planned.views)
        self.log.info("swept", commit=head.commit, instances=len(planned.views), changes=planned.plan.has_changes)
        return planned

    def _hold_slots(self, planned: PlannedFleet) -> None:
        """Rollouts under way hold their slots before any is given away: a controller before this one began them."""
        limits = {item.key: item.max_concurrent for item in planned.plan.environments}
        for view in planned.views:
            if view.plan.rollout_id is not None:
                self.queue.hold_slot(view.identity, view.identity.key, limits[view.identity.key])

    def _places(self, head: Head, scope: Scope) -> dict[EnvironmentKey, OpenDocuments]:
        """Where the leases of the environments in scope lie."""
        documents = head.checked.documents
        if documents.fleet is None:
            return {}
        fleet = documents.fleet.model.metadata.name
        return {
            key: partial(self._documents_at, key, location_of(environment, fleet))
            for key, environment in documents.environments.items()
            if not scope.environments or key in scope.environments
        }

    def _documents_at(self, key: EnvironmentKey, location: Location) -> SharedDocuments | None:
        return self.collaborators.providers(key, location).documents()

    def _judged_today(self) -> Head | None:
        """The head, judged anew on a new day: waivers end while nobody commits anything."""
        head = self.world.head
        now = self.clock.now()
        if head is None or head.judged_on == now.astimezone(UTC).date():
            return head
        checked = judged(head.checked.snapshot, self.collaborators, now)
        head = replace(head, checked=checked, judged_on=now.astimezone(UTC).date())
        self.world.take_up(head, frozenset())
        return head

    def _take(self, head: Head, view: InstanceView, began: datetime) -> None:
        """Write one instance's status down and queue it if there is something to do, whether the database works or not.

        What a worker wrote since the sweep began is newer than what the sweep saw.
        """
        delay = 0.0
        try:
            last = self.journal.last_status(view.identity)
            if last is None or last.last_reconcile_at is None or last.last_reconcile_at <= began:
                self._note(head, view, last)
            delay = self.journal.held_back(view.identity, wanted_definition(view))
        except MolthubError as error:
            self.not_well = True
            self.log.error("cannot write down", instance=str(view.identity), ref=error.ref, error=str(error))
        if not _has_work(view) or self.holding.standing(view.identity.key).problem is not None:
            return
        if delay > 0:
            self.queue.add_after(view.identity, delay)
        else:
            self.queue.add(view.identity)

    def _note(self, head: Head, view: InstanceView, last: StatusRecord | None) -> None:
        plan = view.plan
        if not self.anew and self.drift.is_drift(head, view, last):
            what = ", ".join(f"{change.kind} ({change.action.word})" for change in plan.changes)
            self.journal.note(view.identity, EventType.DRIFT_DETECTED, f"drift in {what}", commit=head.commit)
        if plan.verdict in (Verdict.INVALID, Verdict.BLOCKED) and plan.reasons:
            why = plan.reasons[0]
            event = EventType.REFUSED if why.ref.startswith("MH-ACCESS-") else EventType.BLOCKED
            event = EventType.INVALID if plan.verdict is Verdict.INVALID else event
            self.journal.note(view.identity, event, why.message, commit=head.commit, ref=why.ref)
        reasons = plan.reasons
        problem = self.holding.standing(view.identity.key).problem
        if problem is not None and _has_work(view):
            reasons = (*reasons, problem.diagnostic)
            self.journal.note(
                view.identity, EventType.BLOCKED, problem.diagnostic.message, commit=head.commit, ref=problem.ref
            )
        previous = last.status if last else None
        record = status_of(view, head_commit=head.commit, now=self.clock.now(), previous=previous)
        reconciled = last.last_reconcile_at if last else None
        error = next((f"{item.ref} {item.message}" for item in reasons), None)
        record = replace(record, last_reconcile_at=reconciled, last_error=error)
        self.journal.status(record, pause=pause_of(view))

    def _tell_of_the_rest(self, head: Head, planned: PlannedFleet) -> None:
        """Statuses of what the plan no longer knows: gone, or left behind by an Environment that was removed."""
        seen = {view.identity for view in planned.views}
        read = {item.key for item in planned.plan.environments if not item.reasons}
        documents = head.checked.documents
        broken = {(file.workspace, file.environment) for file in documents.invalid}
        for record in self.journal.statuses():
            identity = record.identity
            if identity in seen or identity.fleet != planned.plan.fleet or not self._mine(frozenset({identity})):
                continue
            if identity.key in read:
                self.journal.forget(identity)
            elif (
                identity.key not in documents.environments and (identity.workspace, identity.environment) not in broken
            ):
                self._leave_behind(head, record)

    def _leave_behind(self, head: Head, record: StatusRecord) -> None:
        why = environment_removed(record.identity)
        self.not_well = True
        self.journal.note(record.identity, EventType.BLOCKED, why.message, commit=head.commit, ref=why.ref)
        error = f"{why.ref} {why.message}"
        blocked = replace(record, sync=Verdict.BLOCKED, health=Health.UNKNOWN, reason=why.message, last_error=error)
        self.journal.status(replace(blocked, head_commit=head.commit))


def _has_work(view: InstanceView) -> bool:
    return view.plan.may_apply or view.plan.rollout_id is not None
