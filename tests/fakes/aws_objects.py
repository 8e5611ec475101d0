"""Plain AWS objects for tests of the simulator: a role, a log group, a definition, a service."""

from __future__ import annotations

import json
import time
from typing import Any

from tests.fakes.simulator import ACCOUNT, CLUSTER, REGION, SUBNETS, VPC, TestSimulator

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
GENEROUS = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
BREAKER: dict[str, Any] = {
    "enable": True,
    "rollback": True,
    "resetOnHealthyTask": False,
    "thresholdConfiguration": {"type": "COUNT", "value": 2},
}


def make_role(simulator: TestSimulator, name: str = "bot-exec", *, policy: str = GENEROUS) -> str:
    """A role that tasks may assume; gives its ARN."""
    iam = simulator.client("iam")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)["Role"]
    iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=policy)
    return str(role["Arn"])


def make_group(simulator: TestSimulator, name: str = "bot") -> str:
    """A security group; gives its id."""
    created = simulator.client("ec2").create_security_group(GroupName=name, Description="a bot", VpcId=VPC)
    return str(created["GroupId"])


def register(simulator: TestSimulator, image: str = "bot:1", *, family: str = "bot", **changes: Any) -> str:
    """A Fargate task definition of one container; gives its ARN. changes: fields of the request."""
    container = {"name": "gateway", "image": image, "essential": True} | changes.pop("container", {})
    request = {
        "family": family,
        "requiresCompatibilities": ["FARGATE"],
        "networkMode": "awsvpc",
        "cpu": "256",
        "memory": "512",
        "containerDefinitions": [container],
    } | changes
    answer = simulator.client("ecs").register_task_definition(**request)
    return str(answer["taskDefinition"]["taskDefinitionArn"])


def service_request(task_definition: str, group: str, *, name: str = "bot", **changes: Any) -> dict[str, Any]:
    """A CreateService request as Molthub makes them: one task, 0/100, breaker with rollback."""
    return {
        "cluster": CLUSTER,
        "serviceName": name,
        "taskDefinition": task_definition,
        "desiredCount": 1,
        "launchType": "FARGATE",
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": list(SUBNETS), "securityGroups": [group]}},
        "deploymentConfiguration": {
            "minimumHealthyPercent": 0,
            "maximumPercent": 100,
            "deploymentCircuitBreaker": BREAKER,
        },
        "availabilityZoneRebalancing": "DISABLED",
    } | changes


def make_service(simulator: TestSimulator, image: str = "bot:1", *, name: str = "bot", **changes: Any) -> Any:
    """A service of one task, with a group of its own; gives CreateService's answer."""
    definition = register(simulator, image, family=name)
    request = service_request(definition, make_group(simulator, name), name=name, **changes)
    return simulator.client("ecs").create_service(**request)["service"]


def see(simulator: TestSimulator, name: str = "bot") -> Any:
    """The service as it is now."""
    answer = simulator.client("ecs").describe_services(cluster=CLUSTER, services=[name], include=["TAGS"])
    return answer["services"][0]


def settled(simulator: TestSimulator, name: str = "bot", *, steps: int = 60) -> Any:
    """The service once its rollout is over (COMPLETED or FAILED), time pushed forward; fails when it never is."""
    for _ in range(steps):
        service = see(simulator, name)
        if service["deployments"][0]["rolloutState"] != "IN_PROGRESS":
            return service
        simulator.control.advance(10)
        time.sleep(0)
    raise AssertionError(f"{name} is still rolling out: {service['deployments']}")


def arn(resource: str) -> str:
    return f"arn:aws:ecs:{REGION}:{ACCOUNT}:{resource}"
