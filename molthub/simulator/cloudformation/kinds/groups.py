"""AWS::EC2: security groups and their rules. Rules of a group itself are replaced as a whole when they change."""

from __future__ import annotations

from molthub.simulator.cloudformation.calling import Caller
from molthub.simulator.cloudformation.kinds.kind import Json, Kind, Made, Wanted
from molthub.simulator.cloudformation.state import Resource

_PEERS = {"SourceSecurityGroupId", "DestinationSecurityGroupId", "CidrIp", "CidrIpv6"}
_FIXED_RULE = frozenset({"CidrIp", "CidrIpv6", "FromPort", "GroupId", "IpProtocol", "SourceSecurityGroupId", "ToPort"})


def _permission(rule: Json) -> Json:
    """A rule as EC2's API spells it."""
    words = {"Description": rule["Description"]} if "Description" in rule else {}
    found: Json = {key: rule[key] for key in ("IpProtocol", "FromPort", "ToPort") if key in rule}
    group = rule.get("SourceSecurityGroupId", rule.get("DestinationSecurityGroupId"))
    if group is not None:
        found["UserIdGroupPairs"] = [{"GroupId": group, **words}]
    if "CidrIp" in rule:
        found["IpRanges"] = [{"CidrIp": rule["CidrIp"], **words}]
    if not _PEERS & rule.keys():
        raise ValueError("a rule without a peer")
    return found


def _create(call: Caller, wanted: Wanted) -> Made:
    given = wanted.properties
    group_id = call(
        "ec2",
        "CreateSecurityGroup",
        GroupName=given.get("GroupName", wanted.generated(255)),
        Description=given["GroupDescription"],
        VpcId=given["VpcId"],
        TagSpecifications=[{"ResourceType": "security-group", "Tags": wanted.tag_list}] if wanted.tags else [],
    )["GroupId"]
    _allow(call, group_id, "Ingress", given.get("SecurityGroupIngress", []))
    if "SecurityGroupEgress" in given:
        everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
        call("ec2", "RevokeSecurityGroupEgress", GroupId=group_id, IpPermissions=everything)
        _allow(call, group_id, "Egress", given["SecurityGroupEgress"])
    return group_id, {"GroupId": group_id, "Id": group_id, "VpcId": given["VpcId"]}


def _allow(call: Caller, group_id: str, direction: str, rules: list[Json]) -> None:
    if rules:
        permissions = [_permission(rule) for rule in rules]
        call("ec2", f"AuthorizeSecurityGroup{direction}", GroupId=group_id, IpPermissions=permissions)


def _update(call: Caller, held: Resource, wanted: Wanted) -> None:
    for direction in ("Ingress", "Egress"):
        name = f"SecurityGroup{direction}"
        before, after = held.properties.get(name, []), wanted.properties.get(name, [])
        gone = [_permission(rule) for rule in before if rule not in after]
        if gone:
            call("ec2", f"RevokeSecurityGroup{direction}", GroupId=held.id, IpPermissions=gone)
        _allow(call, held.id, direction, [rule for rule in after if rule not in before])
    call("ec2", "CreateTags", Resources=[held.id], Tags=wanted.tag_list)


def _delete(call: Caller, held: Resource) -> None:
    call("ec2", "DeleteSecurityGroup", GroupId=held.id)


def _create_rule(call: Caller, wanted: Wanted) -> Made:
    group = wanted.properties["GroupId"]
    _allow(call, group, "Ingress", [wanted.properties])
    return f"sgr-{wanted.name}", {"Id": f"sgr-{wanted.name}"}


def _delete_rule(call: Caller, held: Resource) -> None:
    call(
        "ec2",
        "RevokeSecurityGroupIngress",
        GroupId=held.properties["GroupId"],
        IpPermissions=[_permission(held.properties)],
    )


KINDS: dict[str, Kind] = {
    "AWS::EC2::SecurityGroup": Kind(
        _create, _delete, _update, frozenset({"GroupDescription", "GroupName", "VpcId"}), 4
    ),
    "AWS::EC2::SecurityGroupIngress": Kind(_create_rule, _delete_rule, fixed=_FIXED_RULE),
}
