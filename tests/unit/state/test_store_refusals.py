"""Every way a database cannot be used ends in one clear error, and a second controller is refused."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from molthub.errors import MolthubError, StallingError, TransientError
from molthub.events.types import Event, EventType
from molthub.resources.identity import Identity
from molthub.state import sqlite
from molthub.state.failures import meaning
from molthub.state.places import SqliteFile
from molthub.state.store import open_store
from tests.fakes.elsewhere import hold_elsewhere

BOT = Identity("acme-bots", "acme", "prod", "support-bot")


def refused(url: str, *, create: bool = True) -> MolthubError:
    with pytest.raises(MolthubError) as caught:
        open_store(url, create=create)
    return caught.value


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("mysql://ana:" + "geheim@db/molthub", "'mysql'"),
        ("postgresql://ana:" + "geheim@db:port/molthub", "'postgresql'"),
        ("postgresql://ana:" + "geheim@db", "'postgresql'"),
        ("sqlite://", "'sqlite'"),
        ("sqlite:///:memory:", "'sqlite'"),
        ("sqlite:///x.db?mode=ro", "'sqlite'"),
        ("molthub.db", "this"),
        ("", "this"),
    ],
)
def test_any_other_url_is_refused_and_not_repeated(url: str, shown: str) -> None:
    error = refused(url)
    assert error.ref == "MH-STATE-001"
    assert error.diagnostic.message == (
        f"no database can be kept at {shown}: it is kept in an SQLite file or in PostgreSQL"
    )
    assert "geheim" not in str(error)


def test_a_relative_path_is_below_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert open_store("sqlite:///molthub.db").label == f"{tmp_path}/molthub.db"


def test_a_reader_makes_no_database(tmp_path: Path) -> None:
    error = refused(f"sqlite:///{tmp_path}/no.db", create=False)
    assert (error.ref, error.diagnostic.message) == ("MH-STATE-008", f"there is no database at {tmp_path}/no.db")
    assert list(tmp_path.iterdir()) == []


def _garbage(path: Path) -> None:
    path.write_bytes(b"this is no database at all, " * 200)


def _somebody_elses(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE photo (id INTEGER)")
    connection.close()


def _torn(path: Path) -> None:
    open_store(f"sqlite:///{path}").close()
    path.write_bytes(path.read_bytes()[:4096] + b"\xff" * 8192)


def _without_version(path: Path) -> None:
    open_store(f"sqlite:///{path}").close()
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM molthub_schema")
    connection.close()


@pytest.mark.parametrize("spoil", [_garbage, _somebody_elses, _torn, _without_version])
def test_a_damaged_or_foreign_file_is_refused(tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    path = tmp_path / "molthub.db"
    spoil(path)
    error = refused(f"sqlite:///{path}")
    assert (error.ref, error.diagnostic.message) == ("MH-STATE-003", f"{path} is damaged, or no database of Molthub")


def test_damage_found_later_is_told_too(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/molthub.db")
    with sqlite3.connect(tmp_path / "molthub.db") as connection:
        connection.execute(
            "INSERT INTO event (at, fleet, workspace, environment, instance, type, message, actor, resource, ref)"
            " VALUES ('2026-01-01 00:00:00.000000', 'f', 'w', 'e', 'i', 'exploded', '', '', '', '')"
        )
    connection.close()
    with pytest.raises(StallingError, match="MH-STATE-003"):
        store.events()


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    error = refused(f"sqlite:///{tmp_path}/file/molthub.db")
    assert error.ref == "MH-STATE-002"
    assert error.diagnostic.message == (
        f"the database {tmp_path}/file/molthub.db cannot be opened for writing: not a directory"
    )
    assert refused(f"sqlite:///{tmp_path}").ref == "MH-STATE-002"


def test_a_read_only_directory_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    uid = os.geteuid()
    if uid == 0:
        os.seteuid(65534)  # root may write everywhere
    try:
        error = refused(f"sqlite:///{tmp_path}/molthub.db")
    finally:
        os.seteuid(uid)
        tmp_path.chmod(0o700)
    assert error.ref == "MH-STATE-002"
    assert error.diagnostic.message.endswith("cannot be opened for writing: permission denied")


def test_a_kernels_refusal_is_told_even_to_root() -> None:
    assert refused("sqlite:////proc/molthub.db").ref == "MH-STATE-002"


@pytest.mark.parametrize(
    ("said", "kind", "ref"),
    [
        ("database is locked", TransientError, "MH-STATE-004"),
        ("database or disk is full", TransientError, "MH-STATE-006"),
        ("attempt to write a readonly database", StallingError, "MH-STATE-002"),
        ("database disk image is malformed", StallingError, "MH-STATE-003"),
        ("something new", StallingError, "MH-STATE-009"),
    ],
)
def test_each_failure_has_its_effect(said: str, kind: type[MolthubError], ref: str) -> None:
    error = meaning(SqliteFile(Path("m.db")), sqlite3.OperationalError(said))
    assert (type(error), error.ref) == (kind, ref)


def test_a_database_held_by_another_program_is_busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT", 0.2)
    store = open_store(f"sqlite:///{tmp_path}/molthub.db")
    holder = sqlite3.connect(tmp_path / "molthub.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        assert store.statuses() == ()  # readers do not wait
        with pytest.raises(TransientError, match="MH-STATE-004"):
            store.set_followed_head("x")
    finally:
        holder.close()
    store.set_followed_head("x")


def test_a_naive_time_is_an_error_of_ours(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/molthub.db")
    naive = datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)
    with pytest.raises(MolthubError):
        store.add_event(Event(naive, BOT, EventType.SYNCED, "", "controller"))


def test_a_second_controller_is_refused_and_told_who_holds_it(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/molthub.db"
    first, second = open_store(url), open_store(url)
    with first.controller_lock("host:1"):
        with pytest.raises(StallingError) as caught, second.controller_lock("host:2"):
            pass
        assert caught.value.ref == "MH-STATE-007"
        assert caught.value.diagnostic.message == (
            f"another controller (host:1) runs on the database {tmp_path}/molthub.db"
        )
    with second.controller_lock("host:2"):
        pass


def test_the_lock_of_a_killed_controller_is_free(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/molthub.db"
    store = open_store(url)
    with hold_elsewhere(url), pytest.raises(StallingError, match="elsewhere:42"), store.controller_lock("host:1"):
        pass
    with store.controller_lock("host:1"):
        pass
