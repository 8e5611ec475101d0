"""Task definitions: registered once, immutable, then ACTIVE → INACTIVE → gone."""

# ruff: noqa: ARG001 - operations share one signature

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING

from molthub.simulator.ecs import fargate, state
from molthub.simulator.ecs.lookup import check_name, definition_of, find_definition, tags_in, tags_out
from molthub.simulator.ecs.services import listing
from molthub.simulator.ecs.state import Definition, Json, Region
from molthub.simulator.ecs.views import definition_view
from molthub.simulator.refusals import MalformedRequestError, RefusalError

if TYPE_CHECKING:
    from molthub.simulator.ecs.api import Ecs

MOST_BYTES = 64 * 1024


def register_task_definition(ecs: Ecs, region: Region, params: Json) -> Json:
    check_name(params["family"], "Family")
    if len(json.dumps(params).encode()) > MOST_BYTES:
        raise MalformedRequestError("ClientException", "Actual length exceeds maximum length of 65536 bytes.")
    fargate.check(params)
    _check_roles(ecs, region, params)
    revisions = region.families.setdefault(params["family"], [])
    number = len(revisions) + 1
    definition = Definition(
        arn=region.arn(f"task-definition/{params['family']}:{number}"),
        family=params["family"],
        revision=number,
        content=_content_of(params),
        registered_at=ecs.engine.now,
        tags=tags_in(params),
    )
    revisions.append(definition)
    view = definition_view(definition, ecs.engine.date_of)
    return {"taskDefinition": view} | ({"tags": tags_out(definition.tags)} if definition.tags else {})


def describe_task_definition(ecs: Ecs, region: Region, params: Json) -> Json:
    definition = definition_of(region, params["taskDefinition"])
    view: Json = {"taskDefinition": definition_view(definition, ecs.engine.date_of)}
    if "TAGS" in params.get("include", ()):
        view["tags"] = tags_out(definition.tags)
    return view


def deregister_task_definition(ecs: Ecs, region: Region, params: Json) -> Json:
    if ":" not in params["taskDefinition"].rpartition("/")[2]:
        raise MalformedRequestError("ClientException", "Invalid revision number. Number: null")
    definition = find_definition(region, params["taskDefinition"])
    if definition is None or definition.status != state.ACTIVE:
        raise RefusalError("ClientException", "The specified task definition does not exist or is inactive.")
    definition.status = state.INACTIVE
    definition.deregistered_at = ecs.engine.now
    return {"taskDefinition": definition_view(definition, ecs.engine.date_of)}


def delete_task_definitions(ecs: Ecs, region: Region, params: Json) -> Json:
    deleted, failures = [], []
    if len(params["taskDefinitions"]) > 10:  # noqa: PLR2004 - AWS's limit of this operation
        raise MalformedRequestError("InvalidParameterException", "At most 10 task definitions can be deleted.")
    for reference in params["taskDefinitions"]:
        definition = find_definition(region, reference)
        if definition is None or definition.status == state.ACTIVE:
            reason = "The specified task definition is still in ACTIVE status. Please deregister the target."
            failures.append({"arn": reference, "reason": reason})
            continue
        definition.status = "DELETE_IN_PROGRESS"
        deleted.append(definition_view(definition, ecs.engine.date_of))
    return {"taskDefinitions": deleted, "failures": failures}


def list_task_definitions(ecs: Ecs, region: Region, params: Json) -> Json:
    status, family = params.get("status", state.ACTIVE), params.get("familyPrefix")
    found = [
        item
        for name, revisions in region.families.items()
        if family in {None, name}
        for item in revisions
        if item.status == status
    ]
    found.sort(key=lambda item: (item.family, item.revision), reverse=params.get("sort") == "DESC")
    limit, token = params.get("maxResults", 100), int(params.get("nextToken", "0"))
    arns = [item.arn for item in found[token : token + limit]]
    more = len(found) > token + limit
    return {"taskDefinitionArns": arns} | ({"nextToken": str(token + limit)} if more else {})


def list_task_definition_families(ecs: Ecs, region: Region, params: Json) -> Json:
    prefix, status = params.get("familyPrefix", ""), params.get("status", "ALL")
    names = sorted(
        name
        for name, revisions in region.families.items()
        if name.startswith(prefix)
        and (status == "ALL" or (status == state.ACTIVE) == any(item.status == state.ACTIVE for item in revisions))
    )
    return listing("families", names, params, by_default=100)


def _check_roles(ecs: Ecs, region: Region, params: Json) -> None:
    for key in ("taskRoleArn", "executionRoleArn"):
        role = params.get(key)
        if role is None:
            continue
        if not role.startswith("arn:aws:iam::"):
            raise MalformedRequestError("ClientException", "Role is not valid")
        problem = ecs.engine.surroundings.pass_problem(region.account, role)
        if problem is not None:
            raise RefusalError("AccessDeniedException", problem)


def _content_of(params: Json) -> Json:
    """What DescribeTaskDefinition gives back: the request, with the defaults that ECS fills in."""
    content = copy.deepcopy({key: value for key, value in params.items() if key not in {"family", "tags"}})
    content.setdefault("volumes", [])
    content.setdefault("placementConstraints", [])
    for volume in content["volumes"]:
        if not any(key.endswith("Configuration") for key in volume):
            volume.setdefault("host", {})
    for container in content["containerDefinitions"]:
        _fill_in(container, awsvpc=content.get("networkMode") == "awsvpc")
    return content


def _fill_in(container: Json, *, awsvpc: bool) -> None:
    container.setdefault("cpu", 0)
    container.setdefault("essential", True)
    for key in ("portMappings", "environment", "mountPoints", "volumesFrom", "systemControls"):
        container.setdefault(key, [])
    for mapping in container["portMappings"]:
        mapping.setdefault("protocol", "tcp")
        if awsvpc:
            mapping.setdefault("hostPort", mapping["containerPort"])
    check = container.get("healthCheck")
    if check:
        for key, value in (("interval", 30), ("timeout", 5), ("retries", 3)):
            check.setdefault(key, value)
