"""The notices in the database: what is to be told, and what was told last of each instance."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, update
from sqlmodel import Session, col, select

from molthub.events.notices import Notice, NoticeKind
from molthub.resources.identity import Identity
from molthub.state import rows
from molthub.state.tables import NoticeRow


def latest(session: Session, identity: Identity) -> Notice | None:
    """The instance's newest notice, told or not."""
    query = select(NoticeRow).filter_by(**rows.columns_of(identity)).order_by(col(NoticeRow.id).desc()).limit(1)
    row = session.exec(query).first()
    return _notice(row) if row is not None else None


def add(session: Session, notice: Notice) -> bool:
    """Write it down to be told, unless its condition was the last one; whether it is news."""
    if not notice.is_news_after(latest(session, notice.identity)):
        return False
    fleet, workspace, environment, instance = rows.key_of(notice.identity)
    session.add(
        NoticeRow(
            fleet=fleet,
            workspace=workspace,
            environment=environment,
            instance=instance,
            at=notice.at,
            name=rows.storable(notice.name),
            kind=notice.kind.value,
            message=rows.storable(notice.message),
            ref=notice.ref,
            commit=notice.commit,
        )
    )
    return True


def pending(session: Session, limit: int) -> tuple[tuple[int, Notice], ...]:
    """What was not told yet, oldest first, with numbers to settle it by."""
    query = select(NoticeRow).where(col(NoticeRow.sent_at).is_(None)).order_by(col(NoticeRow.id)).limit(limit)
    return tuple((row.id or 0, _notice(row)) for row in session.exec(query))


def settle(session: Session, numbers: Sequence[int], at: datetime) -> None:
    """These were told, or given up. Of each instance only the newest is kept, to know what was told last."""
    session.execute(update(NoticeRow).where(col(NoticeRow.id).in_(numbers)).values(sent_at=at))
    newest = select(func.max(NoticeRow.id)).group_by(
        col(NoticeRow.fleet), col(NoticeRow.workspace), col(NoticeRow.environment), col(NoticeRow.instance)
    )
    session.execute(delete(NoticeRow).where(col(NoticeRow.sent_at).is_not(None), col(NoticeRow.id).not_in(newest)))


def forget(session: Session, identity: Identity) -> None:
    """The instance is gone: there is nothing more to tell of it."""
    for row in session.exec(select(NoticeRow).filter_by(**rows.columns_of(identity))):
        session.delete(row)


def _notice(row: NoticeRow) -> Notice:
    return Notice(
        at=row.at,
        identity=rows.identity_of(row),
        name=row.name,
        kind=NoticeKind(row.kind),
        message=row.message,
        ref=row.ref,
        commit=row.commit,
    )
