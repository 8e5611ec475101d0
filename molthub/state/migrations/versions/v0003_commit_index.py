"""The index of commits, for history, blame and audit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from molthub.state.base import UtcDateTime

revision = "0003"
down_revision = "0002"

RESOURCE = ("kind", "workspace", "environment", "resource")


def upgrade() -> None:
    """Add it, empty: the controller fills it from Git."""
    op.create_table(
        "history_commit",
        sa.Column("sha", sa.String, primary_key=True),
        *(sa.Column(name, sa.String, nullable=False) for name in ("parents", "author", "email")),
        sa.Column("at", UtcDateTime, nullable=False),
        *(sa.Column(name, sa.String, nullable=False) for name in ("subject", "trailers")),
    )
    op.create_table(
        "history_entry",
        sa.Column("sha", sa.String, primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        *(sa.Column(name, sa.String, nullable=False) for name in RESOURCE),
        *(sa.Column(name, sa.String) for name in ("path", "former")),
        *(sa.Column(name, sa.String, nullable=False) for name in ("name", "outcome", "action", "words")),
        *(sa.Column(name, sa.String, nullable=False) for name in ("patch", "fields")),
        sa.Column("document", sa.String),
        sa.Column("problem", sa.String, nullable=False),
        sa.Column("own", sa.Boolean, nullable=False),
    )
    op.create_index("ix_history_entry_resource", "history_entry", list(RESOURCE))
    op.create_table("history_head", sa.Column("sha", sa.String, primary_key=True))
