"""EC2: names, descriptions and rules of security groups, and groups that are still in use."""

# ruff: noqa: ARG001 - rules share one signature

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Any

from molthub.simulator.refusals import MalformedRequestError, RefusalError
from molthub.simulator.wire import Call
from molthub.simulator.world import World

_TEXT = re.compile(r"[A-Za-z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{1,255}")
_RULE_TEXT = re.compile(r"[A-Za-z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{0,255}")
MOST_RULES = 60
HIGHEST_PORT = 65535


def _group_is_sound(world: World, call: Call, account: str) -> None:
    name, description = call.params["GroupName"], call.params["Description"]
    if name.lower().startswith("sg-"):
        message = "Invalid value for parameter groupName. The value cannot begin with 'sg-'."
        raise MalformedRequestError("InvalidParameterValue", message)
    for what, text in (("groupName", name), ("groupDescription", description)):
        if not _TEXT.fullmatch(text):
            message = f"Value for parameter {what} is invalid: up to 255 of a-z, A-Z, 0-9, and ._-:/()#,@[]+=&;{{}}!$*"
            raise MalformedRequestError("InvalidParameterValue", message)
    vpc = call.params.get("VpcId")
    if vpc is not None and vpc not in world.moto.backend("ec2", account, call.region).vpcs:
        raise RefusalError("InvalidVpcID.NotFound", f"The vpc ID '{vpc}' does not exist")


def _rules_are_sound(world: World, call: Call, account: str) -> None:
    permissions = call.params.get("IpPermissions", ())
    for permission in permissions:
        for port in (permission.get("FromPort", 0), permission.get("ToPort", 0)):
            if not -1 <= port <= HIGHEST_PORT:
                raise MalformedRequestError("InvalidParameterValue", "Invalid value for portRange. Must be 0 to 65535")
        for peer in _peers(permission):
            _check_peer(peer)
    if call.operation.startswith("Authorize"):
        _check_count(world, call, account, sum(len(list(_peers(item))) for item in permissions))


def _peers(permission: dict[str, Any]) -> Iterator[dict[str, str]]:
    for key in ("IpRanges", "Ipv6Ranges", "UserIdGroupPairs", "PrefixListIds"):
        yield from permission.get(key, ())


def _check_peer(peer: dict[str, str]) -> None:
    if not _RULE_TEXT.fullmatch(peer.get("Description", "")):
        message = "Invalid rule description. Valid descriptions are strings less than 256 characters from a-zA-Z0-9."
        raise MalformedRequestError("InvalidParameterValue", message)
    block = peer.get("CidrIp", peer.get("CidrIpv6"))
    try:
        if block is not None:
            ipaddress.ip_network(block, strict=False)
    except ValueError as error:
        raise MalformedRequestError("InvalidParameterValue", "CIDR block is malformed") from error


def _check_count(world: World, call: Call, account: str, added: int) -> None:
    group = _group(world, account, call.region, call.params.get("GroupId", ""))
    if group is None:
        return
    rules = group.egress_rules if call.operation.endswith("Egress") else group.ingress_rules
    if len(rules) + added > MOST_RULES:
        message = "The maximum number of rules per security group has been reached."
        raise RefusalError("RulesPerSecurityGroupLimitExceeded", message)


def _group_is_unused(world: World, call: Call, account: str) -> None:
    group_id = call.params.get("GroupId", "")
    group = _group(world, account, call.region, group_id)
    if group is None:
        return
    if group.name == "default":
        raise RefusalError(
            "CannotDelete", f'the specified group: "{group_id}" name: "default" cannot be deleted by a user'
        )
    if group_id in world.groups_in_use(account, call.region) or _is_referenced(world, account, call.region, group_id):
        raise RefusalError("DependencyViolation", f"resource {group_id} has a dependent object")


def _is_referenced(world: World, account: str, region: str, group_id: str) -> bool:
    groups = (group for vpc in world.moto.backend("ec2", account, region).groups.values() for group in vpc.values())
    return any(
        rule.source_group.get("GroupId") == group_id
        for group in groups
        if group.id != group_id
        for rule in (*group.ingress_rules, *group.egress_rules)
    )


def _group(world: World, account: str, region: str, group_id: str) -> Any:
    groups = world.moto.backend("ec2", account, region).groups
    return next((vpc[group_id] for vpc in groups.values() if group_id in vpc), None)


def _page_is_sound(world: World, call: Call, account: str) -> None:
    if "MaxResults" in call.params and call.params.get("GroupIds"):
        message = "The parameter GroupIds cannot be used with the parameter MaxResults"
        raise MalformedRequestError("InvalidParameterCombination", message)


RULES: Mapping[str, tuple[Any, ...]] = {
    "ec2:CreateSecurityGroup": (_group_is_sound,),
    "ec2:DeleteSecurityGroup": (_group_is_unused,),
    "ec2:DescribeSecurityGroups": (_page_is_sound,),
    "ec2:AuthorizeSecurityGroupIngress": (_rules_are_sound,),
    "ec2:AuthorizeSecurityGroupEgress": (_rules_are_sound,),
}
