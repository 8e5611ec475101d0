"""A restore whose process dies between the two tags: two file systems are active, and the way on is told from AWS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from molthub.aws.readers.file_systems import is_active
from molthub.planning.types import Action, Change
from molthub.resources.types import BY_HAND, Backup, FileSystem, Kind, Restore, Retired, Step
from tests.fakes.aws_meddling import CrashError, meddled
from tests.fakes.aws_world import LOCATION, AwsWorld, aws_world
from tests.fakes.simulator import SPEED, TestSimulator


@pytest.fixture
def world(simulator: TestSimulator, monkeypatch: pytest.MonkeyPatch) -> AwsWorld:
    made = aws_world(simulator, monkeypatch)
    made.lay_foundation()
    return made


class DyingWhileSwapping:
    """Dies when two are active: before the former one is tagged."""

    def __init__(self, world: AwsWorld) -> None:
        self.world = world

    def __call__(self, name: str, call: Callable[[], Any]) -> Any:
        if name == "tag_resource" and list(held(self.world).values()) == ["active", "active"]:
            raise CrashError(name)
        return call()


def held(world: AwsWorld) -> dict[str, str]:
    """Whether each file system is in use, as Molthub reads its tags: copied ones count for nothing."""
    found = world.client("efs").describe_file_systems()["FileSystems"]
    return {raw["FileSystemId"]: "active" if is_active(raw) else "retired" for raw in found}


def wanted_restore(world: AwsWorld) -> tuple[Change, str]:
    """The restore of a backup that was just made, and the file system it was made of."""
    wanted = world.desired(spec={"state": {"persistent": True}}).file_system
    assert isinstance(wanted, FileSystem)
    assert world.foundation is not None
    vault, role = world.foundation.backup_vault, world.foundation.backup_role
    assert vault is not None
    assert role is not None
    world.patiently(Change(Action.CREATE, Kind.FILE_SYSTEM, wanted.name, None, wanted))
    (former,) = held(world)
    backup = Backup(wanted.name, vault, role, of="", before=f"{BY_HAND}now", service="")
    point = world.patiently(Change(Action.CREATE, Step.BACKUP, wanted.name, None, backup)).detail
    restore = Restore(wanted, vault, role, point=point.removeprefix("recovery point "))
    return Change(Action.CREATE, Step.RESTORE, wanted.name, None, restore), former


def half_swapped(world: AwsWorld) -> tuple[Change, str, str]:
    """A restore that died between the tags: the change, the former file system and the new one."""
    change, former = wanted_restore(world)
    world.provider = meddled(LOCATION, DyingWhileSwapping(world))
    with pytest.raises(CrashError):
        world.patiently(change)
    world.provider = world.fresh_provider()
    (fresh,) = held(world).keys() - {former}
    assert held(world) == {former: "active", fresh: "active"}
    return change, former, fresh


def test_the_restore_is_finished_by_the_next_try(world: AwsWorld) -> None:
    change, former, fresh = half_swapped(world)
    state = world.seen().state
    assert state is not None
    assert (state.file_system, state.retired, state.restored_from) == (fresh, (former,), None)
    assert world.patiently(change).detail == f"{fresh} is in place"
    assert held(world) == {former: "retired", fresh: "active"}
    world.control.reset_counters()
    world.patiently(change)
    assert world.writes() == []


def test_confirming_it_deletes_the_former_one(world: AwsWorld) -> None:
    change, former, fresh = half_swapped(world)
    gone = Change(Action.DELETE, Step.RETIRED, change.name, None, Retired(change.name))
    assert world.patiently(gone).detail == f"{former} deleted"
    assert held(world) == {fresh: "active"}


def test_nothing_is_deleted_while_none_is_in_use(world: AwsWorld) -> None:
    change, former, fresh = half_swapped(world)
    for identifier in (former, fresh):
        tags = [{"Key": "molthub:state", "Value": "retired"}]
        world.client("efs").tag_resource(ResourceId=identifier, Tags=tags)
    gone = Change(Action.DELETE, Step.RETIRED, change.name, None, Retired(change.name))
    assert not world.patiently(gone).wrote
    assert held(world) == {former: "retired", fresh: "retired"}


def test_a_restore_that_needs_no_waiting_is_in_use_at_its_end(world: AwsWorld, simulator: TestSimulator) -> None:
    """What was restored has the tags of what was backed up at first, and those say that it is in use."""
    change, former = wanted_restore(world)
    simulator.control.set_speed(1_000_000)
    try:
        world.perform(change)
    finally:
        simulator.control.set_speed(SPEED)
    (fresh,) = held(world).keys() - {former}
    assert held(world) == {former: "retired", fresh: "active"}


def test_what_was_restored_and_deleted_by_hand_is_restored_anew(world: AwsWorld) -> None:
    """AWS Backup answers the same token with the same job, whose file system is gone."""
    change, former = wanted_restore(world)
    world.patiently(change)
    (first,) = held(world).keys() - {former}
    files = world.client("efs")
    for target in files.describe_mount_targets(FileSystemId=first)["MountTargets"]:
        files.delete_mount_target(MountTargetId=target["MountTargetId"])
    world.control.advance(60)
    files.delete_file_system(FileSystemId=first)
    world.control.advance(60)
    assert held(world) == {former: "retired"}
    world.patiently(change)
    (second,) = held(world).keys() - {former}
    assert second != first
    assert held(world) == {former: "retired", second: "active"}
