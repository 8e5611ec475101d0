"""From a plan's view of an instance to the status record that people see. Looks at AWS and Git, at no database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from molthub.health.assess import assess
from molthub.health.types import Health, PauseRecord, Status, StatusRecord
from molthub.manifest.models import Paused
from molthub.pipeline.types import InstanceView, PlannedFleet
from molthub.resources.states import Verdict


def status_of(
    view: InstanceView, *, head_commit: str | None, now: datetime, previous: Status | None = None
) -> StatusRecord:
    """One instance's record. previous: the status it had, for when it cannot be read."""
    record = assess(
        view.observed,
        view.plan,
        now=now,
        wanted=view.loaded is not None,
        head_commit=head_commit,
        previous=previous,
    )
    paused = view.loaded.model.spec.lifecycle.paused if view.loaded else None
    if paused is None or not paused.holds(now):
        return record
    record = replace(record, paused=PauseRecord(paused.by, paused.reason, paused.until))
    if record.sync is not Verdict.SUSPENDED or record.health is not Health.STOPPED:
        return record
    return replace(record, reason=record.reason + _pause(paused))


def pause_of(view: InstanceView) -> str:
    """`, by WHO until WHEN: WHY` of the pause that its manifest has, in force or over; "" without one."""
    paused = view.loaded.model.spec.lifecycle.paused if view.loaded else None
    return _pause(paused) if paused is not None else ""


def _pause(paused: Paused) -> str:
    """Who, until when, why: a pause that nobody can explain is never lifted."""
    until = f" until {paused.until.astimezone(UTC):%Y-%m-%d %H:%MZ}" if paused.until else ""
    return f", by {paused.by}{until}: {paused.reason}"


def statuses(planned: PlannedFleet, *, now: datetime) -> tuple[StatusRecord, ...]:
    """One record per instance that is wanted or exists, ordered by identity."""
    return tuple(status_of(view, head_commit=planned.plan.commit, now=now) for view in planned.views)
