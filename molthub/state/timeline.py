"""Reading the timeline: which rows an EventFilter means."""

from __future__ import annotations

from sqlalchemy import and_, func, or_
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from molthub.events.types import Event
from molthub.state import rows
from molthub.state.tables import EventRow
from molthub.state.types import EventFilter, RecordedEvent


def newest(session: Session, wanted: EventFilter, *, limit: int | None) -> tuple[RecordedEvent, ...]:
    """The newest that many, oldest first: by time, and by when they were written down where that is the same."""
    query = _rows(wanted).order_by(col(EventRow.at).desc(), col(EventRow.id).desc()).limit(limit)
    return tuple(reversed([_recorded(row) for row in session.exec(query)]))


def next_written(session: Session, wanted: EventFilter, *, limit: int) -> tuple[RecordedEvent, ...]:
    """The first that many, in the order they were written down: what follows `wanted.after`."""
    query = _rows(wanted).order_by(col(EventRow.id)).limit(limit)
    return tuple(_recorded(row) for row in session.exec(query))


def latest_of_each(session: Session) -> tuple[Event, ...]:
    """Of each instance and type the one that was written down last, in the order of writing."""
    one = (EventRow.fleet, EventRow.workspace, EventRow.environment, EventRow.instance, EventRow.type)
    newest = select(func.max(EventRow.id)).group_by(*map(col, one))
    query = select(EventRow).where(col(EventRow.id).in_(newest)).order_by(col(EventRow.id))
    return tuple(rows.event_of(row) for row in session.exec(query))


def _recorded(row: EventRow) -> RecordedEvent:
    return RecordedEvent(row.id or 0, rows.event_of(row))


def _rows(wanted: EventFilter) -> SelectOfScalar[EventRow]:
    query = select(EventRow)
    if wanted.identity is not None:
        query = query.filter_by(**rows.columns_of(wanted.identity))
    if wanted.environments:
        places = (
            and_(col(EventRow.workspace) == key.workspace, col(EventRow.environment) == key.environment)
            for key in sorted(wanted.environments)
        )
        query = query.where(or_(*places))
    if wanted.workspaces:
        query = query.where(col(EventRow.workspace).in_(sorted(wanted.workspaces)))
    if wanted.types:
        query = query.where(col(EventRow.type).in_(sorted(wanted.types)))
    if wanted.resource:
        query = query.where(col(EventRow.resource) == wanted.resource)
    if wanted.since is not None:
        query = query.where(col(EventRow.at) >= wanted.since)
    if wanted.until is not None:
        query = query.where(col(EventRow.at) < wanted.until)
    if wanted.after is not None:
        query = query.where(col(EventRow.id) > wanted.after)
    return query
