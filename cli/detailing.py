"""One instance looked at closely: what `status INSTANCE` says beyond its line in the list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from molthub.errors import Diagnostic, MolthubError

if TYPE_CHECKING:
    from molthub.cli import context
    from molthub.desired.ingress import Endpoint
    from molthub.pipeline.types import CheckedFleet, Collaborators, InstanceView
    from molthub.planning.types import InstancePlan
    from molthub.provider.protocols import Location
    from molthub.resources.observation import ServiceEvent, StoppedTask, Task

EVENTS = 5
STOPS = 3


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where it is called. record: the DNS record as a zone file has it; None while its load balancer is not known.

    zone  the Route 53 zone that Molthub keeps the record in; None where the record is somebody's to make
    """

    urls: tuple[str, ...]
    host: str
    record: str | None = None
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses in the cloud's console. service: None before there is one."""

    service: str | None
    logs: str


@dataclass(frozen=True, slots=True)
class Detail:
    """One instance's page, beside its record.

    tasks     None when they could not be read; `problem` says why
    stopped   the last tasks that are over, the newest first, as far as the cloud remembers them
    events    the newest lines of the cloud's own log of the service
    """

    plan: InstancePlan
    path: str | None
    tasks: tuple[Task, ...] | None
    stopped: tuple[StoppedTask, ...]
    problem: Diagnostic | None
    events: tuple[ServiceEvent, ...]
    webhook: Webhook | None
    links: Links | None
    next_step: str


def detail_of(roots: context.Roots, checked: CheckedFleet, collaborators: Collaborators, view: InstanceView) -> Detail:
    """Four more calls than the list makes, for the tasks."""
    from molthub.cli.explaining import next_step
    from molthub.health.service_events import newest_first

    location = _location(checked, view)
    tasks, stopped, problem = _tasks(collaborators, view, location)
    runtime = view.observed.runtime if view.observed else None
    return Detail(
        plan=view.plan,
        path=view.loaded.path if view.loaded else None,
        tasks=tasks,
        stopped=stopped,
        problem=problem,
        events=tuple(newest_first(runtime.events if runtime else ())[:EVENTS]),
        webhook=webhook_of(checked, view),
        links=_links(roots, view, location) if location else None,
        next_step=next_step(view.plan),
    )


def _location(checked: CheckedFleet, view: InstanceView) -> Location | None:
    from molthub.pipeline.places import location_of

    environment = checked.documents.environments.get(view.identity.key)
    return location_of(environment, view.identity.fleet) if environment else None


def _tasks(
    collaborators: Collaborators, view: InstanceView, location: Location | None
) -> tuple[tuple[Task, ...] | None, tuple[StoppedTask, ...], Diagnostic | None]:
    """Those that run, and those that stopped. None and why when they could not be read."""
    if location is None or view.observed is None or view.observed.runtime is None:
        return (), (), None
    try:
        provider = collaborators.providers(view.identity.key, location)
        running, over = provider.tasks(view.identity), provider.stopped_tasks(view.identity)
    except MolthubError as error:
        return None, (), error.diagnostic
    return running, tuple(reversed(over[-STOPS:])), None


def webhook_of(checked: CheckedFleet, view: InstanceView) -> Webhook | None:
    """Where an instance is called, and by which record; None when it is not."""
    from molthub.pipeline.ingress import endpoint, record_to_make

    environment = checked.documents.environments.get(view.identity.key)
    if environment is None or view.loaded is None:
        return None
    where: Endpoint | None = endpoint(view.identity, view.loaded, environment)
    if where is None:
        return None
    record = record_to_make(where, view.foundation, view.observed)
    return Webhook(where.urls, where.host, record, where.hosted_zone)


def _links(roots: context.Roots, view: InstanceView, location: Location) -> Links:
    from molthub.provider.console import LogSpan
    from molthub.resources.identity import names_of

    console = roots.consoles()(location)
    service = view.observed.resources.service if view.observed else None
    return Links(
        service=console.service(cluster=service.cluster, name=service.name) if service else None,
        logs=console.logs(LogSpan(names_of(view.identity).log_group)),
    )
