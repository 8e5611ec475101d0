"""The statuses of a fleet: a table, a wide table, and `molthub.dev/status/v1`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from molthub.cli.detailing import Detail
from molthub.cli.listing import Group, Listed, counts_of, groups_of
from molthub.cli.published import WritersWord
from molthub.cli.views import access_mode
from molthub.cli.views.text import columns, paint, plural, safe, size
from molthub.health.types import Health, LastDeployment, PauseRecord, StateRecord, Status, StatusRecord
from molthub.resources.states import Verdict

if TYPE_CHECKING:
    from molthub.pipeline.access import Access

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
NARROW = ("INSTANCE", "STATUS", "SYNC", "HEALTH", "AGE", "DEPLOYED", "REASON")
WIDE = (
    *("INSTANCE", "STATUS", "SYNC", "HEALTH", "AGE", "DEPLOYED", "AVAILABILITY", "IMAGE", "RUNNING", "HEAD"),
    *("RECONCILED", "LOGS", "STATE", "REASON"),
)
LONGEST_REASON = 100
ABSENT = "-"


@dataclass(frozen=True, slots=True)
class StatusList:
    """What was seen at one moment.

    records  each with the labels of its manifest; words: of environments' writers
    sort     one of molthub.cli.listing.SORTS
    detail   where one instance was asked for: what its page says
    access   who may change what; None where nobody asked
    """

    fleet: str
    commit: str | None
    at: datetime
    records: tuple[Listed, ...]
    words: tuple[WritersWord, ...] = ()
    sort: str = "name"
    detail: Detail | None = None
    access: Access | None = None

    @property
    def groups(self) -> tuple[Group, ...]:
        return groups_of(self.records, sort=self.sort)

    @property
    def whole(self) -> bool:
        """Whether everything shown could be read; else the command fails."""
        return not any(record.sync is Verdict.UNKNOWN or record.health is Health.UNKNOWN for record, _ in self.records)


def human(found: StatusList, *, wide: bool, colour: bool) -> str:
    """A line for each instance, and one for each environment whose writers leave word; or one instance's page."""
    if found.detail is not None and len(found.records) == 1 and not wide:
        from molthub.cli.views import status_detail

        told = [safe(sentence(word, found.at)) for word in found.words if not word.placeless]
        return status_detail.human(found.records[0], found.detail, at=found.at, told=told, colour=colour)
    written = [waiting(record) for record, _ in found.records if record.state and record.state.retired]
    written += [access_mode.header(found.access)] if found.access is not None else []
    written += [safe(sentence(word, found.at)) for word in found.words if not word.placeless]
    return "\n".join([_table(found, wide=wide, colour=colour), *([""] if written else []), *written])


def waiting(record: StatusRecord) -> str:
    """Which former file systems cost money until somebody says that the restore was right."""
    assert record.state is not None
    former = plural(len(record.state.retired), "former file system")
    name = safe(record.name)
    return f"{name}: {former} of before a restore, kept until `molthub restore {name} --confirm`"


def kept(state: StateRecord | None, now: datetime) -> str:
    """What is kept of it, in a few words: `6.0 KiB, backup 3h ago (before an upgrade), 1 retired`."""
    if state is None:
        return ABSENT
    backup = f"backup {age(state.backup_at, now)} ago ({state.backup_kind})" if state.backup_at else "no backup"
    retired = [f"{len(state.retired)} retired"] if state.retired else []
    return ", ".join([size(state.size), backup, *retired])


def sentence(word: WritersWord, now: datetime) -> str:
    """Who writes to an environment, and what was last published: `acme/prod: …`."""
    if word.problem is not None:
        return f"{word.environment}: what its writers say cannot be read: {word.problem.ref} {word.problem.message}"
    writes = (
        f"{word.lease.holder} writes" if word.lease and word.lease.holder and not word.over else "nobody writes now"
    )
    said = word.published
    if said is None:
        return f"{word.environment}: {writes}; no controller has published anything yet"
    applied = f"commit {said.applied[:12]} was applied in full" if said.applied else "no commit was applied in full yet"
    follows = f", follows {said.head[:12]}" if said.head != said.applied else ""
    bad = f", {said.not_well} of {len(said.instances)} not as they should be" if said.not_well else ""
    return f"{word.environment}: {writes}; {applied}{follows}{bad} (published {age(word.published_at, now)} ago)"


def _table(found: StatusList, *, wide: bool, colour: bool) -> str:
    """A header, then each environment: a line that counts, and a line for each of its instances."""
    if not found.records:
        return "There is no instance."
    groups = found.groups
    rows = [_row(record, found.at, wide=wide) for group in groups for record, _ in group.listed]
    header, *lines = columns([WIDE if wide else NARROW, *rows])
    painted = [_painted(line, row, colour=colour) for line, row in zip(lines, rows, strict=True)]
    shown = [paint(header, "bold", on=colour)]
    for group in groups:
        shown.append(f"{paint(safe(str(group.key)), 'bold', on=colour)}: {_counted(group, colour=colour)}")
        shown += painted[: len(group.listed)]
        del painted[: len(group.listed)]
    if len(groups) > 1:
        health = _healths(counts_of(found.records), colour=colour)
        shown.append(f"{plural(len(found.records), 'instance')} in {plural(len(groups), 'environment')}: {health}")
    return "\n".join(shown)


def _counted(group: Group, *, colour: bool) -> str:
    return f"{plural(len(group.listed), 'instance')}: {_healths(group.counts, colour=colour)}"


def _healths(counts: Sequence[tuple[Health, int]], *, colour: bool) -> str:
    return ", ".join(f"{count} {paint(health.value, COLOURS.get(health, ''), on=colour)}" for health, count in counts)


def _row(record: StatusRecord, now: datetime, *, wide: bool) -> tuple[str, ...]:
    well = record.sync is Verdict.SYNCED and record.health is Health.HEALTHY  # whatever the last try met is over
    reason = safe(record.reason or (record.last_error if not well else "") or "")
    start = (
        safe(record.name),
        record.status.value,
        record.sync.value,
        record.health.value,
        age(record.created_at, now),
        age(record.deployment.at, now) if record.deployment else ABSENT,
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
        kept(record.state, now),
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
    for length, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= length:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"


def data(found: StatusList) -> dict[str, Any]:
    """The same for machines."""
    from molthub.cli.views import status_detail

    detail = {"detail": status_detail.data(found.detail)} if found.detail is not None else {}
    return {
        "format": STATUS_FORMAT,
        "fleet": found.fleet,
        "commit": found.commit,
        "at": found.at.isoformat(),
        "access": access_mode.policy_data(found.access) if found.access is not None else None,
        "environments": [_environment(word) for word in found.words],
        "groups": [_group(group) for group in found.groups],
        "instances": [_instance(record, labels) | detail for group in found.groups for record, labels in group.listed],
    }


def _group(group: Group) -> dict[str, Any]:
    return {
        "workspace": group.key.workspace,
        "environment": group.key.environment,
        "instances": len(group.listed),
        "health": {health.value: count for health, count in group.counts},
    }


def _environment(word: WritersWord) -> dict[str, Any]:
    lease, said = word.lease, word.published
    held = lease is not None and lease.holder and not word.over
    return {
        "name": word.environment,
        "lease": {"holder": lease.holder, "since": lease.since.isoformat(), "epoch": lease.epoch}
        if lease is not None and held
        else None,
        "published": {
            "at": _iso(word.published_at),
            "writer": said.writer,
            "head": said.head,
            "applied": said.applied,
            "appliedAt": _iso(said.applied_at),
            "reconciledAt": _iso(said.reconciled_at),
            "instances": [asdict(item) for item in said.instances],
        }
        if said is not None
        else None,
        "problem": f"{word.problem.ref} {word.problem.message}" if word.problem is not None else None,
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
        "state": state_data(record.state),
        "deployment": _deployment(record.deployment),
        "replicas": {"running": record.replicas[0], "wanted": record.replicas[1]} if record.replicas else None,
        "paused": _paused(record.paused),
    }


def _deployment(deployment: LastDeployment | None) -> dict[str, Any] | None:
    if deployment is None:
        return None
    return {
        "id": deployment.id,
        "at": deployment.at.isoformat(),
        "state": deployment.state.value,
        "commit": deployment.commit,
        "reason": deployment.reason,
    }


def _paused(paused: PauseRecord | None) -> dict[str, Any] | None:
    if paused is None:
        return None
    return {"by": paused.by, "reason": paused.reason, "until": _iso(paused.until)}


def state_data(state: StateRecord | None) -> dict[str, Any] | None:
    """What is kept of one, for machines."""
    if state is None:
        return None
    backup = {"at": state.backup_at.isoformat(), "kind": state.backup_kind} if state.backup_at else None
    return {
        "fileSystem": state.file_system,
        "size": state.size,
        "lastBackup": backup,
        "retired": list(state.retired),
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
