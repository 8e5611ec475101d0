"""The tables as they are now. A change of any of them needs a step in migrations/ that leads there."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field

from molthub.state import history_tables as history_tables  # noqa: PLC0414 - its tables join ours
from molthub.state.base import AnyJson, Table, UtcDateTime


class SchemaVersionRow(Table, table=True):
    """One row, for releases that knew no steps: a number they do not know."""

    __tablename__ = "schema_version"

    version: int = Field(primary_key=True)


class EventRow(Table, table=True):
    """The timeline; triggers refuse to change or remove a row."""

    __tablename__ = "event"
    __table_args__ = (Index("ix_event_identity_at", "fleet", "workspace", "environment", "instance", "at"),)

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime, index=True)
    fleet: str
    workspace: str
    environment: str
    instance: str
    type: str
    message: str
    actor: str
    commit: str | None = None
    resource: str = ""
    ref: str = ""


class DeploymentRow(Table, table=True):
    """One row a rollout."""

    __tablename__ = "deployment"

    deployment_id: str = Field(primary_key=True)
    fleet: str
    workspace: str
    environment: str
    instance: str = Field(index=True)
    commit: str
    task_definition: str
    state: str
    cause: str | None = None
    reason: str = ""
    started_at: datetime = Field(sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class StatusRow(Table, table=True):
    """One row an instance: the last status the controller worked out."""

    __tablename__ = "instance_status"

    fleet: str = Field(primary_key=True)
    workspace: str = Field(primary_key=True)
    environment: str = Field(primary_key=True)
    instance: str = Field(primary_key=True)
    name: str
    status: str
    sync: str
    health: str
    reason: str = ""
    image: str | None = None
    created_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_reconcile_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_error: str | None = None
    running_commit: str | None = None
    head_commit: str | None = None
    log_group: str | None = None
    availability: str | None = None
    state: dict[str, Any] | None = Field(default=None, sa_type=AnyJson)


class RetryRow(Table, table=True):
    """One row an instance whose last rollout failed."""

    __tablename__ = "retry_memory"

    fleet: str = Field(primary_key=True)
    workspace: str = Field(primary_key=True)
    environment: str = Field(primary_key=True)
    instance: str = Field(primary_key=True)
    fingerprint: str
    cause: str
    attempts: int
    next_try_at: datetime = Field(sa_type=UtcDateTime)


class MarkRow(Table, table=True):
    """A commit worth remembering under a name: the followed head, and that of an instance's last failed rollout.

    Under `release` it is the release of Molthub whose controller wrote here last.
    """

    __tablename__ = "mark"

    name: str = Field(primary_key=True)
    commit: str


class NoticeRow(Table, table=True):
    """A change of an instance's condition that somebody wants to know. sent_at: when it was told or given up."""

    __tablename__ = "notice"
    __table_args__ = (Index("ix_notice_identity", "fleet", "workspace", "environment", "instance", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)
    fleet: str
    workspace: str
    environment: str
    instance: str
    name: str
    kind: str
    message: str
    ref: str = ""
    commit: str | None = None
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


ALL = Table.metadata
"""Every table above, and those of the modules with tables of their own: they are imported here for that."""
