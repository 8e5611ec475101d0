"""The tables. A change of any of them raises SCHEMA_VERSION and needs a step in engine.py that leads there."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import ClassVar

from sqlalchemy import DateTime, Dialect, MetaData, TypeDecorator
from sqlmodel import Field, SQLModel

SCHEMA_VERSION = 1


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, stored in UTC and given back aware; SQLite keeps no zone of its own."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else value.replace(tzinfo=UTC)


class Table(SQLModel):
    """Base of our tables, with metadata of their own, so that nobody else's model lands in our database."""

    metadata: ClassVar[MetaData] = MetaData()


class SchemaVersionRow(Table, table=True):
    """One row: the version of everything else."""

    __tablename__ = "schema_version"

    version: int = Field(primary_key=True)


class EventRow(Table, table=True):
    """The timeline; triggers refuse to change or remove a row."""

    __tablename__ = "event"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime, index=True)
    fleet: str
    workspace: str
    environment: str
    instance: str = Field(index=True)
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
    """A commit worth remembering under a name: the followed head, and that of an instance's last failed rollout."""

    __tablename__ = "mark"

    name: str = Field(primary_key=True)
    commit: str
