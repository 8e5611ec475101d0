"""The controller when something around it goes wrong, or passes without a commit."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from molthub.errors import StallingError, WaitingError
from molthub.events.types import EventType
from molthub.health.types import Health, Status
from molthub.resources.observation import Cause, ReadFailure
from molthub.resources.states import Verdict
from molthub.resources.types import Kind
from molthub.state.store import Store
from tests.builders import environment_dict, instance_dict, tree
from tests.fakes.controller import FakeController
from tests.fakes.fleet import FakeFleet, identity
from tests.fakes.provider import failing

DEV = environment_dict(metadata={"workspace": "acme", "name": "dev"}, spec={"aws": {"cluster": "dev"}})
BIGGER = {"runtime": {"cpu": 2048, "memory": 4096}}


def bot(name: str = "support-bot", **overrides: object) -> dict[str, object]:
    return instance_dict(metadata={"name": name}, **overrides)


@pytest.fixture
def fleet() -> FakeFleet:
    return FakeFleet()


@pytest.fixture
def controller(fleet: FakeFleet, tmp_path: Path) -> Iterator[FakeController]:
    made = FakeController(fleet, tmp_path / "state.db")
    yield made
    made.close()


def sync(controller: FakeController, name: str = "support-bot") -> Verdict:
    record = controller.store.status(identity(name))
    assert record is not None
    return record.sync


def later(controller: FakeController, **time: float) -> None:
    passed = timedelta(**time)
    controller.fleet.clock.time += passed
    controller.after(passed.total_seconds())


def test_one_that_fails_by_its_surroundings_is_one_failure_however_often_it_tries(
    fleet: FakeFleet, controller: FakeController
) -> None:
    fleet.commit(bot(), bot("other-bot"))
    controller.tick()
    surroundings = failing("CannotPullContainerError", cause=Cause.SURROUNDINGS)
    fleet.prod.script(identity(), *[surroundings] * 4)
    fleet.commit(bot(spec=BIGGER), bot("other-bot"))
    controller.tick()
    fleet.prod.tamper(identity("other-bot"), Kind.SERVICE, platform_version="1.3.0")
    for _ in range(8):
        later(controller, seconds=601)
    assert sync(controller) is Verdict.SYNCED
    assert sync(controller, "other-bot") is Verdict.SYNCED
    assert EventType.HELD not in {event.type for event in controller.store.events()}


def test_a_waiver_ends_while_nobody_commits(fleet: FakeFleet, controller: FakeController) -> None:
    waiver = {"rule": "MH-SEC-002", "reason": "until the vault is there", "until": "2027-01-05"}
    fleet.commit(bot(spec={"policies": {"requireSecretManager": False, "waivers": [waiver]}}))
    controller.tick()
    assert sync(controller) is Verdict.SYNCED
    later(controller, hours=30)
    assert sync(controller) is Verdict.SYNCED, "its last day is not over"
    later(controller, hours=18)
    assert sync(controller) is Verdict.BLOCKED


def test_a_pause_ends_while_nobody_commits(fleet: FakeFleet, controller: FakeController) -> None:
    fleet.commit(bot())
    controller.tick()
    paused = {"by": "ana@example.com", "reason": "holiday", "until": "2027-01-05T09:00:00Z"}
    fleet.commit(bot(spec={"lifecycle": {"paused": paused}}))
    controller.tick()
    assert sync(controller) is Verdict.SUSPENDED
    later(controller, hours=25)
    assert sync(controller) is Verdict.SYNCED


def test_a_pause_ends_at_its_time_and_not_at_the_drift_interval(fleet: FakeFleet, controller: FakeController) -> None:
    paused = {"by": "ana@example.com", "reason": "holiday", "until": "2027-01-05T09:00:00Z"}
    fleet.commit(bot(), bot("other-bot"))
    controller.tick()
    fleet.commit(bot(spec={"lifecycle": {"paused": paused}}), bot("other-bot"))
    controller.tick()
    fleet.clock.time = datetime(2027, 1, 5, 8, 59, tzinfo=UTC)  # the loop's own seconds stand still: no sweep is due
    looks = fleet.prod.observations
    controller.tick()
    assert (sync(controller), fleet.prod.observations) == (Verdict.SUSPENDED, looks)
    fleet.clock.time = datetime(2027, 1, 5, 9, 0, tzinfo=UTC)
    controller.tick()
    assert sync(controller) is Verdict.SYNCED
    assert fleet.prod.observations > looks


def test_a_commit_can_ask_to_look_now(fleet: FakeFleet, controller: FakeController) -> None:
    fleet.commit(bot(), bot("other-bot"))
    controller.tick()
    for name in ("support-bot", "other-bot"):
        fleet.prod.tamper(identity(name), Kind.LOG_GROUP, retention_days=1)
    fleet.prod.writes.clear()
    fleet.commit(bot(), bot("other-bot"), Molthub_Action="reconcile", Molthub_Instance="acme/prod/support-bot")
    controller.tick()
    assert {who for who, _, _ in fleet.prod.writes} == {identity()}


def test_a_database_that_fails_ends_no_worker(
    fleet: FakeFleet, controller: FakeController, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.commit(bot())
    controller.tick()

    def full(*_: object, **__: object) -> None:
        raise StallingError("MH-STATE-002", "the disk is full")

    with monkeypatch.context() as patch:
        for name in ("put_status", "add_event", "status", "retry", "record_rollout"):
            patch.setattr(Store, name, full)
        fleet.prod.tamper(identity(), Kind.LOG_GROUP, retention_days=1)
        for _ in range(4):
            later(controller, seconds=301)
    assert all(worker.is_alive() for worker in controller.workers)
    later(controller, seconds=601)
    assert sync(controller) is Verdict.SYNCED
    assert fleet.prod.resources(identity()).log_group.retention_days == 365  # type: ignore[union-attr]


@pytest.mark.parametrize("where", ["fetch", "observe"])
def test_a_bug_ends_neither_the_polling_nor_the_sweeps(
    fleet: FakeFleet, controller: FakeController, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    fleet.commit(bot())
    controller.tick()

    def bug(*_: object) -> None:
        raise RuntimeError("a bug")

    with monkeypatch.context() as patch:
        patch.setattr(fleet.source if where == "fetch" else fleet.prod, where, bug)
        fleet.commit(bot(spec=BIGGER))
        later(controller, seconds=301)
    later(controller, seconds=601)
    assert sync(controller) is Verdict.SYNCED


def test_a_former_head_that_is_lost_does_not_keep_the_new_one_away(
    fleet: FakeFleet, controller: FakeController, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.commit(bot())
    controller.tick()

    def lost(*_: object) -> None:
        raise StallingError("MH-GIT-006", "there is no such commit")

    monkeypatch.setattr(fleet.source, "changed_paths", lost)
    head = fleet.commit(bot(spec=BIGGER))
    controller.tick()
    record = controller.store.status(identity())
    assert record is not None
    assert (record.running_commit, record.sync) == (head, Verdict.SYNCED)


def test_one_that_somebody_else_removed_is_forgotten(fleet: FakeFleet, controller: FakeController) -> None:
    fleet.commit(bot(), bot("other-bot"))
    controller.tick()
    del fleet.prod.instances[identity("other-bot")]
    fleet.commit(bot())
    controller.tick()
    assert controller.store.status(identity("other-bot")) is None


def test_a_removed_environment_blocks_its_instances_and_says_so(fleet: FakeFleet, controller: FakeController) -> None:
    fleet.commit(bot(), bot("other-bot"), DEV)
    controller.tick()
    fleet.commit(files=tree(DEV))
    controller.tick()
    later(controller, seconds=301)
    record = controller.store.status(identity())
    assert record is not None
    assert (record.sync, record.health) == (Verdict.BLOCKED, Health.UNKNOWN)
    assert record.last_error == (
        "MH-PLAN-010 the Environment acme/prod was removed while acme/prod/support-bot still exists there"
    )
    said = [event.ref for event in controller.store.events(identity()) if event.type is EventType.BLOCKED]
    assert said == ["MH-PLAN-010"], "once, and not at each sweep"
    assert fleet.prod.resources(identity()).service is not None


def test_a_commit_that_confirms_a_deletion_and_changes_nothing_acts_at_once(
    fleet: FakeFleet, controller: FakeController
) -> None:
    fleet.commit(bot(), environment_dict())
    controller.tick()
    fleet.commit(environment_dict())
    controller.tick()
    assert sync(controller) is Verdict.BLOCKED
    fleet.commit(environment_dict(), Molthub_Confirm_Delete="acme/prod 1")
    controller.tick()
    assert fleet.prod.resources(identity()).is_empty


def test_a_read_that_fails_keeps_the_status_it_had(fleet: FakeFleet, controller: FakeController) -> None:
    fleet.commit(bot())
    controller.tick()
    fleet.prod.unreadable[identity()] = (ReadFailure(Kind.SERVICE, "MH-AWS-005", "AWS throttles"),)
    later(controller, seconds=301)
    record = controller.store.status(identity())
    assert record is not None
    assert (record.status, record.sync, record.health) == (Status.RUNNING, Verdict.UNKNOWN, Health.UNKNOWN)


def test_once_waits_for_what_only_waits_for_aws(fleet: FakeFleet, controller: FakeController) -> None:
    controller.queue._monotonic = time.monotonic
    controller.loop.monotonic = time.monotonic
    fleet.commit(bot())
    fleet.plan()
    fleet.prod.fail(WaitingError("MH-AWS-013", "the role cannot be used yet", after=0.3), kind=Kind.SERVICE)
    assert controller.once() is True
    assert sync(controller) is Verdict.SYNCED


def test_keys_that_still_wait_when_it_stops_are_let_be(fleet: FakeFleet, controller: FakeController) -> None:
    fleet.commit(*[bot(f"bot-{number}") for number in range(30)])
    fleet.plan()
    fleet.prod.before_perform = lambda _identity, _change: controller.stop.set()
    looks = fleet.prod.observations
    controller.once()
    assert fleet.prod.observations - looks <= 1 + 2 * controller.loop.settings.workers


def test_many_changes_are_looked_at_in_one_sweep(fleet: FakeFleet, controller: FakeController) -> None:
    names = [f"bot-{number}" for number in range(30)]
    fleet.commit(*[bot(name) for name in names])
    controller.tick()
    looks = fleet.prod.observations
    fleet.commit(*[bot(name) for name in names], environment_dict(spec={"rollout": {"maxConcurrent": 7}}))
    controller.tick()
    assert fleet.prod.observations - looks == 1
