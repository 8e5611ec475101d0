"""Values to rows and back."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

from molthub.events.types import Event, EventType
from molthub.health.types import Availability, BackupKind, Health, StateRecord, Status, StatusRecord
from molthub.resources.identity import Identity
from molthub.resources.observation import Cause, Rollout, RolloutState
from molthub.resources.states import Verdict
from molthub.state.tables import DeploymentRow, EventRow, RetryRow, StatusRow
from molthub.state.types import DeploymentRecord, RetryMemory

OVER = (RolloutState.COMPLETED, RolloutState.FAILED, RolloutState.ROLLED_BACK)


class _Identified(Protocol):
    fleet: str
    workspace: str
    environment: str
    instance: str


def storable(text: str) -> str:
    """The text without what PostgreSQL or UTF-8 cannot hold: NUL, and halves of surrogate pairs."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def key_of(identity: Identity) -> tuple[str, str, str, str]:
    """The identity as a primary key."""
    return (identity.fleet, identity.workspace, identity.environment, identity.id)


def columns_of(identity: Identity) -> dict[str, str]:
    """The identity as columns."""
    return dict(zip(("fleet", "workspace", "environment", "instance"), key_of(identity), strict=True))


def identity_of(row: _Identified) -> Identity:
    return Identity(row.fleet, row.workspace, row.environment, row.instance)


def event_row(event: Event) -> EventRow:
    fleet, workspace, environment, instance = key_of(event.identity)
    return EventRow(
        fleet=fleet,
        workspace=workspace,
        environment=environment,
        instance=instance,
        at=event.at,
        type=event.type.value,
        message=storable(event.message),
        actor=storable(event.actor),
        commit=event.commit,
        resource=storable(event.resource),
        ref=event.ref,
    )


def event_of(row: EventRow) -> Event:
    return Event(
        at=row.at,
        identity=identity_of(row),
        type=EventType(row.type),
        message=row.message,
        actor=row.actor,
        commit=row.commit,
        resource=row.resource,
        ref=row.ref,
    )


def status_row(record: StatusRecord) -> StatusRow:
    return StatusRow(
        **columns_of(record.identity),
        name=storable(record.name),
        status=record.status.value,
        sync=record.sync.value,
        health=record.health.value,
        reason=storable(record.reason),
        image=record.image,
        created_at=record.created_at,
        last_reconcile_at=record.last_reconcile_at,
        last_error=None if record.last_error is None else storable(record.last_error),
        running_commit=record.running_commit,
        head_commit=record.head_commit,
        log_group=record.log_group,
        availability=record.availability.value if record.availability is not None else None,
        state=None if record.state is None else _state_data(record.state),
    )


def _state_data(state: StateRecord) -> dict[str, Any]:
    return {
        "fileSystem": state.file_system,
        "size": state.size,
        "backupAt": state.backup_at.isoformat() if state.backup_at is not None else None,
        "backupKind": state.backup_kind.value if state.backup_kind is not None else None,
        "retired": list(state.retired),
    }


def _state_of(data: dict[str, Any]) -> StateRecord:
    at, kind = data.get("backupAt"), data.get("backupKind")
    return StateRecord(
        file_system=data["fileSystem"],
        size=data.get("size"),
        backup_at=datetime.fromisoformat(at) if at is not None else None,
        backup_kind=BackupKind(kind) if kind is not None else None,
        retired=tuple(data.get("retired", ())),
    )


def status_of(row: StatusRow) -> StatusRecord:
    return StatusRecord(
        identity=identity_of(row),
        name=row.name,
        status=Status(row.status),
        sync=Verdict(row.sync),
        health=Health(row.health),
        reason=row.reason,
        image=row.image,
        created_at=row.created_at,
        last_reconcile_at=row.last_reconcile_at,
        last_error=row.last_error,
        running_commit=row.running_commit,
        head_commit=row.head_commit,
        log_group=row.log_group,
        availability=Availability(row.availability) if row.availability is not None else None,
        state=None if row.state is None else _state_of(row.state),
    )


def deployment_row(
    identity: Identity, rollout: Rollout, *, commit: str, now: datetime, known: DeploymentRow | None
) -> DeploymentRow:
    """The rollout as seen now. What was known of it stays: its first commit, a fingerprint, when it was over."""
    finished = known.finished_at if known is not None else None
    return DeploymentRow(
        **columns_of(identity),
        deployment_id=rollout.deployment_id,
        commit=known.commit if known is not None else commit,
        task_definition=rollout.task_definition or (known.task_definition if known is not None else ""),
        state=rollout.state.value,
        cause=rollout.cause.value if rollout.cause is not None else None,
        reason=storable(rollout.reason),
        started_at=rollout.created_at,
        finished_at=(finished or now) if rollout.state in OVER else None,
    )


def deployment_of(row: DeploymentRow) -> DeploymentRecord:
    return DeploymentRecord(
        identity=identity_of(row),
        deployment_id=row.deployment_id,
        commit=row.commit,
        task_definition=row.task_definition,
        state=RolloutState(row.state),
        started_at=row.started_at,
        finished_at=row.finished_at,
        reason=row.reason,
        cause=Cause(row.cause) if row.cause is not None else None,
    )


def retry_row(memory: RetryMemory) -> RetryRow:
    return RetryRow(
        **columns_of(memory.identity),
        fingerprint=memory.fingerprint,
        cause=memory.cause.value,
        attempts=memory.attempts,
        next_try_at=memory.next_try_at,
    )


def retry_of(row: RetryRow) -> RetryMemory:
    return RetryMemory(
        identity=identity_of(row),
        fingerprint=row.fingerprint,
        cause=Cause(row.cause),
        attempts=row.attempts,
        next_try_at=row.next_try_at,
    )
