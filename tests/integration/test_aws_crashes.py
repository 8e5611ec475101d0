"""The process dies at every write, before its effect and after it: a fresh one ends where an unkilled one ends."""

from typing import Any

import pytest

from tests.fakes.aws_meddling import CrashError, Dying, meddled
from tests.fakes.aws_world import LOCATION, AwsWorld, aws_world, create, differences, kinds_of
from tests.fakes.simulator import TestSimulator

WRITES = 11
"""Write calls of a creation; the test of the count keeps it honest."""


@pytest.fixture
def world(simulator: TestSimulator, monkeypatch: pytest.MonkeyPatch) -> AwsWorld:
    return aws_world(simulator, monkeypatch)


def inventory(world: AwsWorld) -> dict[str, Any]:
    """How many there are of what must not be doubled."""
    ecs = world.client("ecs")
    services = ecs.list_services(cluster=LOCATION.cluster)["serviceArns"]
    described = ecs.describe_services(cluster=LOCATION.cluster, services=services)["services"]
    return {
        "services": len(services),
        "deployments": [len(item["deployments"]) for item in described],
        "revisions": len(ecs.list_task_definitions()["taskDefinitionArns"]),
        "roles": len(world.client("iam").list_roles(PathPrefix="/molthub/")["Roles"]),
        "groups": len(world.client("ec2").describe_security_groups()["SecurityGroups"]),
        "secrets": len(world.client("secretsmanager").list_secrets()["SecretList"]),
        "log groups": len(world.client("logs").describe_log_groups()["logGroups"]),
    }


def test_a_creation_makes_so_many_writes(world: AwsWorld) -> None:
    world.make(world.desired())
    assert len(world.writes()) == WRITES


@pytest.mark.parametrize("after_effect", [False, True])
def test_dying_at_each_write_changes_nothing_in_the_end(world: AwsWorld, after_effect: bool) -> None:
    desired = world.desired()
    world.make(desired)
    unkilled = inventory(world)
    for at in range(1, WRITES + 1):
        fresh = aws_again(world)
        dying = Dying(at, after_effect=after_effect)
        fresh.provider = meddled(LOCATION, dying)
        with pytest.raises(CrashError):
            fresh.make(desired)
        fresh.provider = fresh.fresh_provider()
        for kind in kinds_of(desired):
            fresh.patiently(create(desired, kind))
        assert inventory(fresh) == unkilled, f"died at write {at}"
        assert differences(fresh.seen().resources, desired) == {}, f"died at write {at}"
        fresh.control.reset_counters()
        fresh.make(desired)
        assert fresh.writes() == [], f"died at write {at}"


def aws_again(world: AwsWorld) -> AwsWorld:
    """The same world, emptied."""
    world.refurnish()
    return AwsWorld(world.simulator)
