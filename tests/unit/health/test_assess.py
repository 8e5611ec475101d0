"""Health and status of every situation."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from molthub.errors import Diagnostic, Severity
from molthub.health import assess as module
from molthub.health.assess import assess, availability
from molthub.health.types import Availability, BackupKind, Health, LastDeployment, StateRecord, Status, StatusRecord
from molthub.planning import reasons
from molthub.planning.types import InstancePlan
from molthub.resources.observation import (
    Cause,
    ObservedInstance,
    ReadFailure,
    RecoveryPoint,
    Rollout,
    RolloutState,
    ServiceEvent,
    ServiceRuntime,
    StateFacts,
)
from molthub.resources.states import Verdict
from molthub.resources.types import BY_HAND, FINAL, Kind
from tests.fakes.resource_sets import IMAGE, bot, resource_set

BOT = bot()
NOW = datetime(2027, 1, 4, 9, 0, tzinfo=UTC)
MADE = NOW - timedelta(days=3)
WHOLE = resource_set(BOT)


def rollout(state: RolloutState, *, ago: timedelta = timedelta(days=1), **more: Any) -> Rollout:
    return Rollout("ecs-svc/1", "molthub-a@1", state, NOW - ago, **more)


def event(message: str, *, minutes: float) -> ServiceEvent:
    return ServiceEvent(NOW - timedelta(minutes=minutes), f"(service molthub-a) {message}.")


def record(
    verdict: Verdict = Verdict.SYNCED,
    *,
    why: tuple[Diagnostic, ...] = (),
    notices: tuple[Diagnostic, ...] = (),
    there: bool = True,
    failures: tuple[ReadFailure, ...] = (),
    previous: Status | None = None,
    wanted: bool = True,
    **runtime: Any,
) -> StatusRecord:
    """The record of an instance that runs well, but for what is said. there=False: no service."""
    base = ServiceRuntime("ACTIVE", 1, 1, 0, MADE, "arn:1", rollout=rollout(RolloutState.COMPLETED))
    observed = ObservedInstance(
        BOT,
        resources=WHOLE,
        runtime=dataclasses.replace(base, **runtime) if there else None,
        failures=failures,
        commit="c0ffee",
        definition_commit="01d",
    )
    plan = InstancePlan(BOT, "acme/prod/support-bot", verdict, reasons=why, notices=notices)
    return assess(observed, plan, now=NOW, wanted=wanted, previous=previous, head_commit="decade")


def words(found: StatusRecord) -> tuple[Health, Status, str]:
    return found.health, found.status, found.reason


def test_a_healthy_one_with_everything_known() -> None:
    assert record() == StatusRecord(
        identity=BOT,
        name="acme/prod/support-bot",
        status=Status.RUNNING,
        sync=Verdict.SYNCED,
        health=Health.HEALTHY,
        image=IMAGE,
        created_at=MADE,
        running_commit="c0ffee",
        head_commit="decade",
        log_group=WHOLE.log_group.name if WHOLE.log_group else None,
        availability=Availability.RUNNING,
        deployment=LastDeployment("ecs-svc/1", NOW - timedelta(days=1), RolloutState.COMPLETED, "01d"),
        replicas=(1, 1),
    )


def test_pending_changes_leave_the_running_thing_healthy() -> None:
    assert words(record(Verdict.OUT_OF_SYNC)) == (Health.HEALTHY, Status.RUNNING, "")


def test_a_policy_that_blocks_a_new_version_does_not_degrade_the_old_one() -> None:
    rule = Diagnostic("MH-IMG-001", "the image tag is not pinned")
    assert words(record(Verdict.BLOCKED, why=(rule,))) == (
        Health.HEALTHY,
        Status.RUNNING,
        "the image tag is not pinned",
    )


def test_after_a_rollback_it_runs_an_older_version_than_wanted() -> None:
    failed = Rollout("ecs-svc/2", "x", RolloutState.ROLLED_BACK, NOW, reason="init exited with 78", cause=Cause.ITSELF)
    why = (reasons.failed_before(failed, "acme/prod/support-bot"),)
    found = record(Verdict.BLOCKED, why=why)
    assert (found.health, found.status, found.sync) == (Health.DEGRADED, Status.DEGRADED, Verdict.BLOCKED)
    assert found.reason == (
        "runs an older version than wanted: this very version failed to roll out "
        "(deployment ecs-svc/2, started 2027-01-04 09:00:00 UTC): init exited with 78"
    )
    assert found.running_commit == "01d", "not that of the last write, which ECS took back"


def test_another_try_after_a_failure_of_the_surroundings_is_told_and_degrades_nothing() -> None:
    failed = Rollout("ecs-svc/2", "x", RolloutState.ROLLED_BACK, NOW, reason="CannotPull", cause=Cause.SURROUNDINGS)
    notice = reasons.tried_again(failed, "acme/prod/support-bot")
    found = record(Verdict.OUT_OF_SYNC, notices=(notice,))
    assert words(found) == (Health.HEALTHY, Status.RUNNING, notice.message)
    assert found.running_commit == "01d"
    waiver = Diagnostic("MH-POL-003", "a waiver", severity=Severity.WARNING)
    assert record(Verdict.OUT_OF_SYNC, notices=(waiver,)).reason == ""


def test_the_references_are_the_planners() -> None:
    assert (module.FAILED_BEFORE, module.TRIED_AGAIN) == (reasons.FAILED_BEFORE, reasons.TRIED_AGAIN)


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (RolloutState.FAILED, "the last deployment failed: exit code 1"),
        (RolloutState.ROLLED_BACK, "the last deployment was rolled back: exit code 1"),
    ],
)
def test_a_failed_deployment(state: RolloutState, reason: str) -> None:
    found = record(running=0, rollout=rollout(state, reason="exit code 1", cause=Cause.ITSELF))
    assert words(found) == (Health.DEGRADED, Status.DEGRADED, reason)


def test_the_very_first_deployment_is_creating() -> None:
    found = record(running=0, created_at=NOW, rollout=rollout(RolloutState.IN_PROGRESS, ago=timedelta()))
    assert words(found) == (Health.PROGRESSING, Status.CREATING, "a deployment is under way")


def test_a_later_deployment_is_running_and_tells_of_failed_tasks() -> None:
    rolling = rollout(RolloutState.IN_PROGRESS, ago=timedelta(minutes=5), failed_tasks=1, reason="exit code 1")
    assert words(record(running=0, rollout=rolling)) == (
        Health.PROGRESSING,
        Status.RUNNING,
        "a deployment is under way; 1 task failed so far: exit code 1",
    )


def test_a_deployment_that_takes_too_long_is_degraded() -> None:
    rolling = rollout(RolloutState.IN_PROGRESS, ago=timedelta(minutes=46))
    assert words(record(running=0, rollout=rolling)) == (
        Health.DEGRADED,
        Status.DEGRADED,
        "a deployment is under way for 46 minutes",
    )


def test_fewer_tasks_than_wanted_is_degraded_with_ecs_own_words() -> None:
    found = record(
        running=0,
        events=(
            event("was unable to place a task because no capacity is available", minutes=2),
            event("has stopped 1 running tasks", minutes=9),
            event("has reached a steady state", minutes=10),
        ),
    )
    assert words(found) == (
        Health.DEGRADED,
        Status.DEGRADED,
        "0 of 1 tasks running: ECS cannot place a task (was unable to place a task because no capacity is available)",
    )


def test_a_missing_task_on_its_way_is_progressing() -> None:
    assert words(record(running=0, pending=1)) == (Health.PROGRESSING, Status.RUNNING, "0 of 1 tasks running")


@pytest.mark.parametrize(("starts", "health"), [(2, Health.HEALTHY), (3, Health.DEGRADED)])
def test_a_loop_of_restarts_shows_even_while_a_task_runs(starts: int, health: Health) -> None:
    steady = event("has reached a steady state", minutes=1)
    events = (steady, *(event("has started 1 tasks: (task x)", minutes=2 + i) for i in range(starts)))
    found = record(events=events)
    assert found.health is health
    if health is Health.DEGRADED:
        assert found.reason == "restarted 3 times in 15 minutes"


def test_old_starts_and_those_before_the_deployment_are_no_loop() -> None:
    events = tuple(event("has started 1 tasks", minutes=m) for m in (1, 2, 4, 5, 6, 20, 21, 22))
    fresh = rollout(RolloutState.COMPLETED, ago=timedelta(minutes=4.5))
    assert record(events=events, rollout=fresh).health is Health.HEALTHY


@pytest.mark.parametrize(
    ("verdict", "reason"),
    [
        (Verdict.SUSPENDED, "paused"),
        (Verdict.OUT_OF_SYNC, "no task is wanted on AWS, though it is not paused"),
    ],
)
def test_stopped(verdict: Verdict, reason: str) -> None:
    found = record(verdict, desired=0, running=0)
    assert words(found) == (Health.STOPPED, Status.STOPPED, reason)


def test_stopping() -> None:
    assert words(record(Verdict.SUSPENDED, desired=0))[0] is Health.PROGRESSING


def test_paused_before_it_ever_ran() -> None:
    assert words(record(Verdict.SUSPENDED, there=False)) == (
        Health.STOPPED,
        Status.STOPPED,
        "paused before it ever ran",
    )


@pytest.mark.parametrize(
    ("verdict", "status"),
    [
        (Verdict.OUT_OF_SYNC, Status.CREATING),
        (Verdict.BLOCKED, Status.DEGRADED),
        (Verdict.INVALID, Status.DEGRADED),
    ],
)
def test_missing(verdict: Verdict, status: Status) -> None:
    why = () if verdict is Verdict.OUT_OF_SYNC else (Diagnostic("MH-X-001", "it may not be"),)
    found = record(verdict, there=False, why=why)
    assert words(found) == (Health.MISSING, status, why[0].message if why else "")


def test_nothing_was_ever_seen_of_it() -> None:
    found = assess(None, InstancePlan(BOT, "x", Verdict.OUT_OF_SYNC), now=NOW)
    assert (found.health, found.status, found.image) == (Health.MISSING, Status.CREATING, None)


@pytest.mark.parametrize(
    ("kind", "previous", "health", "status"),
    [
        (Kind.SERVICE, Status.RUNNING, Health.UNKNOWN, Status.RUNNING),
        (None, None, Health.UNKNOWN, Status.DEGRADED),
        (Kind.TASK_ROLE, None, Health.HEALTHY, Status.RUNNING),
    ],
)
def test_a_failed_read_of_the_service_is_unknown_and_of_others_is_not(
    kind: Kind | None, previous: Status | None, health: Health, status: Status
) -> None:
    failure = ReadFailure(kind, "MH-AWS-005", "AWS throttles")
    found = record(Verdict.UNKNOWN, failures=(failure,), previous=previous)
    assert (found.health, found.status, found.sync) == (health, status, Verdict.UNKNOWN)


@pytest.mark.parametrize(
    ("verdict", "runtime", "status"),
    [
        (Verdict.OUT_OF_SYNC, {}, Status.DELETING),
        (Verdict.OUT_OF_SYNC, {"status": "DRAINING", "running": 0}, Status.DELETING),
        (Verdict.SYNCED, {"status": "DRAINING", "running": 0}, Status.DELETING),
        (Verdict.BLOCKED, {}, Status.RUNNING),
    ],
)
def test_without_a_manifest(verdict: Verdict, runtime: dict[str, Any], status: Status) -> None:
    assert record(verdict, wanted=False, **runtime).status is status


def test_an_old_service_that_drains_under_a_new_manifest_is_creating() -> None:
    assert words(record(Verdict.OUT_OF_SYNC, status="DRAINING", running=0)) == (
        Health.PROGRESSING,
        Status.CREATING,
        "the service is being deleted",
    )


@pytest.mark.parametrize(
    ("health", "running", "word"),
    [
        (Health.HEALTHY, 1, Availability.RUNNING),
        (Health.PROGRESSING, 1, Availability.RUNNING),
        (Health.PROGRESSING, 0, Availability.DOWN),
        (Health.DEGRADED, 1, Availability.DEGRADED),
        (Health.DEGRADED, 0, Availability.DOWN),
        (Health.UNKNOWN, 0, None),
        (Health.STOPPED, 0, Availability.DOWN),
        (Health.MISSING, 0, Availability.DOWN),
    ],
)
def test_running_degraded_down(health: Health, running: int, word: Availability | None) -> None:
    assert availability(health, running=running) is word


def test_the_record_says_what_the_tasks_say() -> None:
    assert record(Verdict.OUT_OF_SYNC, there=False).availability is Availability.DOWN
    unread = ReadFailure(Kind.SERVICE, "MH-AWS-004", "access denied")
    assert record(Verdict.UNKNOWN, there=False, failures=(unread,)).availability is None


@pytest.mark.parametrize(
    ("before", "kind"),
    [
        ("molthub-a@2", BackupKind.UPGRADE),
        (FINAL, BackupKind.DELETION),
        (f"{BY_HAND}2027-01-04T08:00:00+00:00", BackupKind.HAND),
        ("", BackupKind.HAND),
    ],
)
def test_the_newest_backup_says_what_it_was_made_for(before: str, kind: BackupKind) -> None:
    older = RecoveryPoint("arn:old", NOW - timedelta(days=2), before=FINAL)
    facts = StateFacts(
        "fs-2", size=6144, retired=("fs-1",), points=(RecoveryPoint("arn:new", NOW, before=before), older)
    )
    plan = InstancePlan(BOT, "acme/prod/support-bot", Verdict.SYNCED)
    observed = ObservedInstance(BOT, resources=WHOLE, state=facts)
    expected = StateRecord("fs-2", size=6144, backup_at=NOW, backup_kind=kind, retired=("fs-1",))
    assert assess(observed, plan, now=NOW).state == expected


def test_nothing_is_said_of_a_state_that_could_not_be_read() -> None:
    plan = InstancePlan(BOT, "acme/prod/support-bot", Verdict.UNKNOWN)
    facts = StateFacts("fs-2", size=6144)
    denied = (ReadFailure(Kind.FILE_SYSTEM, "MH-AWS-004", "access denied"),)
    assert assess(ObservedInstance(BOT, state=facts, failures=denied), plan, now=NOW).state is None
    assert assess(ObservedInstance(BOT), plan, now=NOW).state is None
    assert assess(ObservedInstance(BOT, state=facts), plan, now=NOW).state == StateRecord("fs-2", size=6144)
