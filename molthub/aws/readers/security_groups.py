"""Security groups: up to 1,000 a page, rules and tags included, projected onto SecurityGroup."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from molthub.aws.api import Api
from molthub.aws.tags import compared, from_upper
from molthub.resources.identity import TAG_INSTANCE
from molthub.resources.normal import normalise
from molthub.resources.types import Rule, SecurityGroup

Raw = Mapping[str, Any]
NAMES_PER_FILTER = 200


def list_groups(api: Api, vpc_id: str, name_prefix: str) -> dict[str, Raw]:
    """Every group of the VPC whose name begins with the prefix, tagged or not, by name."""
    return _described(api, vpc_id, [f"{name_prefix}*"])


def read_groups(api: Api, vpc_id: str, names: Iterable[str]) -> dict[str, Raw]:
    """The groups of the VPC with these names, by name."""
    ordered = sorted(set(names))
    found: dict[str, Raw] = {}
    for start in range(0, len(ordered), NAMES_PER_FILTER):
        found |= _described(api, vpc_id, ordered[start : start + NAMES_PER_FILTER])
    return found


def read_by_id(api: Api, vpc_id: str, group_ids: Iterable[str]) -> list[Raw]:
    """The groups of the VPC with these ids; ids that are not there are left out."""
    wanted = sorted(set(group_ids))
    if not wanted:
        return []
    filters = [{"Name": "vpc-id", "Values": [vpc_id]}, {"Name": "group-id", "Values": wanted}]
    return api.items("ec2", "DescribeSecurityGroups", Filters=filters, subject=f"VPC {vpc_id}")


def _described(api: Api, vpc_id: str, patterns: list[str]) -> dict[str, Raw]:
    filters = [{"Name": "vpc-id", "Values": [vpc_id]}, {"Name": "group-name", "Values": patterns}]
    items = api.items("ec2", "DescribeSecurityGroups", Filters=filters, subject=f"VPC {vpc_id}")
    return {raw["GroupName"]: raw for raw in items}


def tags_of(raw: Raw) -> dict[str, str]:
    return from_upper(raw.get("Tags"))


def names_by_id(raws: Iterable[Raw]) -> dict[str, str]:
    """Id → name of the groups that are an instance's own. Shared ones, which have no such tag, go by their id."""
    return {raw["GroupId"]: raw["GroupName"] for raw in raws if TAG_INSTANCE in tags_of(raw)}


def project_group(raw: Raw) -> SecurityGroup:
    """Our type of a group, normalised."""
    return normalise(
        SecurityGroup(
            name=raw["GroupName"],
            description=raw.get("Description") or "",
            vpc_id=raw.get("VpcId") or "",
            ingress=project_rules(raw.get("IpPermissions")),
            egress=project_rules(raw.get("IpPermissionsEgress")),
            tags=compared(tags_of(raw)),
        )
    )


def project_rules(permissions: Iterable[Raw] | None) -> tuple[Rule, ...]:
    """AWS groups peers by protocol and ports; we keep one rule for each peer."""
    return tuple(rule for permission in permissions or () for rule in _rules(permission))


def _rules(permission: Raw) -> Iterator[Rule]:
    protocol = permission["IpProtocol"]
    every = protocol == "-1"
    first = None if every else permission.get("FromPort")
    last = None if every else permission.get("ToPort")
    for peers, peer in PEERS.items():
        for item in permission.get(peers) or ():
            yield Rule(protocol, first, last, item[peer], item.get("Description") or "")


PEERS = {"IpRanges": "CidrIp", "Ipv6Ranges": "CidrIpv6", "UserIdGroupPairs": "GroupId", "PrefixListIds": "PrefixListId"}
"""The lists of a permission and the member that names the peer."""


def permission_of(rule: Rule) -> dict[str, Any]:
    """The permission that stands for one rule, as Authorize… and Revoke… take it."""
    item = {PEERS[peers_of(rule.peer)]: rule.peer} | ({"Description": rule.description} if rule.description else {})
    permission: dict[str, Any] = {"IpProtocol": rule.protocol, peers_of(rule.peer): [item]}
    if rule.from_port is not None:
        permission["FromPort"] = rule.from_port
    if rule.to_port is not None:
        permission["ToPort"] = rule.to_port
    return permission


def peers_of(peer: str) -> str:
    """Which list of a permission a peer belongs to."""
    if peer.startswith("sg-"):
        return "UserIdGroupPairs"
    if peer.startswith("pl-"):
        return "PrefixListIds"
    return "Ipv6Ranges" if ":" in peer else "IpRanges"
