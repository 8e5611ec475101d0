"""Molthub dies after each of its write calls; a fresh start ends where an undisturbed run ends.

First by SIGKILL: a real `molthub apply` whose k-th write has had its effect, and whose answer never comes. Then, for
more rollouts and also before the effect, by an exception that nothing in Molthub may catch.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from molthub.apply.types import InstanceResult, Outcome
from molthub.provider.protocols import Location, Provider
from molthub.resources.identity import EnvironmentKey
from tests.fakes.aws_meddling import CrashError, Dying, meddled
from tests.fakes.inventories import Json, comparable, differences
from tests.fakes.rich_fleet import STATEMENTS, Manifest, bot
from tests.fakes.stage import AWS, HASTE, LINKED, Session, Stage, furnished

BEFORE = bot("support-bot", taskRole={"statements": STATEMENTS})
AFTER = bot("support-bot", taskRole={"statements": STATEMENTS}, runtime={"image": "ghcr.io/openclaw/openclaw:2026.9.7"})
BYSTANDER = bot("bystander")
"""Never changes; with it the fleet is never empty, so that a deletion needs no confirmation."""

Fleet = list[Manifest]
ROLLOUTS: dict[str, tuple[list[Fleet], Fleet]] = {
    "first-deployment": ([[BYSTANDER]], [BYSTANDER, BEFORE]),
    "upgrade": ([[BYSTANDER, BEFORE]], [BYSTANDER, AFTER]),
    "deletion": ([[BYSTANDER, BEFORE]], [BYSTANDER]),
}
"""The fleets to begin with, and the one whose apply is killed."""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with furnished(tmp_path_factory.mktemp("stage"), speed=HASTE) as made:
        yield made


def prepare(stage: Stage, rollout: str, *, speed: float = HASTE) -> None:
    """An account as it is just before the rollout."""
    stage.control.reset()
    stage.control.set_speed(speed)
    stage.control.seed(environments=[AWS], secrets=LINKED)
    earlier, last = ROLLOUTS[rollout]
    for fleet in earlier:
        stage.commit(*fleet)
        assert {item.outcome for item in stage.session().apply().values()} == {Outcome.APPLIED}
    stage.commit(*last)
    stage.control.reset_counters()


def undisturbed(stage: Stage, rollout: str) -> tuple[int, Json]:
    """The number of writes of a run that nobody disturbs, and what there is in the end."""
    prepare(stage, rollout)
    results = stage.session().apply()
    assert ended(results), results
    return len(stage.writes()), comparable(stage)


def ended(results: dict[str, InstanceResult]) -> bool:
    """Whether every instance is as it should be."""
    return all(item.outcome in (Outcome.APPLIED, Outcome.UNCHANGED) for item in results.values())


def converge(session: Session) -> None:
    """Apply until nothing is left to do; two passes suffice, the second only where AWS needed time."""
    for _ in range(2):
        results = session.apply()
        if ended(results):
            return
    raise AssertionError(results)


LEAST = {"first-deployment": 10, "upgrade": 2, "deletion": 8}
"""Writes that each makes at least: a rollout of nothing would be killed nowhere."""


@pytest.mark.parametrize(("rollout", "most"), [("first-deployment", 99), ("upgrade", 99), ("deletion", 1)])
def test_sigkill_after_each_write(stage: Stage, rollout: str, most: int) -> None:
    """A real process waits for a service to drain in real time: of a deletion only the first write is killed here.

    What goes on from there is a real process too after the first and the last write; after the others it is what such
    a process would do, in here.
    """
    writes, wanted = undisturbed(stage, rollout)
    assert writes >= LEAST[rollout]
    last = min(writes, most)
    for number in range(1, last + 1):
        prepare(stage, rollout)
        killed_at = kill_after_write(stage, number)
        if number in (1, last):
            again = stage.molthub("apply", "--auto-approve")
            assert again.returncode == 0, f"after {killed_at}: {again.stdout}{again.stderr}"
        else:
            results = stage.session().apply()
            assert ended(results), f"after {killed_at}: {results}"
        assert differences(comparable(stage), wanted) == [], f"killed after write {number}, {killed_at}"
    print(f"{rollout}: SIGKILL after each of {last} of {writes} writes")


def kill_after_write(stage: Stage, number: int) -> str:
    """Start an apply and kill it while it waits for the answer of its n-th write; which one that was."""
    held = stage.control.add_fault("hold-after", nth=number, access="write")
    process = stage.start("apply", "--auto-approve")
    reached = stage.control.wait_until_held(held, timeout=60)
    process.send_signal(signal.SIGKILL)
    said = process.communicate()
    assert reached, said
    assert process.returncode == -signal.SIGKILL
    assert len(stage.writes()) == number
    stage.control.clear_faults()
    return stage.writes()[-1]


@pytest.mark.parametrize("rollout", ["upgrade", "deletion"])
def test_dying_after_each_write(stage: Stage, rollout: str) -> None:
    """In process. Dying before a write leaves what dying after the one before it leaves, so that is not repeated;
    the first deployment's writes are swept so in test_aws_crashes.py."""
    writes, wanted = undisturbed(stage, rollout)
    for number in range(1, writes + 1):
        prepare(stage, rollout)
        dying = Dying(number, after_effect=True)
        with pytest.raises(CrashError) as crash:
            stage.session_with(provider_that(dying)).apply()
        assert dying.writes >= number
        converge(stage.session())
        assert differences(comparable(stage), wanted) == [], f"died at write {number}, {crash.value}"


def provider_that(hook: Callable[..., Any]) -> Callable[[EnvironmentKey, Location], Provider]:
    """A provider whose calls go through a hook."""
    made: dict[Location, Provider] = {}
    return lambda _key, location: made.setdefault(location, meddled(location, hook))


def test_the_comparison_can_fail(stage: Stage) -> None:
    """A guard for the tests above: an orphaned revision, or a tag too many, is a difference."""
    _, wanted = undisturbed(stage, "upgrade")
    assert comparable(stage) == wanted
    ecs = stage.client("ecs")
    revision = ecs.describe_task_definition(taskDefinition=ecs.list_task_definitions()["taskDefinitionArns"][0])
    data = revision["taskDefinition"]
    keys = ("family", "networkMode", "cpu", "memory", "containerDefinitions", "volumes", "executionRoleArn")
    ecs.register_task_definition(requiresCompatibilities=["FARGATE"], **{key: data[key] for key in keys})
    assert comparable(stage) != wanted
