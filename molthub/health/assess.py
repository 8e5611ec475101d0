"""From what was observed to the health and the status that people see.

Health is judged in this order; the first that applies wins:

    Unknown      the service could not be read
    Missing      there is no service (Stopped when it is paused: it never ran)
    Progressing  the old service drains, or a deployment is under way (Degraded when that takes too long, or its
                 tasks start again and again)
    Stopped      no task is wanted and none runs
    Degraded     the last deployment failed, the wanted version failed before and an older one runs, tasks start
                 again and again, or fewer run than wanted (Progressing while the missing ones are on their way)
    Progressing  its task was started again and the service is not steady yet; Degraded when its events say that the
                 task is unhealthy
    Healthy      otherwise

The status follows from it:

    DELETING  its manifest is gone and its deletion is planned or under way
    CREATING  it is to be created, or its very first deployment is under way
    STOPPED   Stopped
    DEGRADED  Degraded; or Missing, and something keeps it from being created
    RUNNING   Healthy; or Progressing, and it ran before

Unknown keeps the status it had (`previous`), or says DEGRADED where nobody knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from molthub.errors import Diagnostic
from molthub.health.service_events import RESTART_WINDOW, is_starting_again, trouble, unhealthy_now
from molthub.health.types import Availability, BackupKind, Health, LastDeployment, StateRecord, Status, StatusRecord
from molthub.resources.identity import Identity, names_of
from molthub.resources.observation import (
    ObservedInstance,
    Rollout,
    RolloutState,
    ServiceRuntime,
)
from molthub.resources.secret_versions import changed_secrets, points_to_a_secret
from molthub.resources.states import Verdict
from molthub.resources.types import BY_HAND, FINAL, Kind, TaskDefinition

FAILED_BEFORE = "MH-PLAN-004"
"""The planner's reason "this very version failed before" (planning/reasons.py; a sibling, so not imported)."""

TRIED_AGAIN = "MH-PLAN-007"
"""The planner's notice "it failed through its surroundings and is rolled out again"."""

LOOP_WINDOW = timedelta(minutes=15)
LOOP_RESTARTS = 3
"""So many restarts within the window are a loop, which no breaker ends (aws/readers/restarts.py counts as many)."""

LONG_ROLLOUT = timedelta(minutes=45)
"""ECS gives up sooner: two failures of a task with 300 s to start and a drained one before it take 20 minutes."""

FIRST_DEPLOYMENT = timedelta(minutes=1)
"""A deployment that began so soon after the service did is its first."""

GATEWAY = "gateway"


class ChangeLike(Protocol):
    """What is needed of a Change."""

    @property
    def before(self) -> object: ...
    @property
    def after(self) -> object: ...


class PlanLike(Protocol):
    """What is needed of an InstancePlan."""

    @property
    def identity(self) -> Identity: ...
    @property
    def name(self) -> str: ...
    @property
    def verdict(self) -> Verdict: ...
    @property
    def reasons(self) -> tuple[Diagnostic, ...]: ...
    @property
    def notices(self) -> tuple[Diagnostic, ...]: ...
    @property
    def changes(self) -> Sequence[ChangeLike]: ...


@dataclass(frozen=True, slots=True)
class Assessment:
    """A health and the one sentence that explains it, "" when there is nothing to explain."""

    health: Health
    reason: str = ""


def assess(
    observed: ObservedInstance | None,
    plan: PlanLike,
    *,
    now: datetime,
    wanted: bool = True,
    head_commit: str | None = None,
    previous: Status | None = None,
    last_reconcile_at: datetime | None = None,
    last_error: str | None = None,
) -> StatusRecord:
    """One instance's status record.

    wanted    the manifests hold it
    previous  the status it had, for when it cannot be read
    The controller's database gives previous, last_reconcile_at and last_error; without one they are None.
    """
    found = assess_health(observed, plan, now=now)
    runtime = observed.runtime if observed else None
    resources = observed.resources if observed else None
    log_group = resources.log_group if resources else None
    return StatusRecord(
        identity=plan.identity,
        name=plan.name,
        status=_status(found.health, plan, runtime, wanted=wanted, previous=previous),
        sync=plan.verdict,
        health=found.health,
        reason=found.reason or _first(plan.reasons) or _tried_again(plan),
        image=_image(resources.task_definition if resources else None),
        created_at=runtime.created_at if runtime else None,
        last_reconcile_at=last_reconcile_at,
        last_error=last_error,
        running_commit=_running_commit(observed, plan),
        head_commit=head_commit,
        log_group=log_group.name if log_group else names_of(plan.identity).log_group,
        availability=availability(found.health, running=runtime.running if runtime else 0),
        state=_state(observed),
        deployment=_deployment(observed),
        replicas=(runtime.running, runtime.desired) if runtime else None,
    )


def _deployment(observed: ObservedInstance | None) -> LastDeployment | None:
    """The deployment that ECS works towards, or worked towards last."""
    rollout = observed.runtime.rollout if observed and observed.runtime else None
    if observed is None or rollout is None:
        return None
    return LastDeployment(
        id=rollout.deployment_id,
        at=rollout.created_at,
        state=rollout.state,
        commit=observed.definition_commit,
        reason=rollout.reason if rollout.state is not RolloutState.COMPLETED else "",
    )


def _state(observed: ObservedInstance | None) -> StateRecord | None:
    """What is kept of it. None also while its file system is Unknown: then nobody knows of its backups."""
    facts = observed.state if observed else None
    if observed is None or facts is None or any(item.kind is Kind.FILE_SYSTEM for item in observed.failures):
        return None
    newest = facts.points[0] if facts.points else None
    return StateRecord(
        file_system=facts.file_system,
        size=facts.size,
        backup_at=newest.created_at if newest else None,
        backup_kind=_backup_kind(newest.before) if newest else None,
        retired=facts.retired,
    )


def _backup_kind(before: str) -> BackupKind:
    """By what the recovery point says it was made before; one of somebody else's says nothing."""
    if before == FINAL:
        return BackupKind.DELETION
    return BackupKind.HAND if not before or before.startswith(BY_HAND) else BackupKind.UPGRADE


def assess_health(observed: ObservedInstance | None, plan: PlanLike, *, now: datetime) -> Assessment:
    """How the running thing is, whatever its manifest says."""
    failures = observed.failures if observed else ()
    unread = [item for item in failures if item.kind in (None, Kind.SERVICE)]
    if unread or (observed is None and plan.verdict is Verdict.UNKNOWN):
        return Assessment(Health.UNKNOWN, unread[0].message if unread else _first(plan.reasons))
    runtime = observed.runtime if observed else None
    if runtime is None:
        return _without_service(plan)
    if runtime.status == "DRAINING":
        return Assessment(Health.PROGRESSING, "the service is being deleted")
    rollout = runtime.rollout
    if rollout is not None and rollout.state is RolloutState.IN_PROGRESS and runtime.desired > 0:
        return _looping(runtime, plan, now) or _rolling(runtime, rollout, plan, now)
    if runtime.desired == 0:
        return _stopped(runtime, plan)
    return _settled(runtime, plan, now)


def availability(health: Health, *, running: int) -> Availability | None:
    """running, degraded or down; running: number of tasks. None when Unknown: then that number is no fact.

    Without a task it is down, however it is called. With one it is degraded when Degraded, and otherwise running: a
    deployment under way that has a task serves.
    """
    if health is Health.UNKNOWN:
        return None
    if running == 0:
        return Availability.DOWN
    return Availability.DEGRADED if health is Health.DEGRADED else Availability.RUNNING


# -- health -----------------------------------------------------------------------------------------------


def _without_service(plan: PlanLike) -> Assessment:
    if plan.verdict is Verdict.SUSPENDED:
        return Assessment(Health.STOPPED, "paused before it ever ran")
    return Assessment(Health.MISSING, _first(plan.reasons))


def _rolling(runtime: ServiceRuntime, rollout: Rollout, plan: PlanLike, now: datetime) -> Assessment:
    age = now - rollout.created_at
    failed = f"; {_tasks(rollout.failed_tasks)} failed so far" if rollout.failed_tasks else ""
    told = (rollout.reason if rollout.failed_tasks else "", trouble(runtime.events, rollout.created_at))
    why = f": {'; '.join(filter(None, told))}" if any(told) else ""
    why += _suspicion(plan) if rollout.failed_tasks else ""
    if age > LONG_ROLLOUT:
        minutes = int(age.total_seconds() // 60)
        return Assessment(Health.DEGRADED, f"a deployment is under way for {minutes} minutes{failed}{why}")
    return Assessment(Health.PROGRESSING, f"a deployment is under way{failed}{why}")


def _stopped(runtime: ServiceRuntime, plan: PlanLike) -> Assessment:
    if runtime.running > 0:
        return Assessment(Health.PROGRESSING, "its task is being stopped")
    paused = plan.verdict is Verdict.SUSPENDED
    return Assessment(Health.STOPPED, "paused" if paused else "no task is wanted on AWS, though it is not paused")


def _settled(runtime: ServiceRuntime, plan: PlanLike, now: datetime) -> Assessment:
    """A service that wants tasks and has no deployment under way."""
    rollout = runtime.rollout
    given_up = plan.verdict is Verdict.SYNCED and runtime.running >= runtime.desired  # what runs is what is wanted now
    if rollout is not None and rollout.state in (RolloutState.FAILED, RolloutState.ROLLED_BACK) and not given_up:
        what = "failed" if rollout.state is RolloutState.FAILED else "was rolled back"
        suspicion = _suspicion(plan) if points_to_a_secret(rollout) else ""
        told = _with(f"the last deployment {what}", _explained(plan) or rollout.reason)
        return Assessment(Health.DEGRADED, told + suspicion)
    older = next((item for item in plan.reasons if item.ref == FAILED_BEFORE), None)
    if older is not None:
        return Assessment(Health.DEGRADED, f"runs an older version than wanted: {older.message}")
    looping = _looping(runtime, plan, now)
    if looping is not None:
        return looping
    if runtime.running < runtime.desired:
        short = f"{runtime.running} of {runtime.desired} tasks running"
        health = Health.PROGRESSING if runtime.running + runtime.pending >= runtime.desired else Health.DEGRADED
        return Assessment(health, _with(short, trouble(runtime.events)))
    return _running(runtime, now)


def _running(runtime: ServiceRuntime, now: datetime) -> Assessment:
    """As many tasks run as are wanted: what the service's own events say beside that."""
    began = runtime.rollout.created_at if runtime.rollout is not None else None
    sick = unhealthy_now(runtime.events, began=began, now=now)
    if sick:
        return Assessment(Health.DEGRADED, sick)
    if is_starting_again(runtime.events, began=began, now=now):
        again = "its task was started again and is not steady yet"
        return Assessment(Health.PROGRESSING, _with(again, trouble(runtime.events, now - RESTART_WINDOW)))
    return Assessment(Health.HEALTHY)


def _suspicion(plan: PlanLike) -> str:
    """Names the secrets that changed since what is there was registered: going back to it reads the new value, too."""
    found = {str(item): None for change in plan.changes for item in changed_secrets(change.before, change.after)}
    if not found:
        return ""
    return f"; it reads the secret {' and '.join(found)} as it is now, changed since it last ran: the likely cause"


def _looping(runtime: ServiceRuntime, plan: PlanLike, now: datetime) -> Assessment | None:
    """Tasks that come up and stop again: no breaker ends that once the deployment is over, and it may not before."""
    restarts = _restarts(runtime, now)
    if restarts < LOOP_RESTARTS:
        return None
    minutes = int(LOOP_WINDOW.total_seconds() // 60)
    told = f"the last task stopped: {runtime.last_stop}" if runtime.last_stop else trouble(runtime.events)
    looping = _with(f"restarted {restarts} times in {minutes} minutes", told)
    return Assessment(Health.DEGRADED, looping + _suspicion(plan))


def _restarts(runtime: ServiceRuntime, now: datetime) -> int:
    """Task starts in the window since the last deployment began, its own first one not counted."""
    since = now - LOOP_WINDOW
    rollout = runtime.rollout
    began = rollout.created_at if rollout is not None else since
    starts = sum(1 for event in runtime.events if event.at >= max(since, began) and "has started" in event.message)
    return starts - 1 if rollout is not None and began >= since else starts


# -- status -----------------------------------------------------------------------------------------------


def _status(
    health: Health, plan: PlanLike, runtime: ServiceRuntime | None, *, wanted: bool, previous: Status | None
) -> Status:
    if not wanted and (plan.verdict is Verdict.OUT_OF_SYNC or (runtime is not None and runtime.status == "DRAINING")):
        return Status.DELETING
    if health is Health.UNKNOWN:
        return previous or Status.DEGRADED
    if health is Health.MISSING:
        held = plan.verdict in (Verdict.BLOCKED, Verdict.INVALID, Verdict.UNKNOWN)
        return Status.DEGRADED if held else Status.CREATING
    if health is Health.PROGRESSING:
        return Status.CREATING if _is_first(runtime) else Status.RUNNING
    settled = {Health.STOPPED: Status.STOPPED, Health.DEGRADED: Status.DEGRADED, Health.HEALTHY: Status.RUNNING}
    return settled[health]


def _is_first(runtime: ServiceRuntime | None) -> bool:
    """Whether it never ran: the deployment under way is the service's first, or the old service only drains."""
    if runtime is None or runtime.status == "DRAINING":
        return True
    rollout = runtime.rollout
    if rollout is None or runtime.created_at is None or rollout.state is not RolloutState.IN_PROGRESS:
        return False
    return rollout.created_at - runtime.created_at <= FIRST_DEPLOYMENT


def _running_commit(observed: ObservedInstance | None, plan: PlanLike) -> str | None:
    """The commit of the last write; after a rollback that of the older definition, which runs."""
    if observed is None:
        return None
    rolled_back = any(item.ref in (FAILED_BEFORE, TRIED_AGAIN) for item in (*plan.reasons, *plan.notices))
    return observed.definition_commit if rolled_back else observed.commit


# -- small things -----------------------------------------------------------------------------------------


def _image(definition: TaskDefinition | None) -> str | None:
    """The Moltbot's image: of the gateway, or of the last container where none has that name."""
    if definition is None or not definition.containers:
        return None
    named = [container for container in definition.containers if container.name == GATEWAY]
    return (named or definition.containers[-1:])[0].image


def _explained(plan: PlanLike) -> str:
    """What the planner read in ECS's history of the failed rollout: with the stopped task's reason."""
    known = (item.message for item in (*plan.reasons, *plan.notices) if item.ref in (FAILED_BEFORE, TRIED_AGAIN))
    return next(known, "")


def _tried_again(plan: PlanLike) -> str:
    return next((item.message for item in plan.notices if item.ref == TRIED_AGAIN), "")


def _first(reasons: tuple[Diagnostic, ...]) -> str:
    return reasons[0].message if reasons else ""


def _with(what: str, detail: str) -> str:
    return f"{what}: {detail}" if detail else what


def _tasks(count: int) -> str:
    return "1 task" if count == 1 else f"{count} tasks"
