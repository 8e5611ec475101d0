"""Target groups: created with their tags, then given health check and attributes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from molthub.aws.errors import target_group_in_use
from molthub.aws.readers import load_balancing
from molthub.aws.readers.load_balancing import DEFAULT_ATTRIBUTES, DELAY, NO_GROUP
from molthub.aws.tags import to_upper, written
from molthub.aws.writers.target import Target
from molthub.errors import WaitingError
from molthub.provider.protocols import WriteResult
from molthub.resources.normal import normalise
from molthub.resources.types import Kind, TargetGroup

Raw = Mapping[str, Any]
EXISTS = frozenset({"DuplicateTargetGroupName"})
IN_USE = frozenset({"ResourceInUse"})
IMMUTABLE = ("vpc_id", "protocol", "protocol_version", "port", "target_type")


def ensure(target: Target, wanted: TargetGroup) -> WriteResult:
    """Creates the group or brings an existing one of ours to the desired state."""
    after = normalise(wanted)
    raw = load_balancing.read_target_group(target.api, after.name) or _create(target, after)
    arn, subject = raw["TargetGroupArn"], f"target group {after.name}"
    have = load_balancing.read_tags(target.api, [arn]).get(arn, {})
    target.check_ours(Kind.TARGET_GROUP, after.name, have)
    attributes = load_balancing.read_attributes(target.api, arn)
    live = load_balancing.project_target_group(raw, attributes=attributes, tags=have)
    changed = health_of(after).items() - health_of(live).items()
    if changed:
        settings = {name: value for name, value in _health_request(after).items() if name in dict(changed)}
        target.write("elbv2", "ModifyTargetGroup", subject=subject, TargetGroupArn=arn, **settings)
    _attributes(target, live, after, arn)
    tag(target, have, after, arn)
    return target.result(f"health at {after.health_path}")


def _create(target: Target, after: TargetGroup) -> Raw:
    answer = target.try_write(
        EXISTS,
        "elbv2",
        "CreateTargetGroup",
        subject=f"target group {after.name}",
        Name=after.name,
        Protocol=after.protocol,
        ProtocolVersion=after.protocol_version,
        Port=after.port,
        VpcId=after.vpc_id,
        TargetType=after.target_type,
        Tags=to_upper(written(after.tags, target.context.commit)),
        **_health_request(after),
    )
    raw = answer["TargetGroups"][0] if isinstance(answer, dict) else None
    raw = raw or load_balancing.read_target_group(target.api, after.name)
    if raw is None:
        raise WaitingError("MH-AWS-011", f"The new target group {after.name} is not readable yet", after=2.0)
    found: Raw = raw
    return found


def health_of(group: TargetGroup) -> dict[str, str]:
    """The settings of the health check by parameter, as text to compare."""
    return {name: str(value) for name, value in _health_request(group).items()}


def _health_request(group: TargetGroup) -> dict[str, Any]:
    return {
        "HealthCheckEnabled": group.health_enabled,
        "HealthCheckProtocol": group.health_protocol,
        "HealthCheckPort": group.health_port,
        "HealthCheckPath": group.health_path,
        "HealthCheckIntervalSeconds": group.health_interval,
        "HealthCheckTimeoutSeconds": group.health_timeout,
        "HealthyThresholdCount": group.healthy_threshold,
        "UnhealthyThresholdCount": group.unhealthy_threshold,
        "Matcher": {"HttpCode": group.matcher},
    }


def _attributes(target: Target, live: TargetGroup, after: TargetGroup, arn: str) -> None:
    """The delay, and whatever somebody else set back to AWS's default."""
    keys = [path.removeprefix("attributes[").removesuffix("]") for path, _ in live.unmanaged]
    wanted = {key: DEFAULT_ATTRIBUTES[key] for key in keys}
    if live.deregistration_delay != after.deregistration_delay:
        wanted[DELAY] = str(after.deregistration_delay)
    if wanted:
        target.write(
            "elbv2",
            "ModifyTargetGroupAttributes",
            subject=f"target group {after.name}",
            TargetGroupArn=arn,
            Attributes=to_upper(wanted),
        )


def tag(target: Target, have: Mapping[str, str], after: Any, arn: str) -> None:
    """Brings the tags of a target group or a rule to the desired ones."""
    change = target.tag_change(have, after.tags)
    subject = f"{after.name}"
    if change.put:
        target.write("elbv2", "AddTags", subject=subject, ResourceArns=[arn], Tags=to_upper(change.put))
    if change.remove:
        target.write("elbv2", "RemoveTags", subject=subject, ResourceArns=[arn], TagKeys=list(change.remove))


def replace(target: Target, after: TargetGroup) -> WriteResult:
    """Deletes the group when what cannot be changed differs, then creates it anew."""
    raw = load_balancing.read_target_group(target.api, after.name)
    if raw is not None:
        live = load_balancing.project_target_group(raw, attributes={}, tags={})
        if any(getattr(live, name) != getattr(after, name) for name in IMMUTABLE):
            delete(target, after)
    return ensure(target, after)


def delete(target: Target, before: TargetGroup) -> WriteResult:
    """Deletes the group; while a rule still leads to it, raises WaitingError."""
    raw = load_balancing.read_target_group(target.api, before.name)
    if raw is not None:
        arn, subject = raw["TargetGroupArn"], f"target group {before.name}"
        target.check_ours(Kind.TARGET_GROUP, before.name, load_balancing.read_tags(target.api, [arn]).get(arn, {}))
        codes = IN_USE | NO_GROUP
        answer = target.try_write(codes, "elbv2", "DeleteTargetGroup", subject=subject, TargetGroupArn=arn)
        if not isinstance(answer, dict) and answer.code in IN_USE:
            raise target_group_in_use(before.name)
    return target.result("deleted")
