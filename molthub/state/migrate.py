"""Which schema a database has, and the way to the newest. Alembic is imported only when there is a step to run."""

from __future__ import annotations

import pkgutil
import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from molthub.errors import MolthubError, StallingError
from molthub.state import lock
from molthub.state.failures import absent, damaged, meaning
from molthub.state.migrations import versions
from molthub.state.places import Place
from molthub.state.settings import READ_ONLY
from molthub.state.tables import ALL

VERSION_TABLE = "molthub_schema"

BEFORE_STEPS = "0000"
"""What a database of the first release counts as: it has a `schema_version` and no table of ours for steps."""

FIRST_TABLES = frozenset({"schema_version", "event", "deployment", "instance_status", "retry_memory", "mark"})

_one_at_a_time = threading.Lock()  # Alembic keeps the step that runs in globals


@dataclass(frozen=True, slots=True)
class Schema:
    """What a database has. revision: number of its newest step, None when it is empty."""

    revision: str | None

    @property
    def is_newest(self) -> bool:
        return self.revision == newest()


@cache
def steps() -> tuple[str, ...]:
    """The numbers of the steps this release knows, oldest first: those of the modules' names."""
    return tuple(sorted(module.name[1:5] for module in pkgutil.iter_modules(versions.__path__)))


def newest() -> str:
    """The schema that this release writes."""
    return steps()[-1]


def schema_of(engine: Engine, place: Place) -> Schema:
    """What the database has. Raises MH-STATE-003 for what is not ours or lacks parts, -005 for a newer one."""
    with engine.connect().execution_options(**{READ_ONLY: True}) as connection:
        return _schema(connection, place)


def require_readable(engine: Engine, place: Place) -> None:
    """For those who only read: an older schema will do until something is asked for that is not in it.

    Raises MH-STATE-003, -005, and -008 for a database that is still empty.
    """
    if schema_of(engine, place).revision is None:
        raise absent(place.label)


def bring_up(engine: Engine, place: Place, *, owner: str) -> Schema:
    """Bring the database to the newest schema; gives what it had. Raises MH-STATE-003, -005, -007, -014.

    A database in use is only changed by who holds it as its controller, so that no controller of an older release has
    it changed under its feet. owner: as in lock.hold. Two at once: the second finds it done.
    """
    before = schema_of(engine, place)
    if before.is_newest:
        return before
    if before.revision is None:
        _climb(engine, place)
        return before
    with lock.hold(place, engine, owner):
        _climb(engine, place)
    return before


def _schema(connection: Connection, place: Place) -> Schema:
    found = set(inspect(connection).get_table_names())
    if VERSION_TABLE in found:
        revision = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608 - ours
        return _known(revision, found, place)
    if not found:
        return Schema(None)
    if not found >= FIRST_TABLES:
        raise damaged(place)
    version = connection.execute(text("SELECT max(version) FROM schema_version")).scalar()
    if version is None:
        raise damaged(place)
    if version > 1:
        raise newer(place.label, str(version), "1")
    return Schema(BEFORE_STEPS)


def _known(revision: str | None, found: set[str], place: Place) -> Schema:
    if revision is None:
        raise damaged(place)
    if revision not in steps():
        raise newer(place.label, revision, newest())
    if revision == newest() and not {table.name for table in ALL.sorted_tables} <= found:
        raise damaged(place)
    return Schema(revision)


def newer(label: str, found: str, known: str) -> StallingError:
    return StallingError(
        "MH-STATE-005",
        f"the database {label} was written by a newer Molthub (schema {found}, this one knows {known})",
        fix="Upgrade Molthub, or give it another database",
    )


def _climb(engine: Engine, place: Place) -> None:
    """All steps due, in one transaction: when one fails, the database is as it was."""
    with engine.begin() as connection:
        schema = _schema(connection, place)  # again: now nobody else writes
        if schema.is_newest:
            return
        try:
            _run_steps(connection)
        except SQLAlchemyError as error:
            raise _failed(place, schema, getattr(error, "orig", None) or error) from error


def _run_steps(connection: Connection) -> None:
    from alembic.config import Config  # noqa: PLC0415 - a quarter of a second, for once in a release
    from alembic.runtime.environment import EnvironmentContext  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    folder = str(Path(str(versions.__file__)).parent)
    scripts = ScriptDirectory(folder, version_locations=[folder])
    environment = EnvironmentContext(
        Config(),
        scripts,
        fn=lambda revision, _context: scripts._upgrade_revs("head", revision),  # noqa: SLF001
    )
    with _one_at_a_time, environment:
        environment.configure(
            connection=connection,
            target_metadata=ALL,
            version_table=VERSION_TABLE,
            render_as_batch=True,
        )
        environment.run_migrations()


def _failed(place: Place, schema: Schema, error: BaseException) -> MolthubError:
    why = meaning(place, error)
    return StallingError(
        "MH-STATE-014",
        f"the database {place.label} could not be brought from schema {schema.revision or 'none'} to {newest()}, "
        f"and is as it was: {why.diagnostic.message}",
        fix="Put that right, or go on with the release that wrote it",
    )
