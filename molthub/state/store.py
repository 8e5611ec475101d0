"""The database as others see it: every method is one transaction, safe from any thread and any process."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, func
from sqlalchemy.orm import load_only
from sqlmodel import Session, col, select

from molthub.events.notices import Notice
from molthub.events.types import Event, EventType
from molthub.health.types import StatusRecord
from molthub.resources.identity import EnvironmentKey, Identity
from molthub.resources.observation import Cause, Rollout
from molthub.state import lock, noticeboard, rows, timeline
from molthub.state.commit_index import StoredIndex
from molthub.state.engine import open_engine
from molthub.state.failures import absent, explained
from molthub.state.places import Place, SqliteFile, parse_place
from molthub.state.settings import READ_ONLY
from molthub.state.tables import DeploymentRow, EventRow, MarkRow, RetryRow, StatusRow
from molthub.state.types import DeploymentRecord, EventFilter, RecordedEvent, RetryMemory

_FAILED_ROLLOUT = "failed-rollout:"
_FOLLOWED_HEAD = "followed-head"
_RELEASE = "release"


def open_store(url: str, *, create: bool = True, owner: str = "one that upgrades it") -> Store:
    """The store at `sqlite:///FILE` or `postgresql://USER@HOST/DATABASE`.

    create  make the database where there is none (a file: 0600, with its parents) and bring an older one to our schema,
            as its controller (owner: `host:pid`); without, a database that is not there is MH-STATE-008
    Raises MH-STATE-001 (no such kind), -002 (not writable), -003 (damaged), -005 (of a newer Molthub), -007 (a
    controller runs on an older one), -008, -011 and -012 (PostgreSQL: not reachable, not let in), -013, -014.
    """
    place = parse_place(url)
    if not create and isinstance(place, SqliteFile) and not place.path.exists():
        raise absent(place.label)
    return Store(place=place, engine=open_engine(place, create=create, owner=owner))


class Store:
    """Thread-safe. Raises only MolthubErrors (`MH-STATE-NNN`). label: the place, without a password."""

    def __init__(self, *, place: Place, engine: Engine) -> None:
        self._place = place
        self.label = place.label
        self._engine = engine
        self._reading = engine.execution_options(**{READ_ONLY: True})

    def commit_index(self) -> StoredIndex:
        """The index of commits that is kept here; of use as long as the store is."""
        return StoredIndex(place=self._place, engine=self._engine)

    def close(self) -> None:
        """Close every connection. The store is of no use afterwards."""
        self._engine.dispose()

    @contextlib.contextmanager
    def controller_lock(self, owner: str) -> Iterator[lock.Confirm]:
        """Be this database's only controller while the block runs. Raises MH-STATE-007, naming who is already.

        Gives what confirms from time to time that it still is: a server's lock is lost with its connection.
        """
        with lock.hold(self._place, self._engine, owner) as confirm:
            yield confirm

    def add_event(self, event: Event) -> None:
        """Append to the timeline; nothing is ever changed or removed there."""
        with self._write() as session:
            session.add(rows.event_row(event))

    def add_event_once(self, event: Event) -> bool:
        """Append unless the instance has an event of this type about this resource already; whether it was new."""
        same = EventFilter(identity=event.identity, types=frozenset({event.type}), resource=event.resource)
        with self._write() as session:
            if timeline.newest(session, same, limit=1):
                return False
            session.add(rows.event_row(event))
            return True

    def events(
        self,
        identity: Identity | None = None,
        *,
        since: datetime | None = None,
        limit: int | None = None,
        types: Iterable[EventType] = (),
    ) -> tuple[Event, ...]:
        """Oldest first; with a limit, the newest that many. since: at or after."""
        wanted = EventFilter(identity=identity, since=since, types=frozenset(types))
        return tuple(item.event for item in self.timeline(wanted, limit=limit))

    def timeline(self, wanted: EventFilter, *, limit: int | None = None) -> tuple[RecordedEvent, ...]:
        """The events meant, oldest first; with a limit, the newest that many."""
        with self._read() as session:
            return timeline.newest(session, wanted, limit=limit)

    def written_after(self, number: int, wanted: EventFilter, *, limit: int = 1000) -> tuple[RecordedEvent, ...]:
        """What was written down after an event, in that order: for whoever follows the timeline."""
        with self._read() as session:
            return timeline.next_written(session, replace(wanted, after=number), limit=limit)

    def last_number(self) -> int:
        """The number of the event that was written down last, 0 without one."""
        with self._read() as session:
            return session.exec(select(func.max(EventRow.id))).one() or 0

    def latest_events(self) -> tuple[Event, ...]:
        """Of every instance the event of each type that was written down last, in the order of writing."""
        with self._read() as session:
            return timeline.latest_of_each(session)

    def last_event(self, identity: Identity, types: Iterable[EventType]) -> Event | None:
        """The instance's event of these types that was written down last."""
        found = self.events(identity, types=types, limit=1)
        return found[0] if found else None

    def names(self) -> Mapping[Identity, str]:
        """What every instance with a status is called, as `workspace/environment/name`."""
        only: Any = StatusRow.name  # and the key: these are in older databases too
        query = select(StatusRow).options(load_only(only))
        with self._read() as session:
            return {rows.identity_of(row): row.name for row in session.exec(query)}

    def put_status(self, record: StatusRecord) -> None:
        with self._write() as session:
            session.merge(rows.status_row(record))

    def status(self, identity: Identity) -> StatusRecord | None:
        with self._read() as session:
            row = session.get(StatusRow, rows.key_of(identity))
            return rows.status_of(row) if row is not None else None

    def statuses(self) -> tuple[StatusRecord, ...]:
        """Of every instance, ordered by identity."""
        with self._read() as session:
            return tuple(
                sorted((rows.status_of(row) for row in session.exec(select(StatusRow))), key=lambda one: one.identity)
            )

    def delete_status(self, identity: Identity) -> None:
        """Forget the status of an instance that is gone; nothing when there is none."""
        with self._write() as session:
            row = session.get(StatusRow, rows.key_of(identity))
            if row is not None:
                session.delete(row)

    def record_rollout(self, identity: Identity, rollout: Rollout, *, commit: str, now: datetime) -> None:
        """Write down how a rollout stands; seen again, its row is brought up to date."""
        with self._write() as session:
            known = session.get(DeploymentRow, rollout.deployment_id)
            session.merge(rows.deployment_row(identity, rollout, commit=commit, now=now, known=known))

    def deployments(self, identity: Identity, *, limit: int | None = None) -> tuple[DeploymentRecord, ...]:
        """An instance's rollouts, newest first."""
        query = select(DeploymentRow).filter_by(**rows.columns_of(identity))
        query = query.order_by(col(DeploymentRow.started_at).desc(), col(DeploymentRow.deployment_id))
        with self._read() as session:
            return tuple(rows.deployment_of(row) for row in session.exec(query.limit(limit)))

    def add_notice(self, notice: Notice) -> bool:
        """Write down what is to be told, unless the instance's last notice said the same; whether it is news."""
        with self._write() as session:
            return noticeboard.add(session, notice)

    def pending_notices(self, limit: int) -> tuple[tuple[int, Notice], ...]:
        """What was not told yet, oldest first, each with the number it is settled by."""
        with self._read() as session:
            return noticeboard.pending(session, limit)

    def settle_notices(self, numbers: Sequence[int], at: datetime) -> None:
        """These were told, or given up."""
        with self._write() as session:
            noticeboard.settle(session, numbers, at)

    def forget_notices(self, identity: Identity) -> None:
        """The instance is gone: there is nothing more to tell of it."""
        with self._write() as session:
            noticeboard.forget(session, identity)

    def followed_head(self) -> str | None:
        """The newest commit that a controller on this database followed without objection."""
        return self._mark(_FOLLOWED_HEAD)

    def set_followed_head(self, commit: str) -> None:
        self._set_mark(_FOLLOWED_HEAD, commit)

    def release(self) -> str | None:
        """The release of Molthub whose controller wrote here last."""
        return self._mark(_RELEASE)

    def set_release(self, release: str) -> None:
        self._set_mark(_RELEASE, release)

    def note_failed(self, identity: Identity, commit: str) -> None:
        """The instance's rollout of this commit failed; what it failed before is forgotten."""
        self._set_mark(f"{_FAILED_ROLLOUT}{identity.fleet}/{identity}", commit)

    def failed_at(self, fleet: str, key: EnvironmentKey, commit: str) -> frozenset[Identity]:
        """Whose rollouts of this commit failed in an environment, for `stopAfterFailures` across restarts."""
        place = f"{_FAILED_ROLLOUT}{fleet}/{key}/"
        query = select(MarkRow.name).where(
            MarkRow.commit == commit, col(MarkRow.name).startswith(place, autoescape=True)
        )
        with self._read() as session:
            names = [name.removeprefix(place) for name in session.exec(query)]
        return frozenset(Identity(fleet, key.workspace, key.environment, name) for name in names)

    def retry(self, identity: Identity) -> RetryMemory | None:
        with self._read() as session:
            row = session.get(RetryRow, rows.key_of(identity))
            return rows.retry_of(row) if row is not None else None

    def count_failure(
        self, identity: Identity, *, fingerprint: str, cause: Cause, next_try_at: datetime
    ) -> RetryMemory:
        """One more failure in a row; the count starts again when the thing or the cause is another."""
        with self._write() as session:
            row = session.get(RetryRow, rows.key_of(identity))
            same = row is not None and (row.fingerprint, row.cause) == (fingerprint, cause.value)
            attempts = row.attempts + 1 if row is not None and same else 1
            memory = RetryMemory(identity, fingerprint, cause, attempts, next_try_at)
            session.merge(rows.retry_row(memory))
        return memory

    def clear_retry(self, identity: Identity) -> None:
        """It went well, or another thing is tried: forget the failures."""
        with self._write() as session:
            row = session.get(RetryRow, rows.key_of(identity))
            if row is not None:
                session.delete(row)

    def _mark(self, name: str) -> str | None:
        with self._read() as session:
            row = session.get(MarkRow, name)
            return row.commit if row is not None else None

    def _set_mark(self, name: str, commit: str) -> None:
        with self._write() as session:
            session.merge(MarkRow(name=name, commit=commit))

    @contextlib.contextmanager
    def _write(self) -> Iterator[Session]:
        """A transaction that holds the database from its first read on."""
        with explained(self._place), Session(self._engine) as session, session.begin():
            yield session

    @contextlib.contextmanager
    def _read(self) -> Iterator[Session]:
        with explained(self._place), Session(self._reading) as session:
            yield session
