"""Tasks that start and stop again and again: seen in a service's events, explained by its stopped tasks.

The circuit breaker counts what does not come up. A task that runs and then exits it does not count once the
deployment is over, and by some accounts not before either (containers-roadmap#1206). The events cost no call of their
own; the two calls for the stopped tasks are made only where the events say that it loops.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from molthub.aws.api import Api
from molthub.aws.readers.stopped_tasks import diagnose
from molthub.errors import MolthubError
from molthub.resources.identity import Identity, names_of
from molthub.resources.observation import ObservedInstance, ServiceRuntime

Raw = Mapping[str, Any]
STARTED = "has started"
LOOP = 3
"""So many restarts are a loop (health/assess.py counts as many)."""

WINDOW = timedelta(minutes=15)
TASKS_READ = 100
MOST_READ = 20
"""So many looping services of an environment are explained in one look; the others show without a reason."""

READERS = 8


def starts_since(events: Iterable[Raw], since: datetime) -> int:
    """How often ECS started tasks of a service, as its raw events tell."""
    return sum(1 for item in events if item["createdAt"] >= since and STARTED in item["message"])


def loops(runtime: ServiceRuntime) -> bool:
    """Whether tasks started again and again since the deployment began, within a quarter of an hour."""
    starts = [event.at for event in runtime.events if STARTED in event.message]
    if not starts or runtime.desired == 0:
        return False
    since = max(starts) - WINDOW
    began = runtime.rollout.created_at if runtime.rollout is not None else since
    recent = sum(1 for at in starts if at >= max(since, began))
    return recent - (1 if began >= since else 0) >= LOOP


def read_stopped(api: Api, cluster: str, service: str) -> list[Raw]:
    """The service's stopped tasks as far as ECS remembers them (about an hour)."""
    subject = f"service {service}"
    listed = api.call(
        "ecs", "ListTasks", subject=subject, cluster=cluster, serviceName=service, desiredStatus="STOPPED"
    )
    arns = listed["taskArns"][:TASKS_READ]
    if not arns:
        return []
    tasks: list[Raw] = api.call("ecs", "DescribeTasks", subject=subject, cluster=cluster, tasks=arns)["tasks"]
    return tasks


def explained(api: Api, cluster: str, instances: dict[Identity, ObservedInstance]) -> dict[Identity, ObservedInstance]:
    """The instances, those that loop with the reason of the last task that stopped."""
    looping = [identity for identity, seen in instances.items() if seen.runtime is not None and loops(seen.runtime)]
    if not looping:
        return instances
    with ThreadPoolExecutor(min(READERS, len(looping))) as pool:
        told = list(pool.map(lambda identity: _last_stop(api, cluster, identity), looping[:MOST_READ]))
    found = dict(instances)
    for identity, reason in zip(looping, told, strict=False):
        seen = instances[identity]
        if seen.runtime is not None:
            found[identity] = replace(seen, runtime=replace(seen.runtime, last_stop=reason))
    return found


def _last_stop(api: Api, cluster: str, identity: Identity) -> str:
    """Why the last task stopped; "" when nobody can say. That alone makes nothing Unknown."""
    try:
        finding = diagnose(read_stopped(api, cluster, names_of(identity).service), frozenset())
    except MolthubError:
        return ""
    return finding.reason if finding is not None else ""
