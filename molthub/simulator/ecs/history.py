"""Service deployments and revisions: what was rolled out, how it ended, and stopping one that goes wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from molthub.simulator.ecs.lookup import cluster_of, find_definition, service_of
from molthub.simulator.ecs.services import MOST_LISTED
from molthub.simulator.ecs.state import History, Json, Region, Service
from molthub.simulator.ecs.views import history_brief, history_view, revision_view
from molthub.simulator.paging import page
from molthub.simulator.refusals import MalformedRequestError, RefusalError

if TYPE_CHECKING:
    from molthub.simulator.ecs.api import Ecs

MOST_DESCRIBED = 20
STOPPED_BY_HAND = "Service deployment was stopped by a user."
_ROLLING_BACK = {"ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS", "STOP_REQUESTED"}


def list_service_deployments(ecs: Ecs, region: Region, params: Json) -> Json:
    """Newest first. The filter by creation date is not emulated."""
    service = service_of(region, cluster_of(region, params), params["service"])
    statuses = set(params.get("status", ()))
    numbered = [
        (f"{len(service.history) - index:08d}", item)
        for index, item in enumerate(service.history, start=1)
        if not statuses or item.status in statuses
    ]
    numbered.sort(key=lambda pair: pair[0])
    limit = params.get("maxResults", 20)
    if not 1 <= limit <= MOST_LISTED:
        raise MalformedRequestError("InvalidParameterException", "maxResults must be between 1 and 100.")
    token = params.get("nextToken")
    chosen, following = page(
        numbered,
        key=lambda pair: pair[0],
        token=token,
        limit=limit,
        bad_token="InvalidParameterException",  # noqa: S106
    )
    briefs = [history_brief(service, item, ecs.engine.date_of) for _, item in chosen]
    return {"serviceDeployments": briefs} | ({"nextToken": following} if following else {})


def describe_service_deployments(ecs: Ecs, region: Region, params: Json) -> Json:
    found, failures = [], []
    for arn in _few(params["serviceDeploymentArns"]):
        service, history = _find(region, arn)
        if service is None or history is None:
            failures.append({"arn": arn, "reason": "MISSING"})
            continue
        found.append(history_view(service, history, ecs.engine.date_of))
    return {"serviceDeployments": found, "failures": failures}


def describe_service_revisions(ecs: Ecs, region: Region, params: Json) -> Json:
    found, failures = [], []
    for arn in _few(params["serviceRevisionArns"]):
        service = _service_in(region, arn)
        revision = next((item for item in service.revisions if item.arn == arn), None) if service else None
        if service is None or revision is None:
            failures.append({"arn": arn, "reason": "MISSING"})
            continue
        definition = find_definition(region, revision.spec["taskDefinition"])
        found.append(revision_view(service, revision, definition, ecs.engine.date_of))
    return {"serviceRevisions": found, "failures": failures}


def stop_service_deployment(ecs: Ecs, region: Region, params: Json) -> Json:
    arn = params["serviceDeploymentArn"]
    service, history = _find(region, arn)
    if service is None or history is None:
        raise RefusalError("ServiceDeploymentNotFoundException", "Service deployment not found.")
    if history.status in _ROLLING_BACK:
        return {"serviceDeploymentArn": arn}
    if history.status not in {"PENDING", "IN_PROGRESS"}:
        message = f"The service deployment cannot be stopped because it is in state {history.status}."
        raise RefusalError("ConflictException", message)
    if params.get("stopType", "ROLLBACK") == "ABORT":
        ecs.scheduler.abort(service, STOPPED_BY_HAND)
        return {"serviceDeploymentArn": arn}
    if service.completed is None:
        message = "The service deployment cannot be rolled back because there is no previous service revision."
        raise RefusalError("ConflictException", message)
    history.status, history.reason = "ROLLBACK_REQUESTED", STOPPED_BY_HAND
    ecs.engine.agenda.after(1, lambda: _roll_back(ecs, region, service, history))
    return {"serviceDeploymentArn": arn}


def _roll_back(ecs: Ecs, region: Region, service: Service, history: History) -> None:
    if history.status == "ROLLBACK_REQUESTED" and service.deployments and service.primary.history is history:
        ecs.scheduler.roll_back(region, service, reason=STOPPED_BY_HAND, failed_reason=STOPPED_BY_HAND)


def _few(arns: list[str]) -> list[str]:
    if not 1 <= len(arns) <= MOST_DESCRIBED:
        raise MalformedRequestError("InvalidParameterException", "Between 1 and 20 ARNs can be described.")
    return arns


def _service_in(region: Region, arn: str) -> Service | None:
    """`…:service-deployment/CLUSTER/SERVICE/ID` → the service."""
    parts = arn.rpartition(":")[2].split("/")
    return region.services.get((parts[1], parts[2])) if len(parts) == 4 else None  # noqa: PLR2004


def _find(region: Region, arn: str) -> tuple[Service | None, History | None]:
    service = _service_in(region, arn)
    history = next((item for item in service.history if item.arn == arn), None) if service else None
    return service, history
