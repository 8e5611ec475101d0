"""Security groups: rules are sets. The egress rule AWS gives every new group is a rule like any other.

So a crash between making a group and taking that rule away heals itself: it shows as drift and is revoked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from molthub.aws.errors import NOT_FOUND, group_in_use
from molthub.aws.readers import security_groups
from molthub.aws.readers.security_groups import permission_of, project_rules
from molthub.aws.tags import to_upper, written
from molthub.aws.writers.target import Target
from molthub.errors import WaitingError
from molthub.provider.protocols import WriteResult
from molthub.resources.types import Kind, Rule, SecurityGroup

Raw = Mapping[str, Any]
EXISTS = frozenset({"InvalidGroup.Duplicate"})
ALREADY = frozenset({"InvalidPermission.Duplicate"})
GONE = frozenset({"InvalidPermission.NotFound"})
IN_USE = frozenset({"DependencyViolation", "InvalidGroup.InUse"})


def read(target: Target, name: str) -> Raw | None:
    return security_groups.read_groups(target.api, target.location.vpc_id, [name]).get(name)


def ensure(target: Target, after: SecurityGroup) -> WriteResult:
    """Creates the group or brings an existing one of ours to the desired rules and tags."""
    raw = read(target, after.name) or _create(target, after)
    have = security_groups.tags_of(raw)
    target.check_ours(Kind.SECURITY_GROUP, after.name, have)
    _rules(target, raw, after)
    change = target.tag_change(have, after.tags)
    subject, resources = f"security group {after.name}", [raw["GroupId"]]
    if change.put:
        target.write("ec2", "CreateTags", subject=subject, Resources=resources, Tags=to_upper(change.put))
    if change.remove:
        keys = [{"Key": key} for key in change.remove]
        target.write("ec2", "DeleteTags", subject=subject, Resources=resources, Tags=keys)
    return target.result(f"{len(after.ingress)} ingress, {len(after.egress)} egress")


def replace(target: Target, after: SecurityGroup) -> WriteResult:
    """Deletes the group when its description differs (EC2 cannot change it), then creates it anew."""
    raw = read(target, after.name)
    if raw is not None and (raw.get("Description") or "") != after.description:
        delete(target, after)
    return ensure(target, after)


def _create(target: Target, after: SecurityGroup) -> Raw:
    tags = to_upper(written(after.tags, target.context.commit))
    target.try_write(
        EXISTS,
        "ec2",
        "CreateSecurityGroup",
        subject=f"security group {after.name}",
        GroupName=after.name,
        Description=after.description,
        VpcId=after.vpc_id,
        TagSpecifications=[{"ResourceType": "security-group", "Tags": tags}],
    )
    raw = read(target, after.name)
    if raw is None:  # EC2 tells of a new group a moment later
        raise WaitingError("MH-AWS-011", f"The new security group {after.name} is not readable yet", after=2.0)
    return raw


WAYS = (
    ("IpPermissions", "RevokeSecurityGroupIngress", "AuthorizeSecurityGroupIngress"),
    ("IpPermissionsEgress", "RevokeSecurityGroupEgress", "AuthorizeSecurityGroupEgress"),
)
"""Member that holds the rules, and the operations that take away and add."""


def _rules(target: Target, raw: Raw, after: SecurityGroup) -> None:
    for (member, revoke, authorize), desired in zip(WAYS, (after.ingress, after.egress), strict=True):
        have, want = set(project_rules(raw.get(member))), set(desired)
        # Revoked first: two rules that differ only in their description are the same rule to EC2.
        _each(target, raw, GONE, revoke, have - want)
        _each(target, raw, ALREADY, authorize, want - have)


def _each(target: Target, raw: Raw, codes: frozenset[str], operation: str, rules: Iterable[Rule]) -> None:
    ordered = sorted(rules, key=str)
    if not ordered:
        return
    subject = f"security group {raw['GroupName']}"

    def call(permissions: list[Raw]) -> object:
        group = raw["GroupId"]
        return target.try_write(codes, "ec2", operation, subject=subject, GroupId=group, IpPermissions=permissions)

    permissions: list[Raw] = [permission_of(rule) for rule in ordered]
    if isinstance(call(permissions), dict):
        return
    for permission in permissions:  # one of them was done before: each by itself
        call([permission])


def delete(target: Target, before: SecurityGroup) -> WriteResult:
    """Deletes the group; while a task's network interface still holds it, raises WaitingError."""
    raw = read(target, before.name)
    if raw is not None:
        target.check_ours(Kind.SECURITY_GROUP, before.name, security_groups.tags_of(raw))
        answer = target.try_write(
            IN_USE | NOT_FOUND,
            "ec2",
            "DeleteSecurityGroup",
            subject=f"security group {before.name}",
            GroupId=raw["GroupId"],
        )
        if not isinstance(answer, dict) and answer.code in IN_USE:
            raise group_in_use(before.name)
    return target.result("deleted")
