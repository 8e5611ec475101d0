"""A service's rollouts: starting, replacing, failing, rolling back, pausing, deleting."""

from __future__ import annotations

from typing import Any

import botocore.exceptions
import pytest

from tests.fakes.aws_objects import make_group, make_service, register, see, service_request, settled
from tests.fakes.simulator import CLUSTER, SUBNETS, TestSimulator


def test_a_first_deployment_comes_up(simulator: TestSimulator) -> None:
    created = make_service(simulator)
    assert created["deployments"][0]["rolloutState"] == "IN_PROGRESS"
    assert created["runningCount"] == 0
    service = settled(simulator)
    deployment = service["deployments"][0]
    assert (deployment["rolloutState"], deployment["status"]) == ("COMPLETED", "PRIMARY")
    assert deployment["rolloutStateReason"] == f"ECS deployment {deployment['id']} completed."
    assert (service["runningCount"], service["pendingCount"], service["desiredCount"]) == (1, 0, 1)
    assert service["events"][0]["message"] == "(service bot) has reached a steady state."


def test_the_old_task_stops_before_the_new_one_starts(simulator: TestSimulator) -> None:
    make_service(simulator)
    settled(simulator)
    simulator.control.set_speed(0.001)  # time stands still but for `advance`
    ecs = simulator.client("ecs")
    ecs.update_service(cluster=CLUSTER, service="bot", taskDefinition=register(simulator, "bot:2"))
    seen = []
    for _ in range(40):
        service = see(simulator)
        seen.append([item["status"] for item in service["deployments"]])
        assert service["runningCount"] + service["pendingCount"] <= 1
        simulator.control.advance(2)
    assert ["PRIMARY", "ACTIVE"] in seen
    assert service["deployments"][0]["rolloutState"] == "COMPLETED"
    assert len(service["deployments"]) == 1


def test_a_crashing_image_rolls_back_to_the_last_completed_deployment(simulator: TestSimulator) -> None:
    make_service(simulator)
    good = settled(simulator)["deployments"][0]
    bad = register(simulator, "bot:2-crash")
    simulator.client("ecs").update_service(cluster=CLUSTER, service="bot", taskDefinition=bad)
    failing = see(simulator)["deployments"][0]["id"]
    states = {}
    for _ in range(60):
        service = see(simulator)
        states |= {item["id"]: (item["rolloutState"], item["rolloutStateReason"]) for item in service["deployments"]}
        if service["deployments"][0]["id"] != failing and states[service["deployments"][0]["id"]][0] == "COMPLETED":
            break
        simulator.control.advance(5)
    assert states[failing] == ("FAILED", "ECS deployment circuit breaker: tasks failed to start.")
    assert service["taskDefinition"] == good["taskDefinition"]
    messages = [event["message"] for event in service["events"]]
    assert f"(service bot) (deployment {failing}) deployment failed: tasks failed to start." in messages
    assert f"(service bot) rolling back to deployment {good['id']}." in messages


def test_update_of_an_inactive_service_is_refused(simulator: TestSimulator) -> None:
    make_service(simulator, desiredCount=0)
    ecs = simulator.client("ecs")
    assert ecs.delete_service(cluster=CLUSTER, service="bot")["service"]["status"] == "DRAINING"
    simulator.control.advance(60)
    assert see(simulator)["status"] == "INACTIVE"
    with pytest.raises(botocore.exceptions.ClientError, match="ServiceNotActiveException"):
        ecs.update_service(cluster=CLUSTER, service="bot", desiredCount=1)


def test_create_over_an_inactive_service_makes_a_new_one(simulator: TestSimulator) -> None:
    make_service(simulator, desiredCount=0)
    ecs = simulator.client("ecs")
    ecs.delete_service(cluster=CLUSTER, service="bot")
    simulator.control.advance(60)
    ecs.create_service(**service_request("bot", make_group(simulator, "again")))
    assert settled(simulator)["runningCount"] == 1


def test_delete_drains_and_leaves_the_lists_at_once(simulator: TestSimulator) -> None:
    make_service(simulator)
    settled(simulator)
    simulator.control.set_speed(0.001)
    ecs = simulator.client("ecs")
    ecs.delete_service(cluster=CLUSTER, service="bot", force=True)
    assert see(simulator)["status"] == "DRAINING"
    assert ecs.list_services(cluster=CLUSTER)["serviceArns"] == []
    simulator.control.advance(30)
    assert (see(simulator)["status"], see(simulator)["runningCount"]) == ("INACTIVE", 0)


def test_the_same_token_and_request_is_the_same_service(simulator: TestSimulator) -> None:
    group, definition = make_group(simulator), register(simulator)
    request = service_request(definition, group, clientToken="once")
    ecs = simulator.client("ecs")
    first, second = (ecs.create_service(**request)["service"] for _ in range(2))
    assert first["deployments"][0]["id"] == second["deployments"][0]["id"]


def test_a_service_of_no_tasks_completes_at_once(simulator: TestSimulator) -> None:
    simulator.control.set_speed(0.001)
    created = make_service(simulator, "bot:1-crash", desiredCount=0)
    assert created["deployments"][0]["rolloutState"] == "COMPLETED"


@pytest.mark.parametrize(
    "change",
    [
        {"desiredCount": 2},
        {"enableExecuteCommand": True},
        {"enableECSManagedTags": True},
        {"propagateTags": "SERVICE"},
        {"availabilityZoneRebalancing": "ENABLED"},
        {"deploymentConfiguration": {"maximumPercent": 200, "minimumHealthyPercent": 50}},
        {},
    ],
)
def test_a_change_of_settings_starts_no_deployment(simulator: TestSimulator, change: dict[str, Any]) -> None:
    make_service(simulator)
    before = settled(simulator)
    after = simulator.client("ecs").update_service(cluster=CLUSTER, service="bot", **change)["service"]
    assert after["deployments"][0]["id"] == before["deployments"][0]["id"]
    for key, value in change.items():
        assert after[key] == before[key] | value if isinstance(value, dict) else after[key] == value


def test_changed_networks_definitions_and_force_start_one(simulator: TestSimulator) -> None:
    ids = [make_service(simulator)["deployments"][0]["id"]]
    group = make_group(simulator, "other")
    changes: list[dict[str, Any]] = [
        {"taskDefinition": register(simulator, "bot:2")},
        {"forceNewDeployment": True},
        {"networkConfiguration": {"awsvpcConfiguration": {"subnets": list(SUBNETS), "securityGroups": [group]}}},
        {"platformVersion": "1.4.0"},
    ]
    for change in changes:
        answer = simulator.client("ecs").update_service(cluster=CLUSTER, service="bot", **change)["service"]
        ids.append(answer["deployments"][0]["id"])
    assert len(set(ids)) == 5


def test_pausing_stops_the_task_and_resuming_rolls_out(simulator: TestSimulator) -> None:
    make_service(simulator)
    settled(simulator)
    ecs = simulator.client("ecs")
    ecs.update_service(cluster=CLUSTER, service="bot", desiredCount=0)
    simulator.control.advance(30)
    assert (see(simulator)["runningCount"], see(simulator)["desiredCount"]) == (0, 0)
    resumed = ecs.update_service(cluster=CLUSTER, service="bot", desiredCount=1, forceNewDeployment=True)["service"]
    assert resumed["deployments"][0]["rolloutState"] == "IN_PROGRESS"
    assert settled(simulator)["runningCount"] == 1


def test_minimum_100_maximum_200_starts_the_new_task_first(simulator: TestSimulator) -> None:
    make_service(simulator, deploymentConfiguration={"minimumHealthyPercent": 100, "maximumPercent": 200})
    settled(simulator)
    simulator.control.set_speed(0.001)
    simulator.client("ecs").update_service(cluster=CLUSTER, service="bot", forceNewDeployment=True)
    counts = set()
    for _ in range(60):
        service = see(simulator)
        assert service["runningCount"] >= 1
        counts.add(service["runningCount"])
        simulator.control.advance(2)
    assert (counts, service["deployments"][0]["rolloutState"]) == ({1, 2}, "COMPLETED")


def test_a_newer_deployment_takes_over_from_a_failing_one(simulator: TestSimulator) -> None:
    make_service(simulator, "bot:1-missing")
    simulator.client("ecs").update_service(cluster=CLUSTER, service="bot", taskDefinition=register(simulator, "bot:2"))
    service = settled(simulator)
    assert service["deployments"][0]["rolloutState"] == "COMPLETED"
    assert [item["status"] for item in _history(simulator)] == ["SUCCESSFUL", "STOPPED"]


def test_a_rollback_that_fails_too_ends_there(simulator: TestSimulator) -> None:
    make_service(simulator)
    settled(simulator)
    simulator.control.add_image_rule("bot:*", "crash")
    simulator.client("ecs").update_service(cluster=CLUSTER, service="bot", forceNewDeployment=True)
    simulator.control.advance(600)
    assert see(simulator)["deployments"][0]["rolloutState"] == "FAILED"
    assert _history(simulator)[0]["status"] == "ROLLBACK_FAILED"


def test_a_rolled_back_redeploy_of_the_same_definition_is_told_by_its_history(simulator: TestSimulator) -> None:
    make_service(simulator)
    settled(simulator)
    simulator.control.set_speed(0.001)
    simulator.control.add_image_rule("bot:*", "crash")
    ecs = simulator.client("ecs")
    bad = ecs.update_service(cluster=CLUSTER, service="bot", forceNewDeployment=True)["service"]
    simulator.control.advance(45)
    simulator.control.add_image_rule("bot:*", "ok")
    simulator.control.advance(120)
    now = see(simulator)["deployments"][0]
    assert (now["rolloutState"], now["taskDefinition"]) == ("COMPLETED", bad["taskDefinition"])
    assert now["id"] != bad["deployments"][0]["id"]
    newest = ecs.describe_service_deployments(serviceDeploymentArns=[_history(simulator)[0]["serviceDeploymentArn"]])
    deployment = newest["serviceDeployments"][0]
    assert deployment["status"] == "ROLLBACK_SUCCESSFUL"
    assert deployment["rollback"]["reason"] == "ECS deployment circuit breaker: tasks failed to start."
    assert deployment["targetServiceRevision"]["arn"].endswith(bad["deployments"][0]["id"].removeprefix("ecs-svc/"))
    revisions = [deployment["targetServiceRevision"]["arn"], deployment["rollback"]["serviceRevisionArn"]]
    told = ecs.describe_service_revisions(serviceRevisionArns=revisions)["serviceRevisions"]
    assert [item["taskDefinition"] for item in told] == [bad["taskDefinition"]] * 2


def test_stopping_a_deployment_rolls_it_back_at_once(simulator: TestSimulator) -> None:
    make_service(simulator)
    good = settled(simulator)["taskDefinition"]
    ecs = simulator.client("ecs")
    simulator.control.set_speed(0.001)
    ecs.update_service(cluster=CLUSTER, service="bot", taskDefinition=register(simulator, "bot:2-missing"))
    running = _history(simulator)[0]
    assert see(simulator)["currentServiceDeployment"] == running["serviceDeploymentArn"]
    ecs.stop_service_deployment(serviceDeploymentArn=running["serviceDeploymentArn"], stopType="ROLLBACK")
    assert _history(simulator)[0]["status"] == "ROLLBACK_REQUESTED"
    ecs.stop_service_deployment(serviceDeploymentArn=running["serviceDeploymentArn"])  # again: fine
    simulator.control.advance(90)
    assert _history(simulator)[0]["status"] == "ROLLBACK_SUCCESSFUL"
    assert see(simulator)["taskDefinition"] == good
    assert "currentServiceDeployment" not in see(simulator)


def test_aborting_a_deployment_leaves_it_where_it_stands(simulator: TestSimulator) -> None:
    make_service(simulator, "bot:1-missing")
    running = _history(simulator)[0]["serviceDeploymentArn"]
    simulator.client("ecs").stop_service_deployment(serviceDeploymentArn=running, stopType="ABORT")
    assert _history(simulator)[0]["status"] == "STOPPED"
    assert see(simulator)["deployments"][0]["rolloutState"] == "FAILED"


def test_tags_go_to_tasks_when_they_are_created(simulator: TestSimulator) -> None:
    make_service(simulator, propagateTags="SERVICE", enableECSManagedTags=True, tags=[{"key": "a", "value": "1"}])
    settled(simulator)
    ecs = simulator.client("ecs")
    ecs.tag_resource(resourceArn=see(simulator)["serviceArn"], tags=[{"key": "b", "value": "2"}])
    arns = ecs.list_tasks(cluster=CLUSTER, serviceName="bot")["taskArns"]
    task = ecs.describe_tasks(cluster=CLUSTER, tasks=arns, include=["TAGS"])["tasks"][0]
    tags = {item["key"]: item["value"] for item in task["tags"]}
    assert tags == {"aws:ecs:clusterName": CLUSTER, "aws:ecs:serviceName": "bot", "a": "1"}
    assert {item["key"] for item in see(simulator)["tags"]} == {"a", "b"}


def test_ecs_keeps_the_last_100_events(simulator: TestSimulator) -> None:
    make_service(simulator, "bot:1-missing", deploymentConfiguration={"maximumPercent": 100})
    simulator.control.advance(100_000)
    assert len(see(simulator)["events"]) == 100


def test_dates_do_not_change_afterwards(simulator: TestSimulator) -> None:
    make_service(simulator)
    before = {event["id"]: event["createdAt"] for event in settled(simulator)["events"]}
    simulator.control.advance(500)
    simulator.control.set_speed(3)
    after = {event["id"]: event["createdAt"] for event in see(simulator)["events"]}
    assert after == before


def _history(simulator: TestSimulator) -> Any:
    return simulator.client("ecs").list_service_deployments(cluster=CLUSTER, service="bot")["serviceDeployments"]
