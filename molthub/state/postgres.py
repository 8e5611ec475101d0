"""The PostgreSQL database: connections, transactions, and the lock of its controller.

On both kinds of database one transaction writes at a time: here each that may write begins by taking an advisory lock,
as it begins with BEGIN IMMEDIATE on SQLite. So what is read in it is still so when it is written, under PostgreSQL's
default isolation, and rows of the timeline become visible in the order of their numbers.

An advisory lock belongs to a connection to the server itself: a pooler between, such as PgBouncer in transaction mode,
would give it to somebody else.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import SQLAlchemyError

from molthub.errors import StallingError
from molthub.state.places import PostgresDatabase
from molthub.state.settings import BUSY_TIMEOUT, CONNECTIONS, READ_ONLY

_OURS = 0x4D484C42  # "MHLB": one name for all our locks in a database, told apart by the second number
_WRITE = 1
_CONTROLLER = 2

_DEFAULTS = {"connect_timeout": 10, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
"""Of libpq, unless the URL says otherwise: a server that went away silently is noticed within a minute."""

_NAME_PREFIX = "molthub controller "

_HOLDER = text(
    "SELECT activity.application_name FROM pg_locks AS held JOIN pg_stat_activity AS activity USING (pid)"
    " WHERE held.locktype = 'advisory' AND held.granted AND held.classid = :ours AND held.objid = :controller"
    " AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


def postgres_engine(place: PostgresDatabase) -> Engine:
    """The engine; nothing is asked of the server yet. Raises MH-STATE-013 where psycopg is not installed."""
    given = place.url.query.keys()
    try:
        engine = create_engine(
            place.url,
            connect_args={name: value for name, value in _DEFAULTS.items() if name not in given},
            pool_size=4,
            max_overflow=CONNECTIONS - 4,
            pool_timeout=BUSY_TIMEOUT,
            pool_pre_ping=True,
            hide_parameters=True,
        )
    except ImportError as error:
        raise StallingError(
            "MH-STATE-013",
            "a PostgreSQL database needs psycopg, which is not installed",
            fix="Install the extra: pip install 'molthub[postgres]'",
        ) from error
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _record: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = '{int(BUSY_TIMEOUT)}s'")
        cursor.execute("SET TIME ZONE 'UTC'")
    connection.commit()


def _begin(connection: Connection) -> None:
    options: Any = connection.get_execution_options()
    if not options.get(READ_ONLY):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_OURS}, {_WRITE})")


class ControllerLock:
    """An advisory lock, which the server keeps for as long as one connection lasts."""

    def __init__(self, place: PostgresDatabase, engine: Engine, owner: str) -> None:
        self._place = place
        self._engine = engine
        self._owner = owner
        self._connection = self._taken()

    def confirm(self) -> None:
        """Take it again where its connection was lost: the server restarted, or the network failed.

        Raises MH-STATE-007 when somebody else has it by now.
        """
        try:
            self._connection.execute(text("SELECT 1"))
        except SQLAlchemyError:
            self.release()
            self._connection = self._taken()

    def release(self) -> None:
        """Let it go, with its connection."""
        with contextlib.suppress(Exception):  # which may be gone already
            self._connection.invalidate()
        self._connection.close()

    def _taken(self) -> Connection:
        connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT", **{READ_ONLY: True})
        try:
            keys = {"ours": _OURS, "controller": _CONTROLLER}
            if not connection.execute(text("SELECT pg_try_advisory_lock(:ours, :controller)"), keys).scalar():
                raise held(self._place.label, _holder(connection))
            name = {"name": _NAME_PREFIX + self._owner}
            connection.execute(text("SELECT set_config('application_name', :name, false)"), name)
        except BaseException:
            connection.invalidate()
            connection.close()
            raise
        return connection


@contextlib.contextmanager
def hold(place: PostgresDatabase, engine: Engine, owner: str) -> Iterator[ControllerLock]:
    """Hold the database as its controller, by a connection of its own. Raises MH-STATE-007, naming the holder."""
    lock = ControllerLock(place, engine, owner)
    try:
        yield lock
    finally:
        lock.release()


def _holder(connection: Connection) -> str:
    name = connection.execute(_HOLDER, {"ours": _OURS, "controller": _CONTROLLER}).scalar()
    return (name or "").removeprefix(_NAME_PREFIX)


def held(label: str, holder: str) -> StallingError:
    """MH-STATE-007. holder: `host:pid`, "" when it cannot be told."""
    return StallingError(
        "MH-STATE-007",
        f"another controller ({holder.strip() or 'an unknown process'}) runs on the database {label}",
        fix="Stop it, or give this one another database",
    )
