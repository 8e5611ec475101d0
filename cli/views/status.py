"""The statuses of a fleet: a table, a wide table, and `molthub.dev/status/v1`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from molthub.cli.views.text import columns, paint, safe
from molthub.health.types import Health, Status, StatusRecord
from molthub.resources.states import Verdict

STATUS_FORMAT = "molthub.dev/status/v1"
COLOURS: Mapping[str, str] = {
    Status.RUNNING: "green",
    Status.CREATING: "cyan",
    Status.DELETING: "cyan",
    Status.DEGRADED: "red",
    Verdict.SYNCED: "green",
    Verdict.OUT_OF_SYNC: "yellow",
    Verdict.SUSPENDED: "cyan",
    Verdict.BLOCKED: "red",
    Verdict.INVALID: "red",
    Verdict.UNKNOWN: "red",
    Health.HEALTHY: "green",
    Health.PROGRESSING: "cyan",
    Health.DEGRADED: "red",
    Health.UNKNOWN: "red",
}
NARROW = ("INSTANCE", "STATUS", "SYNC", "HEALTH", "AGE", "REASON")
WIDE = (
    *("INSTANCE", "STATUS", "SYNC", "HEALTH", "AGE", "AVAILABILITY", "IMAGE", "RUNNING", "HEAD", "RECONCILED", "LOGS"),
    "REASON",
)
LONGEST_REASON = 100
ABSENT = "-"


@dataclass(frozen=True, slots=True)
class StatusList:
    """What was seen at one moment. records: each with the labels of its manifest."""

    fleet: str
    commit: str | None
    at: datetime
    records: tuple[tuple[StatusRecord, Mapping[str, str]], ...]

    @property
    def whole(self) -> bool:
        """Whether everything shown could be read; else the command fails."""
        return not any(record.sync is Verdict.UNKNOWN or record.health is Health.UNKNOWN for record, _ in self.records)


def human(found: StatusList, *, wide: bool, colour: bool) -> str:
    """A line for each instance."""
    if not found.records:
        return "There is no instance."
    rows = [_row(record, found.at, wide=wide) for record, _ in found.records]
    lines = columns([WIDE if wide else NARROW, *rows])
    return "\n".join(
        [
            paint(lines[0], "bold", on=colour),
            *(_painted(line, row, colour=colour) for line, row in zip(lines[1:], rows, strict=True)),
        ]
    )


def _row(record: StatusRecord, now: datetime, *, wide: bool) -> tuple[str, ...]:
    well = record.sync is Verdict.SYNCED and record.health is Health.HEALTHY  # whatever the last try met is over
    reason = safe(record.reason or (record.last_error if not well else "") or "")
    start = (
        safe(record.name),
        record.status.value,
        record.sync.value,
        record.health.value,
        age(record.created_at, now),
    )
    if not wide:
        return (*start, reason if len(reason) <= LONGEST_REASON else reason[: LONGEST_REASON - 1] + "…")
    reconciled = record.last_reconcile_at
    return (
        *start,
        record.availability.value if record.availability else ABSENT,
        safe(record.image or ABSENT),
        (record.running_commit or ABSENT)[:12],
        (record.head_commit or ABSENT)[:12],
        f"{age(reconciled, now)} ago" if reconciled else ABSENT,
        safe(record.log_group or ABSENT),
        reason,
    )


def _painted(line: str, row: tuple[str, ...], *, colour: bool) -> str:
    """Colours the three states, which stand once each and in this order behind the name."""
    start = len(row[0])
    head, tail = line[:start], line[start:]
    for state in row[1:4]:
        before, found, tail = tail.partition(state)
        head += before + paint(found, COLOURS.get(state, ""), on=colour)
    return head + tail


def age(since: datetime | None, now: datetime) -> str:
    """`5s`, `3m`, `7h`, `12d`; - when it is not known."""
    if since is None:
        return ABSENT
    seconds = max(0, int((now - since) / timedelta(seconds=1)))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def data(found: StatusList) -> dict[str, Any]:
    """The same for machines."""
    return {
        "format": STATUS_FORMAT,
        "fleet": found.fleet,
        "commit": found.commit,
        "at": found.at.isoformat(),
        "instances": [_instance(record, labels) for record, labels in found.records],
    }


def _instance(record: StatusRecord, labels: Mapping[str, str]) -> dict[str, Any]:
    return {
        "workspace": record.identity.workspace,
        "environment": record.identity.environment,
        "id": record.identity.id,
        "name": record.name,
        "labels": dict(labels),
        "status": record.status.value,
        "sync": record.sync.value,
        "health": record.health.value,
        "availability": record.availability.value if record.availability else None,
        "reason": record.reason,
        "image": record.image,
        "createdAt": _iso(record.created_at),
        "lastReconcileAt": _iso(record.last_reconcile_at),
        "lastError": record.last_error,
        "runningCommit": record.running_commit,
        "headCommit": record.head_commit,
        "logGroup": record.log_group,
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
