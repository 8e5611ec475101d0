"""Revisions of a task definition: registered only for new content, deregistered when nothing can go back to them."""

from __future__ import annotations

import pytest

from molthub.aws.provider import AwsProvider, aws_provider_factory
from molthub.aws.throttle import Quotas
from molthub.provider.protocols import WriteContext, WriteResult
from molthub.resources.identity import names_of
from molthub.resources.observation import RolloutState
from molthub.resources.types import Kind, ResourceSet
from tests.fakes.aws_world import BOT, COMMIT, KEY, LOCATION, AwsWorld, aws_world, update
from tests.fakes.simulator import TestSimulator

IMAGE = "ghcr.io/openclaw/openclaw"


@pytest.fixture
def world(simulator: TestSimulator, monkeypatch: pytest.MonkeyPatch) -> AwsWorld:
    return aws_world(simulator, monkeypatch)


def version(world: AwsWorld, tag: str) -> ResourceSet:
    return world.desired(spec={"runtime": {"image": f"{IMAGE}:{tag}"}})


def roll(world: AwsWorld, before: ResourceSet, tag: str) -> tuple[ResourceSet, RolloutState]:
    after = version(world, tag)
    world.perform(update(before.task_definition, after.task_definition, Kind.TASK_DEFINITION))
    result = world.perform(update(before.service, after.service, Kind.SERVICE))
    assert result.rollout_id is not None
    state = world.settle(result.rollout_id).state
    return (after if state is RolloutState.COMPLETED else before), state


def active(world: AwsWorld) -> list[int]:
    arns = world.client("ecs").list_task_definitions(familyPrefix=names_of(BOT).family)["taskDefinitionArns"]
    return sorted(int(arn.rsplit(":", 1)[-1]) for arn in arns)


def tidy(world: AwsWorld) -> WriteResult:
    world.control.reset_counters()
    return world.provider.tidy(WriteContext(BOT, COMMIT))


def test_only_what_nothing_can_go_back_to_is_deregistered(world: AwsWorld) -> None:
    running = version(world, "2026.9.1")
    world.deploy(running)
    for tag in ("2026.9.2-crash", "2026.9.3-crash", "2026.9.4-crash"):
        running, state = roll(world, running, tag)
        assert state is RolloutState.ROLLED_BACK
    running, state = roll(world, running, "2026.9.5")
    assert (state, active(world)) == (RolloutState.COMPLETED, [1, 2, 3, 4, 5])
    assert tidy(world) == WriteResult(wrote=True, detail=f"1 old revision of {names_of(BOT).family} deregistered")
    assert active(world) == [1, 3, 4, 5]  # 1 is what was replaced; 3, 4 and 5 are the newest
    assert not tidy(world).wrote
    assert world.writes() == []
    world.provider = world.fresh_provider()
    running, _ = roll(world, running, "2026.9.6")
    assert tidy(world).wrote
    assert active(world) == [4, 5, 6]
    assert world.seen().resources.service == running.service


def test_a_few_revisions_cost_one_read(world: AwsWorld) -> None:
    running = version(world, "2026.9.1")
    world.deploy(running)
    roll(world, running, "2026.9.2")
    assert not tidy(world).wrote
    assert [call["operation"] for call in world.control.calls()] == ["ListTaskDefinitions"]


def test_content_that_was_there_before_is_not_registered_again(world: AwsWorld) -> None:
    first = version(world, "2026.9.1")
    world.deploy(first)
    second, _ = roll(world, first, "2026.9.2")
    world.control.reset_counters()
    world.provider = world.fresh_provider()
    back, state = roll(world, second, "2026.9.1")
    assert (state, back.task_definition) == (RolloutState.COMPLETED, first.task_definition)
    assert "ecs:RegisterTaskDefinition" not in world.writes()
    assert active(world) == [1, 2]


def test_while_others_wait_for_the_quota_nothing_is_tidied(world: AwsWorld) -> None:
    running = version(world, "2026.9.1")
    world.deploy(running)
    for number in range(2, 6):
        running, _ = roll(world, running, f"2026.9.{number}")
    quotas = Quotas()
    provider = aws_provider_factory(throttle=quotas.of)(KEY, LOCATION)
    assert isinstance(provider, AwsProvider)
    pace = quotas.of(LOCATION.account_id, LOCATION.region)
    for number in range(8):
        pace.wait("ecs", "RegisterTaskDefinition", str(number))
    assert not provider.tidy(WriteContext(BOT, COMMIT)).wrote
    assert tidy(world).wrote
    assert active(world) == [3, 4, 5]


def test_throttling_by_aws_is_heard_through_botocores_own_retries(world: AwsWorld) -> None:
    quotas = Quotas()
    provider = aws_provider_factory(throttle=quotas.of)(KEY, LOCATION)
    pace = quotas.of(LOCATION.account_id, LOCATION.region)
    assert pace.has_spare("ecs", "DescribeServices")
    world.control.add_fault("throttle", operation="ecs:DescribeServices")
    assert provider.failed_rollouts(BOT) == ()  # botocore tried again, and it was answered
    assert not pace.has_spare("ecs", "DescribeServices")
    assert pace.has_spare("ecs", "DescribeTaskDefinition")
