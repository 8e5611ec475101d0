"""The commit index in a database: `history.index.CommitIndex`, safe from any thread and any process.

In the controller's database its tables come with the migrations. On a machine without one it is an SQLite file of its
own in the cache directory, which holds nothing that Git does not: whatever is wrong with it, it is made anew.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, delete, select, text
from sqlalchemy.dialects import postgresql, sqlite

from molthub.errors import MolthubError
from molthub.history.entries import FORMAT, CommitRecord, Entry, Outcome, Resource
from molthub.history.index import IndexedCommit, Mention
from molthub.state.failures import damaged, explained
from molthub.state.history_tables import TABLES, HistoryCommitRow, HistoryEntryRow, HistoryHeadRow
from molthub.state.places import Place, SqliteFile
from molthub.state.settings import READ_ONLY
from molthub.state.sqlite import sqlite_engine
from molthub.state.tables import ALL

MOST_HEADS = 64
"""How many heads are kept: of branches and repositories; one that is forgotten costs a look at its commits."""

OF_NO_USE = frozenset({"MH-STATE-003", "MH-STATE-010"})
"""Damaged, of another release, or another program's: nothing in it is missed."""

_AT_ONCE = 500
"""Names in one query: SQLite takes 32,766 values, older ones 999."""

_COMMIT: Any = HistoryCommitRow.__table__  # type: ignore[attr-defined]  # SQLModel makes it
_ENTRY: Any = HistoryEntryRow.__table__  # type: ignore[attr-defined]
_HEAD: Any = HistoryHeadRow.__table__  # type: ignore[attr-defined]


class StoredIndex:
    """A CommitIndex. Raises only MolthubErrors (`MH-STATE-NNN`)."""

    def __init__(self, *, place: Place, engine: Engine) -> None:
        self._place = place
        self._engine = engine
        self._reading = engine.execution_options(**{READ_ONLY: True})

    def close(self) -> None:
        self._engine.dispose()

    def heads(self) -> tuple[str, ...]:
        with self._read() as connection:
            return tuple(connection.execute(select(_HEAD.c.sha).limit(MOST_HEADS)).scalars())

    def add(self, commits: Sequence[IndexedCommit], *, head: str, replaces: Collection[str] = ()) -> None:
        with explained(self._place), self._engine.begin() as connection:
            self._put(connection, _COMMIT, [_commit_row(one.record) for one in commits])
            rows = [_entry_row(entry, at) for one in commits for at, entry in enumerate(one.entries)]
            self._put(connection, _ENTRY, rows)
            for part in _parts(replaces):
                connection.execute(delete(_HEAD).where(_HEAD.c.sha.in_(part)))
            kept = connection.execute(select(_HEAD.c.sha)).scalars().all()
            for part in _parts([sha for sha in kept if sha != head][MOST_HEADS - 1 :]):
                connection.execute(delete(_HEAD).where(_HEAD.c.sha.in_(part)))
            self._put(connection, _HEAD, [{"sha": head}])

    def parents(self) -> Mapping[str, tuple[str, ...]]:
        with self._read() as connection:
            rows = connection.execute(select(_COMMIT.c.sha, _COMMIT.c.parents))
            return {sha: tuple(parents.split()) for sha, parents in rows}

    def commits(self, shas: Collection[str]) -> Mapping[str, CommitRecord]:
        found = {}
        with self._read() as connection:
            for part in _parts(shas):
                for row in connection.execute(select(_COMMIT).where(_COMMIT.c.sha.in_(part))):
                    found[row.sha] = self._commit(row)
        return found

    def entries_about(self, resources: Collection[Resource]) -> Sequence[Entry]:
        found: list[Entry] = []
        with self._read() as connection:
            for one in resources:
                query = select(_ENTRY).where(
                    _ENTRY.c.kind == one.kind,
                    _ENTRY.c.workspace == one.workspace,
                    _ENTRY.c.environment == one.environment,
                    _ENTRY.c.resource == one.id,
                )
                found.extend(self._entry(row) for row in connection.execute(query))
        return found

    def entries_in(self, shas: Collection[str]) -> Mapping[str, tuple[Entry, ...]]:
        found: dict[str, tuple[Entry, ...]] = {}
        with self._read() as connection:
            for part in _parts(shas):
                query = select(_ENTRY).where(_ENTRY.c.sha.in_(part)).order_by(_ENTRY.c.sha, _ENTRY.c.position)
                for row in connection.execute(query):
                    found[row.sha] = (*found.get(row.sha, ()), self._entry(row))
        return found

    def mentions(self) -> Iterable[Mention]:
        columns = (_ENTRY.c.kind, _ENTRY.c.workspace, _ENTRY.c.environment, _ENTRY.c.resource)
        query = select(_ENTRY.c.sha, *columns, _ENTRY.c.name, _ENTRY.c.outcome)
        with self._read() as connection:
            rows = connection.execute(query).all()
        with explained(self._place):
            return [Mention(sha, Resource(*what), name, Outcome(outcome)) for sha, *what, name, outcome in rows]

    def _put(self, connection: Connection, table: Any, rows: list[dict[str, Any]]) -> None:
        """Add rows; those that are there are the same, whoever wrote them."""
        if rows:
            made = postgresql.insert if self._engine.dialect.name == "postgresql" else sqlite.insert
            connection.execute(made(table).on_conflict_do_nothing(), rows)

    @contextlib.contextmanager
    def _read(self) -> Iterator[Connection]:
        with explained(self._place), self._reading.connect() as connection:
            yield connection

    def _commit(self, row: Any) -> CommitRecord:
        trailers = {key: tuple(values) for key, values in json.loads(row.trailers).items()}
        return CommitRecord(row.sha, tuple(row.parents.split()), row.author, row.email, row.at, row.subject, trailers)

    def _entry(self, row: Any) -> Entry:
        return Entry(
            sha=row.sha,
            resource=Resource(row.kind, row.workspace, row.environment, row.resource),
            path=row.path,
            former=row.former,
            name=row.name,
            outcome=Outcome(row.outcome),
            action=row.action,
            words=tuple(json.loads(row.words)),
            patch=tuple(json.loads(row.patch)),
            fields=tuple((name, value) for name, value in json.loads(row.fields)),
            document=json.loads(row.document) if row.document is not None else None,
            problem=row.problem,
            own=row.own,
        )


def open_cached_index(path: Path) -> StoredIndex:
    """The index in a file of its own; made where there is none, and anew where the one there is of no use.

    Raises MH-STATE-002, -004 or -006 where no file can be kept or written.
    """
    try:
        return _open_file(path)
    except MolthubError as error:
        if error.ref not in OF_NO_USE:
            raise
    for leftover in path.parent.glob(f"{path.name}*"):
        with explained(SqliteFile(path)):
            leftover.unlink(missing_ok=True)
    return _open_file(path)


def _open_file(path: Path) -> StoredIndex:
    place = SqliteFile(path)
    with explained(place):
        engine = sqlite_engine(path)
        try:
            with engine.begin() as connection:
                found = connection.execute(text("PRAGMA user_version")).scalar()
                if found == 0:
                    ALL.create_all(connection, tables=[ALL.tables[name] for name in TABLES])
                    connection.execute(text(f"PRAGMA user_version = {FORMAT}"))
                elif found != FORMAT:
                    raise damaged(place)
                connection.execute(text("SELECT count(*) FROM history_head"))
        except BaseException:
            engine.dispose()
            raise
    return StoredIndex(place=place, engine=engine)


def _parts(items: Collection[str]) -> Iterator[list[str]]:
    listed = list(items)
    for start in range(0, len(listed), _AT_ONCE):
        yield listed[start : start + _AT_ONCE]


def _commit_row(record: CommitRecord) -> dict[str, Any]:
    return {
        "sha": record.sha,
        "parents": " ".join(record.parents),
        "author": record.author,
        "email": record.email,
        "at": record.at,
        "subject": record.subject,
        "trailers": json.dumps({key: list(values) for key, values in record.trailers.items()}),
    }


def _entry_row(entry: Entry, position: int) -> dict[str, Any]:
    return {
        "sha": entry.sha,
        "position": position,
        "kind": entry.resource.kind,
        "workspace": entry.resource.workspace,
        "environment": entry.resource.environment,
        "resource": entry.resource.id,
        "path": entry.path,
        "former": entry.former,
        "name": entry.name,
        "outcome": entry.outcome.value,
        "action": entry.action,
        "words": json.dumps(entry.words),
        "patch": json.dumps(entry.patch),
        "fields": json.dumps(entry.fields),
        "document": json.dumps(entry.document) if entry.document is not None else None,
        "problem": entry.problem,
        "own": entry.own,
    }
