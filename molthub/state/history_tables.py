"""The tables of the commit index. Rows of a commit never change; the walk from a head decides which commits count."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field

from molthub.state.base import Table, UtcDateTime


class HistoryCommitRow(Table, table=True):
    """One commit, as claimed. parents: hashes with spaces between; trailers: JSON."""

    __tablename__ = "history_commit"

    sha: str = Field(primary_key=True)
    parents: str
    author: str
    email: str
    at: datetime = Field(sa_type=UtcDateTime)
    subject: str
    trailers: str


class HistoryEntryRow(Table, table=True):
    """What one commit did to one resource. words, patch, fields, document: JSON."""

    __tablename__ = "history_entry"
    __table_args__ = (Index("ix_history_entry_resource", "kind", "workspace", "environment", "resource"),)

    sha: str = Field(primary_key=True)
    position: int = Field(primary_key=True)
    kind: str
    workspace: str
    environment: str
    resource: str
    path: str | None = None
    former: str | None = None
    name: str
    outcome: str
    action: str
    words: str
    patch: str
    fields: str
    document: str | None = None
    problem: str
    own: bool


class HistoryHeadRow(Table, table=True):
    """A commit that is indexed with everything it comes from."""

    __tablename__ = "history_head"

    sha: str = Field(primary_key=True)


TABLES = ("history_commit", "history_entry", "history_head")
