"""Everything an account holds that matters, without ids and dates: two runs that did the same compare equal.

Security groups and secrets appear by name wherever their ids or ARNs are mentioned; values of secrets never.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

from molthub.simulator.ecs.state import INACTIVE, Definition, Region, Service
from molthub.simulator.world import World

Json = dict[str, Any]


def inventory(world: World) -> Json:
    """{"ACCOUNT": {"roles", "REGION": {"services", "taskDefinitions", "securityGroups", "logGroups", "secrets"}}}"""
    found: Json = {}
    for account, name in sorted(world.places()):
        region = world.ecs.engine.region(account, name)
        content = {
            "services": {item.name: _service(item) for item in _by_name(region)},
            "taskDefinitions": {
                family: [_definition(item) for item in revisions] for family, revisions in region.families.items()
            },
            "securityGroups": _groups(world, account, name),
            "logGroups": _log_groups(world, account, name),
            "secrets": _secrets(world, account, name),
            "targetGroups": _target_groups(world, account, name),
            "listenerRules": _listener_rules(world, account, name),
        }
        held = found.setdefault(account, {"roles": _roles(world, account), "hosts": _hosts(world, account)})
        held[name] = content
        found[account] = json.loads(_named(world, account, name, json.dumps(held, sort_keys=True)))
    return found


def _named(world: World, account: str, region: str, text: str) -> str:
    """Ids that AWS makes up replaced by the names people gave."""
    groups = world.moto.backend("ec2", account, region).groups
    for vpc in groups.values():
        for group in vpc.values():
            text = text.replace(group.id, f"group:{group.name}")
    secrets = world.moto.backend("secretsmanager", account, region).secrets
    for secret in sorted(secrets.values(), key=lambda item: -len(item.arn)):
        text = text.replace(secret.arn, f"secret:{secret.name}")
    for group in world.moto.backend("elbv2", account, region).target_groups.values():
        text = text.replace(group.arn, f"target-group:{group.name}")
    return text


def _by_name(region: Region) -> list[Service]:
    return sorted((item for item in region.services.values() if item.status != INACTIVE), key=lambda item: item.name)


def _service(service: Service) -> Json:
    spec = service.primary.revision.spec
    return {
        "cluster": service.cluster.name,
        "status": service.status,
        "desiredCount": service.desired,
        "taskDefinition": spec["taskDefinition"].rpartition("/")[2],
        "spec": {key: value for key, value in spec.items() if key != "taskDefinition"},
        "settings": service.settings,
        "tags": service.tags,
    }


def _definition(definition: Definition) -> Json:
    return {"status": definition.status, "content": definition.content, "tags": definition.tags}


def _groups(world: World, account: str, region: str) -> Json:
    found: Json = {}
    for vpc in world.moto.backend("ec2", account, region).groups.values():
        for group in vpc.values():
            if group.name == "default":
                continue
            found[group.name] = {
                "description": group.description,
                "vpc": group.vpc_id,
                "ingress": sorted((_rule(rule) for rule in group.ingress_rules), key=str),
                "egress": sorted((_rule(rule) for rule in group.egress_rules), key=str),
                "tags": {tag["key"]: tag["value"] for tag in group.get_tags()},
            }
    return found


def _rule(rule: Any) -> Json:
    return {
        "protocol": rule.ip_protocol,
        "ports": [rule.from_port, rule.to_port],
        "range": rule.ip_range,
        "group": rule.source_group,
        "prefixList": rule.prefix_list_id,
    }


def _log_groups(world: World, account: str, region: str) -> Json:
    backend = world.moto.backend("logs", account, region)
    return {
        name: {"retention": group.retention_in_days, "tags": backend.list_tags_for_resource(group.arn)}
        for name, group in backend.groups.items()
    }


def _secrets(world: World, account: str, region: str) -> Json:
    return {
        secret.name: {
            "description": secret.description,
            "kmsKey": secret.kms_key_id,
            "tags": {tag["Key"]: tag["Value"] for tag in secret.tags or ()},
            "versions": {key: sorted(item["version_stages"]) for key, item in secret.versions.items()},
            "deleted": secret.deleted_date is not None,
        }
        for secret in world.moto.backend("secretsmanager", account, region).secrets.values()
    }


def _target_groups(world: World, account: str, region: str) -> Json:
    backend = world.moto.backend("elbv2", account, region)
    return {
        group.name: {
            "vpc": group.vpc_id,
            "port": str(group.port),
            "health": [group.health_check_path, group.health_check_interval_seconds, str(group.matcher)],
            "attributes": {key: str(value) for key, value in group.attributes.items()},
            "tags": backend.tagging_service.get_tag_dict_for_resource(group.arn),
        }
        for group in backend.target_groups.values()
    }


def _listener_rules(world: World, account: str, region: str) -> list[Json]:
    """Of all listeners, without priorities: nobody depends on them."""
    backend = world.moto.backend("elbv2", account, region)
    found = [
        {
            "loadBalancer": balancer.name,
            "conditions": rule.conditions,
            "actions": [action.data for action in rule.actions],
            "tags": backend.tagging_service.get_tag_dict_for_resource(rule.arn),
        }
        for balancer in backend.load_balancers.values()
        for listener in balancer.listeners.values()
        for rule in listener.rules.values()
        if not rule.is_default
    ]
    return sorted(found, key=lambda item: json.dumps(item, sort_keys=True))


def _hosts(world: World, account: str) -> Json:
    """Names in hosted zones beyond what every zone has."""
    zones = world.moto.backend("route53", account, "aws").zones
    return {
        f"{item.name} {item.type}": [item.alias_target, item.records]
        for zone in zones.values()
        for item in zone.rrsets
        if item.type not in {"NS", "SOA"}
    }


def _roles(world: World, account: str) -> Json:
    backend = world.moto.backend("iam", account, "aws")
    return {role.name: _role(role, backend) for role in backend.roles.values()}


def _role(role: Any, backend: Any) -> Json:
    return {
        "path": role.path,
        "description": role.description,
        "trust": _document(role.assume_role_policy_document),
        "inline": {name: _document(text) for name, text in role.policies.items()},
        "attached": sorted(role.managed_policies),
        "boundary": role.permissions_boundary_arn,
        "maxSession": role.max_session_duration,
        "tags": {tag["Key"]: tag["Value"] for tag in backend.list_role_tags(role.name, None)[0]},
    }


def _document(text: Any) -> Any:
    return json.loads(unquote(text)) if isinstance(text, str) else text
