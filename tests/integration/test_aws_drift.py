"""What somebody changes by hand is seen, put right by one update, and seen no more: each kind, each sort of setting."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from molthub.resources.identity import names_of
from molthub.resources.types import Kind
from tests.fakes.aws_world import BOT, LOCATION, AwsWorld, aws_world, differences, update
from tests.fakes.simulator import TestSimulator

NAMES = names_of(BOT)
MANAGED = f"arn:aws:iam::{LOCATION.account_id}:policy/handy"
EVERYTHING = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*"],"Resource":["*"]}]}'
TRUST = (
    '{"Version":"2012-10-17","Statement":'
    '[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}'
)


@pytest.fixture
def world(simulator: TestSimulator, monkeypatch: pytest.MonkeyPatch) -> AwsWorld:
    found = aws_world(simulator, monkeypatch)
    found.client("iam").create_policy(PolicyName="handy", PolicyDocument=EVERYTHING)
    found.deploy(found.desired(metadata={"labels": {"team": "support"}}))
    return found


@dataclass(frozen=True)
class Meddling:
    """kind and path: where it shows; service, method and arguments: what is done by hand."""

    kind: Kind
    path: str
    service: str
    method: str
    arguments: Callable[[AwsWorld], dict[str, Any]]

    def __str__(self) -> str:
        return f"{self.kind}-{self.method}-{self.path}"


def service_arn(world: AwsWorld) -> str:
    arn: str = service(world)["serviceArn"]
    return arn


def service(world: AwsWorld) -> dict[str, Any]:
    ecs = world.client("ecs")
    found: dict[str, Any] = ecs.describe_services(cluster=LOCATION.cluster, services=[NAMES.service])["services"][0]
    return found


def group_id(world: AwsWorld) -> str:
    filters = [{"Name": "group-name", "Values": [NAMES.security_group]}]
    found: str = world.client("ec2").describe_security_groups(Filters=filters)["SecurityGroups"][0]["GroupId"]
    return found


def log_arn(_world: AwsWorld) -> str:
    return f"arn:aws:logs:{LOCATION.region}:{LOCATION.account_id}:log-group:{NAMES.log_group}"


def rule(cidr: str, port: int, **more: Any) -> list[dict[str, Any]]:
    ranges = [{"CidrIp": cidr, **more}]
    return [{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": ranges}]


def on_service(**changes: Any) -> Callable[[AwsWorld], dict[str, Any]]:
    return lambda _: {"cluster": LOCATION.cluster, "service": NAMES.service, **changes}


ROLE = {"RoleName": NAMES.task_role}
EXEC = {"RoleName": NAMES.execution_role}
SECRET = {"SecretId": NAMES.gateway_secret}
TEAM = [{"Key": "team", "Value": "other"}]
SG, TR, ER = Kind.SECURITY_GROUP, Kind.TASK_ROLE, Kind.EXECUTION_ROLE

CASES = [
    Meddling(
        Kind.LOG_GROUP,
        "retention_days",
        "logs",
        "put_retention_policy",
        lambda _: {"logGroupName": NAMES.log_group, "retentionInDays": 1},
    ),
    Meddling(
        Kind.LOG_GROUP, "retention_days", "logs", "delete_retention_policy", lambda _: {"logGroupName": NAMES.log_group}
    ),
    Meddling(
        Kind.LOG_GROUP,
        "tags[extra]",
        "logs",
        "tag_resource",
        lambda w: {"resourceArn": log_arn(w), "tags": {"extra": "1"}},
    ),
    Meddling(
        Kind.LOG_GROUP,
        "tags[team]",
        "logs",
        "untag_resource",
        lambda w: {"resourceArn": log_arn(w), "tagKeys": ["team"]},
    ),
    Meddling(
        Kind.LOG_GROUP,
        "tags[molthub:workspace]",
        "logs",
        "untag_resource",
        lambda w: {"resourceArn": log_arn(w), "tagKeys": ["molthub:workspace"]},
    ),
    Meddling(Kind.SECRET, "description", "secretsmanager", "update_secret", lambda _: {**SECRET, "Description": "x"}),
    Meddling(Kind.SECRET, "tags[team]", "secretsmanager", "tag_resource", lambda _: {**SECRET, "Tags": TEAM}),
    Meddling(Kind.SECRET, "tags[team]", "secretsmanager", "untag_resource", lambda _: {**SECRET, "TagKeys": ["team"]}),
    Meddling(
        SG,
        "ingress[0].peer",
        "ec2",
        "authorize_security_group_ingress",
        lambda w: {"GroupId": group_id(w), "IpPermissions": rule("0.0.0.0/0", 18789)},
    ),
    Meddling(
        SG,
        "egress[1].peer",
        "ec2",
        "authorize_security_group_egress",
        lambda w: {"GroupId": group_id(w), "IpPermissions": rule("10.9.0.0/16", 22, Description="d")},
    ),
    Meddling(
        SG,
        "egress[0].peer",
        "ec2",
        "revoke_security_group_egress",
        lambda w: {"GroupId": group_id(w), "IpPermissions": egress(w)},
    ),
    Meddling(SG, "tags[team]", "ec2", "create_tags", lambda w: {"Resources": [group_id(w)], "Tags": TEAM}),
    Meddling(SG, "tags[team]", "ec2", "delete_tags", lambda w: {"Resources": [group_id(w)], "Tags": [{"Key": "team"}]}),
    Meddling(TR, "trust", "iam", "update_assume_role_policy", lambda _: {**ROLE, "PolicyDocument": TRUST}),
    Meddling(TR, "description", "iam", "update_role", lambda _: {**ROLE, "Description": "x"}),
    Meddling(TR, "max_session_seconds", "iam", "update_role", lambda _: {**ROLE, "MaxSessionDuration": 7200}),
    Meddling(
        TR,
        "inline_policies[added]",
        "iam",
        "put_role_policy",
        lambda _: {**ROLE, "PolicyName": "added", "PolicyDocument": EVERYTHING},
    ),
    Meddling(TR, "attached_policies[0]", "iam", "attach_role_policy", lambda _: {**ROLE, "PolicyArn": MANAGED}),
    Meddling(
        TR,
        "permissions_boundary",
        "iam",
        "put_role_permissions_boundary",
        lambda _: {**ROLE, "PermissionsBoundary": MANAGED},
    ),
    Meddling(TR, "tags[team]", "iam", "tag_role", lambda _: {**ROLE, "Tags": TEAM}),
    Meddling(TR, "tags[team]", "iam", "untag_role", lambda _: {**ROLE, "TagKeys": ["team"]}),
    Meddling(
        ER,
        "inline_policies[molthub]",
        "iam",
        "put_role_policy",
        lambda _: {**EXEC, "PolicyName": "molthub", "PolicyDocument": EVERYTHING},
    ),
    Meddling(ER, "inline_policies[molthub]", "iam", "delete_role_policy", lambda _: {**EXEC, "PolicyName": "molthub"}),
    Meddling(Kind.SERVICE, "desired_count", "ecs", "update_service", on_service(desiredCount=0)),
    Meddling(Kind.SERVICE, "enable_execute_command", "ecs", "update_service", on_service(enableExecuteCommand=True)),
    Meddling(Kind.SERVICE, "propagate_tags", "ecs", "update_service", on_service(propagateTags="NONE")),
    Meddling(
        Kind.SERVICE,
        "az_rebalancing",
        "ecs",
        "update_service",
        on_service(
            availabilityZoneRebalancing="ENABLED",
            deploymentConfiguration={"minimumHealthyPercent": 100, "maximumPercent": 200},
        ),
    ),
    Meddling(
        Kind.SERVICE,
        "breaker_enabled",
        "ecs",
        "update_service",
        on_service(deploymentConfiguration={"deploymentCircuitBreaker": {"enable": False, "rollback": False}}),
    ),
    Meddling(
        Kind.SERVICE,
        "unmanaged[deploymentConfiguration.alarms]",
        "ecs",
        "update_service",
        on_service(
            deploymentConfiguration={
                "minimumHealthyPercent": 0,
                "maximumPercent": 100,
                "alarms": {"alarmNames": ["a"], "enable": True, "rollback": False},
            }
        ),
    ),
    Meddling(Kind.SERVICE, "platform_version", "ecs", "update_service", on_service(platformVersion="1.4.0")),
    Meddling(
        Kind.SERVICE,
        "health_check_grace_seconds",
        "ecs",
        "update_service",
        on_service(healthCheckGracePeriodSeconds=30),
    ),
    Meddling(Kind.SERVICE, "enable_managed_tags", "ecs", "update_service", on_service(enableECSManagedTags=False)),
    Meddling(
        Kind.SERVICE,
        "subnets[1]",
        "ecs",
        "update_service",
        lambda w: on_service(
            networkConfiguration={
                "awsvpcConfiguration": {"subnets": [LOCATION.subnet_ids[0]], "securityGroups": [group_id(w)]}
            }
        )(w),
    ),
    Meddling(
        Kind.SERVICE,
        "security_groups[0]",
        "ecs",
        "update_service",
        lambda w: on_service(
            networkConfiguration={
                "awsvpcConfiguration": {"subnets": list(LOCATION.subnet_ids), "securityGroups": [default_group(w)]}
            }
        )(w),
    ),
    Meddling(
        Kind.SERVICE,
        "tags[team]",
        "ecs",
        "untag_resource",
        lambda w: {"resourceArn": service_arn(w), "tagKeys": ["team"]},
    ),
    Meddling(
        Kind.SERVICE,
        "tags[extra]",
        "ecs",
        "tag_resource",
        lambda w: {"resourceArn": service_arn(w), "tags": [{"key": "extra", "value": "1"}]},
    ),
]


def egress(world: AwsWorld) -> list[dict[str, Any]]:
    group = world.client("ec2").describe_security_groups(GroupIds=[group_id(world)])["SecurityGroups"][0]
    found: list[dict[str, Any]] = group["IpPermissionsEgress"]
    return found


def default_group(world: AwsWorld) -> str:
    filters = [{"Name": "group-name", "Values": ["default"]}, {"Name": "vpc-id", "Values": [LOCATION.vpc_id]}]
    found: str = world.client("ec2").describe_security_groups(Filters=filters)["SecurityGroups"][0]["GroupId"]
    return found


@pytest.mark.parametrize("case", CASES, ids=str)
def test_seen_and_put_right(world: AwsWorld, case: Meddling) -> None:
    desired = world.seen().resources
    getattr(world.client(case.service), case.method)(**case.arguments(world))
    named, swept = (differences(world.seen(sweep=sweep).resources, desired) for sweep in (False, True))
    assert f"{case.kind}.{case.path}" in named
    assert named == swept
    assert {path.split(".")[0] for path in named} == {case.kind.value}
    before = world.seen().resources.get(case.kind)
    change = update(before, desired.get(case.kind), case.kind)
    assert world.perform(change).wrote
    assert differences(world.seen().resources, desired) == {}
    assert not world.perform(change).wrote


def test_a_service_moved_to_a_revision_made_by_hand_is_moved_back(world: AwsWorld) -> None:
    desired = world.seen().resources
    ecs = world.client("ecs")
    told = ecs.describe_task_definition(taskDefinition=NAMES.family)["taskDefinition"]
    kept = ("containerDefinitions", "family", "taskRoleArn", "executionRoleArn", "networkMode", "volumes", "memory")
    request = {name: told[name] for name in (*kept, "cpu", "requiresCompatibilities", "runtimePlatform")}
    request["containerDefinitions"][1]["environment"].append({"name": "ADDED", "value": "1"})
    arn = ecs.register_task_definition(**request)["taskDefinition"]["taskDefinitionArn"]
    ecs.update_service(cluster=LOCATION.cluster, service=NAMES.service, taskDefinition=arn)
    seen = world.seen().resources
    assert "task-definition.containers[gateway].environment[ADDED]" in differences(seen, desired)
    world.perform(update(seen.task_definition, desired.task_definition, Kind.TASK_DEFINITION))
    result = world.perform(update(seen.service, desired.service, Kind.SERVICE))
    assert result.rollout_id is not None
    assert differences(world.seen().resources, desired) == {}


def test_a_recreated_secret_is_drift_and_put_right(world: AwsWorld) -> None:
    """A secret deleted and made again has another ARN: the policy and the definition point at nothing."""
    secrets = world.client("secretsmanager")
    secrets.delete_secret(SecretId="acme/prod/model", ForceDeleteWithoutRecovery=True)
    secrets.create_secret(Name="acme/prod/model", SecretString='{"anthropic": "x"}')
    for sweep in (False, True):
        seen = world.seen(sweep=sweep).resources
        desired = world.desired(metadata={"labels": {"team": "support"}})
        kinds = {path.split(".")[0] for path in differences(seen, desired)}
        assert kinds == {"execution-role", "task-definition", "service"}
    for kind in (Kind.EXECUTION_ROLE, Kind.TASK_DEFINITION, Kind.SERVICE):
        world.perform(update(seen.get(kind), desired.get(kind), kind))
    assert differences(world.seen().resources, desired) == {}
