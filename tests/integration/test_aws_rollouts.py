"""Rollouts judged by their deployment: why they failed, whose fault it is, and what a fresh process still knows."""

import pytest

from molthub.resources.observation import Cause, Rollout, RolloutState
from molthub.resources.types import Kind, ResourceSet
from tests.fakes.aws_world import BOT, AwsWorld, aws_world, differences, update
from tests.fakes.simulator import TestSimulator

IMAGE = "ghcr.io/openclaw/openclaw:2026.9.6"
BAD = [
    ("missing", Cause.SURROUNDINGS, "CannotPull"),
    ("crash", Cause.ITSELF, "exited with code"),
    ("init-fails", Cause.ITSELF, "container init exited with code"),
    ("unhealthy", Cause.ITSELF, "health check"),
    ("oom", Cause.ITSELF, "OutOfMemory"),
]
CERTAIN = {"missing", "init-fails"}


@pytest.fixture
def world(simulator: TestSimulator, monkeypatch: pytest.MonkeyPatch) -> AwsWorld:
    return aws_world(simulator, monkeypatch)


def with_image(world: AwsWorld, behaviour: str) -> ResourceSet:
    return world.desired(spec={"runtime": {"image": f"{IMAGE}-{behaviour}"}})


def roll(world: AwsWorld, before: ResourceSet, after: ResourceSet) -> str:
    world.perform(update(before.task_definition, after.task_definition, Kind.TASK_DEFINITION))
    result = world.perform(update(before.service, after.service, Kind.SERVICE))
    assert result.rollout_id is not None
    return result.rollout_id


def fingerprint(resources: ResourceSet) -> str:
    assert resources.service is not None
    return resources.service.task_definition


@pytest.mark.parametrize(("behaviour", "cause", "words"), BAD)
def test_a_first_deployment_that_fails(world: AwsWorld, behaviour: str, cause: Cause, words: str) -> None:
    desired = with_image(world, behaviour)
    rollout = world.deploy(desired)
    assert (rollout.state, rollout.cause) == (RolloutState.FAILED, cause)
    assert words in rollout.reason
    assert rollout.task_definition == fingerprint(desired)
    world.provider = world.fresh_provider()
    assert [(item.deployment_id, item.cause) for item in world.provider.failed_rollouts(BOT)] == [
        (rollout.deployment_id, cause)
    ]
    stopped = world.provider.stopped_tasks(BOT)
    assert words in stopped[-1].reason
    assert (stopped[-1].exit_code is None) == (behaviour == "missing")
    assert len({task.task_id for task in stopped}) == len(stopped) == rollout.failed_tasks


@pytest.mark.parametrize(("behaviour", "cause", "words"), BAD)
def test_an_update_that_fails_is_rolled_back_and_remembered(
    world: AwsWorld, behaviour: str, cause: Cause, words: str
) -> None:
    good, bad = world.desired(), with_image(world, behaviour)
    world.deploy(good)
    rollout_id = roll(world, good, bad)
    rollout = world.settle(rollout_id)
    assert (rollout.deployment_id, rollout.state, rollout.cause) == (rollout_id, RolloutState.ROLLED_BACK, cause)
    assert words in rollout.reason
    world.control.advance(600)
    assert differences(world.seen().resources, good) == {}

    world.provider = world.fresh_provider()  # no database, no cache
    assert told(world.provider.rollout(BOT, rollout_id)) == told(rollout)
    remembered = world.provider.failed_rollouts(BOT)
    assert [(item.deployment_id, item.task_definition, item.state, item.cause) for item in remembered] == [
        (rollout_id, fingerprint(bad), RolloutState.ROLLED_BACK, cause)
    ]


def told(rollout: Rollout) -> tuple[str, RolloutState, Cause | None]:
    return rollout.task_definition, rollout.state, rollout.cause


@pytest.mark.parametrize("behaviour", [item[0] for item in BAD])
def test_only_a_certain_cause_is_told_while_it_is_under_way(world: AwsWorld, behaviour: str) -> None:
    good, bad = world.desired(), with_image(world, behaviour)
    world.deploy(good)
    rollout_id = roll(world, good, bad)
    seen = []
    for _ in range(200):
        rollout = world.provider.rollout(BOT, rollout_id)
        if rollout.state is not RolloutState.IN_PROGRESS:
            break
        seen.append(rollout.cause)
        world.control.advance(2)
    assert (set(seen) - {None} != set()) is (behaviour in CERTAIN)


def test_a_rollout_is_stopped_and_taken_back(world: AwsWorld) -> None:
    good, bad = world.desired(), with_image(world, "unhealthy")
    world.deploy(good)
    rollout_id = roll(world, good, bad)
    world.control.advance(20)
    world.provider.stop_rollout(BOT, rollout_id)
    assert world.writes()[-1] == "ecs:StopServiceDeployment"
    rollout = world.settle(rollout_id)
    assert rollout.state is RolloutState.ROLLED_BACK
    world.control.advance(600)
    assert differences(world.seen().resources, good) == {}
    world.control.reset_counters()
    world.provider.stop_rollout(BOT, rollout_id)
    world.provider.stop_rollout(BOT, "ecs-svc/0")
    assert world.writes() == []


def test_a_superseded_rollout_is_no_failure_of_its_own(world: AwsWorld) -> None:
    first, slow = world.desired(), with_image(world, "unhealthy")
    world.deploy(first)
    superseded = roll(world, first, slow)
    world.control.advance(20)
    third = world.desired(spec={"runtime": {"env": {"TZ": "Europe/Berlin"}}})
    newer = roll(world, slow, third)
    assert world.settle(newer).state is RolloutState.COMPLETED
    world.control.advance(600)
    assert world.provider.failed_rollouts(BOT) == ()
    assert world.provider.rollout(BOT, superseded).cause is not Cause.ITSELF


def test_no_service_no_failures(world: AwsWorld) -> None:
    assert world.provider.failed_rollouts(BOT) == ()
    world.provider.stop_rollout(BOT, "ecs-svc/1")
    with pytest.raises(Exception, match="MH-AWS-022"):
        world.provider.rollout(BOT, "ecs-svc/1")


def test_an_unknown_rollout_says_so(world: AwsWorld) -> None:
    world.deploy(world.desired())
    with pytest.raises(Exception, match="ECS no longer knows the deployment ecs-svc/1"):
        world.provider.rollout(BOT, "ecs-svc/1")
