"""The timeline by instance and time, the state of instances, and notices to be sent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from molthub.state.base import AnyJson, UtcDateTime

revision = "0002"
down_revision = "0001"

IDENTITY = ("fleet", "workspace", "environment", "instance")


def upgrade() -> None:
    """Add them."""
    op.create_index("ix_event_identity_at", "event", [*IDENTITY, "at"])
    op.drop_index("ix_event_instance", "event")
    with op.batch_alter_table("instance_status") as table:
        table.add_column(sa.Column("state", AnyJson))
    op.create_table(
        "notice",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", UtcDateTime, nullable=False),
        *(sa.Column(name, sa.String, nullable=False) for name in (*IDENTITY, "name", "kind", "message", "ref")),
        sa.Column("commit", sa.String),
        sa.Column("sent_at", UtcDateTime),
    )
    op.create_index("ix_notice_identity", "notice", [*IDENTITY, "id"])
