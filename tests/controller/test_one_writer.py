"""Two controllers over one environment: one writes and publishes, the other waits, says why, and takes over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from molthub.events.types import EventType
from molthub.leases.published import STATUS, Published, parse
from molthub.resources.states import Verdict
from tests.builders import instance_dict
from tests.fakes.controller import FakeController
from tests.fakes.documents import MemoryDocuments
from tests.fakes.fleet import FakeFleet, identity

BOT = instance_dict()
NEWER = instance_dict(spec={"runtime": {"image": "ghcr.io/openclaw/openclaw:2026.9.7"}})


@pytest.fixture
def fleet() -> FakeFleet:
    fleet = FakeFleet()
    fleet.commit(BOT)
    fleet.plan()  # makes the cloud
    fleet.prod.shared = MemoryDocuments()
    return fleet


@pytest.fixture
def two(fleet: FakeFleet, tmp_path: Path) -> Iterator[tuple[FakeController, FakeController]]:
    first = FakeController(fleet, tmp_path / "first.db", holder="controller on first (pid 1)")
    second = FakeController(fleet, tmp_path / "second.db", holder="controller on second (pid 1)")
    yield first, second
    first.close()
    second.close()


def published(fleet: FakeFleet) -> Published:
    assert fleet.prod.shared is not None
    found = fleet.prod.shared.read(STATUS)
    assert found is not None
    return parse(found.body, environment="acme/prod")


def test_one_writes_and_publishes_the_other_waits_and_says_so_once(
    fleet: FakeFleet, two: tuple[FakeController, FakeController]
) -> None:
    first, second = two
    first.tick()
    second.tick()
    sha = fleet.source.head
    said = published(fleet)
    assert (said.writer, said.epoch, said.head) == ("controller on first (pid 1)", 1, sha)
    assert [item.name for item in said.instances] == ["support-bot"]
    head = fleet.commit(NEWER)
    written = len(fleet.prod.writes)
    second.tick()
    second.after(400.0)
    assert len(fleet.prod.writes) == written, "the second only looks"
    status = second.store.status(identity())
    assert status is not None
    assert (status.sync, status.head_commit) == (Verdict.OUT_OF_SYNC, head)
    assert status.last_error is not None
    assert status.last_error.startswith("MH-LEASE-001 the lease of acme/prod is held by controller on first (pid 1)")
    blocked = [event for event in second.store.events() if event.type is EventType.BLOCKED]
    assert [event.ref for event in blocked] == ["MH-LEASE-001"]
    first.tick()
    assert len(fleet.prod.writes) > written
    first.tick()
    assert published(fleet).applied == head


def test_who_takes_over_looks_at_everything_first(fleet: FakeFleet, two: tuple[FakeController, FakeController]) -> None:
    first, second = two
    first.tick()
    second.tick()
    fleet.commit(NEWER)
    first.holding.close()
    second.look_at_leases()
    second.tick()
    assert any(kind.value == "task-definition" for _, kind, _ in fleet.prod.writes[-3:])
    second.tick()
    said = published(fleet)
    assert (said.writer, said.epoch, said.applied) == ("controller on second (pid 1)", 2, fleet.source.head)


def test_a_worker_whose_lease_was_lost_writes_nothing(
    fleet: FakeFleet, two: tuple[FakeController, FakeController]
) -> None:
    first, second = two
    first.tick()
    assert fleet.prod.shared is not None
    fleet.prod.shared.seconds = 1000.0  # the first was stopped for long: its lease is over
    second.tick()
    assert second.holding.standing(identity().key).ours
    fleet.commit(NEWER)
    written = len(fleet.prod.writes)
    first.seconds = 1000.0
    first.tick()
    assert len(fleet.prod.writes) == written
    first.look_at_leases()
    assert first.holding.standing(identity().key).other is not None


def test_nothing_changed_is_not_published_again(fleet: FakeFleet, two: tuple[FakeController, FakeController]) -> None:
    first, _ = two
    for _ in range(3):
        first.tick()
    assert fleet.prod.shared is not None
    before = fleet.prod.shared.writes.count(STATUS)
    for _ in range(3):
        first.after(400.0)
    assert fleet.prod.shared.writes.count(STATUS) == before
