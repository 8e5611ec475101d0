"""A service's rollouts: starting, replacing, failing, rolling back, pausing, deleting."""

from __future__ import annotations

import botocore.exceptions
import pytest

from tests.fakes.aws_objects import make_service, register, see, settled
from tests.fakes.simulator import CLUSTER, TestSimulator


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
