"""Tells why tasks stopped, each task once. Asks AWS only about services in which something happened."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from molthub.controller.journal import Journal
from molthub.errors import MolthubError
from molthub.pipeline.types import InstanceView
from molthub.provider.protocols import Provider
from molthub.resources.identity import Identity
from molthub.resources.observation import ServiceRuntime

REMEMBERED = timedelta(hours=1)
"""ECS forgets stopped tasks after about that time: further back there is nothing to ask for."""

SETTLING = timedelta(minutes=2)
"""A task that just stopped has not said everything yet; what happened so recently is asked for once more."""

MOST = 20
"""Services asked about in one look, at two calls each; the others come at the next."""

STEADY = "steady state"


class TaskWatch:
    """Used by the loop's thread only. provider_of: None for an instance whose environment is gone."""

    def __init__(
        self,
        journal: Journal,
        *,
        provider_of: Callable[[Identity], Provider | None],
        now: Callable[[], datetime],
        log: Any,
    ) -> None:
        self._journal = journal
        self._provider_of = provider_of
        self._now = now
        self._log = log
        self._looked: dict[Identity, datetime] = {}

    def look(self, views: Iterable[InstanceView]) -> None:
        """Write down the tasks of these instances that stopped since they were last looked at."""
        for view in [view for view in views if self._is_due(view)][:MOST]:
            try:
                self._tell(view.identity)
            except MolthubError as error:  # the next look asks again
                self._log.warning("cannot read stopped tasks", instance=str(view.identity), ref=error.ref)

    def _is_due(self, view: InstanceView) -> bool:
        runtime = view.observed.runtime if view.observed is not None else None
        since = self._looked.get(view.identity, self._now() - REMEMBERED)
        return runtime is not None and happened_since(runtime, since)

    def _tell(self, identity: Identity) -> None:
        began = self._now()
        provider = self._provider_of(identity)
        if provider is None:
            return
        for task in provider.stopped_tasks(identity):
            self._journal.task_stopped(identity, task)
        self._looked[identity] = began - SETTLING


def happened_since(runtime: ServiceRuntime, since: datetime) -> bool:
    """Whether ECS's log of the service tells of tasks that came or went, or there are fewer than wanted."""
    short = runtime.running < runtime.desired
    return short or any(event.at > since and STEADY not in event.message for event in runtime.events)
