"""What the controller publishes beside the lease: `status.json`, for `status` and `plan` elsewhere, and for CI.

It is what one controller said at one moment, and is labelled so wherever it is shown: AWS remains the truth. It holds
states and commits, never a reason's text, a value or a log, and it is bounded.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from molthub.errors import StallingError
from molthub.health.types import StatusRecord
from molthub.leases.record import UNREADABLE, moment, text
from molthub.resources.states import Verdict

STATUS = "status.json"
FORMAT = "molthub.dev/published/v1"
MOST_INSTANCES = 5_000
_LONGEST = 4 * 1024 * 1024
_DONE = frozenset({Verdict.SYNCED, Verdict.SUSPENDED})


@dataclass(frozen=True, slots=True)
class PublishedInstance:
    """One instance in three words. commit: of the last write that AWS carries."""

    id: str
    name: str
    status: str
    sync: str
    health: str
    commit: str | None = None


@dataclass(frozen=True, slots=True)
class Published:
    """An environment as its controller saw it.

    environment    WORKSPACE/NAME
    writer, epoch  who wrote this, and under which acquisition of the lease
    head           the commit it follows
    applied        the newest commit of which nothing was left to do, and applied_at when that was first seen
    reconciled_at  when an instance was last worked on
    omitted        so many instances beyond MOST_INSTANCES are left out
    """

    environment: str
    writer: str
    epoch: int
    head: str
    applied: str | None = None
    applied_at: datetime | None = None
    reconciled_at: datetime | None = None
    instances: tuple[PublishedInstance, ...] = ()
    omitted: int = 0

    @property
    def not_well(self) -> int:
        """How many instances were not as their manifests say."""
        return sum(item.sync not in _DONE for item in self.instances)


def summary(*, environment: str, writer: str, epoch: int, head: str, records: Iterable[StatusRecord]) -> Published:
    """What there is to publish now; `applied` is left out: only who knows what is pending can say."""
    ordered = sorted(records, key=lambda record: record.identity)
    times = [record.last_reconcile_at for record in ordered if record.last_reconcile_at is not None]
    return Published(
        environment=environment,
        writer=writer,
        epoch=epoch,
        head=head,
        reconciled_at=max(times, default=None),
        instances=tuple(_instance(record) for record in ordered[:MOST_INSTANCES]),
        omitted=max(0, len(ordered) - MOST_INSTANCES),
    )


def _instance(record: StatusRecord) -> PublishedInstance:
    return PublishedInstance(
        id=record.identity.id,
        name=record.name.rpartition("/")[2],
        status=record.status.value,
        sync=record.sync.value,
        health=record.health.value,
        commit=record.running_commit,
    )


def with_applied(fresh: Published, before: Published | None, *, done: bool, now: datetime) -> Published:
    """`fresh` with the last applied commit: its own head when nothing is left to do, else what was known before."""
    if not done:
        known = (before.applied, before.applied_at) if before else (None, None)
        return replace(fresh, applied=known[0], applied_at=known[1])
    if before is not None and before.applied == fresh.head:
        return replace(fresh, applied=before.applied, applied_at=before.applied_at)
    return replace(fresh, applied=fresh.head, applied_at=now)


def dump(published: Published) -> bytes:
    """The document's bytes: the same for the same content."""
    content = {
        "format": FORMAT,
        "environment": published.environment,
        "writer": published.writer,
        "epoch": published.epoch,
        "head": published.head,
        "applied": published.applied,
        "appliedAt": _iso(published.applied_at),
        "reconciledAt": _iso(published.reconciled_at),
        "instances": [
            {
                "id": item.id,
                "name": item.name,
                "status": item.status,
                "sync": item.sync,
                "health": item.health,
                "commit": item.commit,
            }
            for item in published.instances
        ],
        "omitted": published.omitted,
    }
    return json.dumps(content, indent=1).encode()


def parse(body: bytes, *, environment: str) -> Published:
    """What a document says. Raises MH-LEASE-007 for one that this Molthub does not understand."""
    try:
        content = json.loads(body[:_LONGEST])
        if content["format"] != FORMAT or content["environment"] != environment:
            raise ValueError("another format, or another environment's")
        return Published(
            environment=environment,
            writer=text(content["writer"]),
            epoch=int(content["epoch"]),
            head=text(content["head"]),
            applied=_maybe_text(content["applied"]),
            applied_at=_maybe_moment(content["appliedAt"]),
            reconciled_at=_maybe_moment(content["reconciledAt"]),
            instances=tuple(_parse_instance(item) for item in content["instances"][:MOST_INSTANCES]),
            omitted=int(content["omitted"]),
        )
    except UNREADABLE as error:
        raise StallingError(
            "MH-LEASE-007",
            f"what the controller of {environment} published cannot be read",
            fix="Upgrade Molthub if a newer one wrote it; the controller writes it anew when something changes",
        ) from error


def _parse_instance(item: dict[str, Any]) -> PublishedInstance:
    return PublishedInstance(
        id=text(item["id"]),
        name=text(item["name"]),
        status=text(item["status"]),
        sync=text(item["sync"]),
        health=text(item["health"]),
        commit=_maybe_text(item["commit"]),
    )


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None


def _maybe_text(value: object) -> str | None:
    return None if value is None else text(value)


def _maybe_moment(value: str | None) -> datetime | None:
    return None if value is None else moment(value)
