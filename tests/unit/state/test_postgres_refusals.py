"""Every way a PostgreSQL database cannot be used ends in one clear error, without a password."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from molthub.errors import MolthubError, StallingError, TransientError
from molthub.events.types import Event, EventType
from molthub.resources.identity import Identity
from molthub.state import postgres as module
from molthub.state.places import PostgresDatabase, parse_place
from molthub.state.schema import schema_at
from molthub.state.store import Store, open_store
from tests.fakes.elsewhere import hold_elsewhere
from tests.fakes.postgres import RunningPostgres

BOT = Identity("acme-bots", "acme", "prod", "support-bot")
SECRET = "ge" + "heim"


@pytest.fixture
def url(postgres: RunningPostgres) -> str:
    return postgres.furnished_url()


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    opened = open_store(url)
    yield opened
    opened.close()


def refused(url: str, *, create: bool = True) -> MolthubError:
    with pytest.raises(MolthubError) as caught:
        open_store(url, create=create)
    assert SECRET not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    ("url", "label"),
    [
        (f"postgresql://ana:{SECRET}@db.example.com:5433/molthub", "postgresql://db.example.com:5433/molthub"),
        (f"postgres://ana@db.example.com/molthub?password={SECRET}", "postgresql://db.example.com/molthub"),
        ("postgresql+psycopg:///molthub?host=/run/pg", "postgresql:///molthub"),
    ],
)
def test_a_place_is_shown_without_user_password_and_options(url: str, label: str) -> None:
    place = parse_place(url)
    assert isinstance(place, PostgresDatabase)
    assert place.label == label
    assert SECRET not in repr(place)
    assert SECRET not in place.without_secrets(f"password={SECRET}") or SECRET not in url


def test_a_wrong_password_is_told_without_it(postgres: RunningPostgres) -> None:
    url = postgres.url(user="locked", password=SECRET)
    error = refused(url)
    assert (type(error), error.ref) == (StallingError, "MH-STATE-012")
    assert 'password authentication failed for user "locked"' in error.diagnostic.message


def test_a_database_that_is_not_there(postgres: RunningPostgres) -> None:
    error = refused(postgres.url(database="nowhere", password=SECRET))
    assert (type(error), error.ref) == (StallingError, "MH-STATE-012")
    assert error.diagnostic.message.endswith('database "nowhere" does not exist')


def test_a_server_that_is_not_there_may_come_back(tmp_path: Path) -> None:
    error = refused(f"postgresql://ana:{SECRET}@/molthub?host={tmp_path}")
    assert (type(error), error.ref) == (TransientError, "MH-STATE-011")
    assert error.diagnostic.message.startswith("the database postgresql:///molthub cannot be reached: connection")


def test_a_user_who_may_not_make_tables(postgres: RunningPostgres) -> None:
    url = postgres.url()
    postgres.run("CREATE ROLE reader LOGIN", url=url)
    error = refused(url.replace("molthub@", "reader@"))
    assert error.ref == "MH-STATE-014"
    assert error.diagnostic.message.endswith("permission denied for schema public")
    assert schema_at(url).found is None


def test_somebody_elses_database_is_refused(postgres: RunningPostgres) -> None:
    url = postgres.url()
    postgres.run("CREATE TABLE photo (id integer)", url=url)
    error = refused(url)
    assert (error.ref, error.diagnostic.fix) == (
        "MH-STATE-003",
        "Give Molthub an empty database: Molthub makes a new one, and only history is lost",
    )


def test_a_reader_makes_nothing(postgres: RunningPostgres) -> None:
    url = postgres.url()
    assert refused(url, create=False).ref == "MH-STATE-008"
    assert schema_at(url).found is None


def test_after_the_server_restarted_it_is_used_again(store: Store, url: str, postgres: RunningPostgres) -> None:
    store.set_followed_head("one")
    postgres.cut_connections(url)
    store.set_followed_head("two")
    assert store.followed_head() == "two"


def test_a_database_that_somebody_holds_is_busy(
    url: str, postgres: RunningPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BUSY_TIMEOUT", 1.0)
    store = open_store(url)
    place = parse_place(url)
    with module.postgres_engine(place).begin():  # type: ignore[arg-type]
        assert store.statuses() == ()  # readers do not wait
        with pytest.raises(TransientError, match="MH-STATE-004"):
            store.set_followed_head("x")
    store.set_followed_head("x")
    store.close()


def test_a_naive_time_is_an_error_of_ours(store: Store) -> None:
    naive = datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)
    with pytest.raises(MolthubError):
        store.add_event(Event(naive, BOT, EventType.SYNCED, "", "controller"))


def test_a_second_controller_is_refused_and_told_who_holds_it(store: Store, url: str) -> None:
    second = open_store(url)
    with store.controller_lock("host:1"):
        with pytest.raises(StallingError) as caught, second.controller_lock("host:2"):
            pass
        assert caught.value.diagnostic.message == (f"another controller (host:1) runs on the database {store.label}")
    with second.controller_lock("host:2"):
        pass
    second.close()


def test_the_lock_of_a_killed_controller_is_free(store: Store, url: str) -> None:
    with hold_elsewhere(url), pytest.raises(StallingError, match="elsewhere:42"), store.controller_lock("host:1"):
        pass
    with store.controller_lock("host:1"):
        pass


def test_a_lock_that_was_lost_with_its_connection_is_taken_again(
    store: Store, url: str, postgres: RunningPostgres
) -> None:
    second = open_store(url)
    with store.controller_lock("host:1") as confirm:
        confirm()
        postgres.cut_connections(url)
        confirm()
        with pytest.raises(StallingError, match=r"another controller \(host:1\)"), second.controller_lock("host:2"):
            pass
        postgres.cut_connections(url)
        with second.controller_lock("host:2"), pytest.raises(StallingError, match=r"controller \(host:2\) runs"):
            confirm()
    second.close()


def test_without_psycopg_the_extra_is_named(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from molthub.state.store import open_store\n"
        "try: open_store('postgresql://db.example.com/molthub')\n"
        "except Exception as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    assert done.stdout == (
        "error: MH-STATE-013 a PostgreSQL database needs psycopg, which is not installed "
        "(Install the extra: pip install 'molthub[postgres]')\n"
    )
