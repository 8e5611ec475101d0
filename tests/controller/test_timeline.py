"""What the controller writes into the timeline beside its own work: stops, drift, pauses, getting worse and better."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from molthub.events.notices import NoticeKind
from molthub.events.types import EventType
from molthub.resources.identity import Identity
from molthub.resources.observation import ServiceEvent, StoppedTask
from molthub.resources.types import Kind
from tests.builders import instance_dict
from tests.fakes.clock import START
from tests.fakes.controller import FakeController
from tests.fakes.fleet import FakeFleet, identity
from tests.fakes.postgres import RunningPostgres
from tests.fakes.provider import failing

BOT = instance_dict()
PAUSED = instance_dict(
    spec={"lifecycle": {"paused": {"by": "ana@example.com", "reason": "holiday", "until": "2027-01-07T08:00:00Z"}}}
)


@pytest.fixture
def fleet() -> FakeFleet:
    return FakeFleet()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture
def controller(fleet: FakeFleet, database: Path) -> Iterator[FakeController]:
    made = FakeController(fleet, database)
    yield made
    made.close()


def told(controller: FakeController, *types: EventType, who: Identity | None = None) -> list[str]:
    return [event.message for event in controller.store.events(who or identity(), types=types)]


def sweep(controller: FakeController) -> None:
    controller.after(301)


def test_a_task_that_stopped_is_told_once_with_exit_code_and_reason(
    fleet: FakeFleet, controller: FakeController, database: Path
) -> None:
    fleet.commit(BOT)
    controller.tick()
    at = START + timedelta(seconds=30)
    why = "container gateway exited with code 137: OutOfMemoryError; Essential container in task exited"
    fleet.prod.over[identity()] = [StoppedTask("0a1b", at, why, 137)]
    fleet.prod.instances[identity()].events.append(ServiceEvent(at, "(service x) has started 1 tasks: (task 2)."))
    for _ in range(3):
        sweep(controller)
    (event,) = controller.store.events(types=[EventType.TASK_STOPPED])
    assert (event.at, event.actor, event.resource, event.message) == (at, "aws", "0a1b", f"task 0a1b stopped: {why}")
    second = FakeController(fleet, database)
    second.once()
    second.close()
    assert len(told(controller, EventType.TASK_STOPPED)) == 1, "a controller after this one tells it no more"


def test_aws_is_asked_for_tasks_only_where_something_happened(fleet: FakeFleet, controller: FakeController) -> None:
    fleet.commit(BOT)
    controller.tick()
    for _ in range(3):
        sweep(controller)
    assert fleet.prod.task_reads == 0
    held = fleet.prod.instances[identity()]
    held.events.append(ServiceEvent(START - timedelta(hours=2), "(service x) has started 1 tasks: (task 1)."))
    held.events.append(ServiceEvent(START, "(service x) has reached a steady state."))
    sweep(controller)
    assert fleet.prod.task_reads == 0, "long ago, or no news"
    held.events.append(ServiceEvent(START, "(service x) has stopped 1 running tasks: (task 1)."))
    sweep(controller)
    assert fleet.prod.task_reads == 1
    fleet.clock.sleep(600, lambda: False)
    for _ in range(3):
        sweep(controller)
    assert fleet.prod.task_reads == 2, "once more after it settled"


def test_drift_is_told_when_it_is_found_and_when_it_is_put_right(fleet: FakeFleet, controller: FakeController) -> None:
    fleet.commit(BOT)
    controller.tick()
    fleet.commit(BOT, instance_dict(metadata={"name": "other-bot"}))
    controller.tick()
    fleet.prod.tamper(identity(), Kind.LOG_GROUP, retention_days=1)
    sweep(controller)
    found = told(controller, EventType.DRIFT_DETECTED, EventType.DRIFT_HEALED)
    assert found == ["drift in log-group (update)", "drift in log-group (update) is put right"], (
        "also where HEAD moved on with what does not concern it"
    )


def test_what_a_commit_or_another_release_changed_is_no_drift(
    fleet: FakeFleet, controller: FakeController, database: Path
) -> None:
    fleet.commit(BOT)
    controller.tick()
    controller.close()
    fleet.commit(instance_dict(spec={"runtime": {"cpu": 2048, "memory": 4096}}))
    second = FakeController(fleet, database)
    second.once()
    assert told(second, EventType.DRIFT_DETECTED) == []
    second.store.set_release("0.0.1")
    second.close()
    fleet.prod.tamper(identity(), Kind.LOG_GROUP, retention_days=1)
    third = FakeController(fleet, database)
    third.once()
    assert told(third, EventType.DRIFT_DETECTED) == []
    third.close()


def test_a_pause_and_its_end_are_told_with_who_and_why(fleet: FakeFleet, controller: FakeController) -> None:
    fleet.commit(PAUSED)
    controller.tick()
    sweep(controller)
    words = ", by ana@example.com until 2027-01-07 08:00Z: holiday"
    assert told(controller, EventType.PAUSED) == [f"paused{words}"]
    fleet.clock.sleep(4 * 24 * 3600, lambda: False)
    sweep(controller)
    assert told(controller, EventType.RESUMED) == [f"its pause is over{words}"]
    fleet.commit(PAUSED)
    fleet.commit(BOT)
    sweep(controller)
    assert told(controller, EventType.PAUSED, EventType.RESUMED) == [f"paused{words}", f"its pause is over{words}"]


def test_getting_worse_and_better_is_told_once(fleet: FakeFleet, controller: FakeController) -> None:
    fleet.commit(BOT)
    controller.tick()
    held = fleet.prod.instances[identity()]
    held.running = 0
    sweep(controller)
    sweep(controller)
    assert told(controller, EventType.DEGRADED) == ["0 of 1 tasks running"]
    held.running = 1
    sweep(controller)
    sweep(controller)
    assert told(controller, EventType.RECOVERED) == ["well again, and as its manifest says"]


def test_a_failed_rollout_is_no_second_trouble_and_a_fix_is_told(fleet: FakeFleet, controller: FakeController) -> None:
    fleet.commit(BOT)
    controller.tick()
    fleet.prod.script(identity(), failing("exit code 1"))
    fleet.commit(instance_dict(spec={"runtime": {"cpu": 2048, "memory": 4096}}))
    controller.tick()
    sweep(controller)
    fleet.commit(BOT)
    controller.tick()
    types = [event.type for event in controller.store.events(identity())]
    assert types.count(EventType.ROLLED_BACK) == 1
    assert EventType.DEGRADED not in types
    assert types.count(EventType.RECOVERED) == 1
    assert types[-1] is EventType.RECOVERED


def test_a_condition_that_holds_is_not_told_again_by_the_next_controller(
    fleet: FakeFleet, controller: FakeController, database: Path
) -> None:
    fleet.commit(instance_dict(spec={"runtime": {"image": "ghcr.io/openclaw/openclaw:latest"}}))
    controller.tick()
    controller.close()
    second = FakeController(fleet, database)
    second.once()
    assert len(told(second, EventType.BLOCKED)) == 1
    second.close()


def test_it_is_the_same_on_postgresql(fleet: FakeFleet, postgres: RunningPostgres) -> None:
    url = postgres.url()
    first = FakeController(fleet, url)
    fleet.commit(BOT)
    first.tick()
    fleet.prod.tamper(identity(), Kind.LOG_GROUP, retention_days=1)
    sweep(first)
    first.close()
    second = FakeController(fleet, url)
    second.once()
    assert told(second, EventType.DRIFT_DETECTED, EventType.DRIFT_HEALED) == [
        "drift in log-group (update)",
        "drift in log-group (update) is put right",
    ]
    assert [notice.kind for _, notice in second.store.pending_notices(9)] == [NoticeKind.DRIFTED, NoticeKind.RECOVERED]
    assert second.store.status(identity()) is not None
    second.close()


def test_what_is_made_again_after_it_was_deleted_begins_anew(fleet: FakeFleet, controller: FakeController) -> None:
    unpinned = instance_dict(spec={"runtime": {"image": "ghcr.io/openclaw/openclaw:latest"}})
    fleet.commit(BOT, *(instance_dict(metadata={"name": name}) for name in ("a", "b", "c")))
    controller.tick()
    fleet.commit(unpinned, *(instance_dict(metadata={"name": name}) for name in ("a", "b", "c")))
    controller.tick()
    fleet.commit(*(instance_dict(metadata={"name": name}) for name in ("a", "b", "c")))
    controller.tick()
    sweep(controller)
    assert told(controller, EventType.PRUNED)
    fleet.commit(BOT, *(instance_dict(metadata={"name": name}) for name in ("a", "b", "c")))
    controller.tick()
    assert told(controller, EventType.BLOCKED) != []
    assert told(controller, EventType.RECOVERED) == [], "the new one never was in trouble"
