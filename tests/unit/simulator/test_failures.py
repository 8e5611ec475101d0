"""Tasks that do not make it, in AWS's words, and what their service does about it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.fakes.aws_objects import (
    BREAKER,
    TRUST,
    make_group,
    make_role,
    make_service,
    register,
    see,
    service_request,
    settled,
)
from tests.fakes.simulator import CLUSTER, TestSimulator

HEALTH_CHECK = {"command": ["CMD", "true"], "interval": 10, "retries": 2, "startPeriod": 20}
CANNOT_PULL = (
    "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref "
    "ghcr.io/acme/bot:1-missing: ghcr.io/acme/bot:1-missing: not found"
)
INIT = {"name": "init", "image": "bot:1-init-fails", "essential": False}


def stopped_task(simulator: TestSimulator, name: str = "bot", *, steps: int = 60) -> Any:
    """The first task of the service that has stopped."""
    ecs = simulator.client("ecs")
    for _ in range(steps):
        arns = ecs.list_tasks(cluster=CLUSTER, serviceName=name, desiredStatus="STOPPED")["taskArns"]
        tasks = ecs.describe_tasks(cluster=CLUSTER, tasks=arns)["tasks"] if arns else []
        ended = [task for task in tasks if task["lastStatus"] == "STOPPED"]
        if ended:
            return min(ended, key=lambda task: task["createdAt"])
        simulator.control.advance(5)
    raise AssertionError("no task stopped")


def service_of(simulator: TestSimulator, definition: str, **changes: Any) -> None:
    request = service_request(definition, make_group(simulator), **changes)
    simulator.client("ecs").create_service(**request)


@pytest.mark.parametrize(
    ("image", "code", "reason", "exit_code", "container_reason"),
    [
        ("bot:1-crash", "EssentialContainerExited", "Essential container in task exited", 1, None),
        (
            "bot:1-oom",
            "EssentialContainerExited",
            "Essential container in task exited",
            137,
            "OutOfMemoryError: Container killed due to memory usage",
        ),
        ("bot:1-unhealthy", "ServiceSchedulerInitiated", "Task failed container health checks", 143, None),
        ("ghcr.io/acme/bot:1-missing", "TaskFailedToStart", CANNOT_PULL, None, CANNOT_PULL),
    ],
)
def test_a_task_says_why_it_stopped(
    simulator: TestSimulator, *, image: str, code: str, reason: str, exit_code: int | None, container_reason: str | None
) -> None:
    service_of(simulator, register(simulator, image, container={"healthCheck": HEALTH_CHECK}))
    task = stopped_task(simulator)
    container = task["containers"][0]
    assert (task["stopCode"], task["stoppedReason"]) == (code, reason)
    assert (container.get("exitCode"), container.get("reason")) == (exit_code, container_reason)


def test_a_failing_init_container_stops_the_task_before_it_runs(simulator: TestSimulator) -> None:
    gateway = {
        "name": "gateway",
        "image": "bot:1",
        "dependsOn": [{"containerName": "init", "condition": "SUCCESS"}],
    }
    service_of(simulator, register(simulator, containerDefinitions=[INIT, gateway]))
    task = stopped_task(simulator)
    assert (task["stopCode"], task["stoppedReason"]) == ("TaskFailedToStart", "Task failed to start")
    assert {item["name"]: item.get("exitCode") for item in task["containers"]} == {"init": 1, "gateway": None}
    assert "startedAt" not in task


def _definition_with_secret(simulator: TestSimulator, value_from: str, role: str) -> str:
    secrets = [{"name": "TOKEN", "valueFrom": value_from}]
    return register(simulator, container={"secrets": secrets}, executionRoleArn=role)


def _secret(simulator: TestSimulator, **options: str) -> str:
    return str(simulator.client("secretsmanager").create_secret(Name="bot/token", **options)["ARN"])


NO_ACCESS = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}]}
)


@pytest.mark.parametrize(
    ("secret", "suffix", "policy", "words"),
    [
        ({}, "", None, "ResourceNotFoundException: Secrets Manager can't find the specified secret value"),
        ({"SecretString": "{}"}, ":slack::", None, "did not contain json key slack"),
        ({"SecretString": "text"}, ":slack::", None, "did not contain json key slack"),
        ({"SecretString": "{}"}, "", NO_ACCESS, "is not authorized to perform: secretsmanager:GetSecretValue"),
    ],
)
def test_a_secret_that_cannot_be_had_stops_the_task(
    simulator: TestSimulator, secret: dict[str, str], suffix: str, policy: str | None, words: str
) -> None:
    role = make_role(simulator, policy=policy) if policy else make_role(simulator)
    arn = _secret(simulator, **secret)
    service_of(simulator, _definition_with_secret(simulator, arn + suffix, role))
    task = stopped_task(simulator)
    start = "ResourceInitializationError: unable to pull secrets or registry auth: "
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].startswith(start)
    assert words in task["stoppedReason"]


def test_a_secret_that_was_never_made_stops_the_task(simulator: TestSimulator) -> None:
    arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:bot/none-abcdef"
    service_of(simulator, _definition_with_secret(simulator, arn, make_role(simulator)))
    assert "Secrets Manager can't find the specified secret." in stopped_task(simulator)["stoppedReason"]


def test_a_secret_and_log_group_that_are_there_let_the_task_run(simulator: TestSimulator) -> None:
    simulator.client("logs").create_log_group(logGroupName="/bot")
    log = {"logDriver": "awslogs", "options": {"awslogs-group": "/bot", "awslogs-region": "eu-west-1"}}
    secrets = [{"name": "TOKEN", "valueFrom": _secret(simulator, SecretString='{"slack": "x"}') + ":slack::"}]
    container = {"secrets": secrets, "logConfiguration": log}
    service_of(simulator, register(simulator, container=container, executionRoleArn=make_role(simulator)))
    assert settled(simulator)["deployments"][0]["rolloutState"] == "COMPLETED"


def test_a_missing_log_group_stops_the_task(simulator: TestSimulator) -> None:
    log = {"logDriver": "awslogs", "options": {"awslogs-group": "/none", "awslogs-region": "eu-west-1"}}
    role = make_role(simulator)
    service_of(simulator, register(simulator, container={"logConfiguration": log}, executionRoleArn=role))
    assert "The specified log group does not exist." in stopped_task(simulator)["stoppedReason"]


def test_a_role_that_is_not_there_starts_no_task_and_says_so(simulator: TestSimulator) -> None:
    missing = "arn:aws:iam::123456789012:role/none"
    service_of(simulator, register(simulator, taskRoleArn=missing))
    message = see(simulator)["events"][-1]["message"]
    assert message.startswith(
        f"(service bot) failed to launch a task with (error ECS was unable to assume the role '{missing}' that was "
        "provided for this task."
    )
    simulator.client("iam").create_role(RoleName="none", AssumeRolePolicyDocument=TRUST)
    assert settled(simulator)["deployments"][0]["rolloutState"] == "COMPLETED"


def test_a_first_deployment_that_fails_has_nothing_to_roll_back_to(simulator: TestSimulator) -> None:
    make_service(simulator, "bot:1-crash")
    service = settled(simulator)
    deployment = service["deployments"][0]
    assert (deployment["rolloutState"], deployment["failedTasks"]) == ("FAILED", 2)
    started = [item for item in service["events"] if "has started" in item["message"]]
    simulator.control.advance(1000)
    assert [item for item in see(simulator)["events"] if "has started" in item["message"]] == started


def test_without_a_threshold_the_breaker_waits_for_three_failures(simulator: TestSimulator) -> None:
    breaker = {"enable": True, "rollback": True}
    configuration = {"minimumHealthyPercent": 0, "maximumPercent": 100, "deploymentCircuitBreaker": breaker}
    make_service(simulator, "bot:1-crash", deploymentConfiguration=configuration)
    assert settled(simulator)["deployments"][0]["failedTasks"] == 3


def breaker_told(simulator: TestSimulator) -> dict[str, Any]:
    """What the newest service deployment says of its circuit breaker."""
    ecs = simulator.client("ecs")
    listed = ecs.list_service_deployments(cluster=CLUSTER, service="bot")["serviceDeployments"]
    newest = max(listed, key=lambda item: item["createdAt"])["serviceDeploymentArn"]
    (told,) = ecs.describe_service_deployments(serviceDeploymentArns=[newest])["serviceDeployments"]
    found: dict[str, Any] = told["deploymentCircuitBreaker"]
    return found


@pytest.mark.parametrize("rollback", [True, False])
def test_a_service_deployment_tells_of_its_breaker(simulator: TestSimulator, *, rollback: bool) -> None:
    simulator.control.set_speed(0.001)
    configuration = {
        "minimumHealthyPercent": 0,
        "maximumPercent": 100,
        "deploymentCircuitBreaker": {"enable": True, "rollback": rollback},
    }
    make_service(simulator, "bot:1", deploymentConfiguration=configuration)
    assert breaker_told(simulator) == {"status": "MONITORING", "failureCount": 0, "threshold": 3}
    simulator.control.advance(600)
    assert breaker_told(simulator) == {"status": "MONITORING_COMPLETE", "failureCount": 0, "threshold": 3}
    simulator.client("ecs").update_service(
        cluster=CLUSTER, service="bot", taskDefinition=register(simulator, "bot:2-crash")
    )
    simulator.control.advance(1200)
    assert breaker_told(simulator) == {"status": "TRIGGERED", "failureCount": 3, "threshold": 3}


def test_a_breaker_that_is_off_says_so(simulator: TestSimulator) -> None:
    make_service(simulator, "bot:1", deploymentConfiguration={"minimumHealthyPercent": 0, "maximumPercent": 100})
    assert breaker_told(simulator)["status"] == "DISABLED"


def test_without_a_breaker_the_service_tries_for_ever(simulator: TestSimulator) -> None:
    configuration = {"minimumHealthyPercent": 0, "maximumPercent": 100}
    make_service(simulator, "bot:1-missing", deploymentConfiguration=configuration)
    simulator.control.advance(3600)
    deployment = see(simulator)["deployments"][0]
    assert deployment["rolloutState"] == "IN_PROGRESS"
    assert deployment["failedTasks"] > 5


def test_an_image_that_exits_later_is_started_again(simulator: TestSimulator) -> None:
    make_service(simulator, "bot:1-exits-later")
    deployment = settled(simulator)["deployments"][0]
    assert deployment["rolloutState"] == "COMPLETED"
    simulator.control.advance(300)
    assert stopped_task(simulator)["stopCode"] == "EssentialContainerExited"
    assert see(simulator)["deployments"][0]["id"] == deployment["id"]
    assert see(simulator)["deployments"][0]["rolloutState"] == "COMPLETED"


def test_a_rule_overrides_what_the_tag_says(simulator: TestSimulator) -> None:
    simulator.control.add_image_rule("bot:1-crash", "ok")
    simulator.control.add_image_rule("*/good:*", "cannot-pull")
    make_service(simulator, "bot:1-crash")
    make_service(simulator, "acme/good:1", name="other")
    assert settled(simulator)["deployments"][0]["rolloutState"] == "COMPLETED"
    assert settled(simulator, "other")["deployments"][0]["rolloutState"] == "FAILED"


@pytest.mark.parametrize(("reset", "state", "failed"), [(True, "IN_PROGRESS", 1), (False, "FAILED", 3)])
def test_a_healthy_task_forgives_earlier_failures_unless_told_not_to(
    simulator: TestSimulator, *, reset: bool, state: str, failed: int
) -> None:
    simulator.control.set_speed(0.001)  # time goes by `advance` only
    breaker = {**BREAKER, "resetOnHealthyTask": reset, "thresholdConfiguration": {"type": "COUNT", "value": 3}}
    configuration = {"minimumHealthyPercent": 0, "maximumPercent": 100, "deploymentCircuitBreaker": breaker}
    check = {"command": ["CMD", "true"], "interval": 30}
    definition = register(simulator, container={"healthCheck": check})
    simulator.control.add_image_rule("bot:*", "crash")
    service_of(simulator, definition, desiredCount=2, deploymentConfiguration=configuration)
    simulator.control.advance(19)  # both crash
    assert see(simulator)["deployments"][0]["failedTasks"] == 2
    simulator.control.add_image_rule("bot:*", "ok")
    simulator.control.advance(40)  # two others run, and are not healthy yet
    ecs = simulator.client("ecs")
    running = ecs.list_tasks(cluster=CLUSTER, serviceName="bot")["taskArns"]
    assert see(simulator)["runningCount"] == 2
    simulator.control.add_image_rule("bot:*", "crash")
    ecs.stop_task(cluster=CLUSTER, task=running[0])
    simulator.control.advance(27)  # the one has become healthy, then its neighbour's successor has crashed
    deployment = see(simulator)["deployments"][0]
    assert (deployment["rolloutState"], deployment["failedTasks"]) == (state, failed)
