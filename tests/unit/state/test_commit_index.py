"""The commit index in SQLite and in PostgreSQL: what it gives back, two writers at once, and a file of no use."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from molthub.errors import MolthubError
from molthub.history.entries import INSTANCE, CommitRecord, Entry, Outcome, Resource
from molthub.history.index import CommitIndex, IndexedCommit, MemoryIndex
from molthub.state.commit_index import MOST_HEADS, open_cached_index
from molthub.state.store import Store, open_store
from tests.fakes.postgres import RunningPostgres

AT = datetime(2027, 1, 2, 8, 0, tzinfo=UTC)
BOT = Resource(INSTANCE, "acme", "prod", "support-bot")


def sha(number: int) -> str:
    return f"{number:040x}"


def indexed(number: int) -> IndexedCommit:
    record = CommitRecord(
        sha(number), (sha(number - 1),) if number else (), "Ana", "ana@example.com", AT, "Ünïcode", {"a": ("1", "2")}
    )
    entry = Entry(
        sha=record.sha, resource=BOT, path="a.yaml", former="b.yaml", name="helper", outcome=Outcome.MENDED,
        action="update", words=("can be read again",), patch=({"op": "add", "path": "", "value": None},),
        fields=(("spec.runtime.cpu", 256), ("metadata.labels.a", None)), document={"kind": INSTANCE}, own=False,
    )  # fmt: skip
    gone = Entry(record.sha, Resource("", id="x"), None, None, "", Outcome.DELETED, "delete")
    return IndexedCommit(record, (entry, gone))


@pytest.fixture(params=["cache", "sqlite", "postgresql", "memory"])
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CommitIndex]:
    if request.param == "memory":
        yield MemoryIndex()
        return
    if request.param == "cache":
        cached = open_cached_index(tmp_path / "history.db")
        yield cached
        cached.close()
        return
    url = f"sqlite:///{tmp_path}/molthub.db"
    if request.param == "postgresql":
        postgres: RunningPostgres = request.getfixturevalue("postgres")
        url = postgres.furnished_url()
    store: Store = open_store(url)
    yield store.commit_index()
    store.close()


def test_what_was_kept_comes_back_as_it_was(index: CommitIndex) -> None:
    commits = [indexed(number) for number in range(3)]
    index.add(commits, head=sha(2))
    assert index.heads() == (sha(2),)
    assert index.parents() == {one.record.sha: one.record.parents for one in commits}
    assert index.commits([sha(1), sha(9)]) == {sha(1): commits[1].record}
    assert index.entries_in([sha(0), sha(9)]) == {sha(0): commits[0].entries}
    assert sorted(index.entries_about([BOT]), key=lambda one: one.sha) == [one.entries[0] for one in commits]
    assert {(one.resource, one.name) for one in index.mentions()} == {(BOT, "helper"), (Resource("", id="x"), "")}


def test_the_same_commit_twice_is_kept_once_and_stays_as_it_was(index: CommitIndex) -> None:
    index.add([indexed(0)], head=sha(0))
    index.add([indexed(0), indexed(1)], head=sha(1), replaces=[sha(0)])
    assert len(index.entries_about([BOT])) == 2
    assert index.heads() == (sha(1),)


def test_two_that_index_the_same_at_once_make_no_duplicates(tmp_path: Path) -> None:
    commits = [indexed(number) for number in range(200)]
    failed: list[BaseException] = []

    def work() -> None:
        try:
            own = open_cached_index(tmp_path / "history.db")
            for start in range(0, 200, 10):
                own.add(commits[start : start + 10], head=commits[start + 9].record.sha)
            own.close()
        except BaseException as error:  # noqa: BLE001 - told below
            failed.append(error)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failed == []
    found = open_cached_index(tmp_path / "history.db")
    assert len(found.parents()) == 200
    assert len(found.entries_about([BOT])) == 200


def test_heads_that_nobody_asks_for_any_more_are_forgotten(tmp_path: Path) -> None:
    found = open_cached_index(tmp_path / "history.db")
    for number in range(MOST_HEADS + 5):
        found.add([], head=sha(number))
    assert len(found.heads()) == MOST_HEADS
    assert sha(MOST_HEADS + 4) in found.heads()


@pytest.mark.parametrize("damage", ["text", "other tables", "other format"])
def test_a_file_of_no_use_is_made_anew(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "history.db"
    if damage == "text":
        path.write_text("no database at all" * 100)
    else:
        with sqlite3.connect(path) as connection:
            connection.execute("CREATE TABLE other (x)")
            connection.execute(f"PRAGMA user_version = {1 if damage == 'other tables' else 99}")
    found = open_cached_index(path)
    found.add([indexed(0)], head=sha(0))
    assert found.heads() == (sha(0),)


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(MolthubError) as caught:
        open_cached_index(Path("/dev/null/history.db"))
    assert caught.value.ref == "MH-STATE-002"
