"""AWS::IAM, AWS::KMS and AWS::Logs."""

from __future__ import annotations

import json

from molthub.simulator.cloudformation.calling import Caller
from molthub.simulator.cloudformation.kinds.kind import Kind, Made, Wanted
from molthub.simulator.cloudformation.state import Resource

ROLE_NAME, POLICY_NAME = 64, 128


def _create_role(call: Caller, wanted: Wanted) -> Made:
    given = wanted.properties
    name = given.get("RoleName", wanted.generated(ROLE_NAME))
    optional = {key: given[key] for key in ("Path", "Description", "PermissionsBoundary") if key in given}
    role = call(
        "iam",
        "CreateRole",
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps(given["AssumeRolePolicyDocument"]),
        Tags=wanted.tag_list,
        **optional,
    )["Role"]
    for policy in given.get("Policies", ()):
        document = json.dumps(policy["PolicyDocument"])
        call("iam", "PutRolePolicy", RoleName=name, PolicyName=policy["PolicyName"], PolicyDocument=document)
    for arn in given.get("ManagedPolicyArns", ()):
        call("iam", "AttachRolePolicy", RoleName=name, PolicyArn=arn)
    return name, {"Arn": role["Arn"], "RoleId": role["RoleId"]}


def _update_role(call: Caller, held: Resource, wanted: Wanted) -> None:
    before, after = held.properties, wanted.properties
    document = json.dumps(after["AssumeRolePolicyDocument"])
    call("iam", "UpdateAssumeRolePolicy", RoleName=held.id, PolicyDocument=document)
    for policy in after.get("Policies", ()):
        text = json.dumps(policy["PolicyDocument"])
        call("iam", "PutRolePolicy", RoleName=held.id, PolicyName=policy["PolicyName"], PolicyDocument=text)
    old, new = set(before.get("ManagedPolicyArns", ())), set(after.get("ManagedPolicyArns", ()))
    for arn in sorted(new - old):
        call("iam", "AttachRolePolicy", RoleName=held.id, PolicyArn=arn)
    for arn in sorted(old - new):
        call("iam", "DetachRolePolicy", RoleName=held.id, PolicyArn=arn)
    call("iam", "TagRole", RoleName=held.id, Tags=wanted.tag_list)


def _delete_role(call: Caller, held: Resource) -> None:
    for arn in held.properties.get("ManagedPolicyArns", ()):
        call("iam", "DetachRolePolicy", RoleName=held.id, PolicyArn=arn)
    for policy in held.properties.get("Policies", ()):
        call("iam", "DeleteRolePolicy", RoleName=held.id, PolicyName=policy["PolicyName"])
    call("iam", "DeleteRole", RoleName=held.id)


def _create_policy(call: Caller, wanted: Wanted) -> Made:
    given = wanted.properties
    optional = {key: given[key] for key in ("Path", "Description") if key in given}
    policy = call(
        "iam",
        "CreatePolicy",
        PolicyName=given.get("ManagedPolicyName", wanted.generated(POLICY_NAME)),
        PolicyDocument=json.dumps(given["PolicyDocument"], separators=(",", ":")),
        **optional,
    )["Policy"]
    return policy["Arn"], {"PolicyArn": policy["Arn"]}


def _update_policy(call: Caller, held: Resource, wanted: Wanted) -> None:
    """A new default version; the one before goes, as IAM keeps five at most."""
    document = json.dumps(wanted.properties["PolicyDocument"], separators=(",", ":"))
    call("iam", "CreatePolicyVersion", PolicyArn=held.id, PolicyDocument=document, SetAsDefault=True)
    for version in call("iam", "ListPolicyVersions", PolicyArn=held.id)["Versions"]:
        if not version["IsDefaultVersion"]:
            call("iam", "DeletePolicyVersion", PolicyArn=held.id, VersionId=version["VersionId"])


def _delete_policy(call: Caller, held: Resource) -> None:
    call("iam", "DeletePolicy", PolicyArn=held.id)


def _create_key(call: Caller, wanted: Wanted) -> Made:
    given = wanted.properties
    tags = [{"TagKey": key, "TagValue": value} for key, value in sorted(wanted.tags.items())]
    key = call(
        "kms",
        "CreateKey",
        Description=given.get("Description", ""),
        Policy=json.dumps(given["KeyPolicy"]),
        Tags=tags,
    )["KeyMetadata"]
    if given.get("EnableKeyRotation"):
        call("kms", "EnableKeyRotation", KeyId=key["KeyId"])
    return key["KeyId"], {"Arn": key["Arn"], "KeyId": key["KeyId"]}


def _update_key(call: Caller, held: Resource, wanted: Wanted) -> None:
    policy = json.dumps(wanted.properties["KeyPolicy"])
    call("kms", "PutKeyPolicy", KeyId=held.id, PolicyName="default", Policy=policy)


def _delete_key(call: Caller, held: Resource) -> None:
    days = held.properties.get("PendingWindowInDays", 30)
    call("kms", "ScheduleKeyDeletion", KeyId=held.id, PendingWindowInDays=days)


def _create_alias(call: Caller, wanted: Wanted) -> Made:
    call("kms", "CreateAlias", **wanted.properties)
    return wanted.properties["AliasName"], {}


def _update_alias(call: Caller, _held: Resource, wanted: Wanted) -> None:
    call("kms", "UpdateAlias", **wanted.properties)


def _delete_alias(call: Caller, held: Resource) -> None:
    call("kms", "DeleteAlias", AliasName=held.id)


def _create_group(call: Caller, wanted: Wanted) -> Made:
    given = wanted.properties
    name = given.get("LogGroupName", wanted.generated(512))
    optional = {"kmsKeyId": given["KmsKeyId"]} if "KmsKeyId" in given else {}
    if wanted.tags:
        optional["tags"] = wanted.tags
    call("logs", "CreateLogGroup", logGroupName=name, **optional)
    if "RetentionInDays" in given:
        call("logs", "PutRetentionPolicy", logGroupName=name, retentionInDays=given["RetentionInDays"])
    return name, {"Arn": f"arn:aws:logs:{call.region}:{call.account}:log-group:{name}:*"}


def _update_group(call: Caller, held: Resource, wanted: Wanted) -> None:
    days = wanted.properties["RetentionInDays"]
    call("logs", "PutRetentionPolicy", logGroupName=held.id, retentionInDays=days)


def _delete_group(call: Caller, held: Resource) -> None:
    call("logs", "DeleteLogGroup", logGroupName=held.id)


KINDS: dict[str, Kind] = {
    "AWS::IAM::Role": Kind(_create_role, _delete_role, _update_role, frozenset({"Path", "RoleName"}), 12),
    "AWS::IAM::ManagedPolicy": Kind(
        _create_policy, _delete_policy, _update_policy, frozenset({"Description", "ManagedPolicyName", "Path"}), 8
    ),
    "AWS::KMS::Key": Kind(_create_key, _delete_key, _update_key, seconds=20),
    "AWS::KMS::Alias": Kind(_create_alias, _delete_alias, _update_alias, frozenset({"AliasName"})),
    "AWS::Logs::LogGroup": Kind(_create_group, _delete_group, _update_group, frozenset({"LogGroupName"})),
}
