from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from molthub.errors import StallingError
from molthub.events.types import EventType
from molthub.health.types import Status
from molthub.planning.types import Change
from molthub.resources.identity import Identity
from molthub.resources.observation import Cause
from molthub.resources.states import Verdict
from molthub.resources.types import Kind, Rule
from tests.builders import instance_dict, tree
from tests.fakes.controller import FakeController
from tests.fakes.fleet import FakeFleet, identity
from tests.fakes.provider import failing


def bot(name: str = "support-bot", **overrides: object) -> dict[str, object]:
    return instance_dict(metadata={"name": name}, **overrides)


def bigger(name: str = "support-bot") -> dict[str, object]:
    return bot(name, spec={"runtime": {"cpu": 2048, "memory": 4096}})


@pytest.fixture
def fleet() -> FakeFleet:
    return FakeFleet()


@pytest.fixture
def controller(fleet: FakeFleet, tmp_path: Path) -> Iterator[FakeController]:
    made = FakeController(fleet, tmp_path / "state.db")
    yield made
    made.close()


def status(controller: FakeController, name: str = "support-bot") -> tuple[Status, Verdict]:
    record = controller.store.status(identity(name))
    assert record is not None
    return record.status, record.sync


def test_once_deploys_and_says_that_all_is_well(fleet: FakeFleet, controller: FakeController) -> None:
    head = fleet.commit(bot(), bot("other-bot"))
    assert controller.once() is True
    assert status(controller) == (Status.RUNNING, Verdict.SYNCED)
    record = controller.store.status(identity())
    assert record is not None
    assert (record.running_commit, record.head_commit) == (head, head)
    assert record.last_reconcile_at is not None


def test_once_says_that_something_is_not_well(fleet: FakeFleet, controller: FakeController) -> None:
    fleet.commit(bot(), bot("bad-bot", spec={"runtime": {"image": "ghcr.io/openclaw/openclaw:latest"}}))
    assert controller.once() is False
    assert status(controller) == (Status.RUNNING, Verdict.SYNCED)
    assert status(controller, "bad-bot") == (Status.DEGRADED, Verdict.BLOCKED)


def test_an_unchanged_head_costs_one_poll_and_no_look_at_aws(fleet: FakeFleet, controller: FakeController) -> None:
    fleet.commit(bot())
    controller.tick()
    looks, polls, fetches = fleet.prod.observations, fleet.source.polls, fleet.source.fetches
    for _ in range(5):
        controller.tick()
    assert (fleet.prod.observations, fleet.source.polls, fleet.source.fetches) == (looks, polls + 5, fetches)


def test_a_commit_works_on_what_it_changed_and_on_nothing_else(fleet: FakeFleet, controller: FakeController) -> None:
    fleet.commit(bot(), bot("other-bot"))
    controller.tick()
    fleet.prod.writes.clear()
    looks = fleet.prod.observations
    fleet.commit(bigger(), bot("other-bot"))
    controller.tick()
    assert {who for who, _, _ in fleet.prod.writes} == {identity()}
    assert fleet.prod.observations - looks == 2, "one look before, one after"


def test_drift_is_put_right_at_the_interval_and_told(fleet: FakeFleet, controller: FakeController) -> None:
    fleet.commit(bot())
    controller.tick()
    fleet.prod.tamper(identity(), Kind.SECURITY_GROUP, ingress=(Rule("tcp", 22, 22, "0.0.0.0/0"),))
    controller.tick()
    assert fleet.prod.resources(identity()).security_group.ingress != ()  # type: ignore[union-attr]
    controller.after(301)
    assert fleet.prod.resources(identity()).security_group.ingress == ()  # type: ignore[union-attr]
    assert EventType.DRIFT_DETECTED in {event.type for event in controller.store.events(identity())}


def test_a_removed_manifest_is_pruned_at_once_and_forgotten(fleet: FakeFleet, controller: FakeController) -> None:
    fleet.commit(bot(), bot("other-bot"), bot("third-bot"))
    controller.tick()
    fleet.commit(bot(), bot("third-bot"))
    controller.tick()
    assert fleet.prod.resources(identity("other-bot")).is_empty
    assert controller.store.status(identity("other-bot")) is None
    assert EventType.PRUNED in {event.type for event in controller.store.events(identity("other-bot"))}


def test_a_rename_without_an_id_never_makes_a_second_bot(fleet: FakeFleet, controller: FakeController) -> None:
    fleet.commit(bot(), bot("other-bot"))
    controller.tick()
    files = tree(bot(), bot("other-bot"))
    files["instances/acme/prod/support-bot.yaml"] = tree(bot("help-bot"))["instances/acme/prod/help-bot.yaml"]
    fleet.commit(files=files)
    controller.tick()
    controller.after(301)
    assert fleet.prod.resources(identity("help-bot")).is_empty
    assert fleet.prod.resources(identity()).service is not None
    assert status(controller, "help-bot")[1] is Verdict.BLOCKED


def test_a_bad_version_is_rolled_back_and_stays_back(fleet: FakeFleet, controller: FakeController) -> None:
    fleet.commit(bot())
    controller.tick()
    fleet.prod.script(identity(), failing("essential container exited"))
    fleet.commit(bigger())
    controller.tick()
    rollouts = len([kind for _, kind, _ in fleet.prod.writes if kind is Kind.SERVICE])
    for _ in range(4):
        controller.after(301)
    assert len([kind for _, kind, _ in fleet.prod.writes if kind is Kind.SERVICE]) == rollouts
    assert status(controller) == (Status.DEGRADED, Verdict.BLOCKED)
    fleet.commit(bot())
    controller.tick()
    assert status(controller) == (Status.RUNNING, Verdict.SYNCED)


def test_a_failure_of_the_surroundings_is_tried_again_when_its_time_has_come(
    fleet: FakeFleet, controller: FakeController
) -> None:
    fleet.commit(bot())
    controller.tick()
    surroundings = failing("CannotPullContainerError", cause=Cause.SURROUNDINGS)
    fleet.prod.script(identity(), surroundings)
    fleet.commit(bigger())
    controller.tick()
    memory = controller.store.retry(identity())
    assert memory is not None
    assert memory.attempts == 1
    controller.after(10)
    assert status(controller) == (Status.RUNNING, Verdict.SYNCED)
    assert controller.store.retry(identity()) is None


def test_rollouts_keep_to_the_limit_of_the_environment(fleet: FakeFleet, controller: FakeController) -> None:
    bots = [bot(f"bot-{number}") for number in range(12)]
    fleet.commit(*bots)
    controller.tick()
    assert fleet.prod.most_rollouts <= 5
    assert all(status(controller, f"bot-{number}")[0] is Status.RUNNING for number in range(12))


def test_after_too_many_failures_of_a_commit_no_further_rollout_is_started(
    fleet: FakeFleet, controller: FakeController
) -> None:
    names = [f"bot-{number}" for number in range(8)]
    fleet.commit(*[bot(name) for name in names])
    controller.tick()
    for name in names:
        fleet.prod.script(identity(name), failing("crash"))
    fleet.prod.writes.clear()
    fleet.commit(*[bigger(name) for name in names])
    controller.tick()
    held = [event for event in controller.store.events() if event.type is EventType.HELD]
    started = {who for who, kind, _ in fleet.prod.writes if kind is Kind.SERVICE}
    assert held
    assert len(started) < len(names)


def test_the_controller_after_it_starts_no_further_one_either(
    fleet: FakeFleet, controller: FakeController, tmp_path: Path
) -> None:
    names = [f"bot-{number}" for number in range(4)]
    fleet.commit(*[bot(name) for name in names])
    controller.tick()
    for name in names:
        fleet.prod.script(identity(name), failing("crash"))
    fleet.commit(*[bigger(name) for name in names])
    commit = fleet.source.poll()
    for name in names[:2]:  # what the controller before wrote down: as many as `stopAfterFailures`
        controller.store.note_failed(identity(name), commit)
    controller.close()
    fleet.prod.writes.clear()
    successor = FakeController(fleet, tmp_path / "state.db")
    successor.tick()
    started = {who.id for who, kind, _ in fleet.prod.writes if kind is Kind.SERVICE}
    held = {event.identity.id for event in successor.store.events() if event.type is EventType.HELD}
    successor.close()
    assert started <= set(names[:2]), "these two may try themselves again; their own failure is not counted"
    assert set(names[2:]) <= held


def test_git_that_cannot_be_reached_stops_the_polling_only(fleet: FakeFleet, controller: FakeController) -> None:
    fleet.commit(bot())
    controller.tick()
    fleet.source.broken = StallingError("MH-GIT-004", "cannot reach the repository")
    fleet.prod.tamper(identity(), Kind.LOG_GROUP, retention_days=1)
    controller.after(301)
    assert fleet.prod.resources(identity()).log_group.retention_days == 365  # type: ignore[union-attr]
    fleet.source.broken = None
    fleet.commit(bigger())
    controller.tick()
    assert status(controller) == (Status.RUNNING, Verdict.SYNCED)


def test_a_rewritten_history_writes_nothing_until_accepted(fleet: FakeFleet, controller: FakeController) -> None:
    old = fleet.commit(bot())
    controller.tick()
    fleet.prod.writes.clear()
    files = tree(bigger())
    fleet.source.force(files)
    controller.tick()
    controller.after(301)
    assert fleet.prod.writes == []
    assert status(controller)[1] is Verdict.BLOCKED
    fleet.source.commit_tree(files, Molthub_Accept_Rewrite=old)
    controller.tick()
    assert status(controller) == (Status.RUNNING, Verdict.SYNCED)


def test_a_controller_owns_only_its_environments(fleet: FakeFleet, tmp_path: Path) -> None:
    controller = FakeController(fleet, tmp_path / "one.db", environments=("acme/dev",))
    fleet.commit(bot(), instance_dict(metadata={"name": "dev-bot", "environment": "dev"}))
    controller.once()
    controller.close()
    assert [key.environment for key, _, _ in fleet.places] == ["dev"], "the other one is not even read"


def test_an_environment_that_is_not_there_is_not_all_well(fleet: FakeFleet, tmp_path: Path) -> None:
    controller = FakeController(fleet, tmp_path / "one.db", environments=("acme/prdo",))
    fleet.commit(bot())
    assert not controller.once(), "misspelt, it would do nothing and say that all is well"
    assert not fleet.places, "and AWS is not asked"
    controller.close()


def test_rollouts_that_take_long_keep_no_worker_from_a_repair(fleet: FakeFleet, controller: FakeController) -> None:
    names = [f"bot-{number}" for number in range(5)]
    fleet.commit(bot(), *[bot(name) for name in names])
    controller.tick()
    started, release = threading.Semaphore(0), threading.Event()

    def hold(who: Identity, change: Change) -> None:
        if who.id in names and change.kind is Kind.SERVICE:
            started.release()
            release.wait(20)

    fleet.prod.before_perform = hold
    fleet.prod.tamper(identity(), Kind.LOG_GROUP, retention_days=1)
    fleet.commit(bot(), *[bigger(name) for name in names])
    ticking = threading.Thread(target=controller.tick)
    ticking.start()
    try:
        assert all(started.acquire(timeout=20) for _ in names), "five rollouts at once, with three workers"
        controller.queue.add(identity())
        assert eventually(lambda: fleet.prod.resources(identity()).log_group.retention_days == 365)  # type: ignore[union-attr]
    finally:
        release.set()
        ticking.join(20)


def eventually(proof: Callable[[], bool]) -> bool:
    end = time.monotonic() + 20
    while not proof() and time.monotonic() < end:
        time.sleep(0.02)
    return proof()


def test_the_trail_of_a_changed_secret_calls_for_a_look_at_once(fleet: FakeFleet, controller: FakeController) -> None:
    fleet.commit(bot())
    controller.tick()
    looks = fleet.prod.observations
    fleet.commit(bot())
    controller.tick()
    assert fleet.prod.observations == looks, "an empty commit alone costs no look"
    fleet.commit(bot(), Molthub_Secret="rotate acme/prod/support-bot#telegram")
    controller.tick()
    assert fleet.prod.observations > looks
