"""An instance's whole life on the simulator: created, seen as desired, unchanged, mended, rolled, deleted."""

import pytest

from molthub.planning.types import Action, Change
from molthub.resources.identity import names_of
from molthub.resources.observation import RolloutState
from molthub.resources.types import Kind
from tests.fakes.aws_world import BOT, COMMIT, AwsWorld, aws_world, create, differences, kinds_of, update
from tests.fakes.simulator import TestSimulator


@pytest.fixture
def world(simulator: TestSimulator, monkeypatch: pytest.MonkeyPatch) -> AwsWorld:
    return aws_world(simulator, monkeypatch)


def test_created_it_is_seen_exactly_as_desired_and_written_no_more(world: AwsWorld) -> None:
    desired = world.desired(metadata={"labels": {"team": "support"}})
    results = world.make(desired)
    assert [result.wrote for result in results] == [True] * len(kinds_of(desired))
    rollout = world.settle(results[-1].rollout_id or "")
    assert rollout.state is RolloutState.COMPLETED
    assert rollout.task_definition == desired.service.task_definition  # type: ignore[union-attr]

    for provider in (world.provider, world.fresh_provider()):
        world.provider = provider
        for sweep in (False, True):
            seen = world.seen(sweep=sweep)
            assert differences(seen.resources, desired) == {}
            assert (seen.failures, seen.foreign, seen.commit, seen.protected) == ((), (), COMMIT, False)
            assert seen.runtime is not None
            assert (seen.runtime.status, seen.runtime.desired, seen.runtime.running) == ("ACTIVE", 1, 1)

    world.control.reset_counters()
    again = world.make(desired)
    assert [result.wrote for result in again] == [False] * len(kinds_of(desired))
    assert world.writes() == []
    # Rendered anew from what is there now, with the gateway secret's real version: still the same.
    assert differences(world.desired(metadata={"labels": {"team": "support"}}), desired) == {}


def test_deleted_nothing_is_left(world: AwsWorld) -> None:
    desired = world.desired()
    world.deploy(desired)
    world.remove(world.seen().resources)
    assert world.observe(sweep=True).instances[BOT].resources.is_empty
    world.control.reset_counters()
    world.remove(desired)
    assert world.writes() == []
    assert world.client("ecs").list_task_definitions(status="ACTIVE")["taskDefinitionArns"] == []
    assert len(world.client("ecs").list_task_definitions(status="INACTIVE")["taskDefinitionArns"]) == 1


def test_deleted_and_made_again(world: AwsWorld) -> None:
    desired = world.desired()
    world.deploy(desired)
    world.remove(desired)
    facts = world.observe().secrets
    assert facts[names_of(BOT).gateway_secret].deleted
    for kind in kinds_of(desired):
        world.patiently(create(desired, kind))
    assert differences(world.seen().resources, desired) == {}
    assert not world.observe().secrets[names_of(BOT).gateway_secret].deleted


def test_a_new_version_is_one_revision_and_one_update(world: AwsWorld) -> None:
    first = world.desired()
    world.deploy(first)
    second = world.desired(spec={"runtime": {"env": {"TZ": "Europe/Berlin"}}})
    world.control.reset_counters()
    world.perform(update(first.task_definition, second.task_definition, Kind.TASK_DEFINITION))
    result = world.perform(update(first.service, second.service, Kind.SERVICE))
    assert world.writes() == ["ecs:RegisterTaskDefinition", "ecs:UpdateService"]
    assert result.rollout_id is not None
    assert world.settle(result.rollout_id).state is RolloutState.COMPLETED
    assert differences(world.seen().resources, second) == {}


def test_a_registered_revision_is_adopted_after_a_crash(world: AwsWorld) -> None:
    first = world.desired()
    world.deploy(first)
    second = world.desired(spec={"runtime": {"env": {"TZ": "Europe/Berlin"}}})
    world.perform(update(first.task_definition, second.task_definition, Kind.TASK_DEFINITION))
    world.provider = world.fresh_provider()  # the crash
    world.control.reset_counters()
    result = world.perform(update(first.task_definition, second.task_definition, Kind.TASK_DEFINITION))
    assert not result.wrote
    world.perform(update(first.service, second.service, Kind.SERVICE))
    assert world.writes() == ["ecs:UpdateService"]


def test_an_update_whose_answer_was_lost_is_found_done_and_still_followed(world: AwsWorld) -> None:
    first = world.desired()
    world.deploy(first)
    second = world.desired(spec={"runtime": {"env": {"TZ": "Europe/Berlin"}}})
    world.perform(update(first.task_definition, second.task_definition, Kind.TASK_DEFINITION))
    change = update(first.service, second.service, Kind.SERVICE, force=True)
    made = world.perform(change)
    again = world.perform(change)
    assert (made.wrote, again.wrote) == (True, False)
    assert made.rollout_id == again.rollout_id


def test_paused_and_resumed(world: AwsWorld) -> None:
    desired = world.desired()
    world.deploy(desired)
    paused = world.seen().resources.service
    assert paused is not None
    stopped = paused.__class__(**{**{f: getattr(paused, f) for f in paused.__dataclass_fields__}, "desired_count": 0})
    world.control.reset_counters()
    world.perform(update(paused, stopped, Kind.SERVICE))
    assert world.writes() == ["ecs:UpdateService"]
    world.control.advance(120)
    runtime = world.seen().runtime
    assert runtime is not None
    assert (runtime.desired, runtime.running) == (0, 0)
    result = world.perform(update(stopped, desired.service, Kind.SERVICE, force=True))
    assert result.rollout_id is not None
    assert world.settle(result.rollout_id).state is RolloutState.COMPLETED
    assert differences(world.seen().resources, desired) == {}


def test_a_forced_deployment_although_nothing_differs(world: AwsWorld) -> None:
    desired = world.desired()
    first = world.deploy(desired)
    result = world.perform(update(desired.service, desired.service, Kind.SERVICE, force=True))
    assert result.wrote
    assert result.rollout_id not in (None, first.deployment_id)


def test_a_draining_service_makes_deletion_and_creation_wait(world: AwsWorld) -> None:
    desired = world.desired()
    world.deploy(desired)
    world.client("ecs").delete_service(cluster="molthub-acme-prod", service=names_of(BOT).service, force=True)
    for sweep in (False, True):
        seen = world.seen(sweep=sweep)
        assert seen.resources.service is None
        assert seen.resources.task_definition == desired.task_definition
        assert seen.runtime is not None
        assert seen.runtime.status == "DRAINING"
    with pytest.raises(Exception, match="MH-AWS-014"):
        world.perform(create(desired, Kind.SERVICE))
    with pytest.raises(Exception, match="MH-AWS-014"):
        world.perform(Change(Action.DELETE, Kind.SERVICE, "s", desired.service, None))
    assert world.patiently(create(desired, Kind.SERVICE)).wrote


def test_a_group_still_held_by_a_task_makes_its_deletion_wait(world: AwsWorld) -> None:
    desired = world.desired()
    world.deploy(desired)
    with pytest.raises(Exception, match="MH-AWS-015"):
        world.perform(Change(Action.DELETE, Kind.SECURITY_GROUP, "g", desired.security_group, None))
