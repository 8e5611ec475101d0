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
        }
        held = found.setdefault(account, {"roles": _roles(world, account)})
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
