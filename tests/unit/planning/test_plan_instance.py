"""Every verdict, and the changes of every situation."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from molthub.errors import Diagnostic, Severity
from molthub.planning.plan import PlanRequest, observed_in, plan_instance, wants_rollout
from molthub.planning.types import Action, AttributeChange, InstancePlan
from molthub.resources.observation import (
    Cause,
    ForeignObject,
    Observation,
    ObservedInstance,
    ReadFailure,
    Rollout,
    RolloutState,
    SecretFacts,
    ServiceEvent,
    ServiceRuntime,
)
from molthub.resources.states import Verdict
from molthub.resources.types import Kind, ResourceSet, Rule
from tests.fakes.resource_sets import KEY, STATELESS, bot, changed, resource_set

BOT = bot()
WHOLE = resource_set(BOT)
NEWER = resource_set(BOT, image="ghcr.io/openclaw/openclaw:2026.9.7")
AT = datetime(2027, 1, 4, 8, 30, tzinfo=UTC)
RUNNING = ServiceRuntime("ACTIVE", 1, 1, 0, AT, "arn:1")
ALIASED = SecretFacts("acme/prod/model", "arn", "v1", kms_key="arn:aws:kms:eu-west-1:1:alias/a")
UNREAD = ReadFailure(Kind.TASK_ROLE, "MH-AWS-005", "AWS throttles ListRoles")


def fingerprint(resources: ResourceSet) -> str:
    assert resources.service is not None
    return resources.service.task_definition


def rollout(
    state: RolloutState, *, definition: str = "", cause: Cause | None = None, reason: str = "", number: int = 1
) -> Rollout:
    return Rollout(f"ecs-svc/{number}", definition or fingerprint(WHOLE), state, AT, reason=reason, cause=cause)


def seen(resources: ResourceSet = WHOLE, *, runtime: ServiceRuntime | None = RUNNING, **more: Any) -> ObservedInstance:
    return ObservedInstance(BOT, resources=resources, runtime=runtime, **more)


def plan(desired: ResourceSet | None = WHOLE, observed: ObservedInstance | None = None, **more: Any) -> InstancePlan:
    return plan_instance(PlanRequest(BOT, "acme/prod/support-bot", desired, observed, **more))


def steps(result: InstancePlan) -> list[tuple[str, str]]:
    return [(change.action.word, change.kind.value) for change in result.changes]


# -- changes ----------------------------------------------------------------------------------------------


def test_nothing_there_creates_everything_in_order() -> None:
    result = plan()
    assert result.verdict is Verdict.OUT_OF_SYNC
    assert result.may_apply
    assert steps(result) == [("create", kind.value) for kind in STATELESS]
    assert [change.restarts for change in result.changes] == [False] * (len(STATELESS) - 1) + [True]
    assert wants_rollout(result)


def test_equal_sides_are_synced_and_change_nothing() -> None:
    result = plan(WHOLE, seen())
    assert (result.verdict, result.changes, result.fingerprint) == (Verdict.SYNCED, (), "")
    assert not wants_rollout(result)


def test_sides_that_mean_the_same_are_equal() -> None:
    """What is not in normal form yet makes no noise."""
    assert WHOLE.service is not None
    shuffled = dataclasses.replace(WHOLE.service, subnets=("subnet-0b", "subnet-0a", "subnet-0b"))
    assert plan(WHOLE, seen(dataclasses.replace(WHOLE, service=shuffled))).verdict is Verdict.SYNCED


def test_nothing_there_and_nothing_wanted_is_synced() -> None:
    assert plan(None, None).verdict is Verdict.SYNCED


def test_a_new_definition_is_a_new_revision_and_then_a_rollout() -> None:
    result = plan(NEWER, seen())
    assert steps(result) == [("update", "task-definition"), ("update", "service")]
    service = result.changes[1]
    assert service.attributes == (AttributeChange("task_definition", fingerprint(WHOLE), fingerprint(NEWER)),)
    assert service.restarts
    assert not service.force
    assert not result.changes[0].restarts


@pytest.mark.parametrize(
    ("field", "value", "restarts"),
    [
        ("subnets", ("subnet-0c",), True),
        ("assign_public_ip", True, True),
        ("platform_version", "1.4.0", True),
        ("minimum_healthy_percent", 100, False),
        ("breaker_threshold", 3, False),
        ("enable_execute_command", True, False),
        ("desired_count", 2, False),
        ("tags", (("team", "support"),), False),
    ],
)
def test_which_service_fields_restart_the_moltbot(field: str, value: Any, restarts: bool) -> None:
    result = plan(WHOLE, seen(changed(WHOLE, Kind.SERVICE, **{field: value})))
    assert steps(result) == [("update", "service")]
    assert result.changes[0].restarts is restarts


def test_a_kind_that_is_no_longer_wanted_goes_last() -> None:
    desired = dataclasses.replace(NEWER, secret=None, log_group=None)
    assert steps(plan(desired, seen())) == [
        ("update", "task-definition"),
        ("update", "service"),
        ("delete", "secret"),
        ("delete", "log-group"),
    ]


def test_deletion_goes_backwards_and_waits_for_no_rollout() -> None:
    under_way = dataclasses.replace(RUNNING, rollout=rollout(RolloutState.IN_PROGRESS))
    result = plan(None, seen(runtime=under_way))
    assert result.verdict is Verdict.OUT_OF_SYNC
    assert steps(result) == [("delete", kind.value) for kind in reversed(STATELESS)]
    assert result.rollout_id is None
    assert not wants_rollout(result)


def test_replacing_an_immutable_field_says_so() -> None:
    result = plan(WHOLE, seen(changed(WHOLE, Kind.TASK_ROLE, path="/elsewhere/")))
    assert steps(result) == [("replace", "task-role")]
    assert result.changes[0].attributes[0].forces_replacement


def test_a_replaced_service_restarts() -> None:
    result = plan(WHOLE, seen(changed(WHOLE, Kind.SERVICE, launch_type="EC2")))
    assert [(c.action, c.restarts) for c in result.changes] == [(Action.REPLACE, True)]


def test_a_replaced_group_takes_the_service_away_first() -> None:
    result = plan(WHOLE, seen(changed(WHOLE, Kind.SECURITY_GROUP, description="by hand")))
    assert steps(result) == [("delete", "service"), ("replace", "security-group"), ("create", "service")]


def test_a_replaced_group_without_a_service_is_just_replaced() -> None:
    there = dataclasses.replace(changed(WHOLE, Kind.SECURITY_GROUP, description="by hand"), service=None)
    assert steps(plan(WHOLE, seen(there, runtime=None))) == [("replace", "security-group"), ("create", "service")]


@pytest.mark.parametrize("still_described", [True, False])
def test_a_draining_service_is_created_anew(still_described: bool) -> None:
    draining = dataclasses.replace(RUNNING, status="DRAINING", rollout=rollout(RolloutState.IN_PROGRESS))
    there = WHOLE if still_described else dataclasses.replace(WHOLE, service=None)
    result = plan(WHOLE, seen(there, runtime=draining))
    assert steps(result) == [("create", "service")]
    assert result.rollout_id is None


# -- paused -----------------------------------------------------------------------------------------------


def test_paused_only_the_count_is_applied() -> None:
    drifted = changed(WHOLE, Kind.LOG_GROUP, retention_days=1)
    result = plan(NEWER, seen(drifted), paused=True)
    assert result.verdict is Verdict.SUSPENDED
    assert result.may_apply
    assert steps(result) == [("update", "service")]
    assert result.changes[0].attributes == (AttributeChange("desired_count", 1, 0),)
    assert not result.changes[0].restarts


def test_paused_before_it_ever_ran_creates_nothing() -> None:
    result = plan(WHOLE, None, paused=True)
    assert (result.verdict, result.changes, result.may_apply) == (Verdict.SUSPENDED, (), False)


def test_paused_and_stopped_changes_nothing() -> None:
    assert plan(NEWER, seen(changed(WHOLE, Kind.SERVICE, desired_count=0)), paused=True).changes == ()


def test_a_pause_is_held_up_by_neither_a_missing_secret_nor_a_failure() -> None:
    failed = rollout(RolloutState.ROLLED_BACK, definition=fingerprint(NEWER), cause=Cause.ITSELF)
    result = plan(NEWER, seen(), paused=True, secrets={}, failed=(failed,))
    assert result.verdict is Verdict.SUSPENDED
    assert result.may_apply


def test_resume_sends_definition_count_and_force_in_one_change() -> None:
    stopped = changed(WHOLE, Kind.SERVICE, desired_count=0)
    result = plan(NEWER, seen(stopped))
    service = result.changes[-1]
    assert steps(result) == [("update", "task-definition"), ("update", "service")]
    assert {item.path for item in service.attributes} == {"task_definition", "desired_count"}
    assert (service.force, service.restarts) == (True, True)


def test_resume_of_the_same_definition_is_forced_too() -> None:
    result = plan(WHOLE, seen(changed(WHOLE, Kind.SERVICE, desired_count=0)))
    assert [(c.force, c.restarts) for c in result.changes] == [(True, True)]


# -- rollouts ---------------------------------------------------------------------------------------------


def test_a_rollout_under_way_is_to_be_waited_for() -> None:
    under_way = dataclasses.replace(RUNNING, running=0, rollout=rollout(RolloutState.IN_PROGRESS))
    result = plan(WHOLE, seen(runtime=under_way))
    assert (result.verdict, result.rollout_id) == (Verdict.SYNCED, "ecs-svc/1")


def test_a_quiet_change_beside_a_rollout_waits_for_it_as_well() -> None:
    under_way = dataclasses.replace(RUNNING, rollout=rollout(RolloutState.IN_PROGRESS))
    result = plan(WHOLE, seen(changed(WHOLE, Kind.LOG_GROUP, retention_days=1), runtime=under_way))
    assert result.rollout_id == "ecs-svc/1"


def test_a_newer_definition_supersedes_a_rollout_under_way() -> None:
    under_way = dataclasses.replace(RUNNING, rollout=rollout(RolloutState.IN_PROGRESS))
    result = plan(NEWER, seen(runtime=under_way))
    assert (result.verdict, result.rollout_id) == (Verdict.OUT_OF_SYNC, None)


def test_a_remembered_failure_blocks_the_same_definition_and_says_what_when_and_what_next() -> None:
    failed = rollout(
        RolloutState.ROLLED_BACK, definition=fingerprint(NEWER), cause=Cause.ITSELF, reason="init exited with 78"
    )
    result = plan(NEWER, seen(), failed=(failed,))
    assert (result.verdict, result.may_apply) == (Verdict.BLOCKED, False)
    assert steps(result) == [("update", "task-definition"), ("update", "service")]
    assert result.reasons == (
        Diagnostic(
            "MH-PLAN-004",
            "this very version failed to roll out (deployment ecs-svc/1, started 2027-01-04 08:30:00 UTC): "
            "init exited with 78",
            fix="`molthub rollback acme/prod/support-bot` goes back; `molthub retry acme/prod/support-bot` tries it "
            "again as it is",
            subject="acme/prod/support-bot",
        ),
    )


def test_drift_around_a_held_back_rollout_is_put_right_without_rolling_out() -> None:
    failed = rollout(RolloutState.ROLLED_BACK, definition=fingerprint(NEWER), cause=Cause.ITSELF)
    opened = changed(WHOLE, Kind.SECURITY_GROUP, ingress=(Rule("tcp", 22, 22, "0.0.0.0/0"),))
    result = plan(NEWER, seen(opened), failed=(failed,))
    assert result.verdict is Verdict.OUT_OF_SYNC
    assert steps(result) == [("update", "security-group")]
    assert [(item.ref, item.severity) for item in result.notices] == [("MH-PLAN-004", Severity.WARNING)]


def test_a_failed_first_rollout_is_not_restarted_by_a_repair() -> None:
    failed = rollout(RolloutState.FAILED, definition=fingerprint(WHOLE), cause=Cause.ITSELF)
    down = dataclasses.replace(RUNNING, running=0, rollout=failed)
    opened = changed(WHOLE, Kind.SERVICE, platform_version="1.4.0")
    assert plan(WHOLE, seen(opened, runtime=down), failed=(failed,)).verdict is Verdict.BLOCKED


@pytest.mark.parametrize(
    ("definition", "cause"),
    [("another@0123456789abcdef", Cause.ITSELF), (fingerprint(NEWER), Cause.SURROUNDINGS), ("", Cause.ITSELF)],
)
def test_other_failures_block_nothing(definition: str, cause: Cause) -> None:
    failed = rollout(RolloutState.ROLLED_BACK, definition=definition, cause=cause)
    assert plan(NEWER, seen(), failed=(failed,)).verdict is Verdict.OUT_OF_SYNC


def test_an_old_failure_does_not_block_what_runs_by_now() -> None:
    done = dataclasses.replace(RUNNING, rollout=rollout(RolloutState.COMPLETED, number=2))
    failed = rollout(RolloutState.ROLLED_BACK, cause=Cause.ITSELF)
    assert plan(WHOLE, seen(runtime=done), failed=(failed,)).verdict is Verdict.SYNCED


def test_a_first_deployment_that_failed_is_blocked_although_nothing_differs() -> None:
    dead = dataclasses.replace(RUNNING, running=0, rollout=rollout(RolloutState.FAILED, cause=Cause.ITSELF))
    result = plan(WHOLE, seen(runtime=dead))
    assert (result.verdict, result.changes) == (Verdict.BLOCKED, ())
    assert [item.ref for item in result.reasons] == ["MH-PLAN-004"]
    assert wants_rollout(result), "its cause is a guess until the history is read"


def test_a_first_deployment_that_its_surroundings_failed_is_forced_again() -> None:
    """The service's own record guesses the cause; the history knows it."""
    dead = dataclasses.replace(RUNNING, running=0, rollout=rollout(RolloutState.FAILED, cause=Cause.ITSELF))
    told = rollout(RolloutState.FAILED, cause=Cause.SURROUNDINGS, reason="CannotPullContainerError")
    result = plan(WHOLE, seen(runtime=dead), failed=(told,))
    assert result.verdict is Verdict.OUT_OF_SYNC
    assert [(c.action, c.force, c.restarts, c.attributes) for c in result.changes] == [(Action.UPDATE, True, True, ())]
    assert [item.ref for item in result.notices] == ["MH-PLAN-007"]


def test_a_failure_of_the_surroundings_is_tried_again_with_a_warning() -> None:
    failed = rollout(
        RolloutState.ROLLED_BACK, definition=fingerprint(NEWER), cause=Cause.SURROUNDINGS, reason="CannotPull"
    )
    back = rollout(RolloutState.COMPLETED, number=2)
    result = plan(NEWER, seen(runtime=dataclasses.replace(RUNNING, rollout=back)), failed=(failed,))
    assert (result.verdict, result.reasons) == (Verdict.OUT_OF_SYNC, ())
    assert result.notices == (
        Diagnostic(
            "MH-PLAN-007",
            "this very version is rolled out again: an earlier try failed through its surroundings "
            "(deployment ecs-svc/1, started 2027-01-04 08:30:00 UTC): CannotPull",
            fix="Mend what the reason names; the controller tries again by itself, `molthub apply` at once",
            severity=Severity.WARNING,
            subject="acme/prod/support-bot",
        ),
    )


@pytest.mark.parametrize(
    ("state", "minutes", "refs"),
    [
        (RolloutState.COMPLETED, 5, []),
        (RolloutState.IN_PROGRESS, 5, []),
        (RolloutState.COMPLETED, -5, ["MH-PLAN-007"]),
        (RolloutState.ROLLED_BACK, -5, ["MH-PLAN-007"]),
    ],
)
def test_a_failure_is_forgotten_once_the_same_version_went_well(
    state: RolloutState, minutes: int, refs: list[str]
) -> None:
    """A later drift that needs a rollout is no other try."""
    latest = dataclasses.replace(rollout(state, number=2), created_at=AT + timedelta(minutes=minutes))
    moved = changed(WHOLE, Kind.SERVICE, platform_version="1.4.0")
    failed = rollout(RolloutState.ROLLED_BACK, cause=Cause.SURROUNDINGS)
    found = plan(WHOLE, seen(moved, runtime=dataclasses.replace(RUNNING, rollout=latest)), failed=(failed,))
    assert found.may_apply
    assert [item.ref for item in found.notices] == refs


def test_nobody_is_warned_of_a_try_that_is_not_made() -> None:
    failed = rollout(RolloutState.ROLLED_BACK, definition=fingerprint(NEWER), cause=Cause.SURROUNDINGS)
    others = Diagnostic("MH-IMG-001", "the image tag is not pinned")
    for more in ({"paused": True}, {"blocking": (others,)}, {"invalid": (others,)}, {"failures": (UNREAD,)}):
        assert plan(NEWER, seen(), failed=(failed,), **more).notices == (), more
    assert plan(WHOLE, seen(), failed=(failed,)).notices == ()
    assert plan(None, seen(), failed=(failed,)).notices == ()


# -- verdicts ---------------------------------------------------------------------------------------------


def test_an_invalid_manifest_lists_no_change_and_is_no_deletion() -> None:
    wrong = Diagnostic("MH-MAN-001", "cpu is not a size that Fargate has")
    result = plan(None, seen(), invalid=(wrong,))
    assert (result.verdict, result.changes, result.reasons) == (Verdict.INVALID, (), (wrong,))


@pytest.mark.parametrize("whole_environment", [True, False])
def test_a_failed_read_concludes_nothing(whole_environment: bool) -> None:
    partly = dataclasses.replace(WHOLE, task_role=None)
    own = () if whole_environment else (UNREAD,)
    result = plan(NEWER, seen(partly, failures=own), failures=(UNREAD,) if whole_environment else ())
    assert (result.verdict, result.changes, result.may_apply) == (Verdict.UNKNOWN, (), False)
    assert [item.message for item in result.reasons] == [
        "could not read the task-role of acme/prod/support-bot: AWS throttles ListRoles"
    ]


def test_a_failed_read_never_deletes() -> None:
    assert plan(None, seen(failures=(UNREAD,))).changes == ()


def test_anothers_object_blocks() -> None:
    other = ForeignObject(Kind.TASK_ROLE, "mh-acme-task", "it carries no tag molthub:fleet")
    result = plan(WHOLE, seen(dataclasses.replace(WHOLE, task_role=None), foreign=(other,)))
    assert result.verdict is Verdict.BLOCKED
    assert [item.message for item in result.reasons] == [
        "the task-role mh-acme-task exists and is not ours: it carries no tag molthub:fleet"
    ]
    assert steps(result) == [("create", "task-role")]


@pytest.mark.parametrize(
    ("kind", "field", "other"), [(Kind.SERVICE, "cluster", "old"), (Kind.SECURITY_GROUP, "vpc_id", "vpc-old")]
)
def test_a_move_is_blocked(kind: Kind, field: str, other: str) -> None:
    result = plan(WHOLE, seen(changed(WHOLE, kind, **{field: other})))
    assert result.verdict is Verdict.BLOCKED
    assert [item.ref for item in result.reasons] == ["MH-PLAN-003"]
    assert f"runs in {other}, its environment now says" in result.reasons[0].message


def test_deletion_protection_outlives_the_manifest() -> None:
    result = plan(None, seen(protected=True))
    assert result.verdict is Verdict.BLOCKED
    assert [item.ref for item in result.reasons] == ["MH-PLAN-005"]
    assert len(result.changes) == len(STATELESS)


def test_protection_of_a_wanted_instance_blocks_nothing() -> None:
    assert plan(WHOLE, seen(protected=True)).verdict is Verdict.SYNCED


@pytest.mark.parametrize(
    ("facts", "problem"),
    [
        (None, "does not exist"),
        (SecretFacts("acme/prod/model", "arn", None), "has no value"),
        (SecretFacts("acme/prod/model", "arn", "v1", deleted=True), "is scheduled for deletion"),
        (ALIASED, "is encrypted under alias/a, and the role that reads it can name no alias, only the key"),
    ],
)
def test_a_linked_secret_that_cannot_be_used_blocks(facts: SecretFacts | None, problem: str) -> None:
    result = plan(WHOLE, None, secrets={"acme/prod/model": facts} if facts else {})
    assert result.verdict is Verdict.BLOCKED
    assert [item.message for item in result.reasons] == [f"the linked secret acme/prod/model {problem}"]


def test_a_linked_secret_with_a_value_is_fine_and_the_own_one_is_not_asked_for() -> None:
    facts = SecretFacts("acme/prod/model", "arn", "v1", kms_key="arn:aws:kms:eu-west-1:1:key/1")
    assert plan(WHOLE, None, secrets={"acme/prod/model": facts}).may_apply


def test_a_secret_by_arn_is_looked_up_by_its_whole_arn() -> None:
    arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shared-a1B2c3"
    assert WHOLE.task_definition is not None
    init, gateway = WHOLE.task_definition.containers
    linked = dataclasses.replace(gateway, secrets=(("TOKEN", f"{arn}:slack::"),))
    desired = changed(WHOLE, Kind.TASK_DEFINITION, containers=(init, linked))
    assert plan(desired, None, secrets={arn: SecretFacts("shared", arn, "v1")}).may_apply
    assert f"secret {arn} does not exist" in plan(desired, None, secrets={}).reasons[0].message


def test_what_the_caller_brings_blocks_and_still_shows_the_changes() -> None:
    rule = Diagnostic("MH-IMG-001", "the image tag is not pinned")
    result = plan(NEWER, seen(), blocking=(rule,))
    assert (result.verdict, result.reasons) == (Verdict.BLOCKED, (rule,))
    assert len(result.changes) == 2
    assert not result.may_apply


def test_a_manifest_with_something_like_a_secret_in_it_is_never_shown() -> None:
    rule = Diagnostic("MH-SEC-001", "spec.runtime.env.TOKEN looks like a secret")
    assert plan(NEWER, seen(), blocking=(rule,)).changes == ()


def test_the_precedence_of_verdicts() -> None:
    invalid, blocking = Diagnostic("MH-MAN-001", "x"), Diagnostic("MH-IMG-001", "y")
    assert plan(WHOLE, seen(failures=(UNREAD,)), invalid=(invalid,), blocking=(blocking,)).verdict is Verdict.INVALID
    assert plan(WHOLE, seen(failures=(UNREAD,)), blocking=(blocking,), paused=True).verdict is Verdict.UNKNOWN
    assert plan(WHOLE, seen(), blocking=(blocking,), paused=True).verdict is Verdict.BLOCKED


def test_notices_pass_through() -> None:
    waiver = Diagnostic("MH-IMG-002", "waived until 2027-01-31")
    assert plan(WHOLE, seen(), notices=(waiver,)).notices == (waiver,)


# -- fingerprints -----------------------------------------------------------------------------------------


def test_counts_events_and_rollouts_are_not_in_the_fingerprint() -> None:
    busy = dataclasses.replace(
        RUNNING,
        running=0,
        pending=1,
        task_definition_arn="arn:2",
        rollout=rollout(RolloutState.COMPLETED),
        events=(ServiceEvent(AT, "(service x) has started 1 tasks"),),
    )
    one, other = plan(NEWER, seen()), plan(NEWER, seen(runtime=busy, commit="c0ffee"))
    assert one.fingerprint == other.fingerprint != ""


@pytest.mark.parametrize(
    "desired", [resource_set(BOT, environment={"TZ": "Europe/Berlin"}), dataclasses.replace(NEWER, secret=None), None]
)
def test_another_change_has_another_fingerprint(desired: ResourceSet | None) -> None:
    assert plan(desired, seen()).fingerprint != plan(NEWER, seen()).fingerprint


def test_what_is_there_counts_too() -> None:
    drifted = seen(changed(WHOLE, Kind.SERVICE, minimum_healthy_percent=50))
    assert plan(NEWER, drifted).fingerprint != plan(NEWER, seen()).fingerprint


def test_the_failures_of_an_environment_concern_every_instance_in_it() -> None:
    observation = Observation(KEY, {BOT: seen()}, {}, failures=(UNREAD,), complete=False)
    assert observed_in(observation, BOT).failures == (UNREAD,)
    assert observed_in(observation, bot("other")) == ObservedInstance(bot("other"), failures=(UNREAD,))


def test_one_cause_of_many_failed_reads_is_told_once() -> None:
    denied = tuple(ReadFailure(kind, "MH-AWS-001", "no credentials") for kind in (Kind.SERVICE, Kind.LOG_GROUP))
    result = plan(WHOLE, dataclasses.replace(seen(), failures=(*denied, *denied)))
    assert result.verdict is Verdict.UNKNOWN
    assert [item.message for item in result.reasons] == [
        "could not read the service, log-group of acme/prod/support-bot: no credentials"
    ]
