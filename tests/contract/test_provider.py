"""What every provider promises (molthub/provider/protocols.py), tried on each one there is. docs/providers.md."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from molthub.errors import StallingError, TransientError, WaitingError
from molthub.planning.types import Action, Change
from molthub.provider.protocols import Query, WriteContext, WriteResult
from molthub.resources.observation import Cause, Observation, ObservedInstance, Rollout, RolloutState
from molthub.resources.types import Kind, ResourceSet
from tests.contract.worlds import BAD, AwsSimulated, MemoryWorld, World, desired
from tests.fakes.aws_world import BOT, COMMIT, FLEET, KEY, LINKED, aws_world, differences, kinds_of

WORLDS: dict[str, Callable[[pytest.FixtureRequest], World]] = {
    "memory": lambda _request: MemoryWorld(),
    "aws": lambda request: AwsSimulated(
        aws_world(request.getfixturevalue("simulator"), request.getfixturevalue("monkeypatch"))
    ),
}


@pytest.fixture(params=WORLDS)
def world(request: pytest.FixtureRequest) -> World:
    return WORLDS[request.param](request)


def create(wanted: ResourceSet, kind: Kind) -> Change:
    """As a planner says it: making a service starts a rollout."""
    return Change(Action.CREATE, kind, kind.value, None, wanted.get(kind), restarts=kind is Kind.SERVICE)


def update(before: ResourceSet, after: ResourceSet, kind: Kind) -> Change:
    restarts = kind is Kind.SERVICE
    return Change(Action.UPDATE, kind, kind.value, before.get(kind), after.get(kind), restarts=restarts)


def observe(world: World, *, sweep: bool = False) -> Observation:
    only = None if sweep else frozenset({BOT})
    return world.provider.observe(Query(FLEET, KEY, only=only, desired=frozenset({BOT}), secrets=frozenset(LINKED)))


def seen(world: World) -> ObservedInstance:
    return observe(world).instances[BOT]


def perform(world: World, change: Change) -> WriteResult:
    """Come back as long as the cloud is not ready, as the engine does."""
    for _ in range(60):
        try:
            return world.provider.perform(change, WriteContext(BOT, COMMIT))
        except WaitingError:
            world.pass_time()
    raise AssertionError(f"{change.kind} never gets ready")


def make(world: World, wanted: ResourceSet) -> WriteResult:
    """Create everything in order; the service's result."""
    return [perform(world, create(wanted, kind)) for kind in kinds_of(wanted)][-1]


def settled(world: World, result: WriteResult) -> Rollout:
    assert result.rollout_id is not None
    for _ in range(200):
        rollout = world.provider.rollout(BOT, result.rollout_id)
        if rollout.state is not RolloutState.IN_PROGRESS:
            return rollout
        world.pass_time()
    raise AssertionError("the rollout never ends")


def roll(world: World, before: ResourceSet, after: ResourceSet) -> WriteResult:
    perform(world, update(before, after, Kind.TASK_DEFINITION))
    return perform(world, update(before, after, Kind.SERVICE))


def delete(world: World, wanted: ResourceSet) -> list[WriteResult]:
    kinds = [kind for kind in reversed(Kind) if wanted.get(kind) is not None]
    return [perform(world, Change(Action.DELETE, kind, kind.value, wanted.get(kind), None)) for kind in kinds]


def test_an_empty_environment_is_read_whole(world: World) -> None:
    found = observe(world, sweep=True)
    assert (found.key, found.complete, found.failures) == (KEY, True, ())
    assert kinds_of(found.instances[BOT].resources) == [], "asked for by name, and absent"
    assert found.secrets.keys() == set(LINKED)
    assert all(fact.version_id for fact in found.secrets.values())
    assert world.provider.tasks(BOT) == ()


def test_what_was_performed_is_seen_as_it_was_wanted(world: World) -> None:
    wanted = desired(world, observe(world))
    rollout = settled(world, make(world, wanted))
    assert (rollout.state, rollout.cause) == (RolloutState.COMPLETED, None)
    for sweep in (False, True):
        there = observe(world, sweep=sweep).instances[BOT]
        assert differences(there.resources, wanted) == {}
        assert there.commit == COMMIT
        assert there.runtime is not None
        assert (there.runtime.status, there.runtime.desired, there.runtime.running) == ("ACTIVE", 1, 1)
    assert world.provider.failed_rollouts(BOT) == ()
    (task,) = world.provider.tasks(BOT)
    assert (task.status, task.health) == ("RUNNING", "HEALTHY")
    assert task.id
    assert task.started_at is not None


def test_performing_again_writes_nothing(world: World) -> None:
    wanted = desired(world, observe(world))
    settled(world, make(world, wanted))
    world.provider = world.fresh()
    again = [perform(world, create(wanted, kind)) for kind in kinds_of(wanted)]
    assert [result.wrote for result in again] == [False] * len(again)
    assert world.provider.tidy(WriteContext(BOT, COMMIT)).wrote is False


def test_a_failed_rollout_is_told_with_its_cause_and_remembered(world: World) -> None:
    first = desired(world, observe(world))
    settled(world, make(world, first))
    world.next_rollout_fails()
    second = desired(world, observe(world), BAD)
    rollout = settled(world, roll(world, first, second))
    assert (rollout.state, rollout.cause) == (RolloutState.ROLLED_BACK, Cause.ITSELF)
    assert "exited with code" in rollout.reason
    failed = world.fresh().failed_rollouts(BOT)
    assert second.service is not None
    assert [item.deployment_id for item in failed] == [rollout.deployment_id]
    assert failed[0].task_definition == second.service.task_definition
    assert differences(seen(world).resources, first) == {}, "what ran before runs again"


def test_a_rollout_can_be_ended_and_one_that_is_over_is_left_alone(world: World) -> None:
    first = desired(world, observe(world))
    settled(world, make(world, first))
    second = desired(world, observe(world), BAD)
    result = roll(world, first, second)
    assert result.rollout_id is not None
    world.provider.stop_rollout(BOT, result.rollout_id)
    rollout = settled(world, result)
    assert rollout.state is RolloutState.ROLLED_BACK
    world.provider.stop_rollout(BOT, result.rollout_id)
    assert world.provider.rollout(BOT, result.rollout_id).state is RolloutState.ROLLED_BACK


def test_a_rollout_that_nobody_knows_is_planned_anew(world: World) -> None:
    settled(world, make(world, desired(world, observe(world))))
    with pytest.raises(TransientError):
        world.provider.rollout(BOT, "ecs-svc/0000000000000000000")
    world.provider.stop_rollout(BOT, "ecs-svc/0000000000000000000")


def test_deleting_waits_ends_with_nothing_and_can_be_repeated(world: World) -> None:
    wanted = desired(world, observe(world))
    settled(world, make(world, wanted))
    delete(world, wanted)
    there = observe(world, sweep=True).instances[BOT]
    assert kinds_of(there.resources) == []
    assert [result.wrote for result in delete(world, wanted)] == [False] * len(kinds_of(wanted))


def test_what_is_not_ours_is_told_and_never_touched(world: World) -> None:
    wanted = desired(world, observe(world))
    world.somebody_else_has_the_log_group()
    there = seen(world)
    assert [item.kind for item in there.foreign] == [Kind.LOG_GROUP]
    assert there.resources.log_group is None
    with pytest.raises(StallingError):
        perform(world, create(wanted, Kind.LOG_GROUP))
    perform(world, create(wanted, Kind.SECURITY_GROUP))


def test_a_read_that_fails_is_unknown_and_never_raises(world: World) -> None:
    wanted = desired(world, observe(world))
    settled(world, make(world, wanted))
    world.log_groups_cannot_be_read()
    there = seen(world)
    assert [item.kind for item in there.failures] == [Kind.LOG_GROUP]
    assert there.resources.service == wanted.service, "the rest is read all the same"


@pytest.mark.parametrize("after_effect", [False, True])
def test_whoever_comes_after_a_crash_goes_on(world: World, after_effect: bool) -> None:
    wanted = desired(world, observe(world))
    kinds = kinds_of(wanted)
    world.provider = world.dying(4, after_effect=after_effect)
    with pytest.raises(world.crash):
        make(world, wanted)
    world.provider = world.fresh()
    assert settled(world, make(world, wanted)).state is RolloutState.COMPLETED
    assert differences(seen(world).resources, wanted) == {}
    assert [perform(world, create(wanted, kind)).wrote for kind in kinds] == [False] * len(kinds)


def test_the_guard_is_asked_before_a_write_and_not_before_a_read(world: World) -> None:
    wanted = desired(world, observe(world))

    def gone() -> None:
        raise StallingError("MH-LEASE-001", "the lease is held by another")

    with pytest.raises(StallingError, match="MH-LEASE-001"):
        world.provider.perform(create(wanted, Kind.LOG_GROUP), WriteContext(BOT, COMMIT, gone))
    assert seen(world).resources.log_group is None


def test_threads_share_a_provider(world: World) -> None:
    """Every kind that needs no other at once, and reading beside it."""
    wanted = desired(world, observe(world))
    apart = (Kind.LOG_GROUP, Kind.SECRET, Kind.SECURITY_GROUP, Kind.TASK_ROLE)
    with ThreadPoolExecutor(8) as pool:
        reads = [pool.submit(seen, world) for _ in range(4)]
        writes = [pool.submit(perform, world, create(wanted, kind)) for kind in apart]
        assert all(item.result().wrote for item in writes)
        assert all(item.result().failures == () for item in reads)
    there = seen(world).resources
    assert [kind for kind in apart if there.get(kind) != wanted.get(kind)] == []


def test_shared_documents_are_replaced_only_by_who_knows_them(world: World) -> None:
    documents = world.provider.documents()
    assert documents is not None
    assert documents.read("lease.json") is None
    with ThreadPoolExecutor(6) as pool:
        new = list(pool.map(lambda n: documents.write("lease.json", str(n).encode(), replaces=None), range(6)))
    (tag,) = [item for item in new if item is not None]
    found = documents.read("lease.json")
    assert found is not None
    assert (found.tag, found.body) == (tag, str(new.index(tag)).encode())
    assert found.written <= found.read
    assert documents.write("lease.json", b"next", replaces=tag) not in (None, tag)
    assert documents.write("lease.json", b"late", replaces=tag) is None
    other = world.fresh().documents()
    assert other is not None
    seen_elsewhere = other.read("lease.json")
    assert seen_elsewhere is not None
    assert seen_elsewhere.body == b"next"
