"""The tasks of one service that run or are on their way: ListTasks and DescribeTasks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from molthub.aws.api import Api, Refusal
from molthub.resources.observation import Task

Raw = Mapping[str, Any]
GONE = frozenset({"ServiceNotFoundException", "ServiceNotActiveException"})
MOST = 100


def read_running(api: Api, cluster: str, service: str) -> tuple[Task, ...]:
    """At most a hundred, the longest running first; () when there is no such service."""
    subject = f"service {service}"
    listed = api.expecting(
        GONE, "ecs", "ListTasks", subject=subject, cluster=cluster, serviceName=service, desiredStatus="RUNNING"
    )
    if isinstance(listed, Refusal) or not listed["taskArns"]:
        return ()
    arns = listed["taskArns"][:MOST]
    told = api.call("ecs", "DescribeTasks", subject=subject, cluster=cluster, tasks=arns)["tasks"]
    return tuple(sorted((_task(raw) for raw in told), key=_age))


def _task(raw: Raw) -> Task:
    health = str(raw.get("healthStatus") or "")
    return Task(
        id=str(raw["taskArn"]).rpartition("/")[2],
        status=str(raw.get("lastStatus") or ""),
        health="" if health == "UNKNOWN" else health,
        started_at=raw.get("startedAt"),
    )


def _age(task: Task) -> tuple[bool, float, str]:
    return task.started_at is None, task.started_at.timestamp() if task.started_at else 0.0, task.id
