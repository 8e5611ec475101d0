"""The task operations: list, describe, stop."""

# ruff: noqa: ARG001 - operations share one signature

from __future__ import annotations

from typing import TYPE_CHECKING

from molthub.simulator.ecs.lookup import cluster_of, service_of
from molthub.simulator.ecs.services import listing
from molthub.simulator.ecs.state import Json, Region, Service, Task
from molthub.simulator.ecs.views import task_view
from molthub.simulator.refusals import MalformedRequestError, RefusalError

if TYPE_CHECKING:
    from molthub.simulator.ecs.api import Ecs

MOST_DESCRIBED = 100


def list_tasks(ecs: Ecs, region: Region, params: Json) -> Json:
    cluster = cluster_of(region, params)
    if "serviceName" in params:
        tasks = list(service_of(region, cluster, params["serviceName"]).tasks.values())
    else:
        tasks = [task for task in region.tasks.values() if f":task/{cluster.name}/" in task.arn]
    status = params.get("desiredStatus", "RUNNING")
    arns = sorted(
        task.arn
        for task in tasks
        if task.desired_status == status
        and params.get("family") in {None, task.definition.family}
        and params.get("startedBy") in {None, task.deployment.id}
    )
    return listing("taskArns", arns, params, by_default=100)


def describe_tasks(ecs: Ecs, region: Region, params: Json) -> Json:
    cluster = cluster_of(region, params)
    references = params["tasks"]
    if not 1 <= len(references) <= MOST_DESCRIBED:
        message = "Tasks cannot be empty." if not references else "Too many tasks: at most 100 can be described."
        raise MalformedRequestError("InvalidParameterException", message)
    found, failures = [], []
    for reference in references:
        arn = _arn_of(region, cluster.name, reference)
        task = region.tasks.get(arn)
        if task is None:
            failures.append({"arn": arn, "reason": "MISSING"})
            continue
        view = task_view(region, _owner(region, task), task, ecs.engine.date_of)
        if "TAGS" not in params.get("include", ()):
            view["tags"] = []
        found.append(view)
    return {"tasks": found, "failures": failures}


def stop_task(ecs: Ecs, region: Region, params: Json) -> Json:
    cluster = cluster_of(region, params)
    task = region.tasks.get(_arn_of(region, cluster.name, params["task"]))
    if task is None:
        raise RefusalError("InvalidParameterException", "The referenced task was not found.")
    service = _owner(region, task)
    ecs.scheduler.stop_task(region, service, task, params.get("reason", "Task stopped by user"))
    return {"task": task_view(region, service, task, ecs.engine.date_of)}


def _arn_of(region: Region, cluster: str, reference: str) -> str:
    return reference if reference.startswith("arn:") else region.arn(f"task/{cluster}/{reference}")


def _owner(region: Region, task: Task) -> Service:
    return next(service for service in region.services.values() if task.arn in service.tasks)
