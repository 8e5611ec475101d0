"""Finding what a request names: clusters, services, definitions by name or ARN; tags in and out."""

from __future__ import annotations

import re

from molthub.simulator.ecs.state import ACTIVE, Cluster, Definition, Json, Region, Service
from molthub.simulator.refusals import MalformedRequestError, RefusalError


def cluster_of(region: Region, params: Json) -> Cluster:
    """The cluster a request means; without one, `default`."""
    name = str(params.get("cluster", "default")).rpartition("/")[2]
    cluster = region.clusters.get(name)
    if cluster is None or cluster.status != ACTIVE:
        raise RefusalError("ClusterNotFoundException", "Cluster not found.")
    return cluster


def find_service(region: Region, cluster: Cluster, reference: str) -> Service | None:
    """A service by name or ARN, an INACTIVE one included."""
    return region.services.get((cluster.name, reference.rpartition("/")[2]))


def service_of(region: Region, cluster: Cluster, reference: str) -> Service:
    service = find_service(region, cluster, reference)
    if service is None:
        raise RefusalError("ServiceNotFoundException", "Service not found.")
    return service


def find_definition(region: Region, reference: str) -> Definition | None:
    """`family`, `family:revision` or an ARN. Only a bare family means the latest ACTIVE revision."""
    name = reference.rpartition("/")[2]
    family, _, revision = name.partition(":")
    known = region.families.get(family, [])
    if revision:
        number = int(revision) if revision.isdigit() else 0
        return known[number - 1] if 0 < number <= len(known) else None
    return next((item for item in reversed(known) if item.status == ACTIVE), None)


def definition_of(region: Region, reference: str) -> Definition:
    definition = find_definition(region, reference)
    if definition is None:
        raise RefusalError("ClientException", "Unable to describe task definition.")
    return definition


def usable_definition(region: Region, reference: str) -> Definition:
    """A definition that a service may be given: it exists and is ACTIVE."""
    definition = find_definition(region, reference)
    if definition is None:
        raise RefusalError("ClientException", "TaskDefinition not found.")
    if definition.status != ACTIVE:
        raise RefusalError("ClientException", "TaskDefinition is inactive")
    return definition


def tags_in(params: Json) -> dict[str, str]:
    return {item["key"]: item.get("value", "") for item in params.get("tags", ())}


def tags_out(tags: dict[str, str]) -> list[Json]:
    return [{"key": key, "value": value} for key, value in sorted(tags.items())]


def check_name(name: str, what: str) -> None:
    """Letters, digits, hyphens and underscores, up to 255."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,255}", name):
        raise MalformedRequestError("InvalidParameterException", f"{what} must be 1 to 255 of a-z, A-Z, 0-9, _ and -.")
