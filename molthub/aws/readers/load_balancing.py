"""Rules of the shared listeners and the instances' target groups, projected onto ListenerRule and TargetGroup.

What a sweep costs, only where the environment has listeners: one DescribeRules a listener (400 rules a page), one
DescribeTargetGroups for 400 groups of the region, one DescribeTags for 20 rules or groups, and one
DescribeTargetGroupAttributes for each instance with a webhook: AWS tells a group's attributes in no other way.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from molthub.aws.api import Api, Refusal
from molthub.aws.arns import Names
from molthub.aws.tags import compared, from_upper
from molthub.resources.identity import Identity, identity_from_tags
from molthub.resources.normal import normalise
from molthub.resources.types import ListenerRule, TargetGroup

Raw = Mapping[str, Any]
TAGS_AT_ONCE = 20
NO_GROUP = frozenset({"TargetGroupNotFound"})

DELAY = "deregistration_delay.timeout_seconds"
DEFAULT_ATTRIBUTES = {
    "stickiness.enabled": "false",
    "stickiness.type": "lb_cookie",
    "stickiness.app_cookie.cookie_name": "",
    "stickiness.app_cookie.duration_seconds": "86400",
    "stickiness.lb_cookie.duration_seconds": "86400",
    "load_balancing.algorithm.type": "round_robin",
    "load_balancing.algorithm.anomaly_mitigation": "off",
    "load_balancing.cross_zone.enabled": "use_load_balancer_configuration",
    "slow_start.duration_seconds": "0",
    "target_group_health.dns_failover.minimum_healthy_targets.count": "1",
    "target_group_health.dns_failover.minimum_healthy_targets.percentage": "off",
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": "1",
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": "off",
}
"""Attributes Molthub leaves alone, with AWS's defaults (ELB API reference, TargetGroupAttribute)."""

_FIELDS = {"host-header": "HostHeaderConfig", "http-request-method": "HttpRequestMethodConfig"} | {
    "path-pattern": "PathPatternConfig"
}
_SILENT = frozenset({"Field", "Values", *_FIELDS.values()})


def list_rules(api: Api, listener: str) -> list[Raw]:
    """The listener's rules but its default one."""
    items = api.items("elbv2", "DescribeRules", ListenerArn=listener, subject=f"listener {listener}")
    return [item for item in items if not item.get("IsDefault")]


def list_target_groups(api: Api) -> dict[str, Raw]:
    """Every target group of the region, by name."""
    items = api.items("elbv2", "DescribeTargetGroups", subject="target groups")
    return {item["TargetGroupName"]: item for item in items}


def read_target_group(api: Api, name: str) -> Raw | None:
    """One target group by name, or None."""
    subject = f"target group {name}"
    answer = api.expecting(NO_GROUP, "elbv2", "DescribeTargetGroups", subject=subject, Names=[name])
    if isinstance(answer, Refusal):
        return None
    return next(iter(answer.get("TargetGroups", ())), None)


def read_attributes(api: Api, arn: str) -> dict[str, str]:
    """A target group's attributes; none when it is gone."""
    answer = api.expecting(NO_GROUP, "elbv2", "DescribeTargetGroupAttributes", subject=arn, TargetGroupArn=arn)
    if isinstance(answer, Refusal):
        return {}
    return {item["Key"]: item.get("Value") or "" for item in answer.get("Attributes", ())}


def read_tags(api: Api, arns: Iterable[str]) -> dict[str, dict[str, str]]:
    """Tags of rules or target groups by ARN, 20 a call. Raises when one of them is gone by now."""
    ordered = sorted(arns)
    found: dict[str, dict[str, str]] = {}
    for start in range(0, len(ordered), TAGS_AT_ONCE):
        batch = ordered[start : start + TAGS_AT_ONCE]
        answer = api.call("elbv2", "DescribeTags", subject="tags of load balancing", ResourceArns=batch)
        told = answer.get("TagDescriptions", ())
        found |= {item["ResourceArn"]: from_upper(item.get("Tags")) for item in told}
    return found


def name_in(arn: str) -> str:
    """`arn:…:targetgroup/NAME/ID` → NAME; "" for anything else."""
    return arn.partition(":targetgroup/")[2].partition("/")[0]


def targets_of(rule: Raw) -> tuple[str, ...]:
    """ARNs of the target groups that a rule forwards to."""
    found: dict[str, None] = {}
    for action in rule.get("Actions", ()):
        if action.get("Type") == "forward":
            groups = (action.get("ForwardConfig") or {}).get("TargetGroups") or ()
            found |= dict.fromkeys(item["TargetGroupArn"] for item in groups)
            found |= {action["TargetGroupArn"]: None} if action.get("TargetGroupArn") else {}
    return tuple(found)


def hosts_of(rule: Raw) -> tuple[str, ...]:
    return tuple(value for item in rule.get("Conditions", ()) for value in _values(item, "host-header"))


def claimed(rules: Iterable[Raw], tags: Mapping[str, Mapping[str, str]], names: Mapping[str, Identity]) -> Claims:
    """Which rule is whose. names: target group name → identity; tags: by the rule's ARN.

    A rule has no name, so it is known by two things, its tags and where it leads to, and each of them can be put right
    by the other: first come the rules on which both agree, then those that lead to an instance's target group, then
    those that only its tags name.
    """
    ordered = sorted(rules, key=lambda rule: str(rule["RuleArn"]))
    known = set(names.values())
    by_target = {rule["RuleArn"]: _target_owner(rule, names) for rule in ordered}
    by_tag = {rule["RuleArn"]: identity_from_tags(dict(tags.get(rule["RuleArn"], {}))) for rule in ordered}
    found: dict[Identity, Raw] = {}
    taken: set[str] = set()
    for wanted in (
        {arn: owner for arn, owner in by_target.items() if owner == by_tag[arn]},
        by_target,
        {arn: owner if owner in known else None for arn, owner in by_tag.items()},
    ):
        for rule in ordered:
            arn, owner = rule["RuleArn"], wanted.get(rule["RuleArn"])
            if owner is not None and owner not in found and arn not in taken:
                found[owner] = rule
                taken.add(arn)
    return found


Claims = dict[Identity, Raw]


def _target_owner(rule: Raw, names: Mapping[str, Identity]) -> Identity | None:
    return next((names[name] for arn in targets_of(rule) if (name := name_in(arn)) in names), None)


# -- projections -------------------------------------------------------------------------------------------------


def project_rule(raw: Raw, *, name: str, listener: str, tags: Mapping[str, str], names: Names) -> ListenerRule:
    """Our type of a rule, normalised. name: of the instance's target group; its priority is not compared."""
    conditions = raw.get("Conditions", ())

    def values(field: str) -> tuple[str, ...]:
        return tuple(value for item in conditions for value in _values(item, field))

    return normalise(
        ListenerRule(
            name=name,
            listener=listener,
            hosts=values("host-header"),
            methods=values("http-request-method"),
            paths=values("path-pattern"),
            target_groups=tuple(names.target_group(arn) for arn in targets_of(raw)),
            tags=compared(tags),
            unmanaged=tuple(_rule_extras(raw)),
        )
    )


def _values(condition: Raw, field: str) -> tuple[str, ...]:
    if condition.get("Field") != field:
        return ()
    config = condition.get(_FIELDS[field]) or {}
    return tuple(config.get("Values") or condition.get("Values") or ())


def _rule_extras(raw: Raw) -> Iterator[tuple[str, str]]:
    """What a rule does or asks for beyond hosts, methods, paths and forwarding all of it."""
    fields: list[str] = []
    for item in raw.get("Conditions", ()):
        field = item.get("Field", "")
        regular = any((item.get(config) or {}).get("RegexValues") for config in _FIELDS.values())
        if field not in _FIELDS or field in fields or regular or item.get("RegexValues"):
            yield f"conditions[{field}]", _text(item)
        fields.append(field)
    for index, action in enumerate(raw.get("Actions", ())):
        if action.get("Type") != "forward" or index:
            yield f"actions[{index}]", _text(action)
            continue
        config = action.get("ForwardConfig") or {}
        if (config.get("TargetGroupStickinessConfig") or {}).get("Enabled"):
            yield "actions[0].stickiness", _text(config["TargetGroupStickinessConfig"])
        if any(item.get("Weight", 1) != 1 for item in config.get("TargetGroups") or ()):
            yield "actions[0].weights", _text([item.get("Weight", 1) for item in config["TargetGroups"]])
    if raw.get("Transforms"):
        yield "transforms", _text(raw["Transforms"])


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def project_target_group(raw: Raw, *, attributes: Mapping[str, str], tags: Mapping[str, str]) -> TargetGroup:
    """Our type of a target group, normalised."""
    return normalise(
        TargetGroup(
            name=raw["TargetGroupName"],
            vpc_id=raw.get("VpcId") or "",
            port=raw.get("Port") or 0,
            health_path=raw.get("HealthCheckPath") or "",
            protocol=raw.get("Protocol") or "",
            protocol_version=raw.get("ProtocolVersion") or "HTTP1",
            target_type=raw.get("TargetType") or "",
            health_enabled=raw.get("HealthCheckEnabled", True),
            health_protocol=raw.get("HealthCheckProtocol") or "",
            health_port=raw.get("HealthCheckPort") or "",
            health_interval=raw.get("HealthCheckIntervalSeconds") or 0,
            health_timeout=raw.get("HealthCheckTimeoutSeconds") or 0,
            healthy_threshold=raw.get("HealthyThresholdCount") or 0,
            unhealthy_threshold=raw.get("UnhealthyThresholdCount") or 0,
            matcher=(raw.get("Matcher") or {}).get("HttpCode") or "",
            deregistration_delay=int(attributes.get(DELAY) or 0),
            tags=compared(tags),
            unmanaged=tuple(
                (f"attributes[{key}]", value)
                for key, value in sorted(attributes.items())
                if key in DEFAULT_ATTRIBUTES and value != DEFAULT_ATTRIBUTES[key]
            ),
        )
    )
