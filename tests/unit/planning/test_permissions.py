"""Permissions around a rollout: nothing the revision before needs is taken away until the new one runs."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from molthub.planning.permissions import PREVIOUS, widened
from molthub.planning.plan import PlanRequest, plan_instance
from molthub.planning.types import Action, InstancePlan
from molthub.resources.normal import canonical_policy
from molthub.resources.observation import Cause, ObservedInstance, Rollout, RolloutState, SecretFacts, ServiceRuntime
from molthub.resources.states import Verdict
from molthub.resources.types import Kind, ResourceSet, Role
from tests.fakes.resource_sets import bot, changed, resource_set

BOT = bot()
AT = datetime(2027, 1, 4, 8, 30, tzinfo=UTC)
READ = "secretsmanager:GetSecretValue"
Statement = dict[str, Any]


def allow(resources: list[str], action: str | list[str] = READ, **more: Any) -> Statement:
    return {"Effect": "Allow", "Action": action, "Resource": resources, **more}


def policy(*statements: Statement) -> str:
    return canonical_policy({"Version": "2012-10-17", "Statement": list(statements)})


def role(*policies: tuple[str, str], path: str = "/molthub/acme-bots/") -> Role:
    return Role("mh-x-exec", path, "starts the task", "{}", inline_policies=tuple(sorted(policies)))


def kept(before: Role, after: Role, **more: Any) -> list[Statement]:
    """The statements that the widened role has beyond the wanted one."""
    found = dict(widened(before, after, **more).inline_policies).get(PREVIOUS)
    return [] if found is None else json.loads(found)["Statement"]


A, B, C = (role(("molthub", policy(allow([f"${{secret:{name}}}", "${secret:model}"])))) for name in "abc")


def test_what_is_dropped_is_kept_beside_the_new() -> None:
    wide = widened(A, B)
    assert dict(wide.inline_policies)["molthub"] == dict(B.inline_policies)["molthub"]
    assert kept(A, B) == [allow(["${secret:a}"], [READ])]


def test_an_interrupted_rollout_is_kept_too() -> None:
    between = widened(A, B)
    assert kept(between, C) == [allow(["${secret:a}", "${secret:b}"], [READ])]
    assert widened(between, B) == between
    assert kept(between, A) == [allow(["${secret:b}"], [READ])]


def test_nothing_is_kept_where_nothing_is_dropped() -> None:
    more = role(("molthub", policy(allow(["${secret:a}", "${secret:model}", "${secret:z}"], Sid="Secrets"))))
    assert widened(A, more) is more


@pytest.mark.parametrize(
    "statement",
    [
        allow(["*"], "s3:GetObject"),
        allow(["arn:aws:s3:::x/*"], "s3:*"),
        {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::x"},
        {"Effect": "Allow", "NotAction": "iam:*", "Resource": "arn:aws:s3:::x"},
    ],
)
def test_what_no_renderer_writes_goes_at_once(statement: Statement) -> None:
    assert widened(role(("molthub", policy(statement))), B) is B


def test_a_policy_that_is_not_ours_goes_at_once() -> None:
    foreign = role(("by-hand", policy(allow(["${secret:a}"]))), ("broken", "no json"), ("molthub", "[]"))
    assert widened(foreign, B) is B


def test_conditions_and_the_registry_are_kept() -> None:
    registry = allow(["*"], "ecr:GetAuthorizationToken")
    through = allow(["arn:aws:bedrock:*::foundation-model/x"], "bedrock:InvokeModel", Condition={"StringEquals": {}})
    assert kept(role(("molthub", policy(registry, through))), B) == [
        {**through, "Action": ["bedrock:InvokeModel"]},
        {**registry, "Action": ["ecr:GetAuthorizationToken"]},
    ]


def test_a_secret_that_is_gone_cannot_be_kept() -> None:
    gone = SecretFacts("a", "arn:a", "v1", deleted=True)
    there = SecretFacts("a", "arn:a", "v1")
    assert kept(A, B, secrets={"a": there}) != []
    assert kept(A, B, secrets={"a": gone}) == kept(A, B, secrets={}) == []


def test_what_iam_would_not_take_is_not_kept() -> None:
    huge = role(("molthub", policy(allow([f"${{secret:{number:04}}}" for number in range(120)]))))
    assert widened(huge, B) is B


# -- in a plan ----------------------------------------------------------------------------------------------


def whole(roles: Role, **more: Any) -> ResourceSet:
    made = resource_set(BOT, **more)
    assert made.execution_role is not None
    return changed(made, Kind.EXECUTION_ROLE, inline_policies=roles.inline_policies)


OLD = whole(A)
NEW = whole(B, image="ghcr.io/openclaw/openclaw:2026.9.7")


def fingerprint(resources: ResourceSet) -> str:
    assert resources.service is not None
    return resources.service.task_definition


def plan(desired: ResourceSet, present: ResourceSet, *, rollout: Rollout | None = None, **more: Any) -> InstancePlan:
    runtime = ServiceRuntime("ACTIVE", 1, 1, 0, AT, "arn:1", rollout=rollout)
    seen = ObservedInstance(BOT, resources=present, runtime=runtime)
    return plan_instance(PlanRequest(BOT, "acme/prod/support-bot", desired, seen, **more))


def steps(result: InstancePlan) -> list[tuple[str, str, bool]]:
    return [(change.action.word, change.kind.value, change.after_rollout) for change in result.changes]


def with_role(resources: ResourceSet, found: Role) -> ResourceSet:
    return changed(resources, Kind.EXECUTION_ROLE, inline_policies=found.inline_policies)


def test_widened_before_the_rollout_and_narrowed_after_it() -> None:
    result = plan(NEW, OLD)
    assert steps(result) == [
        ("update", "execution-role", False),
        ("update", "task-definition", False),
        ("update", "service", False),
        ("update", "execution-role", True),
    ]
    assert result.changes[0].after == result.changes[3].before
    assert result.changes[3].after == NEW.execution_role


def test_the_first_deployment_has_nothing_to_go_back_to() -> None:
    no_service = dataclasses.replace(OLD, service=None, task_definition=None)
    assert ("update", "execution-role", True) not in steps(plan(NEW, no_service))


def test_after_a_crash_beside_the_rollout_the_narrowing_still_waits_for_it() -> None:
    between = with_role(NEW, widened(A, B))
    under_way = Rollout("ecs-svc/2", fingerprint(NEW), RolloutState.IN_PROGRESS, AT)
    result = plan(NEW, between, rollout=under_way)
    assert (steps(result), result.rollout_id) == ([("update", "execution-role", True)], "ecs-svc/2")
    done = plan(NEW, between, rollout=dataclasses.replace(under_way, state=RolloutState.COMPLETED))
    assert steps(done) == [("update", "execution-role", False)]
    assert steps(plan(NEW, NEW)) == []


def test_after_a_failed_rollout_the_revision_that_runs_keeps_its_secrets() -> None:
    taken_back = with_role(OLD, widened(A, B))
    failed = Rollout("ecs-svc/2", fingerprint(NEW), RolloutState.ROLLED_BACK, AT, cause=Cause.ITSELF)
    result = plan(NEW, taken_back, failed=(failed,))
    assert (result.verdict, steps(result)) == (Verdict.BLOCKED, steps(plan(NEW, taken_back)))
    group = changed(taken_back, Kind.SECURITY_GROUP, egress=())
    repaired = plan(NEW, group, failed=(failed,))
    assert (repaired.verdict, steps(repaired)) == (Verdict.OUT_OF_SYNC, [("update", "security-group", False)])


def test_going_back_takes_what_was_added_away_at_once() -> None:
    taken_back = with_role(OLD, widened(A, B))
    assert steps(plan(OLD, taken_back)) == [("update", "execution-role", False)]


def test_a_kind_no_longer_wanted_goes_after_the_rollout() -> None:
    without = dataclasses.replace(NEW, execution_role=OLD.execution_role, log_group=None)
    result = plan(without, OLD)
    assert steps(result)[-1] == ("delete", "log-group", True)
    assert result.changes[-1].action is Action.DELETE
    failed = Rollout("ecs-svc/2", fingerprint(NEW), RolloutState.ROLLED_BACK, AT, cause=Cause.ITSELF)
    assert plan(without, OLD, failed=(failed,)).verdict is Verdict.BLOCKED  # it stays for the revision that runs
