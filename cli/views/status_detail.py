"""One instance's page: what `status INSTANCE` shows, for people and as `detail` in `molthub.dev/status/v1`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from molthub.cli.detailing import Detail, Webhook
from molthub.cli.listing import Listed
from molthub.cli.views import diagnostics, drift
from molthub.cli.views.status import COLOURS, age, kept, waiting
from molthub.cli.views.text import columns, paint, safe
from molthub.health.service_events import words
from molthub.health.types import LastDeployment, PauseRecord, StatusRecord
from molthub.resources.observation import RolloutState, Task
from molthub.resources.states import Verdict

Row = tuple[str, str]

STATE_WORDS = {
    RolloutState.IN_PROGRESS: "under way",
    RolloutState.COMPLETED: "completed",
    RolloutState.FAILED: "failed",
    RolloutState.ROLLED_BACK: "rolled back",
}
TASK_SHOWN = 8


def human(listed: Listed, detail: Detail, *, at: datetime, told: Sequence[str], colour: bool) -> str:
    """The page. told: what the environment's writers say, made safe already."""
    record, labels = listed
    rows = [
        *_who(record, labels),
        *_how(record, at=at, colour=colour),
        *_what(record, detail, at=at),
        *_where(record, detail),
    ]
    shown = [paint(f"# instance {safe(record.name)}", "bold", on=colour), *columns(rows)]
    if record.state is not None and record.state.retired:
        shown.append(waiting(record))
    shown += _differences(detail, colour=colour)
    shown += _reasons(detail, colour=colour)
    if detail.events:
        events = [(f"  {_time(event.at)}", safe(words(event))) for event in detail.events]
        shown += ["", paint("Service events, from AWS:", "bold", on=colour), *columns(events)]
    shown += ["", *told] if told else []
    return "\n".join([*shown, "", f"{paint('Next:', 'cyan', on=colour)} {safe(detail.next_step)}"])


def _who(record: StatusRecord, labels: Any) -> Iterator[Row]:
    if record.identity.id != record.name.rsplit("/", 1)[-1]:
        yield "Id", safe(record.identity.id)
    if labels:
        yield "Labels", safe(", ".join(f"{key}={value}" for key, value in sorted(labels.items())))


def _how(record: StatusRecord, *, at: datetime, colour: bool) -> Iterator[Row]:
    """The states, and why they are so."""

    def tinted(word: str) -> str:
        return paint(word, COLOURS.get(word, ""), on=colour)

    down = f", {record.availability.value}" if record.availability else ""
    yield "Status", tinted(record.status.value) + down
    yield "Sync", tinted(record.sync.value)
    yield "Health", tinted(record.health.value) + (f": {safe(record.reason)}" if record.reason else "")
    if record.paused is not None:
        yield "Paused", pause(record.paused, at)
    if record.last_reconcile_at is not None:
        yield "Reconciled", f"{_time(record.last_reconcile_at)} ({age(record.last_reconcile_at, at)} ago)"
    if record.last_error:
        yield "Last error", safe(record.last_error)


def pause(paused: PauseRecord, at: datetime) -> str:
    """`by ana@example.com until 2027-01-07 08:00:00Z (in 2d): holiday`."""
    until = f"until {_time(paused.until)} (in {age(at, paused.until)})" if paused.until else "until somebody resumes it"
    return f"by {safe(paused.by)} {until}: {safe(paused.reason)}"


def _what(record: StatusRecord, detail: Detail, *, at: datetime) -> Iterator[Row]:
    """What runs, since when, and by which deployment."""
    yield "Image", safe(record.image or "-")
    if record.replicas is not None:
        yield "Replicas", f"{record.replicas[0]} of {record.replicas[1]} running"
    if detail.problem is not None:
        yield "Tasks", f"not read: {safe(detail.problem.message)}"
    for index, task in enumerate(detail.tasks or ()):
        yield "" if index else "Tasks", _task(task, at)
    for index, over in enumerate(detail.stopped):
        yield (
            "" if index else "Stopped",
            f"{safe(over.task_id[:TASK_SHOWN])} {age(over.stopped_at, at)} ago: {safe(over.reason)}",
        )
    if record.deployment is not None:
        yield "Deployment", _deployment(record.deployment, at)
    if record.running_commit:
        same = record.running_commit == record.head_commit
        yield (
            "Commit",
            record.running_commit[:12] + (" (HEAD)" if same else f" (HEAD is {(record.head_commit or '-')[:12]})"),
        )
    if record.created_at is not None:
        yield "Created", f"{_time(record.created_at)} ({age(record.created_at, at)} ago)"
    if record.state is not None:
        yield "State", kept(record.state, at)


def _task(task: Task, at: datetime) -> str:
    parts = [safe(task.id[:TASK_SHOWN]), safe(task.status)]
    if task.health:
        parts.append(safe(task.health))
    if task.started_at is not None:
        parts.append(f"up {age(task.started_at, at)}, since {_time(task.started_at)}")
    return " ".join(parts)


def _deployment(deployment: LastDeployment, at: datetime) -> str:
    commit = f", commit {deployment.commit[:12]}" if deployment.commit else ""
    why = f": {safe(deployment.reason)}" if deployment.reason else ""
    begun = f"began {_time(deployment.at)} ({age(deployment.at, at)} ago)"
    return f"{safe(deployment.id)} {STATE_WORDS[deployment.state]}, {begun}{commit}{why}"


def _where(record: StatusRecord, detail: Detail) -> Iterator[Row]:
    if detail.path:
        yield "Manifest", safe(detail.path)
    if detail.webhook is not None:
        for index, url in enumerate(detail.webhook.urls):
            yield "" if index else "Webhook", safe(url)
        yield "DNS", dns(detail.webhook)
    yield "Log group", safe(record.log_group or "-")
    if detail.links is not None:
        yield "Logs", safe(detail.links.logs)
        if detail.links.service:
            yield "Service", safe(detail.links.service)


def dns(webhook: Webhook) -> str:
    """The record as a zone file has it, and whose it is to make."""
    if webhook.zone is not None:
        return f"{safe(webhook.host)}. in the zone {safe(webhook.zone)}, which Molthub keeps"
    if webhook.record is None:
        return f"{safe(webhook.host)}. is yours to make, once the load balancer is known"
    return f"{safe(webhook.record)} (yours to make)"


def _differences(detail: Detail, *, colour: bool) -> list[str]:
    if not detail.plan.changes:
        return []
    held = "" if detail.plan.verdict is Verdict.OUT_OF_SYNC else f", not applied while it is {detail.plan.verdict}"
    lines = drift.lines(detail.plan.changes, colour=colour, name=detail.plan.name)
    return ["", paint(f"Differs from its manifest{held}:", "bold", on=colour), *(f"  {line}" for line in lines)]


def _reasons(detail: Detail, *, colour: bool) -> list[str]:
    told = (*detail.plan.reasons, *detail.plan.notices)
    return ["", *diagnostics.condensed(told, colour=colour)] if told else []


def _time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def data(detail: Detail) -> dict[str, Any]:
    """What the page adds to an instance's entry, for machines."""
    webhook = detail.webhook
    return {
        "path": detail.path,
        "tasks": None if detail.tasks is None else [_task_data(task) for task in detail.tasks],
        "stopped": [
            {"id": over.task_id, "at": over.stopped_at.isoformat(), "reason": over.reason, "exitCode": over.exit_code}
            for over in detail.stopped
        ],
        "drift": drift.data(detail.plan.changes),
        "reasons": [diagnostics.data(item) for item in detail.plan.reasons],
        "notices": [diagnostics.data(item) for item in detail.plan.notices],
        "events": [{"at": event.at.isoformat(), "message": event.message} for event in detail.events],
        "webhook": {"urls": list(webhook.urls), "host": webhook.host, "record": webhook.record, "zone": webhook.zone}
        if webhook is not None
        else None,
        "links": {"service": detail.links.service, "logs": detail.links.logs} if detail.links is not None else None,
        "nextStep": detail.next_step,
    }


def _task_data(task: Task) -> dict[str, Any]:
    started = task.started_at.isoformat() if task.started_at is not None else None
    return {"id": task.id, "status": task.status, "health": task.health or None, "startedAt": started}
