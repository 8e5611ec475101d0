"""Clusters, and the tags of everything in ECS."""

# ruff: noqa: ARG001 - operations share one signature

from __future__ import annotations

from typing import TYPE_CHECKING

from molthub.simulator.ecs.lookup import check_name, find_definition, tags_in, tags_out
from molthub.simulator.ecs.services import listing
from molthub.simulator.ecs.state import ACTIVE, INACTIVE, Cluster, Json, Region
from molthub.simulator.ecs.views import cluster_view
from molthub.simulator.refusals import RefusalError

if TYPE_CHECKING:
    from molthub.simulator.ecs.api import Ecs

MOST_TAGS = 50


def create_cluster(ecs: Ecs, region: Region, params: Json) -> Json:
    """Creating a cluster that exists gives back the one there is."""
    name = params.get("clusterName", "default")
    check_name(name, "Cluster name")
    cluster = region.clusters.get(name)
    if cluster is None or cluster.status != ACTIVE:
        cluster = Cluster(name, region.arn(f"cluster/{name}"), tags_in(params))
        region.clusters[name] = cluster
    return {"cluster": cluster_view(region, cluster)}


def delete_cluster(ecs: Ecs, region: Region, params: Json) -> Json:
    cluster = region.clusters.get(params["cluster"].rpartition("/")[2])
    if cluster is None:
        raise RefusalError("ClusterNotFoundException", "Cluster not found.")
    if any(name == cluster.name and item.status != INACTIVE for (name, _), item in region.services.items()):
        raise RefusalError(
            "ClusterContainsServicesException", "The Cluster cannot be deleted while Services are active."
        )
    cluster.status = INACTIVE
    return {"cluster": cluster_view(region, cluster)}


def describe_clusters(ecs: Ecs, region: Region, params: Json) -> Json:
    found, failures = [], []
    for reference in params.get("clusters") or ["default"]:
        name = reference.rpartition("/")[2]
        if name in region.clusters:
            found.append(cluster_view(region, region.clusters[name]))
        else:
            failures.append({"arn": region.arn(f"cluster/{name}"), "reason": "MISSING"})
    return {"clusters": found, "failures": failures}


def list_clusters(ecs: Ecs, region: Region, params: Json) -> Json:
    arns = sorted(item.arn for item in region.clusters.values() if item.status == ACTIVE)
    return listing("clusterArns", arns, params, by_default=100)


def tag_resource(ecs: Ecs, region: Region, params: Json) -> Json:
    tags = find_tags(region, params["resourceArn"])
    added = tags_in(params)
    if len(tags | added) > MOST_TAGS:
        raise RefusalError("InvalidParameterException", "The maximum number of tags (50) has been exceeded.")
    tags |= added
    return {}


def untag_resource(ecs: Ecs, region: Region, params: Json) -> Json:
    tags = find_tags(region, params["resourceArn"])
    for key in params["tagKeys"]:
        tags.pop(key, None)
    return {}


def list_tags_for_resource(ecs: Ecs, region: Region, params: Json) -> Json:
    return {"tags": tags_out(find_tags(region, params["resourceArn"]))}


def find_tags(region: Region, arn: str) -> dict[str, str]:
    """The tags, to be changed in place, of a service, task definition, cluster or task."""
    kind, _, rest = arn.rpartition(":")[2].partition("/")
    if ":task-definition/" in arn:
        definition = find_definition(region, arn)
        found = definition.tags if definition else None
    elif kind == "service" and "/" in rest:
        name = rest.partition("/")
        service = region.services.get((name[0], name[2]))
        found = service.tags if service and service.status != INACTIVE else None
    elif kind == "cluster":
        found = region.clusters[rest].tags if rest in region.clusters else None
    else:
        found = region.tasks[arn].tags if arn in region.tasks else None
    if found is None:
        raise RefusalError("InvalidParameterException", "The specified resource is not found.")
    return found
