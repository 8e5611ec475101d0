"""The service operations. Error wordings are AWS's own, as its users report them."""

# ruff: noqa: ARG001 - operations share one signature

from __future__ import annotations

from typing import TYPE_CHECKING

from molthub.simulator.ecs import state
from molthub.simulator.ecs.lookup import check_name, cluster_of, find_service, service_of, tags_in, usable_definition
from molthub.simulator.ecs.state import Json, Region, Service
from molthub.simulator.ecs.views import service_view
from molthub.simulator.paging import page
from molthub.simulator.refusals import MalformedRequestError, RefusalError

if TYPE_CHECKING:
    from molthub.simulator.ecs.api import Ecs

_SPEC_KEYS = (
    "networkConfiguration", "platformVersion", "capacityProviderStrategy", "launchType", "loadBalancers",
    "serviceRegistries", "serviceConnectConfiguration", "volumeConfigurations", "vpcLatticeConfigurations",
)  # fmt: skip
"""A change of any of these, or of the task definition, is a new deployment."""

_SETTINGS_KEYS = (
    "availabilityZoneRebalancing", "enableECSManagedTags", "enableExecuteCommand", "healthCheckGracePeriodSeconds",
    "propagateTags", "schedulingStrategy", "deploymentController",
)  # fmt: skip
"""A change of one of these alone starts no deployment."""

MOST_DESCRIBED = 10
MOST_LISTED, LISTED_BY_DEFAULT = 100, 10


def create_service(ecs: Ecs, region: Region, params: Json) -> Json:
    cluster = cluster_of(region, params)
    check_name(params["serviceName"], "The service name")
    existing = find_service(region, cluster, params["serviceName"])
    if existing is not None and existing.status != state.INACTIVE:
        return _create_over(ecs, existing, params)
    if "taskDefinition" not in params:
        raise MalformedRequestError("InvalidParameterException", "Task definition can not be blank.")
    spec = _spec_of(region, params, base={"platformVersion": "LATEST"})
    if "capacityProviderStrategy" not in spec:
        spec.setdefault("launchType", "EC2")
    _check_network(ecs, region, spec)
    _check_balancers(ecs, region, spec)
    service = Service(
        name=params["serviceName"],
        arn=region.arn(f"service/{cluster.name}/{params['serviceName']}"),
        cluster=cluster,
        desired=params.get("desiredCount", 1),
        settings=_settings_of(params, base=_default_settings()),
        created_at=ecs.engine.now,
        request=params,
        tags=tags_in(params),
    )
    region.services[(cluster.name, service.name)] = service
    ecs.scheduler.deploy(region, service, spec)
    ecs.scheduler.reconcile(region, service)
    return {"service": service_view(service, ecs.engine.date_of, tags=True)}


def _create_over(ecs: Ecs, existing: Service, params: Json) -> Json:
    if existing.status == state.DRAINING:
        raise RefusalError("InvalidParameterException", "Unable to Start a service that is still Draining.")
    if "clientToken" in params and params == existing.request:
        return {"service": service_view(existing, ecs.engine.date_of, tags=True)}
    raise RefusalError("InvalidParameterException", "Creation of service was not idempotent.")


def update_service(ecs: Ecs, region: Region, params: Json) -> Json:
    cluster = cluster_of(region, params)
    service = service_of(region, cluster, params["service"])
    if service.status != state.ACTIVE:
        raise RefusalError("ServiceNotActiveException", "Service was not ACTIVE.")
    before = service.primary.revision.spec
    spec = _spec_of(region, params, base=before)
    if "networkConfiguration" in params:
        _check_network(ecs, region, spec)
    if spec.get("loadBalancers") != before.get("loadBalancers") or "taskDefinition" in params:
        _check_balancers(ecs, region, spec)
    service.settings = _settings_of(params, base=service.settings)
    service.desired = params.get("desiredCount", service.desired)
    if spec != before or params.get("forceNewDeployment"):
        ecs.scheduler.deploy(region, service, spec)
    ecs.scheduler.reconcile(region, service)
    return {"service": service_view(service, ecs.engine.date_of, tags=True)}


def delete_service(ecs: Ecs, region: Region, params: Json) -> Json:
    service = service_of(region, cluster_of(region, params), params["service"])
    if service.status == state.INACTIVE:
        raise RefusalError("ServiceNotFoundException", "Service not found.")
    if service.desired > 0 and not params.get("force"):
        message = "The service cannot be stopped while it is scaled above 0."
        raise RefusalError("InvalidParameterException", message)
    if service.status == state.ACTIVE:
        ecs.scheduler.drain(region, service)
    return {"service": service_view(service, ecs.engine.date_of)}


def describe_services(ecs: Ecs, region: Region, params: Json) -> Json:
    cluster = cluster_of(region, params)
    references = params["services"]
    if not 1 <= len(references) <= MOST_DESCRIBED:
        message = "Services cannot be empty." if not references else "Too many services: at most 10 can be described."
        raise MalformedRequestError("InvalidParameterException", message)
    tags = "TAGS" in params.get("include", ())
    found, failures = [], []
    for reference in references:
        service = find_service(region, cluster, reference)
        if service is None:
            name = reference.rpartition("/")[2]
            failures.append({"arn": region.arn(f"service/{cluster.name}/{name}"), "reason": "MISSING"})
        else:
            found.append(service_view(service, ecs.engine.date_of, tags=tags))
    return {"services": found, "failures": failures}


def list_services(ecs: Ecs, region: Region, params: Json) -> Json:
    cluster = cluster_of(region, params)
    launch_type = params.get("launchType")
    arns = sorted(
        service.arn
        for (name, _), service in region.services.items()
        if name == cluster.name
        and service.status == state.ACTIVE
        and launch_type in {None, service.primary.revision.spec.get("launchType")}
    )
    return listing("serviceArns", arns, params)


def listing(name: str, arns: list[str], params: Json, *, by_default: int = LISTED_BY_DEFAULT) -> Json:
    """A page of a sorted list of ARNs, in the way of ECS's list operations."""
    limit = params.get("maxResults", by_default)
    if not 1 <= limit <= MOST_LISTED:
        raise MalformedRequestError("InvalidParameterException", "maxResults must be between 1 and 100.")
    token = params.get("nextToken")
    chosen, following = page(arns, key=str, token=token, limit=limit, bad_token="InvalidParameterException")  # noqa: S106
    return {name: chosen} | ({"nextToken": following} if following else {})


def _spec_of(region: Region, params: Json, *, base: Json) -> Json:
    spec = base | {key: params[key] for key in _SPEC_KEYS if params.get(key) not in (None, [], "")}
    if params.get("loadBalancers") == []:
        spec.pop("loadBalancers", None)  # "you can remove existing loadBalancers by passing an empty list"
    if params.get("capacityProviderStrategy") == [] and spec.pop("capacityProviderStrategy", None):
        spec["launchType"] = "FARGATE"  # "pass an empty list" takes a service back to the launch type
    if spec.get("capacityProviderStrategy") and "launchType" not in params:
        spec.pop("launchType", None)
    if "taskDefinition" in params:
        spec["taskDefinition"] = usable_definition(region, params["taskDefinition"]).arn
    if "networkConfiguration" in spec:
        network = spec["networkConfiguration"].get("awsvpcConfiguration", {})
        spec["networkConfiguration"] = {
            "awsvpcConfiguration": {"assignPublicIp": "DISABLED", "securityGroups": [], **network}
        }
    return spec


def _settings_of(params: Json, *, base: Json) -> Json:
    settings = base | {key: params[key] for key in _SETTINGS_KEYS if key in params}
    if "deploymentConfiguration" in params:
        merged = base["deploymentConfiguration"] | params["deploymentConfiguration"]
        breaker = merged.get("deploymentCircuitBreaker")
        if breaker is not None:
            merged["deploymentCircuitBreaker"] = {"resetOnHealthyTask": True, **breaker}
        settings["deploymentConfiguration"] = merged
    return settings


def _default_settings() -> Json:
    return {
        "deploymentConfiguration": {
            "maximumPercent": 200,
            "minimumHealthyPercent": 100,
            "strategy": "ROLLING",
            "bakeTimeInMinutes": 0,
        },
        "schedulingStrategy": "REPLICA",
        "deploymentController": {"type": "ECS"},
        "enableECSManagedTags": False,
        "enableExecuteCommand": False,
        "propagateTags": "NONE",
        "availabilityZoneRebalancing": "ENABLED",
    }


def _check_balancers(ecs: Ecs, region: Region, spec: Json) -> None:
    content = usable_definition(region, spec["taskDefinition"]).content
    problem = ecs.engine.surroundings.balancer_problem(region, content, spec.get("loadBalancers", []))
    if problem is not None:
        raise RefusalError("InvalidParameterException", problem)


def _check_network(ecs: Ecs, region: Region, spec: Json) -> None:
    network = spec.get("networkConfiguration", {}).get("awsvpcConfiguration")
    if network is None:
        raise MalformedRequestError(
            "InvalidParameterException",
            "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
        )
    problem = ecs.engine.surroundings.network_problem(region, network["subnets"], network["securityGroups"])
    if problem is not None:
        raise RefusalError("InvalidParameterException", problem)
