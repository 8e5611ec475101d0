"""Persistent state: whatever was found, the changes that come next. Each row is a moment at which a process may die."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from molthub.planning.plan import PlanRequest, plan_fingerprint, plan_instance
from molthub.planning.planfile import read_plan, stale_reasons
from molthub.planning.serialise import dump_plan
from molthub.planning.state import Backups
from molthub.planning.types import Change, InstancePlan, Plan
from molthub.resources.observation import (
    Cause,
    ObservedInstance,
    RecoveryPoint,
    Rollout,
    RolloutState,
    ServiceRuntime,
    StateFacts,
)
from molthub.resources.states import Verdict
from molthub.resources.types import FINAL, Kind, ResourceSet, Service
from tests.fakes.resource_sets import COMMIT, bot, changed, environment_plan, resource_set, with_state, without_ingress

BOT = bot()
OLD = with_state(without_ingress(resource_set(BOT)), BOT)
NEW = with_state(without_ingress(resource_set(BOT, image="ghcr.io/openclaw/openclaw:2026.9.7")), BOT)
NOON = datetime(2027, 1, 4, 12, 0, tzinfo=UTC)
BACKUPS = Backups("molthub-acme-prod", "arn:role")
STATE = StateFacts("fs-1", earlier=OLD.task_definition)
DONE, FAILED, ROLLING = RolloutState.COMPLETED, RolloutState.FAILED, RolloutState.IN_PROGRESS


def named(resources: ResourceSet) -> str:
    assert isinstance(resources.service, Service)
    return resources.service.task_definition


POINT = RecoveryPoint("arn:1", NOON + timedelta(minutes=5), "fs-1", of=named(OLD), before=named(NEW))
LAST = RecoveryPoint("arn:9", NOON + timedelta(minutes=9), "fs-1", of=named(OLD), before=FINAL, final="a1")


@dataclass(frozen=True, slots=True)
class Found:
    """What is there. minutes: when the deployment in service was made, after noon."""

    there: ResourceSet
    state: RolloutState = DONE
    minutes: int = 0
    points: tuple[RecoveryPoint, ...] = ()
    restored: str | None = None
    final: str = ""

    def observed(self) -> ObservedInstance:
        facts = dataclasses.replace(STATE, points=self.points, restored_from=self.restored, final=self.final)
        service = self.there.service
        if service is None:
            return ObservedInstance(BOT, resources=self.there, state=facts)
        at = NOON + timedelta(minutes=self.minutes)
        rollout = Rollout("ecs-svc/1", service.task_definition, self.state, at, cause=self.cause)
        running = service.desired_count if self.state is DONE else 0
        runtime = ServiceRuntime("ACTIVE", service.desired_count, running, 0, at, "arn:1", rollout=rollout)
        return ObservedInstance(BOT, resources=self.there, runtime=runtime, state=facts)

    @property
    def cause(self) -> Cause | None:
        return Cause.ITSELF if self.state is FAILED else None


def plan(desired: ResourceSet | None, found: Found, *, upgrade: str = "required", **more: Any) -> InstancePlan:
    backups = dataclasses.replace(BACKUPS, upgrade=upgrade)
    return plan_instance(PlanRequest(BOT, "acme/prod/support-bot", desired, found.observed(), backups=backups, **more))


def steps(changes: tuple[Change, ...]) -> list[str]:
    """`create backup`; a service's change with what it comes to: its count, and whether the breaker rolls back."""
    return [_step(change) for change in changes]


def _step(change: Change) -> str:
    later = "then " if change.after_rollout else ""
    if not isinstance(change.after, Service):
        return f"{later}{change.action.word} {change.kind}"
    breaker = "" if change.after.breaker_rollback else ", no rollback"
    return f"{later}service {change.after.desired_count}{breaker}"


def stopped(resources: ResourceSet) -> ResourceSet:
    return changed(resources, Kind.SERVICE, desired_count=0)


def unguarded(resources: ResourceSet) -> ResourceSet:
    return changed(resources, Kind.SERVICE, breaker_rollback=False)


ONWARD = ["update task-definition", "service 1, no rollback", "then service 1"]
BACK = ["update task-role", *ONWARD]
UPGRADE = [
    ("it runs", Found(OLD), ["service 0", "create backup", *ONWARD]),
    ("it is stopped", Found(stopped(OLD)), ["create backup", *ONWARD]),
    ("a backup of another day", Found(OLD, minutes=9, points=(POINT,)), ["service 0", "create backup", *ONWARD]),
    ("it is backed up", Found(stopped(OLD), points=(POINT,)), ONWARD),
    ("it rolls out", Found(unguarded(NEW), ROLLING, 6, (POINT,)), ["then service 1"]),
    ("it runs in the new version", Found(unguarded(NEW), DONE, 6, (POINT,)), ["service 1"]),
    ("it is done", Found(NEW, DONE, 6, (POINT,)), []),
    ("the new version failed", Found(unguarded(NEW), FAILED, 6, (POINT,)), ["create restore", *BACK]),
    ("the state is restored", Found(unguarded(NEW), FAILED, 6, (POINT,), "arn:1"), BACK),
]


@pytest.mark.parametrize(("found", "expected"), [row[1:] for row in UPGRADE], ids=[row[0] for row in UPGRADE])
def test_an_upgrade_goes_on_from_where_it_is(found: Found, expected: list[str]) -> None:
    assert steps(plan(NEW, found).changes) == expected


def test_while_it_rolls_out_the_way_back_is_known() -> None:
    assert steps(plan(NEW, Found(unguarded(NEW), ROLLING, 6, (POINT,))).fallback) == ["create restore", *BACK]
    assert steps(plan(NEW, Found(OLD)).fallback) == ["create restore", *BACK]


def test_gone_back_it_is_blocked_and_only_the_breaker_is_put_right() -> None:
    failure = Rollout("ecs-svc/0", named(NEW), FAILED, NOON + timedelta(minutes=6), cause=Cause.ITSELF)
    there = Found(unguarded(OLD), DONE, 20, (POINT,), "arn:1")
    assert steps(plan(NEW, there, failed=(failure,)).changes) == ["service 1"]
    over = dataclasses.replace(there, there=OLD)
    assert plan(NEW, over, failed=(failure,)).verdict is Verdict.BLOCKED


def test_what_is_done_when_a_backup_fails_depends_on_whether_it_is_required() -> None:
    required, best, off = (plan(NEW, Found(OLD), upgrade=how) for how in ("required", "bestEffort", "off"))
    assert required.resume is not None
    assert steps((required.resume,)) == ["service 1"]
    assert required.without_backup == ()
    assert (best.resume, steps(best.without_backup)) == (None, ["update task-definition", "service 1"])
    assert (off.resume, off.without_backup, off.fallback) == (None, (), ())
    assert steps(off.changes) == ["update task-definition", "service 1"]


REST = ["delete task-definition", "delete execution-role", "delete task-role", "delete file-system"]
GOING = ["delete service", *REST]
ENDS = ["delete security-group", "delete secret", "delete log-group"]
GONE = dataclasses.replace(OLD, service=None)
DELETION = [
    ("it runs", Found(OLD), ["service 0", "create backup", *GOING]),
    ("it is stopped", Found(stopped(OLD)), ["create backup", *GOING]),
    ("marked", Found(stopped(OLD), final="a1"), ["create backup", *GOING]),
    ("it is backed up", Found(stopped(OLD), points=(LAST,), final="a1"), GOING),
    ("its service is gone", Found(GONE, points=(LAST,), final="a1"), REST),
    ("the backup is of a former deletion", Found(GONE, points=(LAST,), final="b2"), ["create backup", *REST]),
    ("the backup is of a deletion that was taken back", Found(GONE, points=(LAST,)), ["create backup", *REST]),
]


@pytest.mark.parametrize(("found", "expected"), [row[1:] for row in DELETION], ids=[row[0] for row in DELETION])
def test_a_deletion_goes_on_from_where_it_is(found: Found, expected: list[str]) -> None:
    assert steps(plan(None, found).changes) == [*expected, *ENDS]


# -- plan files ----------------------------------------------------------------------------------------------------


def whole(item: InstancePlan) -> Plan:
    return Plan("acme-bots", COMMIT, (environment_plan(item),))


def test_a_plan_file_shows_what_is_done_when_a_step_fails() -> None:
    shown = json.loads(dump_plan(whole(plan(NEW, Found(OLD)))))["environments"][0]["instances"][0]
    kinds = [(change["action"], change["kind"]) for change in shown["fallback"]]
    assert kinds[:2] == [("create", "restore"), ("update", "task-role")]
    assert [change["kind"] for change in shown["resume"]] == ["service"]
    assert shown["withoutBackup"] == []


@pytest.mark.parametrize("field", ["fallback", "resume", "without_backup"])
def test_a_plan_file_is_stale_when_a_failure_would_be_met_otherwise(field: str) -> None:
    """The same changes with another way back are not what somebody approved."""
    now = plan(NEW, Found(OLD), upgrade="bestEffort" if field == "without_backup" else "required")
    file = read_plan(dump_plan(whole(now)))
    assert stale_reasons(file, whole(now)) == ()
    otherwise = plan_otherwise(now, field)
    assert [item.ref for item in stale_reasons(file, whole(otherwise))] == ["MH-PLAN-022"]


def plan_otherwise(now: InstancePlan, field: str) -> InstancePlan:
    """The plan with nothing there for that failure, as `plan_instance` would digest it."""
    less = dataclasses.replace(now, **{field: None if field == "resume" else ()})
    resume = (less.resume,) if less.resume else ()
    return dataclasses.replace(
        less, fingerprint=plan_fingerprint(less.changes, less.fallback, resume, less.without_backup)
    )
