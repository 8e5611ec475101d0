"""For every leaf of what Molthub renders: how a person changes exactly it by hand, or why nobody can.

A mutator gets the hand and the leaf's keys (`environment[TZ]` → "TZ"; `mounts[2].path` → "2") and gives the paths
that then differ, when these are more than the leaf itself; a path that ends with "…" stands for all below it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from molthub.resources.types import Kind
from tests.fakes.balancers import make_gates, make_listeners
from tests.fakes.container_mutators import CONTAINER, INIT_ONLY
from tests.fakes.desired import PLAIN_KINDS
from tests.fakes.hand import Hand, Json
from tests.fakes.stage import AWS

Paths = set[str]
Mutator = Callable[..., Paths | None]
"""(hand, kind, *keys) → the paths that differ, None for the leaf's own."""

ROLES = (Kind.TASK_ROLE, Kind.EXECUTION_ROLE)

IMMUTABLE: dict[tuple[Kind, str], str] = {
    (Kind.LOG_GROUP, "name"): "CloudWatch renames no log group; another name is another group",
    (Kind.SECRET, "name"): "Secrets Manager renames no secret",
    (Kind.SECURITY_GROUP, "name"): "EC2 renames no group",
    (Kind.SECURITY_GROUP, "description"): "EC2 changes no group's description",
    (Kind.SECURITY_GROUP, "vpc_id"): "EC2 moves no group",
    **{(kind, "name"): "IAM renames no role" for kind in ROLES},
    **{(kind, "path"): "IAM moves no role" for kind in ROLES},
    (Kind.SERVICE, "name"): "ECS renames no service",
    (Kind.SERVICE, "launch_type"): "ECS changes none; a strategy that hides it shows as capacity_providers",
    (Kind.SERVICE, "cluster"): "ECS moves no service",
    (Kind.SERVICE, "scheduling"): "ECS changes no scheduling strategy, and Fargate has only REPLICA",
    (Kind.TASK_DEFINITION, "network_mode"): "a service on Fargate takes awsvpc only",
    (Kind.TASK_DEFINITION, "operating_system"): "a Windows definition takes none of our containers' Linux settings",
    (Kind.TASK_DEFINITION, "containers[init].privileged"): "Fargate runs nothing privileged",
    (Kind.TASK_DEFINITION, "containers[gateway].privileged"): "Fargate runs nothing privileged",
}
"""Leaves that nobody can change while the object is what it is, and why."""

ELSEWHERE: dict[tuple[Kind, str], str] = {
    **{
        (kind, "tags[molthub:fleet]"): "no drift but another's object: test_another_fleets_tag_blocks"
        for kind in PLAIN_KINDS
    },
}
"""Leaves whose change is met in a way of its own, and the test that shows it."""


def _definition(change: Callable[..., Paths | None]) -> Mutator:
    """A change of the definition's data, registered and given to the service."""

    def mutate(hand: Hand, _kind: Kind, *keys: str) -> Paths | None:
        found: list[Paths | None] = []
        hand.revise(lambda data: found.append(change(hand, data, *keys)))
        return found[0]

    return mutate


def _in_container(name: str, change: Callable[..., Paths | None]) -> Mutator:
    def in_data(_hand: Hand, data: Json, *keys: str) -> Paths | None:
        container = next(item for item in data["containerDefinitions"] if item["name"] == name)
        found = change(container, data, *keys)
        return None if found is None else {path.replace("@", f"containers[{name}]") for path in found}

    return _definition(in_data)


def _set(name: str, value: Any) -> Mutator:
    return _definition(lambda _hand, data: data.update({name: value}))


def _another_role(name: str) -> Mutator:
    """A role that somebody else made."""

    def change(_hand: Hand, data: Json) -> None:
        data[name] = f"arn:aws:iam::{AWS['accountId']}:role/somebody-elses"

    return _definition(change)


def _another_family(_hand: Hand, data: Json) -> None:
    data["family"] += "-copy"


def _rename_volume(_hand: Hand, data: Json, index: str) -> Paths:
    """Its mounts go with it: a definition whose mounts name no volume is refused."""
    name = sorted(volume["name"] for volume in data["volumes"])[int(index)]
    for volume in data["volumes"]:
        volume["name"] = "zz" if volume["name"] == name else volume["name"]
    for container in data["containerDefinitions"]:
        for mount in container["mountPoints"]:
            mount["sourceVolume"] = "zz" if mount["sourceVolume"] == name else mount["sourceVolume"]
    mounts = {f"containers[{name}].mounts[{index}].volume" for name in ("init", "gateway")}
    return {f"volumes[{index}]", *mounts}


def _a_file_system(_hand: Hand, data: Json) -> Paths:
    """Somebody else's, as a volume that nothing mounts."""
    efs = {"fileSystemId": "fs-0123456789abcdef0", "transitEncryption": "ENABLED"}
    data["volumes"].append({"name": "by-hand", "efsVolumeConfiguration": efs})
    return {"file_volumes[0]…"}


def _second_compatibility(_hand: Hand, data: Json, _index: str) -> None:
    data["requiresCompatibilities"] = ["EC2", "FARGATE"]


def _service(**changes: Any) -> Mutator:
    return lambda hand, _kind: hand.update(**changes)


def _deployment(**changes: Any) -> Mutator:
    return lambda hand, _kind: hand.deployment(**changes)


def _breaker(**changes: Any) -> Mutator:
    return lambda hand, _kind: hand.breaker(**changes)


def _fewer_subnets(hand: Hand, _kind: Kind, index: str) -> None:
    hand.network(subnets=[subnet for place, subnet in enumerate(sorted(AWS["subnetIds"])) if place != int(index)])


def _another_group(hand: Hand, _kind: Kind, _index: str) -> None:
    filters = [{"Name": "vpc-id", "Values": [AWS["vpcId"]]}, {"Name": "group-name", "Values": ["default"]}]
    (default,) = hand("ec2").describe_security_groups(Filters=filters)["SecurityGroups"]
    hand.network(securityGroups=[default["GroupId"]])


def _behind_a_load_balancer(hand: Hand, _kind: Kind) -> Paths:
    """Of somebody else's; ECS takes only a port that the definition names, so that changes with it."""
    elb = hand("elbv2")
    group = make_gates(hand.stage.client, AWS["vpcId"])
    (listener,) = make_listeners(hand.stage.client, AWS["subnetIds"], group, count=1)
    arn = elb.create_target_group(
        Name="by-hand", Protocol="HTTP", Port=18789, VpcId=AWS["vpcId"], TargetType="ip", HealthCheckPath="/"
    )["TargetGroups"][0]["TargetGroupArn"]
    hosts = {"Field": "host-header", "HostHeaderConfig": {"Values": ["by-hand.example.com"]}}
    forward = {"Type": "forward", "TargetGroupArn": arn}
    elb.create_rule(ListenerArn=listener.arn, Priority=1, Conditions=[hosts], Actions=[forward])
    hand.revise(lambda data: data["containerDefinitions"][1].update(portMappings=[{"containerPort": 18789}]))
    hand.update(loadBalancers=[{"targetGroupArn": arn, "containerName": "gateway", "containerPort": 18789}])
    return {"load_balancers[0]…", "task_definition"}


def _spot(hand: Hand, _kind: Kind) -> Paths:
    """A strategy hides the launch type, and an empty one brings it back: that is one leaf, not two."""
    hand.update(capacityProviderStrategy=[{"capacityProvider": "FARGATE_SPOT", "weight": 1}], forceNewDeployment=True)
    return {"capacity_providers[0]"}


def _rebalance(hand: Hand, _kind: Kind) -> Paths:
    """ECS takes ENABLED only above 100 percent."""
    hand.update(availabilityZoneRebalancing="ENABLED", deploymentConfiguration={"maximumPercent": 200})
    return {"az_rebalancing", "maximum_percent"}


def _retain(hand: Hand, _kind: Kind) -> None:
    hand("logs").put_retention_policy(logGroupName=hand.names.log_group, retentionInDays=7)


def _describe_secret(hand: Hand, _kind: Kind) -> None:
    hand("secretsmanager").update_secret(SecretId=hand.names.gateway_secret, Description="changed by hand")


def _another_key(hand: Hand, _kind: Kind) -> None:
    hand("secretsmanager").update_secret(SecretId=hand.names.gateway_secret, KmsKeyId="alias/by-hand")


def _egress(**changes: Any) -> Mutator:
    return lambda hand, _kind, _index: hand.replace_egress(**changes)


def _all_protocols(hand: Hand, _kind: Kind, _index: str) -> Paths:
    """The same ports by UDP: nothing else differs."""
    hand.replace_egress(IpProtocol="udp")
    return {"egress[0].protocol"}


def _ingress(hand: Hand, _kind: Kind) -> Paths:
    ranges = [{"CidrIp": "10.0.0.0/8", "Description": "by hand"}]
    permission = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": ranges}
    hand("ec2").authorize_security_group_ingress(GroupId=hand.group_id, IpPermissions=[permission])
    return {"ingress[0]…"}


def _describe_role(hand: Hand, kind: Kind) -> None:
    hand("iam").update_role(RoleName=hand.role(kind), Description="changed by hand")


def _longer_session(hand: Hand, kind: Kind) -> None:
    role = hand("iam").get_role(RoleName=hand.role(kind))["Role"]
    hand("iam").update_role(RoleName=role["RoleName"], Description=role["Description"], MaxSessionDuration=7200)


def _trust(hand: Hand, kind: Kind) -> None:
    allow = {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    hand("iam").update_assume_role_policy(RoleName=hand.role(kind), PolicyDocument=document)


def put_policy(hand: Hand, kind: Kind, name: str = "by-hand") -> Paths:
    allow = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["*"]}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    hand("iam").put_role_policy(RoleName=hand.role(kind), PolicyName=name, PolicyDocument=document)
    return {f"inline_policies[{name}]"}


def attach_policy(hand: Hand, kind: Kind) -> Paths:
    hand("iam").attach_role_policy(RoleName=hand.role(kind), PolicyArn=managed_policy(hand))
    return {"attached_policies[0]"}


def set_boundary(hand: Hand, kind: Kind) -> None:
    hand("iam").put_role_permissions_boundary(RoleName=hand.role(kind), PermissionsBoundary=managed_policy(hand))


def managed_policy(hand: Hand) -> str:
    """A policy of the account, made when it is first asked for."""
    name, arn = "by-hand", f"arn:aws:iam::{AWS['accountId']}:policy/by-hand"
    if not any(item["Arn"] == arn for item in hand("iam").list_policies(Scope="Local")["Policies"]):
        allow = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        hand("iam").create_policy(PolicyName=name, PolicyDocument=document)
    return arn


def _tag(hand: Hand, kind: Kind, key: str) -> None:
    hand.tag(kind, key, "changed-by-hand")


def _unmanaged_of_service(hand: Hand, _kind: Kind) -> Paths:
    hand.deployment(alarms={"alarmNames": ["by-hand"], "enable": True, "rollback": True})
    return {"unmanaged[deploymentConfiguration.alarms]"}


def _pid_mode(_hand: Hand, data: Json) -> Paths:
    data["pidMode"] = "task"
    return {"unmanaged[pidMode]"}


MUTATORS: dict[Kind, dict[str, Mutator]] = {
    Kind.LOG_GROUP: {"retention_days": _retain},
    Kind.SECRET: {"description": _describe_secret, "kms_key": _another_key},
    Kind.SECURITY_GROUP: {
        r"egress\[(\d+)\]\.peer": _egress(IpRanges=[{"CidrIp": "10.0.0.0/8", "Description": "HTTPS"}]),
        r"egress\[(\d+)\]\.description": _egress(IpRanges=[{"CidrIp": "0.0.0.0/0", "Description": "changed"}]),
        r"egress\[(\d+)\]\.from_port": _egress(FromPort=80),
        r"egress\[(\d+)\]\.to_port": _egress(ToPort=8443),
        r"egress\[(\d+)\]\.protocol": _all_protocols,
        "ingress": _ingress,
    },
    **{
        kind: {
            "description": _describe_role,
            "max_session_seconds": _longer_session,
            "trust": _trust,
            r"inline_policies\[(.+)\]": put_policy,
            "inline_policies": put_policy,
            "attached_policies": attach_policy,
            "permissions_boundary": set_boundary,
        }
        for kind in ROLES
    },
    Kind.TASK_DEFINITION: {
        "family": _definition(_another_family),
        "cpu": _set("cpu", "512"),
        "memory": _set("memory", "3072"),
        "architecture": _set("runtimePlatform", {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"}),
        "ephemeral_storage_gib": _set("ephemeralStorage", {"sizeInGiB": 30}),
        "task_role": _another_role("taskRoleArn"),
        "execution_role": _another_role("executionRoleArn"),
        r"volumes\[(\d+)\]": _definition(_rename_volume),
        "file_volumes": _definition(_a_file_system),
        r"compatibilities\[(\d+)\]": _definition(_second_compatibility),
        "unmanaged": _definition(_pid_mode),
        **{
            rf"containers\[{name}\]\.{pattern}": _in_container(name, change)
            for name, table in (("init", CONTAINER | INIT_ONLY), ("gateway", CONTAINER))
            for pattern, change in table.items()
        },
    },
    Kind.SERVICE: {
        "task_definition": lambda hand, _kind: hand.revise(lambda data: data.update(memory="4096")),
        "desired_count": _service(desiredCount=2),
        r"subnets\[(\d+)\]": _fewer_subnets,
        r"security_groups\[(\d+)\]": _another_group,
        "load_balancers": _behind_a_load_balancer,
        "assign_public_ip": lambda hand, _kind: hand.network(assignPublicIp="ENABLED"),
        "capacity_providers": _spot,
        "platform_version": _service(platformVersion="1.4.0"),
        "minimum_healthy_percent": _deployment(minimumHealthyPercent=50),
        "maximum_percent": _deployment(maximumPercent=200),
        "breaker_enabled": _breaker(enable=False),
        "breaker_rollback": _breaker(rollback=False),
        "breaker_threshold": _breaker(thresholdConfiguration={"type": "COUNT", "value": 5}),
        "breaker_reset_on_healthy": _breaker(resetOnHealthyTask=True),
        "az_rebalancing": _rebalance,
        "enable_execute_command": _service(enableExecuteCommand=True),
        "enable_managed_tags": _service(enableECSManagedTags=False),
        "propagate_tags": _service(propagateTags="TASK_DEFINITION"),
        "health_check_grace_seconds": _service(healthCheckGracePeriodSeconds=60),
        "unmanaged": _unmanaged_of_service,
    },
}
for _kind, _table in MUTATORS.items():
    if _kind is not Kind.TASK_DEFINITION:
        _table[r"tags\[(.+)\]"] = _tag


class NoMutatorError(LookupError):
    """A leaf that nobody has said how to change: its drift is not tested."""


def mutator_for(kind: Kind, path: str) -> Callable[[Hand], Paths]:
    """The leaf's mutator, to be called with a hand. Raises NoMutatorError."""
    for pattern, mutator in MUTATORS[kind].items():
        found = re.fullmatch(pattern, path)
        if found:
            return lambda hand: mutator(hand, kind, *found.groups()) or {path}
    raise NoMutatorError(f"{kind} {path}")
