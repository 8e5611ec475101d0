"""What is stored comes back as it was, from any thread and any process."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from molthub.events.notices import Notice, NoticeKind
from molthub.events.types import Event, EventType
from molthub.health.types import Availability, BackupKind, Health, StateRecord, Status, StatusRecord
from molthub.resources.identity import EnvironmentKey, Identity
from molthub.resources.observation import Cause, Rollout, RolloutState
from molthub.resources.states import Verdict
from molthub.state.store import Store, open_store
from molthub.state.types import DeploymentRecord, EventFilter, RetryMemory
from tests.fakes.postgres import RunningPostgres

NOW = datetime(2026, 11, 23, 10, 0, 0, 123456, tzinfo=UTC)
BOT = Identity("acme-bots", "acme", "prod", "support-bot")
OTHER = Identity("acme-bots", "acme", "prod", "sales-bot")

COUNT = """
import sys
from datetime import UTC, datetime
from molthub.resources.identity import Identity
from molthub.resources.observation import Cause
from molthub.state.store import open_store
store = open_store(sys.argv[1])
now = datetime.now(UTC)
for _ in range(50):
    store.count_failure(Identity("f", "w", "e", "i"), fingerprint="x", cause=Cause.ITSELF, next_try_at=now)
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database on each kind; on SQLite it is not there yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/deep/er/molthub.db"
    postgres: RunningPostgres = request.getfixturevalue("postgres")
    return postgres.furnished_url()


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    opened = open_store(url)
    yield opened
    opened.close()


def an_event(message: str, *, at: datetime = NOW, identity: Identity = BOT) -> Event:
    return Event(at, identity, EventType.SYNCED, message, "controller", commit="c" * 40, resource="service", ref="")


def a_rollout(state: RolloutState, **changes: object) -> Rollout:
    values = {"deployment_id": "ecs-svc/1", "task_definition": "abc", "state": state, "created_at": NOW, **changes}
    return Rollout(**values)  # type: ignore[arg-type]


def test_events_come_back_whole_and_oldest_first(store: Store, url: str) -> None:
    later = an_event("later", at=NOW + timedelta(seconds=1))
    first, second = an_event("first"), an_event("second")
    for event in (later, first, second):
        store.add_event(event)
    assert open_store(url).events() == (first, second, later)
    assert store.events(limit=2) == (second, later)
    assert store.events(since=NOW + timedelta(seconds=1)) == (later,)


def test_events_are_told_apart_by_the_whole_identity(store: Store) -> None:
    namesake = Identity("acme-bots", "acme", "dev", "support-bot")
    store.add_event(an_event("theirs", identity=namesake))
    store.add_event(an_event("mine"))
    assert [event.message for event in store.events(BOT)] == ["mine"]


def test_the_timeline_is_filtered_and_followed(store: Store) -> None:
    other = Identity("acme-bots", "beta", "dev", "x")
    for event in (
        an_event("one"),
        replace(an_event("two", at=NOW + timedelta(hours=1)), type=EventType.TASK_STOPPED, resource="t1"),
        an_event("three", at=NOW - timedelta(hours=1), identity=other),
    ):
        store.add_event(event)

    def found(wanted: EventFilter, limit: int | None = None) -> list[str]:
        return [item.event.message for item in store.timeline(wanted, limit=limit)]

    assert found(EventFilter()) == ["three", "one", "two"]
    assert found(EventFilter(), limit=2) == ["one", "two"]
    assert found(EventFilter(types=frozenset({EventType.TASK_STOPPED, EventType.HELD}))) == ["two"]
    assert found(EventFilter(since=NOW, until=NOW + timedelta(hours=1))) == ["one"]
    assert found(EventFilter(environments=frozenset({other.key, EnvironmentKey("acme", "dev")}))) == ["three"]
    assert found(EventFilter(workspaces=frozenset({"acme"}), identity=BOT, resource="t1")) == ["two"]
    first = store.written_after(0, EventFilter())[0]
    assert [item.event.message for item in store.written_after(first.number, EventFilter())] == ["two", "three"]
    assert store.written_after(store.last_number(), EventFilter()) == ()
    assert store.last_event(BOT, [EventType.SYNCED]) == an_event("one")
    store.add_event(an_event("four", at=NOW - timedelta(hours=9)))
    assert [event.message for event in store.latest_events()] == ["two", "three", "four"], "by when they were written"


def test_what_may_be_told_once_is_written_once(store: Store) -> None:
    stopped = replace(an_event("stopped"), type=EventType.TASK_STOPPED, resource="t1")
    assert store.add_event_once(stopped)
    assert not store.add_event_once(replace(stopped, message="other words"))
    assert store.add_event_once(replace(stopped, resource="t2"))
    assert store.add_event_once(replace(stopped, identity=OTHER))
    assert len(store.events()) == 3


def test_times_come_back_aware_and_in_utc(store: Store) -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
    store.add_event(an_event("one", at=elsewhere))
    (event,) = store.events()
    assert (event.at, event.at.tzinfo) == (NOW, UTC)


def test_what_a_database_cannot_hold_is_replaced(store: Store) -> None:
    store.add_event(an_event("a\0b\ud800c"))
    assert [event.message for event in store.events()] == ["a\ufffdb?c"]


def test_a_status_is_replaced_and_forgotten(store: Store) -> None:
    bare = StatusRecord(BOT, "support-bot", Status.CREATING, Verdict.OUT_OF_SYNC, Health.PROGRESSING)
    full = StatusRecord(
        BOT,
        "helper",
        Status.RUNNING,
        Verdict.SYNCED,
        Health.HEALTHY,
        reason="all well",
        image="i:1",
        created_at=NOW,
        last_reconcile_at=NOW + timedelta(minutes=1),
        last_error="none",
        running_commit="a",
        head_commit="b",
        log_group="/g",
        availability=Availability.DEGRADED,
        state=StateRecord("fs-1", size=7, backup_at=NOW, backup_kind=BackupKind.HAND, retired=("fs-0",)),
    )
    store.put_status(bare)
    assert store.status(BOT) == bare
    store.put_status(full)
    assert store.statuses() == (full,)
    assert store.names() == {BOT: "helper"}
    store.delete_status(BOT)
    store.delete_status(BOT)
    assert (store.status(BOT), store.statuses()) == (None, ())


def test_a_rollout_is_one_row_that_keeps_its_first_commit_and_end(store: Store) -> None:
    later = NOW + timedelta(minutes=5)
    store.record_rollout(BOT, a_rollout(RolloutState.IN_PROGRESS), commit="c1", now=NOW)
    assert store.deployments(BOT)[0].finished_at is None
    failed = a_rollout(RolloutState.FAILED, task_definition="", reason="crashed", cause=Cause.ITSELF)
    store.record_rollout(BOT, failed, commit="c2", now=later)
    store.record_rollout(BOT, failed, commit="c3", now=later + timedelta(minutes=5))
    assert store.deployments(BOT) == (
        DeploymentRecord(
            BOT, "ecs-svc/1", "c1", "abc", RolloutState.FAILED, NOW, later, reason="crashed", cause=Cause.ITSELF
        ),
    )


def test_deployments_are_an_instances_own_newest_first(store: Store) -> None:
    newer = a_rollout(RolloutState.COMPLETED, deployment_id="ecs-svc/2", created_at=NOW + timedelta(hours=1))
    for rollout in (a_rollout(RolloutState.COMPLETED), newer):
        store.record_rollout(BOT, rollout, commit="c", now=NOW)
    store.record_rollout(OTHER, a_rollout(RolloutState.COMPLETED, deployment_id="ecs-svc/3"), commit="c", now=NOW)
    assert [one.deployment_id for one in store.deployments(BOT)] == ["ecs-svc/2", "ecs-svc/1"]
    assert [one.deployment_id for one in store.deployments(BOT, limit=1)] == ["ecs-svc/2"]


def test_the_newest_followed_head_is_remembered(store: Store) -> None:
    assert store.followed_head() is None
    store.set_followed_head("one")
    store.set_followed_head("two")
    assert store.followed_head() == "two"


def test_failures_in_a_row_are_counted_until_something_changes(store: Store) -> None:
    def fail(fingerprint: str, cause: Cause = Cause.SURROUNDINGS) -> int:
        return store.count_failure(BOT, fingerprint=fingerprint, cause=cause, next_try_at=NOW).attempts

    assert [fail("x"), fail("x"), fail("y"), fail("y", Cause.ITSELF)] == [1, 2, 1, 1]
    assert store.retry(BOT) == RetryMemory(BOT, "y", Cause.ITSELF, 1, NOW)
    store.clear_retry(BOT)
    assert store.retry(BOT) is None
    assert store.retry(OTHER) is None


def test_eight_threads_lose_no_increment(store: Store) -> None:
    def work() -> None:
        for _ in range(40):
            store.count_failure(BOT, fingerprint="x", cause=Cause.ITSELF, next_try_at=NOW)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    memory = store.retry(BOT)
    assert memory is not None
    assert memory.attempts == 320


def test_two_processes_lose_no_increment_even_when_both_make_the_database(url: str) -> None:
    workers = [subprocess.Popen([sys.executable, "-c", COUNT, url]) for _ in range(2)]
    assert [worker.wait(timeout=60) for worker in workers] == [0, 0]
    memory = open_store(url).retry(Identity("f", "w", "e", "i"))
    assert memory is not None
    assert memory.attempts == 100


def a_notice(kind: NoticeKind, identity: Identity = BOT, ref: str = "") -> Notice:
    return Notice(NOW, identity, f"acme/prod/{identity.id}", kind, f"it {kind}", ref=ref, commit="c" * 40)


def test_a_notice_waits_until_it_is_settled_and_is_not_told_twice(store: Store) -> None:
    failed, blocked = a_notice(NoticeKind.FAILED), a_notice(NoticeKind.BLOCKED, OTHER, ref="MH-IMG-001")
    assert [store.add_notice(notice) for notice in (failed, failed, blocked)] == [True, False, True]
    pending = store.pending_notices(10)
    assert [notice for _, notice in pending] == [failed, blocked]
    assert [notice for _, notice in store.pending_notices(1)] == [failed]
    store.settle_notices([number for number, _ in pending], NOW)
    assert store.pending_notices(10) == ()
    assert not store.add_notice(failed), "told already, also to the next controller"
    recovered = a_notice(NoticeKind.RECOVERED)
    assert store.add_notice(recovered)
    assert store.add_notice(failed)
    assert [notice for _, notice in store.pending_notices(10)] == [recovered, failed]
    store.settle_notices([number for number, _ in store.pending_notices(1)], NOW)
    assert [notice for _, notice in store.pending_notices(10)] == [failed]


def test_who_is_gone_has_nothing_left_to_be_told(store: Store) -> None:
    store.add_notice(a_notice(NoticeKind.FAILED))
    store.add_notice(a_notice(NoticeKind.FAILED, OTHER))
    store.forget_notices(BOT)
    assert [notice.identity for _, notice in store.pending_notices(10)] == [OTHER]
    assert not store.add_notice(a_notice(NoticeKind.RECOVERED)), "nothing was wrong with the next of that name"


def test_the_release_that_wrote_last_is_remembered(store: Store) -> None:
    assert store.release() is None
    store.set_release("1.2.3")
    assert store.release() == "1.2.3"


def test_whose_rollouts_of_a_commit_failed(store: Store) -> None:
    key = EnvironmentKey("acme", "prod")
    store.note_failed(BOT, "a" * 40)
    store.note_failed(OTHER, "a" * 40)
    store.note_failed(Identity("acme-bots", "acme", "production", "x"), "a" * 40)
    store.note_failed(Identity("other", "acme", "prod", "x"), "a" * 40)
    assert store.failed_at("acme-bots", key, "a" * 40) == {BOT, OTHER}
    store.note_failed(BOT, "b" * 40)
    assert store.failed_at("acme-bots", key, "a" * 40) == {OTHER}
    assert store.failed_at("acme-bots", key, "b" * 40) == {BOT}
