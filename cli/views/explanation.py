"""An instance's why, for people and as `molthub.dev/explanation/v1`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from molthub.cli.explaining import Explanation
from molthub.cli.views import diagnostics
from molthub.cli.views.status import kept, state_data, waiting
from molthub.cli.views.text import columns, paint, plural, safe
from molthub.source.types import CommitInfo

EXPLANATION_FORMAT = "molthub.dev/explanation/v1"


def human(found: Explanation, *, colour: bool) -> str:
    """What it is, why, since when, who, and what next."""
    record = found.record
    rows = [
        ("Status", record.status.value),
        ("Sync", record.sync.value),
        ("Health", record.health.value + (f": {safe(record.reason)}" if record.reason else "")),
    ]
    if found.since:
        rows.append(("Since", _time(found.since)))
    if found.path:
        rows.append(("Manifest", safe(found.path)))
    if found.touched:
        rows.append(("Last change", _who(found.touched)))
    if record.running_commit:
        rows.append(("Running", f"{record.running_commit[:12]} (HEAD is {(record.head_commit or '')[:12]})"))
    if record.state is not None:
        rows.append(("State", kept(record.state, found.at)))
    if found.plan.changes:
        rows.append(("Waiting", plural(len(found.plan.changes), "change") + "; `molthub plan` shows them"))
    lines = [paint(f"# instance {safe(record.name)}", "bold", on=colour), *columns(rows)]
    if record.state is not None and record.state.retired:
        lines.append(waiting(record))
    told = (*found.reasons, *found.plan.notices)
    if told:
        lines += ["", *diagnostics.condensed(told, colour=colour)]
        lines += [f"More: `molthub explain {ref}`" for ref in dict.fromkeys(item.ref for item in told)]
    return "\n".join([*lines, "", f"{paint('Next:', 'cyan', on=colour)} {safe(found.next_step)}"])


def _who(info: CommitInfo) -> str:
    return f"{info.sha[:12]} by {safe(info.author)} <{safe(info.email)}>, {_time(info.at)}: {safe(info.subject)}"


def _time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def data(found: Explanation) -> dict[str, Any]:
    """The same for machines."""
    record, touched = found.record, found.touched
    return {
        "format": EXPLANATION_FORMAT,
        "name": record.name,
        "status": record.status.value,
        "sync": record.sync.value,
        "health": record.health.value,
        "reason": record.reason,
        "since": found.since.isoformat() if found.since else None,
        "path": found.path,
        "lastChange": {
            "commit": touched.sha,
            "author": touched.author,
            "email": touched.email,
            "at": touched.at.isoformat(),
            "subject": touched.subject,
        }
        if touched
        else None,
        "runningCommit": record.running_commit,
        "headCommit": record.head_commit,
        "state": state_data(record.state),
        "changes": len(found.plan.changes),
        "reasons": [diagnostics.data(item) for item in found.reasons],
        "notices": [diagnostics.data(item) for item in found.plan.notices],
        "nextStep": found.next_step,
    }
