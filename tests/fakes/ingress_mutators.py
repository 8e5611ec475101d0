"""For every leaf of a webhook instance's way in: how a person changes exactly it by hand, or why nobody can."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from molthub.resources.types import Kind
from tests.fakes.ingress_world import IngressWorld

Mutator = Callable[..., set[str] | None]
"""(world, *keys) → the paths that differ, None for the leaf's own."""

IMMUTABLE = {
    **{
        (Kind.TARGET_GROUP, name): "AWS changes it for no target group"
        for name in ("name", "vpc_id", "port", "protocol", "protocol_version", "target_type")
    },
    (Kind.LISTENER_RULE, "name"): "a rule has none: it is its target group's",
    (Kind.LISTENER_RULE, "listener"): "AWS moves no rule",
    (Kind.DNS_RECORD, "name"): "another name is another record",
    (Kind.DNS_RECORD, "zone"): "Route 53 moves no record",
    (Kind.DNS_RECORD, "type"): "another type is another record",
}


def group_arn(world: IngressWorld, name: str) -> str:
    return str(world.client("elbv2").describe_target_groups(Names=[name])["TargetGroups"][0]["TargetGroupArn"])


def rule_of(world: IngressWorld) -> dict[str, Any]:
    """The one rule there is."""
    rules = [
        rule
        for listener in world.foundation.listeners
        for rule in world.client("elbv2").describe_rules(ListenerArn=listener.arn)["Rules"]
        if not rule["IsDefault"]
    ]
    (found,) = rules
    return dict(found)


def _health(**changes: Any) -> Mutator:
    return lambda world: world.client("elbv2").modify_target_group(TargetGroupArn=_ours(world), **changes) and None


def _ours(world: IngressWorld) -> str:
    return group_arn(world, world.names.target_group)


def _attribute(key: str, value: str) -> Mutator:
    def mutate(world: IngressWorld) -> set[str] | None:
        wanted = [{"Key": key, "Value": value}]
        world.client("elbv2").modify_target_group_attributes(TargetGroupArn=_ours(world), Attributes=wanted)
        return {f"unmanaged[attributes[{key}]]"} if key.startswith("stickiness") else None

    return mutate


def _condition(field: str, config: str, values: list[str], *paths: str) -> Mutator:
    def mutate(world: IngressWorld, *_: str) -> set[str]:
        rule = rule_of(world)
        kept = [item for item in rule["Conditions"] if item["Field"] != field]
        wanted = [*({"Field": i["Field"], c: i[c]} for i in kept for c in i if c.endswith("Config"))]
        wanted.append({"Field": field, config: {"Values": values}})
        world.client("elbv2").modify_rule(RuleArn=rule["RuleArn"], Conditions=wanted)
        return set(paths)

    return mutate


def _elsewhere(world: IngressWorld, _index: str) -> None:
    """A target group that a person made."""
    elb = world.client("elbv2")
    made = elb.create_target_group(
        Name="by-hand", Protocol="HTTP", Port=80, VpcId=world.foundation.vpc_id, TargetType="ip", HealthCheckPath="/"
    )["TargetGroups"][0]["TargetGroupArn"]
    elb.modify_rule(RuleArn=rule_of(world)["RuleArn"], Actions=[{"Type": "forward", "TargetGroupArn": made}])


def _source_too(world: IngressWorld) -> set[str]:
    rule = rule_of(world)
    kept = [{"Field": i["Field"], c: i[c]} for i in rule["Conditions"] for c in i if c.endswith("Config")]
    kept = [item for item in kept if item["Field"] != "http-request-method"]
    source = {"Field": "source-ip", "SourceIpConfig": {"Values": ["203.0.113.0/24"]}}
    world.client("elbv2").modify_rule(RuleArn=rule["RuleArn"], Conditions=[*kept, source])
    return {"unmanaged[conditions[source-ip]]", "methods[0]"}


def _tag_group(world: IngressWorld, key: str) -> None:
    world.client("elbv2").add_tags(ResourceArns=[_ours(world)], Tags=[{"Key": key, "Value": "by-hand"}])


def _tag_rule(world: IngressWorld, key: str) -> None:
    arn = rule_of(world)["RuleArn"]
    world.client("elbv2").add_tags(ResourceArns=[arn], Tags=[{"Key": key, "Value": "by-hand"}])


def _record(**changes: Any) -> Mutator:
    def mutate(world: IngressWorld) -> None:
        other = world.foundation.listeners[1]
        alias = {"HostedZoneId": other.zone_id, "DNSName": world.foundation.listeners[0].dns_name}
        alias |= {"EvaluateTargetHealth": False} | {
            key: getattr(other, value) if isinstance(value, str) else value for key, value in changes.items()
        }
        _upsert(world, {"Name": world.host, "Type": "A", "AliasTarget": alias})

    return mutate


def _another_owner(world: IngressWorld) -> None:
    text = f'"molthub fleet={world.identity.fleet} note=by-hand"'
    name = f"_molthub.{world.host}"
    _upsert(world, {"Name": name, "Type": "TXT", "TTL": 60, "ResourceRecords": [{"Value": text}]})


def _upsert(world: IngressWorld, record: dict[str, Any]) -> None:
    batch = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]}
    world.client("route53").change_resource_record_sets(HostedZoneId=world.zone, ChangeBatch=batch)


def _plain_address(world: IngressWorld) -> set[str]:
    """No alias any more."""
    address = [{"Value": "192.0.2.1"}]
    _upsert(world, {"Name": world.host, "Type": "A", "TTL": 60, "ResourceRecords": address})
    return {"target", "target_zone"}


MUTATORS: dict[Kind, dict[str, Mutator]] = {
    Kind.TARGET_GROUP: {
        "health_path": _health(HealthCheckPath="/"),
        "health_enabled": _health(HealthCheckEnabled=False),
        "health_protocol": _health(HealthCheckProtocol="HTTPS"),
        "health_port": _health(HealthCheckPort="81"),
        "health_interval": _health(HealthCheckIntervalSeconds=60),
        "health_timeout": _health(HealthCheckTimeoutSeconds=9),
        "healthy_threshold": _health(HealthyThresholdCount=9),
        "unhealthy_threshold": _health(UnhealthyThresholdCount=9),
        "matcher": _health(Matcher={"HttpCode": "200-499"}),
        "deregistration_delay": _attribute("deregistration_delay.timeout_seconds", "300"),
        "unmanaged": _attribute("stickiness.enabled", "true"),
        r"tags\[(.+)\]": _tag_group,
    },
    Kind.LISTENER_RULE: {
        r"hosts\[(\d+)\]": _condition("host-header", "HostHeaderConfig", ["*.bots.example.com"], "hosts[0]"),
        r"methods\[(\d+)\]": _condition("http-request-method", "HttpRequestMethodConfig", ["GET"], "methods[0]"),
        r"paths\[(\d+)\]": _condition("path-pattern", "PathPatternConfig", ["/*"], "paths[0]", "paths[1]"),
        r"target_groups\[(\d+)\]": _elsewhere,
        "unmanaged": _source_too,
        r"tags\[(.+)\]": _tag_rule,
    },
    Kind.DNS_RECORD: {
        "target": _record(DNSName="dns_name"),
        "target_zone": _plain_address,
        "owner": _another_owner,
        "evaluate_health": _record(EvaluateTargetHealth=True),
    },
}


class NoMutatorError(LookupError):
    """A leaf that nobody has said how to change: its drift is not tested."""


def mutate(world: IngressWorld, kind: Kind, path: str) -> set[str]:
    """Changes one leaf by hand; the paths that differ then. Raises NoMutatorError."""
    for pattern, mutator in MUTATORS[kind].items():
        found = re.fullmatch(pattern, path)
        if found:
            return mutator(world, *found.groups()) or {path}
    raise NoMutatorError(f"{kind} {path}")
