"""The Resource Groups Tagging API over everything the simulator holds, log groups and ECS services included.

GetResources gives up to 100 resources a page and counts resources only; TagsPerPage is not emulated. IAM roles
are not part of it, as on AWS.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.core.resource_tagging import iter_taggable_backends

from molthub.simulator.ecs.state import INACTIVE, Region
from molthub.simulator.paging import page
from molthub.simulator.refusals import MalformedRequestError
from molthub.simulator.wire import Call
from molthub.simulator.world import World

Json = dict[str, Any]
MOST_LISTED = 100


def handle(world: World, call: Call, account: str) -> Json | None:
    """The answer to GetResources; None for the other operations, which are moto's."""
    if call.operation != "GetResources":
        return None
    limit = call.params.get("ResourcesPerPage", 50)
    if not 1 <= limit <= MOST_LISTED:
        raise MalformedRequestError("InvalidParameterException", "ResourcesPerPage must be between 1 and 100.")
    arns = set(call.params.get("ResourceARNList", ()))
    filters = call.params.get("TagFilters", [])
    kinds = call.params.get("ResourceTypeFilters", [])
    found = {
        arn: tags
        for arn, kind, tags in _resources(world, account, call.region)
        if tags and (not arns or arn in arns) and _is_kind(kind, kinds) and _has_tags(tags, filters)
    }
    chosen, following = page(
        sorted(found.items()),
        key=lambda item: item[0],
        token=call.params.get("PaginationToken"),
        limit=limit,
        bad_token="PaginationTokenExpiredException",  # noqa: S106 - an error code
    )
    mappings = [
        {"ResourceARN": arn, "Tags": [{"Key": key, "Value": value} for key, value in sorted(tags.items())]}
        for arn, tags in chosen
    ]
    return {"ResourceTagMappingList": mappings, "PaginationToken": following or ""}


_RENAMED = {"logs:loggroup": "logs:log-group"}
"""Where moto's name of a type is not AWS's ("Services that support the Resource Groups Tagging API")."""


def _resources(world: World, account: str, region: str) -> Iterator[tuple[str, str, dict[str, str]]]:
    """ARN, type (`logs:log-group`), tags."""
    world.moto.enter()
    for backend in iter_taggable_backends(account, region):
        if backend.SERVICE_NAMESPACE != "ecs":
            for resource in backend.iter_tagged_resources():
                yield resource.arn, _RENAMED.get(resource.resource_type, resource.resource_type), resource.tags
    yield from _ecs_resources(world.ecs.engine.region(account, region))


def _ecs_resources(region: Region) -> Iterator[tuple[str, str, dict[str, str]]]:
    for service in region.services.values():
        if service.status != INACTIVE:
            yield service.arn, "ecs:service", service.tags
    for cluster in region.clusters.values():
        yield cluster.arn, "ecs:cluster", cluster.tags
    for revisions in region.families.values():
        for definition in revisions:
            yield definition.arn, "ecs:task-definition", definition.tags
    for task in region.tasks.values():
        yield task.arn, "ecs:task", task.tags


def _is_kind(kind: str, wanted: list[str]) -> bool:
    return not wanted or kind in wanted or kind.partition(":")[0] in wanted


def _has_tags(tags: dict[str, str], filters: list[Json]) -> bool:
    return all(
        item["Key"] in tags and (not item.get("Values") or tags[item["Key"]] in item["Values"]) for item in filters
    )
