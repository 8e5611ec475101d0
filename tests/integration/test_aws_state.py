"""The file system of an instance with persistent state, on the simulated AWS: made, seen, put right, deleted."""

from __future__ import annotations

from typing import Any

import pytest

from molthub.planning.types import Action, Change
from molthub.resources.observation import RolloutState
from molthub.resources.types import Kind, ResourceSet
from tests.fakes.aws_meddling import CrashError, Dying, meddled
from tests.fakes.aws_world import BOT, LOCATION, AwsWorld, aws_world, create, differences, kinds_of, update
from tests.fakes.simulator import TestSimulator

WRITES = [
    "efs:CreateFileSystem",
    "efs:PutFileSystemPolicy",
    *["efs:CreateMountTarget"] * 2,
    *["efs:CreateAccessPoint"] * 2,
]
PERSISTENT: dict[str, Any] = {"state": {"persistent": True}}


@pytest.fixture
def world(simulator: TestSimulator, monkeypatch: pytest.MonkeyPatch) -> AwsWorld:
    made = aws_world(simulator, monkeypatch)
    made.lay_foundation()
    return made


def deployed(world: AwsWorld) -> ResourceSet:
    """Made in order, waiting for what AWS makes us wait for, and rolled out."""
    desired = world.desired(spec=PERSISTENT)
    results = [world.patiently(create(desired, kind)) for kind in kinds_of(desired)]
    rollout = world.settle(results[-1].rollout_id or "")
    assert (rollout.state, rollout.reason) == (RolloutState.COMPLETED, rollout.reason)
    assert desired.service is not None
    assert rollout.task_definition == desired.service.task_definition
    return desired


def file_systems(world: AwsWorld) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = world.client("efs").describe_file_systems()["FileSystems"]
    return found


def test_made_it_is_seen_exactly_as_desired_mounted_and_written_no_more(world: AwsWorld) -> None:
    desired = deployed(world)
    for sweep in (False, True):
        world.provider = world.fresh_provider()
        assert differences(world.seen(sweep=sweep).resources, desired) == {}
    (held,) = file_systems(world)
    assert (held["Encrypted"], held["ThroughputMode"], held["CreationToken"]) == (True, "elastic", held["Name"])
    assert held["KmsKeyId"] == world.foundation.kms_key  # type: ignore[union-attr]
    assert world.control.storage()["fileSystems"][held["FileSystemId"]] == ["ghcr.io/openclaw/openclaw:2026.9.6"]

    world.control.reset_counters()
    for kind in kinds_of(desired):
        assert not world.perform(create(desired, kind)).wrote
    assert world.writes() == []


def test_what_people_do_to_it_is_drift_and_put_right(world: AwsWorld) -> None:
    desired = deployed(world)
    efs = world.client("efs")
    identifier = file_systems(world)[0]["FileSystemId"]
    (first, _) = efs.describe_mount_targets(FileSystemId=identifier)["MountTargets"]
    default = world.client("ec2").describe_security_groups(GroupNames=["default"])["SecurityGroups"][0]["GroupId"]
    efs.modify_mount_target_security_groups(MountTargetId=first["MountTargetId"], SecurityGroups=[default])
    (point, _) = efs.describe_access_points(FileSystemId=identifier)["AccessPoints"]
    efs.delete_access_point(AccessPointId=point["AccessPointId"])
    efs.put_file_system_policy(
        FileSystemId=identifier,
        Policy='{"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "elasticfilesystem:*"}]}',
    )
    efs.tag_resource(ResourceId=identifier, Tags=[{"Key": "team", "Value": "theirs"}])
    seen = world.seen().resources
    paths = {path.partition(".")[2].partition("[")[0] for path in differences(seen, desired) if "file-system" in path}
    assert paths == {"access_points", "policy", "security_groups", "tags"}

    world.patiently(update(seen.file_system, desired.file_system, Kind.FILE_SYSTEM))
    # The access point is another one now: the definition in service names the one that is gone.
    left = {kind for kind in Kind if world.seen().resources.get(kind) != desired.get(kind)}
    assert left == {Kind.TASK_DEFINITION, Kind.SERVICE}


def test_deleted_after_its_mount_targets(world: AwsWorld) -> None:
    deployed(world)
    world.remove(world.seen().resources)
    assert world.observe(sweep=True).instances[BOT].resources.is_empty
    assert file_systems(world) == []
    assert world.client("efs").describe_access_points()["AccessPoints"] == []


def test_a_task_mounts_nothing_that_its_role_may_not(world: AwsWorld) -> None:
    """The reason that ECS gives is the one people see."""
    desired = world.desired(spec=PERSISTENT)
    for kind in (Kind.LOG_GROUP, Kind.SECRET, Kind.SECURITY_GROUP, Kind.FILE_SYSTEM):
        world.patiently(create(desired, kind))
    plain = world.desired()
    for kind in (Kind.TASK_ROLE, Kind.EXECUTION_ROLE):
        world.patiently(create(plain, kind))
    world.patiently(create(desired, Kind.TASK_DEFINITION))
    result = world.patiently(create(desired, Kind.SERVICE))
    rollout = world.settle(result.rollout_id or "")
    assert rollout.state is RolloutState.FAILED
    assert "access denied by server while mounting" in rollout.reason


@pytest.mark.parametrize("after_effect", [False, True])
def test_dying_at_each_write_of_a_file_system_makes_one(world: AwsWorld, after_effect: bool) -> None:
    desired = world.desired(spec=PERSISTENT)
    for at in range(1, len(WRITES) + 1):
        world.provider = meddled(LOCATION, Dying(at, after_effect=after_effect))
        with pytest.raises(CrashError):
            world.patiently(create(desired, Kind.FILE_SYSTEM))
        world.provider = world.fresh_provider()
        world.patiently(create(desired, Kind.FILE_SYSTEM))
        assert world.seen().resources.file_system == desired.file_system, f"died at write {at}"
        assert len(file_systems(world)) == 1, f"died at write {at}"
        world.patiently(Change(Action.DELETE, Kind.FILE_SYSTEM, "", desired.file_system, None))
    world.control.reset_counters()
    world.patiently(create(desired, Kind.FILE_SYSTEM))
    assert world.writes() == WRITES
