"""The tables of the first release. A database that it made is taken as it is, with all that is in it.

Releases before this step kept a number in `schema_version`. The table stays, with a number that they do not know, so
that they say that the database is newer than they are.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from molthub.state.base import UtcDateTime
from molthub.state.migrations.immutable import append_only

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make what is not there yet."""
    if sa.inspect(op.get_bind()).has_table("schema_version"):
        op.execute("UPDATE schema_version SET version = 2")
        return
    op.create_table("schema_version", sa.Column("version", sa.Integer, primary_key=True))
    op.execute("INSERT INTO schema_version (version) VALUES (2)")
    _timeline()
    _statuses()
    op.create_table(
        "mark",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("commit", sa.String, nullable=False),
    )
    append_only("event")


def _identity(*, key: bool) -> list[sa.Column[str]]:
    names = ("fleet", "workspace", "environment", "instance")
    return [sa.Column(name, sa.String, primary_key=key, nullable=False) for name in names]


def _timeline() -> None:
    op.create_table(
        "event",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", UtcDateTime, nullable=False),
        *_identity(key=False),
        sa.Column("type", sa.String, nullable=False),
        sa.Column("message", sa.String, nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("commit", sa.String),
        sa.Column("resource", sa.String, nullable=False),
        sa.Column("ref", sa.String, nullable=False),
    )
    op.create_index("ix_event_at", "event", ["at"])
    op.create_index("ix_event_instance", "event", ["instance"])
    op.create_table(
        "deployment",
        sa.Column("deployment_id", sa.String, primary_key=True),
        *_identity(key=False),
        sa.Column("commit", sa.String, nullable=False),
        sa.Column("task_definition", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("cause", sa.String),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("started_at", UtcDateTime, nullable=False),
        sa.Column("finished_at", UtcDateTime),
    )
    op.create_index("ix_deployment_instance", "deployment", ["instance"])


def _statuses() -> None:
    op.create_table(
        "instance_status",
        *_identity(key=True),
        *(sa.Column(name, sa.String, nullable=False) for name in ("name", "status", "sync", "health", "reason")),
        sa.Column("image", sa.String),
        sa.Column("created_at", UtcDateTime),
        sa.Column("last_reconcile_at", UtcDateTime),
        *(sa.Column(name, sa.String) for name in ("last_error", "running_commit", "head_commit", "log_group")),
        sa.Column("availability", sa.String),
    )
    op.create_table(
        "retry_memory",
        *_identity(key=True),
        sa.Column("fingerprint", sa.String, nullable=False),
        sa.Column("cause", sa.String, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_try_at", UtcDateTime, nullable=False),
    )
