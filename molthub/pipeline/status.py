"""From a plan's view of an instance to the status record that people see. Looks at AWS and Git, at no database."""

from __future__ import annotations

from datetime import datetime

from molthub.health.assess import assess
from molthub.health.types import Status, StatusRecord
from molthub.pipeline.types import InstanceView, PlannedFleet


def status_of(
    view: InstanceView, *, head_commit: str | None, now: datetime, previous: Status | None = None
) -> StatusRecord:
    """One instance's record. previous: the status it had, for when it cannot be read."""
    return assess(
        view.observed,
        view.plan,
        now=now,
        wanted=view.loaded is not None,
        head_commit=head_commit,
        previous=previous,
    )


def statuses(planned: PlannedFleet, *, now: datetime) -> tuple[StatusRecord, ...]:
    """One record per instance that is wanted or exists, ordered by identity."""
    return tuple(status_of(view, head_commit=planned.plan.commit, now=now) for view in planned.views)
