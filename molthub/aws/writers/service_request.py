"""The parameters of CreateService and UpdateService. Pure."""

from __future__ import annotations

from typing import Any

from molthub.aws.arns import Ids
from molthub.resources.types import Service

DEPLOYMENT_FIELDS = (
    "minimum_healthy_percent",
    "maximum_percent",
    "breaker_enabled",
    "breaker_rollback",
    "breaker_threshold",
    "breaker_reset_on_healthy",
)
NETWORK_FIELDS = ("subnets", "security_groups", "assign_public_ip")
SIMPLE = {
    "desired_count": "desiredCount",
    "platform_version": "platformVersion",
    "az_rebalancing": "availabilityZoneRebalancing",
    "enable_execute_command": "enableExecuteCommand",
    "enable_managed_tags": "enableECSManagedTags",
    "propagate_tags": "propagateTags",
}
"""Fields that are one parameter each, the same in both calls."""


def create_request(service: Service, *, definition_arn: str, ids: Ids) -> dict[str, Any]:
    """Everything but tags and token."""
    request: dict[str, Any] = {
        "cluster": service.cluster,
        "serviceName": service.name,
        "taskDefinition": definition_arn,
        "schedulingStrategy": service.scheduling,
        "networkConfiguration": network_of(service, ids),
        "deploymentConfiguration": deployment_of(service),
        "deploymentController": {"type": "ECS"},
    }
    request |= {parameter: getattr(service, field) for field, parameter in SIMPLE.items()}
    if service.capacity_providers:
        request["capacityProviderStrategy"] = strategy_of(service)
    else:
        request["launchType"] = service.launch_type
    if service.load_balancers:
        request["loadBalancers"] = load_balancers_of(service, ids)
    if service.health_check_grace_seconds is not None:
        request["healthCheckGracePeriodSeconds"] = service.health_check_grace_seconds
    return request


def update_request(have: Service, want: Service, *, definition_arn: str | None, ids: Ids) -> dict[str, Any]:
    """Only what differs. definition_arn: the revision to move to, None to stay."""

    def differs(*fields: str) -> bool:
        return any(getattr(have, field) != getattr(want, field) for field in fields)

    request = {parameter: getattr(want, field) for field, parameter in SIMPLE.items() if differs(field)}
    if definition_arn is not None:
        request["taskDefinition"] = definition_arn
    if differs(*NETWORK_FIELDS):
        request["networkConfiguration"] = network_of(want, ids)
    if differs(*DEPLOYMENT_FIELDS) or any(path.startswith("deploymentConfiguration.") for path, _ in have.unmanaged):
        request["deploymentConfiguration"] = deployment_of(want) | CLEARED_DEPLOYMENT
    if differs("load_balancers") or any(path.startswith("loadBalancers[") for path, _ in have.unmanaged):
        request["loadBalancers"] = load_balancers_of(want, ids)
    if differs("capacity_providers"):
        request["capacityProviderStrategy"] = strategy_of(want)
    if differs("health_check_grace_seconds"):
        request["healthCheckGracePeriodSeconds"] = want.health_check_grace_seconds or 0
    return request


CLEARED_DEPLOYMENT: dict[str, Any] = {
    "strategy": "ROLLING",
    "alarms": {"alarmNames": [], "enable": False, "rollback": False},
}
"""What takes away deployment settings that Molthub never makes."""


def network_of(service: Service, ids: Ids) -> dict[str, Any]:
    return {
        "awsvpcConfiguration": {
            "subnets": list(service.subnets),
            "securityGroups": [ids.group(name) for name in service.security_groups],
            "assignPublicIp": "ENABLED" if service.assign_public_ip else "DISABLED",
        }
    }


def load_balancers_of(service: Service, ids: Ids) -> list[dict[str, Any]]:
    """None is an empty list, which takes them away."""
    return [
        {
            "targetGroupArn": ids.target_group(item.target_group),
            "containerName": item.container,
            "containerPort": item.port,
        }
        for item in service.load_balancers
    ]


def deployment_of(service: Service) -> dict[str, Any]:
    breaker: dict[str, Any] = {
        "enable": service.breaker_enabled,
        "rollback": service.breaker_rollback,
        "resetOnHealthyTask": service.breaker_reset_on_healthy,
    }
    if service.breaker_threshold is not None:
        breaker["thresholdConfiguration"] = {"type": "COUNT", "value": service.breaker_threshold}
    return {
        "minimumHealthyPercent": service.minimum_healthy_percent,
        "maximumPercent": service.maximum_percent,
        "deploymentCircuitBreaker": breaker,
    }


def strategy_of(service: Service) -> list[dict[str, Any]]:
    return [{"capacityProvider": name, "weight": 1, "base": 0} for name in service.capacity_providers]
