"""Backups that fail, that are not wanted, and that are too old to count, on a simulator shared by the module."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from molthub.apply.types import Outcome
from molthub.resources.states import Verdict
from tests.builders import instance_dict
from tests.fakes.aws_meddling import CrashError, Dying, meddled
from tests.fakes.foundation import found
from tests.fakes.stage import AWS, LINKED, Session, Stage, by_id, furnished

OLD, NEW, BAD = (f"ghcr.io/openclaw/openclaw:2026.9.{number}" for number in (6, 7, 8))
LEARNED = "a friend's name"


@pytest.fixture(scope="module")
def furniture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with furnished(tmp_path_factory.mktemp("stage"), speed=0.001) as made:
        yield made


@pytest.fixture
def stage(furniture: Stage, tmp_path: Path) -> Stage:
    """A Moltbot that runs OLD and has learned something, in an account of its own."""
    control = furniture.control
    control.reset()
    control.set_speed(0.001)
    control.seed(environments=[AWS], secrets=LINKED)
    found(furniture)
    made = Stage(furniture.simulator, tmp_path)
    made.commit(bot(OLD))
    assert applied(made.session()) == (Outcome.APPLIED, [])
    control.write_state(file_systems(made)[0], LEARNED)
    return made


def bot(image: str, policy: str = "required", *, persistent: bool = True) -> dict[str, Any]:
    state = {"persistent": persistent} | ({"backupBeforeUpgrade": policy} if persistent else {})
    return instance_dict(spec={"runtime": {"image": image}, "state": state})


def applied(session: Session) -> tuple[Outcome, list[str]]:
    (result,) = session.apply().values()
    return result.outcome, [item.ref for item in result.diagnostics]


def file_systems(stage: Stage) -> list[str]:
    return [item["FileSystemId"] for item in stage.client("efs").describe_file_systems()["FileSystems"]]


def marks(stage: Stage) -> list[str]:
    (held,) = stage.control.storage()["fileSystems"].values()
    return list(held)


def points(stage: Stage) -> list[list[str]]:
    return list(stage.control.storage()["recoveryPoints"].values())


def running(stage: Stage) -> list[str]:
    ecs = stage.client("ecs")
    arns = ecs.list_tasks(cluster=AWS["cluster"])["taskArns"]
    tasks = ecs.describe_tasks(cluster=AWS["cluster"], tasks=arns)["tasks"] if arns else []
    return [item["image"] for task in tasks for item in task["containers"] if item["name"] == "gateway"]


def verdict(stage: Stage) -> Verdict:
    return by_id(stage.session().plan())["support-bot"].plan.verdict


def test_without_the_backup_it_requires_nothing_is_upgraded_and_it_runs_again(stage: Stage) -> None:
    stage.control.fail_storage("backup", times=2)
    stage.commit(bot(NEW))
    assert applied(stage.session()) == (Outcome.FAILED, ["MH-BACK-005"])
    stage.control.advance(300)
    assert (running(stage), marks(stage), points(stage)) == ([OLD], [OLD, LEARNED], [])


def test_best_effort_goes_on_without_a_backup_and_says_so(stage: Stage) -> None:
    stage.control.fail_storage("backup", times=2)
    stage.commit(bot(NEW, "bestEffort"))
    session = stage.session()
    assert applied(session) == (Outcome.APPLIED, [])
    told = [event.message for event in session.events if "WARNING: the backup failed" in event.message]
    assert len(told) == 1
    assert (running(stage), points(stage), verdict(stage)) == ([NEW], [], Verdict.SYNCED)


def test_best_effort_without_a_backup_comes_back_though_the_process_dies(stage: Stage) -> None:
    """Nothing is left that could restore: ECS itself starts the former version again, on the state as it is."""
    stage.control.fail_storage("backup", times=9)
    stage.control.add_image_rule(BAD, "crash")
    stage.commit(bot(BAD, "bestEffort"))
    deaths = 0
    for writes in range(2, 8):
        hook = Dying(writes, after_effect=True)
        try:
            stage.session_with(lambda _key, location, hook=hook: meddled(location, hook)).apply()
        except CrashError:
            deaths += 1
        stage.control.advance(900)
    assert deaths > 1
    stage.control.advance(3600)
    assert (running(stage), LEARNED in marks(stage), points(stage)) == ([OLD], True, [])
    assert verdict(stage) is Verdict.BLOCKED


def test_off_makes_no_backup_and_does_not_stop_it_first(stage: Stage) -> None:
    stage.commit(bot(NEW, "off"))
    view = by_id(stage.session().plan())["support-bot"]
    assert [str(change.kind) for change in view.plan.changes] == ["task-definition", "service"]
    assert applied(stage.session()) == (Outcome.APPLIED, [])
    assert (running(stage), points(stage)) == ([NEW], [])


def test_giving_up_the_state_is_shouted_and_backed_up_first(stage: Stage) -> None:
    stage.commit(bot(OLD, persistent=False))
    view = by_id(stage.session().plan())["support-bot"]
    assert "MH-BACK-012" in [item.ref for item in view.plan.notices]
    assert applied(stage.session()) == (Outcome.APPLIED, [])
    assert (file_systems(stage), points(stage), running(stage)) == ([], [[OLD, LEARNED]], [OLD])
    assert verdict(stage) is Verdict.SYNCED


def test_the_last_backup_of_a_deletion_taken_back_does_not_count_for_the_next(stage: Stage) -> None:
    """Backed up, brought back, more learned; then the service goes by hand and the manifest again."""
    other = instance_dict(metadata={"name": "other-bot"})
    stage.commit(bot(OLD), other)
    stage.session().apply()
    stage.commit(other)
    for _ in range(3):  # stop, mark, begin the backup
        hook = Dying(1, after_effect=True)
        with pytest.raises(CrashError):
            stage.session_with(lambda _key, location, hook=hook: meddled(location, hook)).apply()
        stage.control.advance(300)
    assert points(stage) == [[OLD, LEARNED]]
    stage.commit(bot(OLD), other)
    stage.session().apply()
    stage.control.write_state(file_systems(stage)[0], "more")
    ecs = stage.client("ecs")
    names = [arn for arn in ecs.list_services(cluster=AWS["cluster"])["serviceArns"] if "support-bot" in arn]
    ecs.delete_service(cluster=AWS["cluster"], service=names[0], force=True)
    stage.control.advance(3600)
    stage.commit(other)
    results = stage.session().apply()
    assert {result.outcome for result in results.values()} <= {Outcome.APPLIED, Outcome.UNCHANGED}, results
    assert (file_systems(stage), sorted(points(stage))[-1]) == ([], [OLD, LEARNED, "more"])
