"""IAM: role names that differ in case only, policy documents, the size of inline policies."""

# ruff: noqa: ARG001 - rules share one signature

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy

from molthub.simulator.refusals import MalformedRequestError, RefusalError
from molthub.simulator.wire import Call
from molthub.simulator.world import World

LONGEST_INLINE = 10_240
"""All inline policies of a role together, white space not counted."""

LONGEST_TRUST = 2_048
MOST_TAGS = 50


def _name_is_free(world: World, call: Call, account: str) -> None:
    wanted = call.params["RoleName"]
    for role in world.moto.backend("iam", account, "aws").roles.values():
        if role.name.lower() == wanted.lower():
            raise RefusalError("EntityAlreadyExists", f"Role with name {wanted} already exists.", status=409)


def _trust_is_sound(world: World, call: Call, account: str) -> None:
    text = str(call.params.get("AssumeRolePolicyDocument", call.params.get("PolicyDocument")))
    if _length(text) > LONGEST_TRUST:
        raise RefusalError("LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 2048", status=409)
    for statement in _statements(text):
        if "Principal" not in statement:
            raise MalformedRequestError("MalformedPolicyDocument", "Missing required field Principal")
        if "Resource" in statement:
            raise MalformedRequestError("MalformedPolicyDocument", "Has prohibited field Resource")
        if "sts:" not in json.dumps(statement.get("Action", "")):
            raise MalformedRequestError("MalformedPolicyDocument", "AssumeRole policy may only specify STS actions.")


def _boundary_exists(world: World, call: Call, account: str) -> None:
    arn = call.params.get("PermissionsBoundary")
    if arn and ":aws:policy/" not in arn and arn not in world.moto.backend("iam", account, "aws").managed_policies:
        message = f"Scope ARN: {arn} does not exist or is not attachable."
        raise RefusalError("NoSuchEntity", message, status=404)


def _inline_fits(world: World, call: Call, account: str) -> None:
    text = call.params["PolicyDocument"]
    _statements(text)
    role = _role(world, call, account)
    message = f"Maximum policy size of {LONGEST_INLINE} bytes exceeded for role {call.params['RoleName']}"
    if _length(text) > LONGEST_INLINE:
        raise MalformedRequestError("LimitExceeded", message)
    others = role.policies.items() if role is not None else ()
    if (
        _length(text) + sum(_length(held) for name, held in others if name != call.params["PolicyName"])
        > LONGEST_INLINE
    ):
        raise RefusalError("LimitExceeded", message, status=409)


def _tags_fit(world: World, call: Call, account: str) -> None:
    role = _role(world, call, account)
    if role is None:
        return
    held = role.tags if isinstance(role.tags, dict) else {tag["Key"]: tag for tag in role.tags or ()}
    if len({key.lower() for key in held} | {tag["Key"].lower() for tag in call.params["Tags"]}) > MOST_TAGS:
        raise RefusalError("LimitExceeded", "The number of tags has exceeded the allowed limit: 50.", status=409)


def _service_role_is_new(world: World, call: Call, account: str) -> None:
    path = f"/aws-service-role/{call.params['AWSServiceName']}/"
    for role in world.moto.backend("iam", account, "aws").roles.values():
        if role.path == path:
            message = f"Service role name {role.name} has been taken in this account, please try a different suffix."
            raise RefusalError("InvalidInput", message)


def _know_aws_policy(world: World, call: Call, account: str) -> None:
    """AWS's own policies exist in every account; moto loads them all or none, so the one asked for is added."""
    arn = call.params["PolicyArn"]
    held = world.moto.backend("iam", account, "aws").managed_policies
    if arn.startswith("arn:aws:iam::aws:policy/") and arn not in held:
        name = arn.rpartition("/")[2]
        found = _aws_policies().get(name)
        if found is not None:
            held[arn] = AWSManagedPolicy.from_data(name, account, "aws", found)


@cache
def _aws_policies() -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(aws_managed_policies_data)
    return parsed


def _role(world: World, call: Call, account: str) -> Any:
    roles = world.moto.backend("iam", account, "aws").roles.values()
    return next((role for role in roles if role.name == call.params["RoleName"]), None)


def _statements(text: str) -> list[dict[str, Any]]:
    try:
        document = json.loads(text)
        statements = document["Statement"]
    except (ValueError, KeyError, TypeError) as error:
        raise MalformedRequestError("MalformedPolicyDocument", "Syntax errors in policy.") from error
    listed = statements if isinstance(statements, list) else [statements]
    if not listed or not all(isinstance(item, dict) for item in listed):
        raise MalformedRequestError("MalformedPolicyDocument", "Syntax errors in policy.")
    return listed


def _length(text: str) -> int:
    return len(re.sub(r"\s", "", text))


RULES: Mapping[str, tuple[Any, ...]] = {
    "iam:AttachRolePolicy": (_know_aws_policy,),
    "iam:CreateServiceLinkedRole": (_service_role_is_new,),
    "iam:CreateRole": (_name_is_free, _trust_is_sound, _boundary_exists),
    "iam:PutRolePermissionsBoundary": (_boundary_exists,),
    "iam:UpdateAssumeRolePolicy": (_trust_is_sound,),
    "iam:PutRolePolicy": (_inline_fits,),
    "iam:TagRole": (_tags_fit,),
}
