"""A service as ECS tells it, and the requests that make it so."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from molthub.aws.arns import Account, Ids, Names
from molthub.aws.readers.services import batches, project_deployment, project_runtime, project_service
from molthub.aws.writers.service_request import create_request, update_request
from molthub.resources.normal import leaves, normalise
from molthub.resources.observation import Cause, RolloutState
from molthub.resources.types import Service

ACCOUNT = Account("aws", "123456789012", "eu-west-1")
IDS = Ids(ACCOUNT, "/molthub/f/", groups={"molthub-x": "sg-1"})
NAMES = Names(ACCOUNT, "/molthub/f/", groups={"sg-1": "molthub-x"})
AT = datetime(2026, 11, 1, tzinfo=UTC)
SERVICE = normalise(
    Service(
        name="molthub-x",
        cluster="c",
        task_definition="molthub-x@1",
        desired_count=1,
        subnets=("subnet-b", "subnet-a"),
        security_groups=("molthub-x",),
        health_check_grace_seconds=30,
        tags=(("molthub:fleet", "f"), ("team", "support")),
    )
)


def raw(**changes: Any) -> dict[str, Any]:
    """What ECS answers after CreateService with our request."""
    request = create_request(SERVICE, definition_arn="arn:td:1", ids=IDS)
    told = {name: value for name, value in request.items() if name != "cluster"}
    tags = [{"key": "team", "value": "support"}, {"key": "molthub:fleet", "value": "f"}]
    tags += [{"key": "molthub:commit", "value": "abc"}, {"key": "aws:cloudformation:stack-id", "value": "s"}]
    return told | {"status": "ACTIVE", "runningCount": 1, "pendingCount": 0, "tags": tags} | changes


def projected(data: dict[str, Any]) -> Service:
    return project_service(data, cluster="c", fingerprint="molthub-x@1", names=NAMES)


def test_created_and_read_back_every_leaf_is_the_same() -> None:
    assert leaves(projected(raw())) == leaves(SERVICE)


def test_what_aws_fills_in_is_no_difference() -> None:
    filled = raw(loadBalancers=[], serviceRegistries=[], placementConstraints=[], roleArn="arn:aws:iam::1:role/x")
    filled["deploymentConfiguration"] |= {
        "strategy": "ROLLING",
        "bakeTimeInMinutes": 0,
        "alarms": {"alarmNames": [], "enable": False, "rollback": False},
    }
    filled["deployments"] = [{"id": "ecs-svc/1", "status": "PRIMARY", "createdAt": AT, "taskDefinition": "arn:td:1"}]
    assert projected(filled) == SERVICE


def test_an_unset_grace_period_reads_as_none() -> None:
    assert projected(raw(healthCheckGracePeriodSeconds=0)).health_check_grace_seconds is None


def test_a_service_made_by_hand_shows_aws_defaults() -> None:
    bare = {"serviceName": "molthub-x", "desiredCount": 0}
    service = projected(bare)
    assert (service.minimum_healthy_percent, service.maximum_percent) == (100, 200)
    assert (service.breaker_enabled, service.breaker_threshold, service.breaker_reset_on_healthy) == (False, None, True)
    assert (service.propagate_tags, service.enable_managed_tags, service.desired_count) == ("NONE", False, 0)


def test_an_unknown_group_stays_an_id() -> None:
    network = {"awsvpcConfiguration": {"subnets": ["subnet-a"], "securityGroups": ["sg-1", "sg-9"]}}
    assert projected(raw(networkConfiguration=network)).security_groups == ("molthub-x", "sg-9")


def test_foreign_settings_show() -> None:
    changed = raw(
        loadBalancers=[{"targetGroupArn": "arn:tg", "containerName": "gateway", "containerPort": 18789}],
        deployments=[{"status": "PRIMARY", "id": "ecs-svc/1", "serviceConnectConfiguration": {"enabled": True}}],
    )
    changed["deploymentConfiguration"]["alarms"] = {"alarmNames": ["a"], "enable": True, "rollback": False}
    changed["deploymentConfiguration"]["deploymentCircuitBreaker"]["thresholdConfiguration"]["type"] = "BOUNDED_PERCENT"
    assert [path for path, _ in projected(changed).unmanaged] == [
        "deploymentConfiguration.alarms",
        "deploymentConfiguration.thresholdConfiguration.type",
        "serviceConnectConfiguration",
    ]


def test_capacity_providers_are_taken_away_again_without_a_new_service() -> None:
    strategy = [{"capacityProvider": "FARGATE_SPOT", "weight": 4, "base": 0}]
    told = raw(capacityProviderStrategy=strategy)
    told.pop("launchType")
    service = projected(told)
    assert (service.launch_type, service.capacity_providers) == ("FARGATE", ("FARGATE_SPOT",))
    assert service.unmanaged == (("capacityProviderStrategy[FARGATE_SPOT].weight", "4"),)
    assert update_request(service, SERVICE, definition_arn=None, ids=IDS) == {"capacityProviderStrategy": []}


@pytest.mark.parametrize(
    ("field", "value", "parameters"),
    [
        ("desired_count", 0, {"desiredCount": 0}),
        ("platform_version", "1.4.0", {"platformVersion": "1.4.0"}),
        ("az_rebalancing", "ENABLED", {"availabilityZoneRebalancing": "ENABLED"}),
        ("enable_execute_command", True, {"enableExecuteCommand": True}),
        ("enable_managed_tags", False, {"enableECSManagedTags": False}),
        ("propagate_tags", "NONE", {"propagateTags": "NONE"}),
        ("health_check_grace_seconds", None, {"healthCheckGracePeriodSeconds": 0}),
        ("tags", (), {}),
    ],
)
def test_an_update_holds_exactly_what_differs(field: str, value: Any, parameters: dict[str, Any]) -> None:
    want = replace(SERVICE, **{field: value})
    assert update_request(SERVICE, want, definition_arn=None, ids=IDS) == parameters


def test_network_and_deployment_settings_go_whole() -> None:
    want = replace(SERVICE, assign_public_ip=True, breaker_threshold=None)
    request = update_request(SERVICE, want, definition_arn="arn:td:2", ids=IDS)
    assert request["taskDefinition"] == "arn:td:2"
    assert request["networkConfiguration"]["awsvpcConfiguration"] == {
        "subnets": ["subnet-a", "subnet-b"],
        "securityGroups": ["sg-1"],
        "assignPublicIp": "ENABLED",
    }
    assert "thresholdConfiguration" not in request["deploymentConfiguration"]["deploymentCircuitBreaker"]


def test_nothing_differs_nothing_is_sent() -> None:
    assert update_request(SERVICE, SERVICE, definition_arn=None, ids=IDS) == {}


def test_services_are_described_by_ten() -> None:
    assert [len(batch) for batch in batches(f"s{number:02}" for number in range(21))] == [10, 10, 1]


def deployment(number: int, status: str, state: str, **more: Any) -> dict[str, Any]:
    told = {"id": f"ecs-svc/{number}", "status": status, "rolloutState": state, "createdAt": AT}
    return told | {"taskDefinition": f"arn:td:{number}"} | more


@pytest.mark.parametrize(
    ("listed", "state"),
    [
        ([deployment(1, "PRIMARY", "IN_PROGRESS")], RolloutState.IN_PROGRESS),
        ([deployment(1, "PRIMARY", "COMPLETED")], RolloutState.COMPLETED),
        ([deployment(1, "PRIMARY", "FAILED")], RolloutState.FAILED),
        ([deployment(2, "PRIMARY", "IN_PROGRESS"), deployment(1, "ACTIVE", "FAILED")], RolloutState.ROLLED_BACK),
    ],
)
def test_a_deployment_is_judged_by_its_own_record(listed: list[dict[str, Any]], state: RolloutState) -> None:
    found = project_deployment(listed[-1], {"deployments": listed}, "f@1")
    assert found.state is state
    assert found.cause is (Cause.ITSELF if state in (RolloutState.FAILED, RolloutState.ROLLED_BACK) else None)


def test_the_runtime_tells_counts_rollout_and_the_last_thirty_events() -> None:
    events = [{"createdAt": AT, "message": f"event {number}"} for number in range(32)]
    told = raw(deployments=[deployment(1, "PRIMARY", "COMPLETED")], events=events, createdAt=AT, taskDefinition="arn:1")
    runtime = project_runtime(told, "f@1")
    assert (runtime.status, runtime.desired, runtime.running, runtime.pending) == ("ACTIVE", 1, 1, 0)
    assert [event.message for event in runtime.events] == [f"event {number}" for number in range(30)]
    assert runtime.rollout is not None
    assert (runtime.rollout.deployment_id, runtime.rollout.task_definition) == ("ecs-svc/1", "f@1")


def test_a_service_without_deployments_has_no_rollout() -> None:
    assert project_runtime(raw(deployments=[]), "").rollout is None
