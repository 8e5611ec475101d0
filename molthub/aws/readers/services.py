"""ECS services: listed by 100, described by 10 with their tags, projected onto Service and ServiceRuntime.

A service that is DRAINING is on its way out: it cannot be updated and its name cannot be used again yet. It is
observed as `resources.service = None` with a runtime whose status is DRAINING, so that a create is planned and
waits (WaitingError) until ECS lets go of the name. An INACTIVE one is no service.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from molthub.aws.api import Api
from molthub.aws.arns import Names
from molthub.aws.members import unmanaged
from molthub.aws.tags import compared, from_lower
from molthub.errors import TransientError
from molthub.resources.normal import normalise
from molthub.resources.observation import Cause, Rollout, RolloutState, ServiceEvent, ServiceRuntime
from molthub.resources.types import LoadBalancer, Service

Raw = Mapping[str, Any]

BATCH = 10
EVENTS = 30
ACTIVE, DRAINING, INACTIVE = "ACTIVE", "DRAINING", "INACTIVE"


def list_names(api: Api, cluster: str, prefix: str) -> list[str]:
    """Names of the cluster's services that begin with `prefix`; DRAINING ones are not among them (facts/aws)."""
    arns = api.items("ecs", "ListServices", cluster=cluster, subject=f"cluster {cluster}")
    names = [arn.rsplit("/", 1)[-1] for arn in arns]
    return sorted(name for name in names if name.startswith(prefix))


def batches(names: Iterable[str]) -> list[list[str]]:
    """Sorted, by ten."""
    ordered = sorted(names)
    return [ordered[start : start + BATCH] for start in range(0, len(ordered), BATCH)]


def describe(api: Api, cluster: str, names: Sequence[str]) -> dict[str, Raw]:
    """Up to ten services by name, with tags. INACTIVE and missing ones are left out.

    Any other failure that ECS reports inside its answer raises: it must not look like absence.
    """
    answer = api.call(
        "ecs", "DescribeServices", cluster=cluster, services=list(names), include=["TAGS"], subject=f"cluster {cluster}"
    )
    for failure in answer.get("failures") or ():
        if failure.get("reason") != "MISSING":
            raise TransientError(
                "MH-AWS-012",
                f"ECS could not describe {failure.get('arn')}: {failure.get('reason')}",
                fix="Nothing to do: Molthub tries again later",
            )
    return {raw["serviceName"]: raw for raw in answer["services"] if raw.get("status") != INACTIVE}


def describe_one(api: Api, cluster: str, name: str) -> Raw | None:
    """One service, ACTIVE or DRAINING, or None."""
    return describe(api, cluster, [name]).get(name)


def tags_of(raw: Raw) -> dict[str, str]:
    return from_lower(raw.get("tags"))


def project_service(raw: Raw, *, cluster: str, fingerprint: str, names: Names) -> Service:
    """Our type of an ACTIVE service, normalised. fingerprint: of the task definition it names."""
    deployment = raw.get("deploymentConfiguration") or {}
    breaker = deployment.get("deploymentCircuitBreaker") or {}
    threshold = breaker.get("thresholdConfiguration") or {}
    network = (raw.get("networkConfiguration") or {}).get("awsvpcConfiguration") or {}
    strategy = raw.get("capacityProviderStrategy") or ()
    return normalise(
        Service(
            name=raw["serviceName"],
            cluster=cluster,
            task_definition=fingerprint,
            desired_count=raw.get("desiredCount", 0),
            subnets=tuple(network.get("subnets") or ()),
            security_groups=tuple(names.group(item) for item in network.get("securityGroups") or ()),
            load_balancers=tuple(_load_balancer(item, names) for item in raw.get("loadBalancers") or ()),
            assign_public_ip=network.get("assignPublicIp") == "ENABLED",
            # A strategy somebody set hides the launch type; an empty one brings it back, without a new service.
            launch_type=raw.get("launchType") or "FARGATE",
            capacity_providers=tuple(item["capacityProvider"] for item in strategy),
            platform_version=raw.get("platformVersion") or "LATEST",
            scheduling=raw.get("schedulingStrategy") or "REPLICA",
            minimum_healthy_percent=_or(deployment.get("minimumHealthyPercent"), 100),
            maximum_percent=_or(deployment.get("maximumPercent"), 200),
            breaker_enabled=bool(breaker.get("enable")),
            breaker_rollback=bool(breaker.get("rollback")),
            breaker_threshold=threshold.get("value"),
            breaker_reset_on_healthy=_or(breaker.get("resetOnHealthyTask"), True),  # noqa: FBT003 - AWS's default
            az_rebalancing=raw.get("availabilityZoneRebalancing") or "DISABLED",
            enable_execute_command=bool(raw.get("enableExecuteCommand")),
            enable_managed_tags=bool(raw.get("enableECSManagedTags")),
            propagate_tags=raw.get("propagateTags") or "NONE",
            health_check_grace_seconds=raw.get("healthCheckGracePeriodSeconds") or None,  # 0 is what unset reads as
            tags=compared(tags_of(raw)),
            unmanaged=tuple(_unmanaged(raw)),
        )
    )


def _load_balancer(item: Raw, names: Names) -> LoadBalancer:
    """A classic load balancer has a name instead of a target group."""
    target = names.target_group(item.get("targetGroupArn") or item.get("loadBalancerName") or "")
    return LoadBalancer(target, item.get("containerName") or "", item.get("containerPort") or 0)


def _or(value: Any, default: Any) -> Any:
    return default if value is None else value


def _unmanaged(raw: Raw) -> Iterator[tuple[str, str]]:
    yield from unmanaged("Service", raw)
    deployment = raw.get("deploymentConfiguration") or {}
    breaker = deployment.get("deploymentCircuitBreaker") or {}
    yield from unmanaged("DeploymentConfiguration", deployment, "deploymentConfiguration.")
    yield from unmanaged(
        "ThresholdConfiguration",
        breaker.get("thresholdConfiguration"),
        "deploymentConfiguration.thresholdConfiguration.",
    )
    for item in raw.get("loadBalancers") or ():
        yield from unmanaged("LoadBalancer", item, f"loadBalancers[{item.get('containerName')}].")
    for item in raw.get("capacityProviderStrategy") or ():
        path = f"capacityProviderStrategy[{item.get('capacityProvider')}]."
        yield from unmanaged("CapacityProviderStrategyItem", item, path)
    yield from unmanaged("Deployment", primary(raw))


def primary(raw: Raw) -> Raw | None:
    """The deployment ECS is working towards, or None (a service without one: just created, or being deleted)."""
    return next((item for item in raw.get("deployments") or () if item.get("status") == "PRIMARY"), None)


def project_runtime(raw: Raw, fingerprint: str) -> ServiceRuntime:
    """How the service is doing. fingerprint: of the task definition of its PRIMARY deployment."""
    current = primary(raw)
    return ServiceRuntime(
        status=raw.get("status", ACTIVE),
        desired=raw.get("desiredCount", 0),
        running=raw.get("runningCount", 0),
        pending=raw.get("pendingCount", 0),
        created_at=raw.get("createdAt"),
        task_definition_arn=raw.get("taskDefinition", ""),
        rollout=None if current is None else project_deployment(current, raw, fingerprint),
        events=tuple(ServiceEvent(item["createdAt"], item["message"]) for item in (raw.get("events") or ())[:EVENTS]),
    )


def project_deployment(deployment: Raw, service: Raw, fingerprint: str) -> Rollout:
    """One entry of a service's `deployments`. Its cause is not known here: that takes the stopped tasks."""
    state = _state(deployment, service)
    failed = state in (RolloutState.FAILED, RolloutState.ROLLED_BACK)
    return Rollout(
        deployment_id=deployment["id"],
        task_definition=fingerprint,
        state=state,
        created_at=deployment["createdAt"],
        reason=deployment.get("rolloutStateReason") or "",
        cause=Cause.ITSELF if failed else None,
        failed_tasks=deployment.get("failedTasks", 0),
    )


def _state(deployment: Raw, service: Raw) -> RolloutState:
    """ECS says FAILED both for a rollout that was taken back and for one that stays; only the former has a
    successor that is PRIMARY now."""
    told = deployment.get("rolloutState", "IN_PROGRESS")
    if told != "FAILED":
        return RolloutState.COMPLETED if told == "COMPLETED" else RolloutState.IN_PROGRESS
    current = primary(service)
    replaced = current is not None and current["id"] != deployment["id"]
    return RolloutState.ROLLED_BACK if replaced else RolloutState.FAILED
