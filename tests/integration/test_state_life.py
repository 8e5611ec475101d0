"""The life of a Moltbot that keeps its state, from its first deployment to the backup that stays of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from molthub.apply.types import Outcome
from molthub.events.types import EventType
from molthub.resources.states import Verdict
from tests.builders import instance_dict
from tests.fakes.aws_meddling import CrashError, Dying, meddled
from tests.fakes.foundation import found
from tests.fakes.stage import AWS, LINKED, Session, Stage, by_id, furnished

MOST_DEATHS = 40
BETWEEN = 130.0
"""Seconds from one death to the next process: a backup is done then, a restore is under way still."""
LEARNED = "a friend's name"
OLD, NEW, BAD = (f"ghcr.io/openclaw/openclaw:2026.9.{number}" for number in (6, 7, 8))


@pytest.fixture(scope="module")
def furniture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One simulator for the module: starting it costs more than a test."""
    with furnished(tmp_path_factory.mktemp("stage"), speed=0.001) as made:
        yield made


@pytest.fixture
def stage(furniture: Stage, tmp_path: Path) -> Stage:
    """An account with nothing in it but what persistent state stands on."""
    control = furniture.control
    control.reset()
    control.set_speed(0.001)
    control.seed(environments=[AWS], secrets=LINKED)
    found(furniture)
    return Stage(furniture.simulator, tmp_path)


def bot(image: str = OLD, **spec: Any) -> dict[str, Any]:
    return instance_dict(spec={"runtime": {"image": image}, "state": {"persistent": True}, **spec})


def begun(stage: Stage) -> None:
    """A Moltbot that runs and has learned something."""
    stage.commit(bot())
    assert applied(stage) == (Outcome.APPLIED, [])
    assert verdict(stage.session()) is Verdict.SYNCED
    stage.control.write_state(active(stage), LEARNED)


def applied(stage: Stage, **settings: Any) -> tuple[Outcome, list[str]]:
    """The outcome of one apply by a fresh process, and what its diagnostics say."""
    (result,) = stage.session().apply(**settings).values()
    return result.outcome, [item.ref for item in result.diagnostics]


def active(stage: Stage) -> str:
    found = stage.client("efs").describe_file_systems()["FileSystems"]
    tags = {item["FileSystemId"]: {tag["Key"]: tag["Value"] for tag in item["Tags"]} for item in found}
    (identifier,) = [key for key, held in tags.items() if held.get("molthub:state") == "active"]
    return identifier


def marks(stage: Stage) -> list[str]:
    held: list[str] = stage.control.storage()["fileSystems"][active(stage)]
    return held


def running_image(stage: Stage) -> str:
    ecs = stage.client("ecs")
    (arn,) = ecs.list_tasks(cluster=AWS["cluster"])["taskArns"]
    (task,) = ecs.describe_tasks(cluster=AWS["cluster"], tasks=[arn])["tasks"]
    return str(next(item["image"] for item in task["containers"] if item["name"] == "gateway"))


def verdict(session: Session) -> Verdict:
    return by_id(session.plan())["support-bot"].plan.verdict


def test_an_upgrade_is_backed_up_and_one_that_fails_goes_back(stage: Stage) -> None:
    begun(stage)
    stage.commit(bot(NEW))
    view = by_id(stage.session().plan())["support-bot"]
    kinds = [(change.action.word, str(change.kind)) for change in view.plan.changes]
    backup, update = ("create", "backup"), ("update", "service")
    assert kinds == [update, backup, ("update", "task-definition"), update, update]
    assert [item.ref for item in view.plan.notices] == ["MH-BACK-010"]
    assert applied(stage) == (Outcome.APPLIED, [])
    assert marks(stage) == [OLD, LEARNED, NEW]
    assert list(stage.control.storage()["recoveryPoints"].values()) == [[OLD, LEARNED]]
    assert verdict(stage.session()) is Verdict.SYNCED

    first = active(stage)
    stage.control.add_image_rule(BAD, "crash")
    stage.commit(bot(BAD))
    session = stage.session()
    (result,) = session.apply().values()
    assert (result.outcome, [item.ref for item in result.diagnostics]) == (Outcome.FAILED, ["MH-APPLY-002"])
    assert EventType.ROLLED_BACK in {event.type for event in session.events}
    assert (active(stage) != first, running_image(stage), marks(stage)) == (True, NEW, [OLD, LEARNED, NEW])
    view = by_id(stage.session().plan())["support-bot"]
    assert (view.plan.verdict, [item.ref for item in view.plan.reasons]) == (Verdict.BLOCKED, ["MH-PLAN-004"])
    stage.commit(bot(NEW))
    assert verdict(stage.session()) is Verdict.SYNCED


def test_it_lives_through_pause_and_rename_and_leaves_a_last_backup(stage: Stage) -> None:
    begun(stage)
    stage.commit(bot(lifecycle={"paused": {"by": "ana@example.com", "reason": "holiday"}}))
    applied(stage)
    renamed = bot()
    renamed["metadata"] |= {"id": "support-bot", "name": "help-bot"}
    stage.commit(renamed)
    assert applied(stage) == (Outcome.APPLIED, [])
    assert marks(stage) == [OLD, LEARNED]

    other = instance_dict(metadata={"name": "other-bot"})
    stage.commit(renamed, other)
    stage.session().apply()
    stage.commit(other)
    results = stage.session().apply()
    assert {result.outcome for result in results.values()} <= {Outcome.APPLIED, Outcome.UNCHANGED}, results
    assert stage.client("efs").describe_file_systems()["FileSystems"] == []
    assert list(stage.control.storage()["recoveryPoints"].values()) == [[OLD, LEARNED]]


def died_at_every_write(stage: Stage) -> int:
    """Applies the head again and again, each time by a process that dies after its first write; how many died."""
    for deaths in range(MOST_DEATHS):
        hook = Dying(1, after_effect=True)
        try:
            stage.session_with(lambda _key, location, hook=hook: meddled(location, hook)).apply()
        except CrashError:
            stage.control.advance(BETWEEN)
        else:
            return deaths
    raise AssertionError("it never comes to an end")


def test_a_process_that_dies_at_any_write_is_gone_on_from(stage: Stage) -> None:
    """An upgrade that succeeds, then one that fails and is undone: dying after each write ends where not dying ends."""
    begun(stage)
    stage.commit(bot(NEW))
    assert died_at_every_write(stage) >= 5
    assert (running_image(stage), marks(stage)) == (NEW, [OLD, LEARNED, NEW])
    assert verdict(stage.session()) is Verdict.SYNCED

    stage.control.add_image_rule(BAD, "crash")
    stage.commit(bot(BAD))
    assert died_at_every_write(stage) > 10
    assert (running_image(stage), marks(stage)) == (NEW, [OLD, LEARNED, NEW])
    assert verdict(stage.session()) is Verdict.BLOCKED
