"""One set of steps leads to what tables.py says, on both databases; what cannot be done changes nothing."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from molthub.errors import StallingError
from molthub.events.types import Event, EventType
from molthub.health.types import Health, Status, StatusRecord
from molthub.resources.identity import Identity
from molthub.resources.states import Verdict
from molthub.state import migrate
from molthub.state.engine import new_engine
from molthub.state.places import parse_place
from molthub.state.schema import DatabaseSchema, schema_at, upgrade
from molthub.state.store import open_store
from molthub.state.tables import ALL
from tests.fakes.postgres import RunningPostgres

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
BOT = Identity("acme-bots", "acme", "prod", "support-bot")
FIRST_RELEASE = Path(__file__).resolve().parents[2] / "fakes" / "first_release.sql"
"""What the release without steps made, as its SQLite dumped it."""

FAILING = """
import sqlalchemy as sa
from alembic import op
revision = "9999"
down_revision = "{newest}"
def upgrade():
    op.create_table("half", sa.Column("id", sa.Integer))
    op.execute("INSERT INTO mark (name, \\"commit\\") VALUES ('half', 'done')")
    op.execute("SELECT * FROM nowhere")
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database on each kind; on SQLite it is not there yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/molthub.db"
    postgres: RunningPostgres = request.getfixturevalue("postgres")
    return postgres.url()


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """For a look from outside, at a database that is made already."""
    open_store(url).close()
    made = new_engine(parse_place(url))
    yield made
    made.dispose()


def first_release(path: Path) -> str:
    """A database as the first release left it, with one of everything in it."""
    connection = sqlite3.connect(path)
    connection.executescript(FIRST_RELEASE.read_text())
    who = "'acme-bots', 'acme', 'prod', 'support-bot'"
    connection.executescript(
        "INSERT INTO event (at, fleet, workspace, environment, instance, type, message, actor, resource, ref)"
        f" VALUES ('2026-11-23 10:00:00.000000', {who}, 'synced', 'in sync', 'controller', '', '');"
        "INSERT INTO instance_status (fleet, workspace, environment, instance, name, status, sync, health, reason)"
        f" VALUES ({who}, 'acme/prod/support-bot', 'RUNNING', 'Synced', 'Healthy', '');"
        "INSERT INTO mark VALUES ('followed-head', 'abc');"
    )
    connection.close()
    return f"sqlite:///{path}"


EVENT = Event(NOW, BOT, EventType.SYNCED, "in sync", "controller")
STATUS = StatusRecord(BOT, "acme/prod/support-bot", Status.RUNNING, Verdict.SYNCED, Health.HEALTHY)


def test_the_steps_make_what_the_tables_say(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": migrate.VERSION_TABLE})
        assert compare_metadata(context, ALL) == []


def test_the_steps_are_numbered_one_after_another() -> None:
    assert migrate.steps() == tuple(f"{number:04}" for number in range(1, len(migrate.steps()) + 1))


@pytest.mark.parametrize("statement", ["UPDATE event SET message = 'x'", "DELETE FROM event", "TRUNCATE event"])
def test_an_event_can_be_neither_changed_nor_removed(url: str, engine: Engine, statement: str) -> None:
    if statement.startswith("TRUNCATE") and engine.dialect.name == "sqlite":
        pytest.skip("SQLite has no TRUNCATE")
    store = open_store(url)
    store.add_event(EVENT)
    with pytest.raises(SQLAlchemyError, match="events are immutable"), engine.begin() as connection:
        connection.execute(text(statement))
    assert store.events() == (EVENT,)
    store.close()


def test_a_database_of_the_first_release_loses_nothing(tmp_path: Path) -> None:
    url = first_release(tmp_path / "molthub.db")
    assert schema_at(url) == DatabaseSchema(f"{tmp_path}/molthub.db", "0000", migrate.newest())
    store = open_store(url)
    assert (store.events(), store.statuses(), store.followed_head()) == ((EVENT,), (STATUS,), "abc")
    store.close()
    assert schema_at(url).is_newest
    connection = sqlite3.connect(tmp_path / "molthub.db")
    with pytest.raises(sqlite3.IntegrityError, match="events are immutable"):
        connection.execute("DELETE FROM event")
    assert connection.execute("SELECT version FROM schema_version").fetchall() == [(2,)], "the first release refuses it"
    connection.close()
    made = new_engine(parse_place(url))
    with made.connect() as opened:
        context = MigrationContext.configure(opened, opts={"version_table": migrate.VERSION_TABLE})
        assert compare_metadata(context, ALL) == []
    made.dispose()


def test_an_older_database_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    url = first_release(tmp_path / "molthub.db")
    store = open_store(url, create=False)
    assert store.events(BOT) == (EVENT,)
    assert store.names() == {BOT: "acme/prod/support-bot"}
    with pytest.raises(StallingError) as caught:
        store.statuses()
    store.close()
    assert str(caught.value) == (
        f"error: MH-STATE-010 the database {tmp_path}/molthub.db was written by an older Molthub, and what is asked "
        "for is not in it yet (Run `molthub db upgrade`, or start the controller of this release on it)"
    )
    assert schema_at(url).found == "0000", "reading changes nothing"


def test_a_database_of_a_newer_release_is_refused(url: str, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE {migrate.VERSION_TABLE} SET version_num = '9999'"))
    for create in (True, False):
        with pytest.raises(StallingError) as caught:
            open_store(url, create=create)
        assert caught.value.ref == "MH-STATE-005"
        assert caught.value.diagnostic.message == (
            f"the database {parse_place(url).label} was written by a newer Molthub "
            f"(schema 9999, this one knows {migrate.newest()})"
        )


def test_an_older_database_stays_as_it_is_while_a_controller_runs_on_it(tmp_path: Path) -> None:
    url = first_release(tmp_path / "molthub.db")
    older = open_store(url, create=False)
    with older.controller_lock("host:1"):
        with pytest.raises(StallingError, match=r"another controller \(host:1\) runs"):
            open_store(url)
        with pytest.raises(StallingError, match="MH-STATE-007"):
            upgrade(url, owner="host:2")
    older.close()
    assert upgrade(url, owner="host:2").found == "0000"
    assert upgrade(url, owner="host:2").found == migrate.newest()


@pytest.fixture
def one_more_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A release whose newest step fails half-way."""
    folder = tmp_path / "versions"
    shutil.copytree(Path(str(migrate.versions.__file__)).parent, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "v9999_fails.py").write_text(FAILING.format(newest=migrate.newest()))
    fake = SimpleNamespace(__path__=[str(folder)], __file__=str(folder / "__init__.py"))
    monkeypatch.setattr(migrate, "versions", fake)
    migrate.steps.cache_clear()
    yield
    migrate.steps.cache_clear()


def test_a_step_that_fails_leaves_the_database_as_it_was(
    url: str, engine: Engine, request: pytest.FixtureRequest
) -> None:
    before = migrate.newest()
    request.getfixturevalue("one_more_step")
    with pytest.raises(StallingError) as caught:
        open_store(url)
    assert caught.value.ref == "MH-STATE-014"
    assert caught.value.diagnostic.message.startswith(
        f"the database {parse_place(url).label} could not be brought from schema {before} to 9999, and is as it was: "
    )
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM mark")).scalar() == 0
        assert connection.execute(text(f"SELECT version_num FROM {migrate.VERSION_TABLE}")).scalar() == before
        assert not engine.dialect.has_table(connection, "half")


def test_who_opens_an_empty_database_at_the_same_moment_finds_it_made(url: str) -> None:
    """Several threads of one process, and the transactions of several."""
    failures: list[BaseException] = []

    def work() -> None:
        try:
            open_store(url).close()
        except BaseException as error:  # noqa: BLE001 - shown below
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert schema_at(url).is_newest
