"""Whose fault a failed rollout is, in ECS's own words."""

from datetime import UTC, datetime
from typing import Any

import pytest

from molthub.aws.readers.stopped_tasks import (
    Finding,
    diagnose,
    init_containers,
    placement_failure,
    project_stopped,
    read_task,
)
from molthub.resources.observation import Cause, StoppedTask

INITS = frozenset({"init"})
AT = datetime(2026, 11, 1, 12, tzinfo=UTC)


def task(reason: str = "", *containers: dict[str, Any], code: str = "", at: int = 0) -> dict[str, Any]:
    return {
        "stoppedReason": reason,
        "stopCode": code,
        "containers": list(containers),
        "stoppedAt": AT.replace(minute=at),
    }


def exited(name: str, code: int, reason: str = "") -> dict[str, Any]:
    return {"name": name, "exitCode": code} | ({"reason": reason} if reason else {})


@pytest.mark.parametrize(
    ("stopped", "cause", "certain"),
    [
        (task("CannotPullContainerError: pull image manifest has been retried 1 time(s)"), Cause.SURROUNDINGS, True),
        (task("CannotPullImageManifestError: not found"), Cause.SURROUNDINGS, True),
        (
            task("Task failed to start", {"name": "gateway", "reason": "CannotPullContainerError: x"}),
            Cause.SURROUNDINGS,
            True,
        ),
        (
            task("ResourceInitializationError: unable to pull secrets or registry auth", code="TaskFailedToStart"),
            Cause.SURROUNDINGS,
            True,
        ),
        (
            task("Essential container in task exited", exited("init", 78, "config"), exited("gateway", 0)),
            Cause.ITSELF,
            True,
        ),
        (task("Essential container in task exited", exited("gateway", 1)), Cause.ITSELF, False),
        (
            task("Essential container in task exited", exited("gateway", 137, "OutOfMemoryError: killed")),
            Cause.ITSELF,
            False,
        ),
        (task("Task failed container health checks", code="ServiceSchedulerInitiated"), Cause.ITSELF, False),
        (task("CannotStartContainerError: exec: not found"), Cause.ITSELF, False),
        (task("Capacity is unavailable at this time", code="TaskFailedToStart"), Cause.SURROUNDINGS, False),
        (task("Timeout waiting for network interface provisioning to complete."), Cause.SURROUNDINGS, False),
        (task("Host failed", code="InfrastructureHealth"), Cause.SURROUNDINGS, False),
        (task("", code="TaskFailedToStart"), Cause.SURROUNDINGS, False),
        (task("Something ECS never said before"), Cause.ITSELF, False),
    ],
)
def test_a_stopped_task(stopped: dict[str, Any], cause: Cause, certain: bool) -> None:
    finding = read_task(stopped, INITS)
    assert finding is not None
    assert (finding.cause, finding.certain) == (cause, certain)


def test_the_exit_is_told_with_its_container_and_reason() -> None:
    stopped = task("Essential container in task exited", exited("init", 78, "config invalid: gateway.mode"))
    assert read_task(stopped, INITS) == Finding(
        "container init exited with code 78: config invalid: gateway.mode", Cause.ITSELF, certain=True
    )


def test_a_task_stopped_on_purpose_says_nothing() -> None:
    assert (
        read_task(task("Scaling activity initiated by (deployment ecs-svc/1)", code="ServiceSchedulerInitiated"), INITS)
        is None
    )
    assert diagnose([], INITS) is None


def test_what_is_certain_wins_else_the_newest() -> None:
    crash = task("Essential container in task exited", exited("gateway", 1), at=5)
    health = task("Task failed container health checks", at=9)
    pull = task("CannotPullContainerError: x", at=1)
    newest = diagnose([crash, health], INITS)
    assert newest is not None
    assert newest.reason == "Task failed container health checks"
    certain = diagnose([crash, health, pull], INITS)
    assert certain is not None
    assert certain.certain


def test_long_reasons_are_cut() -> None:
    finding = read_task(task("CannotPullContainerError: " + "x" * 2000), INITS)
    assert finding is not None
    assert len(finding.reason) == 300


def test_inits_are_those_that_others_wait_for() -> None:
    definition = {
        "containerDefinitions": [
            {"name": "init"},
            {"name": "gateway", "dependsOn": [{"containerName": "init", "condition": "SUCCESS"}]},
            {"name": "side", "dependsOn": [{"containerName": "gateway", "condition": "HEALTHY"}]},
        ]
    }
    assert init_containers(definition) == INITS


def test_placement_failures_are_found_in_the_events_since() -> None:
    events = [
        {"createdAt": AT, "message": "(service x) has reached a steady state."},
        {"createdAt": AT, "message": "(service x) was unable to place a task. Reason: Capacity is unavailable."},
    ]
    found = placement_failure(events, AT)
    assert found is not None
    assert found.cause is Cause.SURROUNDINGS
    assert placement_failure(events, AT.replace(hour=13)) is None


def test_tasks_that_are_over_are_told_oldest_first_with_their_exit_code() -> None:
    def over(number: int, raw: dict[str, Any], *, status: str = "STOPPED") -> dict[str, Any]:
        return raw | {"taskArn": f"arn:aws:ecs:eu-west-1:123456789012:task/c/{number}", "lastStatus": status}

    crashed = task("Essential container in task exited", exited("init", 0), exited("gateway", 137, "OOM"), at=2)
    scaled = task("Scaling activity initiated by (deployment ecs-svc/1)", code="ServiceSchedulerInitiated", at=1)
    silent = task("", at=3)
    stopping = task("Essential container in task exited", exited("gateway", 1), at=4)
    found = project_stopped(
        [over(1, crashed), over(2, scaled), over(3, silent), over(4, stopping, status="DEPROVISIONING")]
    )
    assert found == (
        StoppedTask("2", AT.replace(minute=1), "Scaling activity initiated by (deployment ecs-svc/1)"),
        StoppedTask(
            "1",
            AT.replace(minute=2),
            "container gateway exited with code 137: OOM; Essential container in task exited",
            137,
        ),
        StoppedTask("3", AT.replace(minute=3), "no reason is known"),
    )
