"""Every row of the table in docs/simulator.md: what AWS refuses and moto does not."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import botocore.exceptions
import pytest

from tests.fakes import refused_ingress, refused_logs, refused_stacks, refused_storage
from tests.fakes.aws_objects import (
    TRUST,
    make_group,
    make_role,
    make_service,
    register,
    see,
    service_request,
    settled,
)
from tests.fakes.simulator import CLUSTER, ENVIRONMENT, VPC, TestSimulator

DOCS = Path(__file__).parents[3] / "docs" / "simulator.md"
Attempt = Callable[[TestSimulator], object]

PEER = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}


def _rules(*blocks: str) -> list[dict[str, Any]]:
    return [{**PEER, "IpRanges": [{"CidrIp": block} for block in blocks]}]


def _tags(count: int, prefix: str = "k") -> list[dict[str, str]]:
    return [{"Key": f"{prefix}{index}", "Value": "v"} for index in range(count)]


def _group(simulator: TestSimulator, **changes: Any) -> None:
    request = {"GroupName": "bot", "Description": "a bot", "VpcId": VPC} | changes
    simulator.raw_client("ec2").create_security_group(**request)


def _role(simulator: TestSimulator, **changes: Any) -> None:
    request = {"RoleName": "bot", "AssumeRolePolicyDocument": TRUST} | changes
    simulator.raw_client("iam").create_role(**request)


def _unknown_member(simulator: TestSimulator) -> None:
    client = simulator.new_client("iam")
    client.meta.events.register("before-call", lambda params, **_: params["body"].update(Colour="red"))
    client.create_role(RoleName="bot", AssumeRolePolicyDocument=TRUST)


def _secret(simulator: TestSimulator, name: str = "bot", **changes: Any) -> None:
    simulator.raw_client("secretsmanager").create_secret(Name=name, SecretString="{}", **changes)


def _definition(**changes: Any) -> Attempt:
    return lambda simulator: register(simulator, **changes)


def _describe_eleven(simulator: TestSimulator) -> None:
    simulator.client("ecs").describe_services(cluster=CLUSTER, services=[f"s{index}" for index in range(11)])


def _no_network(simulator: TestSimulator) -> None:
    request = service_request(register(simulator), "none")
    del request["networkConfiguration"]
    simulator.client("ecs").create_service(**request)


def _bucket(simulator: TestSimulator) -> Any:
    simulator.control.seed(environments=[{**ENVIRONMENT, "bucket": "molthub-bucket"}])
    return simulator.client("s3")


def _put(simulator: TestSimulator, **changes: Any) -> str:
    request = {"Bucket": "molthub-bucket", "Key": "lease.json", "Body": b"{}"} | changes
    return str(_bucket(simulator).put_object(**request)["ETag"])


def _put_new_twice(simulator: TestSimulator) -> None:
    _put(simulator, IfNoneMatch="*")
    _put(simulator, IfNoneMatch="*")


def _put_over_another(simulator: TestSimulator) -> None:
    tag = _put(simulator)
    _put(simulator, Body=b"2", IfMatch=tag)
    _put(simulator, Body=b"3", IfMatch=tag)


def _inline(simulator: TestSimulator, document: str) -> None:
    make_role(simulator)
    simulator.client("iam").put_role_policy(RoleName="bot-exec", PolicyName="big", PolicyDocument=document)


def _trust(**statement: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow"} | statement]})


def _policy_of_length(length: int) -> str:
    return _trust(Action="s3:GetObject", Resource="arn:aws:s3:::bucket/" + "x" * length)


def _authorize(simulator: TestSimulator, rules: list[dict[str, Any]], group: str | None = None) -> None:
    target = group or make_group(simulator)
    simulator.client("ec2").authorize_security_group_egress(GroupId=target, IpPermissions=rules)


def _page_of_ids(simulator: TestSimulator) -> None:
    simulator.client("ec2").describe_security_groups(GroupIds=[make_group(simulator)], MaxResults=5)


def _retention(simulator: TestSimulator) -> None:
    logs = simulator.client("logs")
    logs.create_log_group(logGroupName="/bot")
    logs.put_retention_policy(logGroupName="/bot", retentionInDays=10)


def _resources(simulator: TestSimulator) -> None:
    simulator.client("resourcegroupstaggingapi").get_resources(ResourcesPerPage=101)


MALFORMED: dict[str, tuple[Attempt, str]] = {
    **refused_ingress.MALFORMED,
    **refused_storage.MALFORMED,
    **refused_stacks.MALFORMED,
    "unknown-member": (_unknown_member, "ValidationError"),
    "missing-member": (lambda s: s.raw_client("ecs").update_service(cluster=CLUSTER), "ValidationException"),
    "wrong-type": (lambda s: s.raw_client("ecs").list_services(maxResults="ten"), "ValidationException"),
    "not-in-enum": (lambda s: make_service(s, propagateTags="ALL"), "ValidationException"),
    "pattern": (lambda s: _role(s, RoleName="a b"), "ValidationError"),
    "too-long": (lambda s: _role(s, RoleName="a" * 65), "ValidationError"),
    "out-of-range": (lambda s: s.raw_client("ec2").describe_security_groups(MaxResults=4), "InvalidParameterValue"),
    "name": (lambda s: make_service(s, name="a.b"), "InvalidParameterException"),
    "fargate-size": (_definition(cpu="256", memory="4096"), "ClientException"),
    "fargate-network": (_definition(networkMode="bridge"), "ClientException"),
    "fargate-privileged": (_definition(container={"privileged": True}), "ClientException"),
    "ephemeral-storage": (_definition(ephemeralStorage={"sizeInGiB": 20}), "ClientException"),
    "stop-timeout": (_definition(container={"stopTimeout": 121}), "ClientException"),
    "start-period": (
        _definition(container={"healthCheck": {"command": ["CMD", "true"], "startPeriod": 301}}),
        "ClientException",
    ),
    "depends-on": (
        _definition(container={"dependsOn": [{"containerName": "init", "condition": "SUCCESS"}]}),
        "ClientException",
    ),
    "unknown-volume": (
        _definition(container={"mountPoints": [{"sourceVolume": "state", "containerPath": "/state"}]}),
        "ClientException",
    ),
    "no-execution-role": (
        _definition(container={"secrets": [{"name": "TOKEN", "valueFrom": "arn:aws:secretsmanager:x"}]}),
        "ClientException",
    ),
    "definition-size": (
        _definition(container={"environment": [{"name": "A", "value": "x" * 65536}]}),
        "ClientException",
    ),
    "role-arn": (_definition(executionRoleArn="bot-exec"), "ClientException"),
    "no-network": (_no_network, "InvalidParameterException"),
    "eleven-services": (_describe_eleven, "InvalidParameterException"),
    "list-size": (
        lambda s: s.client("ecs").list_services(cluster=CLUSTER, maxResults=101),
        "InvalidParameterException",
    ),
    "family-without-revision": (
        lambda s: s.client("ecs").deregister_task_definition(taskDefinition="bot"),
        "ClientException",
    ),
    "group-name": (lambda s: _group(s, GroupName="sg-bot"), "InvalidParameterValue"),
    "group-description": (lambda s: _group(s, Description="für Bots"), "InvalidParameterValue"),
    "cidr": (lambda s: _authorize(s, _rules("10.0.0.0/99")), "InvalidParameterValue"),
    "page-of-ids": (_page_of_ids, "InvalidParameterCombination"),
    "retention": (_retention, "InvalidParameterException"),
    "recovery-window": (
        lambda s: s.raw_client("secretsmanager").delete_secret(SecretId="bot", RecoveryWindowInDays=31),
        "InvalidParameterException",
    ),
    "secret-name-suffix": (lambda s: _secret(s, "bot-abc123"), "ValidationException"),
    "secret-name-characters": (lambda s: _secret(s, "bot token"), "ValidationException"),
    "trust-policy": (lambda s: _role(s, AssumeRolePolicyDocument=_trust(Action="sts:AssumeRole")), "MalformedPolicy"),
    "policy-syntax": (lambda s: _inline(s, "{"), "MalformedPolicyDocument"),
    "policy-grammar": (lambda s: _inline(s, _trust(Action="anything", Resource="*")), "MalformedPolicyDocument"),
    "inline-policy-size": (lambda s: _inline(s, _policy_of_length(10_240)), "LimitExceeded"),
    "reserved-tag": (lambda s: _secret(s, Tags=[{"Key": "aws:x", "Value": "y"}]), "InvalidParameterException"),
    "duplicate-tag": (lambda s: _role(s, Tags=[{"Key": k, "Value": "v"} for k in ("a", "A")]), "InvalidInput"),
    "too-many-tags": (
        lambda s: _group(s, TagSpecifications=[{"ResourceType": "security-group", "Tags": _tags(51)}]),
        "InvalidParameterValue",
    ),
    "object-condition": (lambda s: _put(s, IfNoneMatch='"0"'), "NotImplemented"),
    "resources-per-page": (_resources, "InvalidParameterException"),
    **refused_logs.MALFORMED,
}


def _create_twice(simulator: TestSimulator) -> None:
    make_service(simulator, clientToken="a")
    request = service_request("bot", make_group(simulator, "other"), clientToken="a")
    simulator.client("ecs").create_service(**request)


def _create_over_draining(simulator: TestSimulator) -> None:
    make_service(simulator)
    settled(simulator)
    simulator.control.set_speed(0.001)
    simulator.client("ecs").delete_service(cluster=CLUSTER, service="bot", force=True)
    simulator.client("ecs").create_service(**service_request("bot", make_group(simulator, "other")))


def _update_inactive(simulator: TestSimulator) -> None:
    make_service(simulator, desiredCount=0)
    simulator.client("ecs").delete_service(cluster=CLUSTER, service="bot")
    simulator.control.advance(60)
    simulator.client("ecs").update_service(cluster=CLUSTER, service="bot", desiredCount=1)


def _delete_scaled(simulator: TestSimulator) -> None:
    make_service(simulator)
    simulator.client("ecs").delete_service(cluster=CLUSTER, service="bot")


def _inactive_definition(simulator: TestSimulator) -> None:
    definition = register(simulator)
    simulator.client("ecs").deregister_task_definition(taskDefinition=definition)
    simulator.client("ecs").create_service(**service_request(definition, make_group(simulator)))


def _unknown_subnet(simulator: TestSimulator) -> None:
    network = {"awsvpcConfiguration": {"subnets": ["subnet-none"], "securityGroups": [make_group(simulator, "x")]}}
    make_service(simulator, networkConfiguration=network)


def _stop_finished(simulator: TestSimulator) -> None:
    make_service(simulator)
    settled(simulator)
    _stop_deployment(simulator)


def _stop_deployment(simulator: TestSimulator) -> None:
    ecs = simulator.client("ecs")
    newest = ecs.list_service_deployments(cluster=CLUSTER, service="bot")["serviceDeployments"][0]
    ecs.stop_service_deployment(serviceDeploymentArn=newest["serviceDeploymentArn"], stopType="ROLLBACK")


def _stop_first(simulator: TestSimulator) -> None:
    make_service(simulator)
    _stop_deployment(simulator)


def _role_twice(simulator: TestSimulator) -> None:
    _role(simulator, RoleName="Bot")
    _role(simulator, RoleName="bOT")


def _pass_new_role(simulator: TestSimulator) -> None:
    simulator.control.set_role_delay(1000)
    register(simulator, executionRoleArn=make_role(simulator))


def _assume(simulator: TestSimulator, **options: Any) -> None:
    request = {"RoleArn": "arn:aws:iam::123456789012:role/reconciler", "RoleSessionName": "test"} | options
    simulator.client("sts").assume_role(**request)


def _without_boundary(simulator: TestSimulator) -> None:
    _role(simulator, PermissionsBoundary="arn:aws:iam::123456789012:policy/none")


def _denied(simulator: TestSimulator) -> None:
    _role(simulator)
    simulator.control.act_as("AKIANOBODY", "arn:aws:iam::123456789012:role/bot")
    simulator.client("ecs", access_key="AKIANOBODY").list_clusters()


def _assume_without_external_id(simulator: TestSimulator) -> None:
    condition = {"StringEquals": {"sts:ExternalId": "secret-handshake"}}
    trust = _trust(Action="sts:AssumeRole", Principal={"AWS": "*"}, Condition=condition)
    _role(simulator, RoleName="reconciler", AssumeRolePolicyDocument=trust)
    _assume(simulator, ExternalId="wrong")


def _delete_role(simulator: TestSimulator) -> None:
    make_role(simulator)
    simulator.client("iam").delete_role(RoleName="bot-exec")


def _inline_sum(simulator: TestSimulator) -> None:
    make_role(simulator)
    iam = simulator.client("iam")
    iam.put_role_policy(RoleName="bot-exec", PolicyName="a", PolicyDocument=_policy_of_length(6000))
    iam.put_role_policy(RoleName="bot-exec", PolicyName="b", PolicyDocument=_policy_of_length(6000))


def _role_tags(simulator: TestSimulator) -> None:
    _role(simulator, Tags=_tags(30))
    simulator.client("iam").tag_role(RoleName="bot", Tags=_tags(30, "other"))


def _group_in_use(simulator: TestSimulator) -> None:
    make_service(simulator)
    ecs = simulator.client("ecs")
    group = see(simulator)["networkConfiguration"]["awsvpcConfiguration"]["securityGroups"][0]
    settled(simulator)
    simulator.control.set_speed(0.001)
    ecs.delete_service(cluster=CLUSTER, service="bot", force=True)
    simulator.control.advance(20)
    assert see(simulator)["status"] == "INACTIVE"
    simulator.client("ec2").delete_security_group(GroupId=group)


def _group_referenced(simulator: TestSimulator) -> None:
    shared, own = make_group(simulator, "shared"), make_group(simulator, "own")
    _authorize(simulator, [{**PEER, "UserIdGroupPairs": [{"GroupId": shared}]}], own)
    simulator.client("ec2").delete_security_group(GroupId=shared)


def _sixty_one_rules(simulator: TestSimulator) -> None:
    _authorize(simulator, _rules(*(f"10.0.{index}.0/24" for index in range(60))))


def _secret_again(simulator: TestSimulator) -> None:
    _secret(simulator)
    simulator.client("secretsmanager").delete_secret(SecretId="bot")
    _secret(simulator)


def _put_deleted(simulator: TestSimulator) -> None:
    _secret(simulator)
    client = simulator.client("secretsmanager")
    client.delete_secret(SecretId="bot")
    client.put_secret_value(SecretId="bot", SecretString="{}")


def _secret_label(simulator: TestSimulator) -> None:
    """Two people read one version; the second to move AWSCURRENT away from it is told."""
    client = simulator.client("secretsmanager")
    old = client.create_secret(Name="bot", SecretString="{}")["VersionId"]
    made = [client.put_secret_value(SecretId="bot", SecretString=text, VersionStages=["NEXT"]) for text in "ab"]
    for version in made:
        client.update_secret_version_stage(
            SecretId="bot", VersionStage="AWSCURRENT", RemoveFromVersionId=old, MoveToVersionId=version["VersionId"]
        )


def _secret_tags(simulator: TestSimulator) -> None:
    _secret(simulator, Tags=_tags(30))
    simulator.client("secretsmanager").tag_resource(SecretId="bot", Tags=_tags(30, "other"))


def _service_tags(simulator: TestSimulator) -> None:
    tags = [{"key": item["Key"], "value": "v"} for item in _tags(60)]
    arn = make_service(simulator, tags=tags[:30])["serviceArn"]
    simulator.client("ecs").tag_resource(resourceArn=arn, tags=tags[30:])


REFUSED: dict[str, tuple[Attempt, str]] = {
    "service-exists": (_create_twice, "Creation of service was not idempotent."),
    "service-draining": (_create_over_draining, "Unable to Start a service that is still Draining."),
    "service-inactive": (_update_inactive, "ServiceNotActiveException"),
    "service-scaled": (_delete_scaled, "The service cannot be stopped while it is scaled above 0."),
    "service-tags": (_service_tags, "The maximum number of tags (50) has been exceeded."),
    "inactive-definition": (_inactive_definition, "TaskDefinition is inactive"),
    "unknown-cluster": (lambda s: s.client("ecs").list_services(cluster="none"), "ClusterNotFoundException"),
    "unknown-subnet": (_unknown_subnet, "InvalidSubnetID.NotFound"),
    "unknown-group": (
        lambda s: s.client("ecs").create_service(**service_request(register(s), "sg-none")),
        "InvalidGroup.NotFound",
    ),
    "finished-deployment": (_stop_finished, "ConflictException"),
    "first-deployment": (_stop_first, "ConflictException"),
    "role-name-case": (_role_twice, "EntityAlreadyExists"),
    "new-role": (_pass_new_role, "is not authorized to perform: iam:PassRole"),
    "denied": (_denied, "because no identity-based policy allows the ecs:ListClusters action"),
    "missing-role": (_assume, "is not authorized to perform: sts:AssumeRole"),
    "external-id": (_assume_without_external_id, "is not authorized to perform: sts:AssumeRole"),
    "missing-boundary": (_without_boundary, "Scope ARN: arn:aws:iam::123456789012:policy/none does not exist"),
    "role-with-policies": (_delete_role, "DeleteConflict"),
    "inline-policies-size": (_inline_sum, "Maximum policy size of 10240 bytes exceeded for role bot-exec"),
    "role-tags": (_role_tags, "The number of tags has exceeded the allowed limit: 50."),
    "group-in-use": (_group_in_use, "DependencyViolation"),
    "group-referenced": (_group_referenced, "DependencyViolation"),
    "group-vpc": (lambda s: _group(s, VpcId="vpc-none"), "InvalidVpcID.NotFound"),
    "group-rules": (_sixty_one_rules, "RulesPerSecurityGroupLimitExceeded"),
    "secret-deleted-create": (_secret_again, "already scheduled for deletion"),
    "secret-deleted-put": (_put_deleted, "it was marked for deletion"),
    "secret-label": (_secret_label, "The staging label AWSCURRENT is currently attached to version"),
    "unknown-quota": (
        lambda s: s.client("service-quotas").get_service_quota(ServiceCode="fargate", QuotaCode="L-00000000"),
        "NoSuchResourceException",
    ),
    "policy-source": (
        lambda s: s.client("iam").simulate_principal_policy(
            PolicySourceArn="arn:aws:iam::123456789012:role/nobody", ActionNames=["ecs:UpdateService"]
        ),
        "The role with name nobody cannot be found.",
    ),
    "no-bucket": (lambda s: _put(s, Bucket="molthub-none"), "NoSuchBucket"),
    "bucket-owner": (lambda s: _put(s, ExpectedBucketOwner="999999999999"), "AccessDenied"),
    "object-exists": (_put_new_twice, "PreconditionFailed"),
    "object-changed": (_put_over_another, "PreconditionFailed"),
    "object-gone": (lambda s: _put(s, IfMatch='"0"'), "NoSuchKey"),
    "secret-tags": (_secret_tags, "The maximum number of tags (50) has been exceeded."),
    **refused_ingress.REFUSED,
    **refused_logs.REFUSED,
    **refused_storage.REFUSED,
    **refused_stacks.REFUSED,
}


@pytest.mark.parametrize("row", MALFORMED)
def test_a_request_that_could_never_succeed_is_a_violation(simulator: TestSimulator, row: str) -> None:
    simulator.expect_violations()
    attempt, code = MALFORMED[row]
    with pytest.raises(botocore.exceptions.ClientError, match=re.escape(code)):
        attempt(simulator)
    assert len(simulator.control.violations()) == 1
    assert simulator.control.violations()[0].startswith("MH-SIM-002 ")


@pytest.mark.parametrize("row", REFUSED)
def test_what_the_state_forbids_is_refused_and_no_violation(simulator: TestSimulator, row: str) -> None:
    attempt, words = REFUSED[row]
    with pytest.raises(botocore.exceptions.ClientError, match=re.escape(words)):
        attempt(simulator)
    assert simulator.control.violations() == []


def test_the_table_in_the_docs_is_what_is_tested() -> None:
    rows = re.findall(r"^\| `([a-z0-9-]+)` \|.*\| (violation|refusal) \|$", DOCS.read_text(), flags=re.MULTILINE)
    told = {kind: {name for name, of in rows if of == kind} for kind in ("violation", "refusal")}
    assert told == {"violation": set(MALFORMED), "refusal": set(REFUSED)}


def test_the_good_twins_are_accepted(simulator: TestSimulator) -> None:
    role = make_role(simulator)
    register(simulator, cpu="1 vCPU", memory="2GB", executionRoleArn=role, ephemeralStorage={"sizeInGiB": 21})
    _authorize(simulator, _rules(*(f"10.0.{index}.0/24" for index in range(59))))
    _secret(simulator, "bot-abc12", Tags=_tags(50))
    assert simulator.control.violations() == []
