"""EFS: a file system, its policy, mount targets and access points, made in this order and found again after a crash.

The creation token is the name, so a file system is never made twice. A task that starts before a mount target is
available fails, so the work is not done (WaitingError) until all of them are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from molthub.aws.arns import Names
from molthub.aws.errors import NOT_FOUND
from molthub.aws.readers import file_systems as reader
from molthub.aws.tags import from_upper, to_upper, written
from molthub.aws.writers.target import Target
from molthub.errors import StallingError, WaitingError
from molthub.provider.protocols import WriteResult
from molthub.resources.identity import TAG_RESTORED, identity_tags, short_hash
from molthub.resources.normal import normalise
from molthub.resources.types import AccessPoint, FileSystem, Kind

Raw = Mapping[str, Any]
EFS = "efs"
EXISTS = frozenset({"FileSystemAlreadyExists"})
POINT_EXISTS = frozenset({"AccessPointAlreadyExists"})
TARGET_EXISTS = frozenset({"MountTargetConflict"})
CHANGING = frozenset({"IncorrectFileSystemLifeCycleState", "IncorrectMountTargetState"})
IN_USE = frozenset({"FileSystemInUse", "DependencyTimeout", *CHANGING})
TOO_SOON = frozenset({"TooManyRequests"})
"""The throughput mode can be changed once a day."""


def ensure(target: Target, wanted: FileSystem) -> WriteResult:
    """Creates the file system or brings the active one to the desired state. Raises WaitingError until it is usable."""
    after = normalise(wanted)
    several = find(target, after.name)
    raw = reader.active_of(several) or _create(target, after, several)
    target.check_ours(Kind.FILE_SYSTEM, after.name, reader.tags_of(raw))
    furnish(target, raw, after)
    return target.result(f"{raw['FileSystemId']} in {len(after.subnets)} subnets")


def find(target: Target, name: str) -> list[Raw]:
    """Every file system of this name that is ours: the active one first."""
    return reader.of_fleet(reader.list_all(target.api), target.fleet, name).get(name, [])


def furnish(target: Target, raw: Raw, after: FileSystem) -> None:
    """Everything that belongs to one file system. Raises WaitingError while any of it is not available."""
    identifier, subject = raw["FileSystemId"], f"file system {after.name}"
    if raw.get("LifeCycleState") not in (reader.AVAILABLE, "updating"):
        raise not_ready(after.name, "the file system")
    whole = reader.read_whole(target.api, raw)
    names = Names(target.lookup.account, "", stores={after.name: reader.store_of(raw, whole["accessPoints"])})
    live = reader.project_file_system(whole, names)
    _policy(target, identifier, live, after)
    _mount_targets(target, whole, after)
    _access_points(target, whole, after)
    if live.throughput != after.throughput:
        target.try_write(
            TOO_SOON, EFS, "UpdateFileSystem", subject=subject, FileSystemId=identifier, ThroughputMode=after.throughput
        )
    _check_available(target, identifier, after)
    _tags(target, raw, after)


def _create(target: Target, after: FileSystem, several: Iterable[Raw]) -> Raw:
    """Creates it; one that an earlier try made is found by its token.

    Where only retired ones are left, the token is another one: theirs are taken.
    """
    taken = sorted(raw["FileSystemId"] for raw in several)
    token = f"molthub-{short_hash(after.name, *taken)}" if taken else after.name
    optional = {"KmsKeyId": after.kms_key} if after.kms_key else {}
    tags = {**written(after.tags, target.context.commit), "Name": after.name}
    subject = f"file system {after.name}"
    target.try_write(
        EXISTS,
        EFS,
        "CreateFileSystem",
        subject=subject,
        CreationToken=token,
        PerformanceMode=after.performance,
        ThroughputMode=after.throughput,
        Encrypted=after.encrypted,
        Backup=False,
        Tags=to_upper(tags),
        **optional,
    )
    found = target.api.items(EFS, "DescribeFileSystems", CreationToken=token, subject=subject)
    if not found:
        raise not_ready(after.name, "the new file system")
    raw: Raw = found[0]
    return raw


def _policy(target: Target, identifier: str, live: FileSystem, after: FileSystem) -> None:
    if live.policy == after.policy:
        return
    arn = target.lookup.account.file_system_arn(identifier)
    text = after.policy.replace(f"${{file-system:{after.name}}}", arn)
    answer = target.try_write(
        CHANGING, EFS, "PutFileSystemPolicy", subject=f"file system {after.name}", FileSystemId=identifier, Policy=text
    )
    if not isinstance(answer, dict):
        raise not_ready(after.name, "the file system")


def _mount_targets(target: Target, whole: Raw, after: FileSystem) -> None:
    """One in each subnet. Those elsewhere go first: there is room for one in a zone."""
    subject, groups = f"file system {after.name}", list(after.security_groups)
    there = {item["SubnetId"]: item for item in whole["mountTargets"]}
    for subnet in sorted(there.keys() - set(after.subnets)):
        identifier = there[subnet]["MountTargetId"]
        target.try_write(NOT_FOUND, EFS, "DeleteMountTarget", subject=subject, MountTargetId=identifier)
    for subnet in after.subnets:
        item = there.get(subnet)
        if item is None:
            _create_target(target, whole, subnet, after)
        elif sorted(item["SecurityGroups"]) != groups:
            target.write(
                EFS,
                "ModifyMountTargetSecurityGroups",
                subject=subject,
                MountTargetId=item["MountTargetId"],
                SecurityGroups=groups,
            )


def _create_target(target: Target, whole: Raw, subnet: str, after: FileSystem) -> None:
    answer = target.try_write(
        TARGET_EXISTS | CHANGING,
        EFS,
        "CreateMountTarget",
        subject=f"file system {after.name}",
        FileSystemId=whole["FileSystemId"],
        SubnetId=subnet,
        SecurityGroups=list(after.security_groups),
    )
    if isinstance(answer, dict) or any(item["SubnetId"] == subnet for item in _targets(target, whole["FileSystemId"])):
        return
    if answer.code in CHANGING or set(after.subnets) < {item["SubnetId"] for item in whole["mountTargets"]}:
        raise not_ready(after.name, "a mount target")
    raise StallingError(
        "MH-BACK-006",
        f"The file system {after.name} can have no mount target in {subnet}: {answer.words}",
        fix="Name one subnet for each availability zone in spec.aws.subnetIds, all of the same VPC",
    )


def _access_points(target: Target, whole: Raw, after: FileSystem) -> None:
    """Access points cannot be changed: one that differs is made anew. Their directories stay."""
    there = {point["AccessPointId"]: reader.project_point(point) for point in whole["accessPoints"]}
    for identifier, point in there.items():
        if point not in after.access_points:
            target.try_write(
                NOT_FOUND, EFS, "DeleteAccessPoint", subject=f"file system {after.name}", AccessPointId=identifier
            )
    for point in after.access_points:
        if point not in there.values():
            _create_point(target, whole, point, after)


def _create_point(target: Target, whole: Raw, point: AccessPoint, after: FileSystem) -> None:
    before = sorted(item["AccessPointId"] for item in whole["accessPoints"])
    answer = target.try_write(
        POINT_EXISTS | CHANGING,
        EFS,
        "CreateAccessPoint",
        subject=f"file system {after.name}",
        ClientToken=short_hash(whole["FileSystemId"], str(point), *before),
        FileSystemId=whole["FileSystemId"],
        PosixUser={"Uid": point.uid, "Gid": point.gid},
        RootDirectory={
            "Path": point.path,
            "CreationInfo": {"OwnerUid": point.uid, "OwnerGid": point.gid, "Permissions": point.mode},
        },
        Tags=to_upper({**identity_tags(target.identity), "Name": point.name}),
    )
    if not isinstance(answer, dict) and answer.code in CHANGING:
        raise not_ready(after.name, "the file system")


def _tags(target: Target, raw: Raw, after: FileSystem) -> None:
    have = from_upper(raw.get("Tags"))
    name = have.pop("Name", None)
    have.pop(TAG_RESTORED, None)
    change = target.tag_change(have, after.tags)
    put = dict(change.put) | ({} if name == after.name else {"Name": after.name})
    subject, identifier = f"file system {after.name}", raw["FileSystemId"]
    if put:
        target.write(EFS, "TagResource", subject=subject, ResourceId=identifier, Tags=to_upper(put))
    if change.remove:
        target.write(EFS, "UntagResource", subject=subject, ResourceId=identifier, TagKeys=list(change.remove))


def _check_available(target: Target, identifier: str, after: FileSystem) -> None:
    targets = _targets(target, identifier)
    if any(item.get("LifeCycleState") != reader.AVAILABLE for item in targets) or len(targets) < len(after.subnets):
        raise not_ready(after.name, "a mount target")
    points = [item for item in reader.list_access_points(target.api) if item["FileSystemId"] == identifier]
    if any(item.get("LifeCycleState") != reader.AVAILABLE for item in points):
        raise not_ready(after.name, "an access point")


def _targets(target: Target, identifier: str) -> list[Raw]:
    return target.api.items(EFS, "DescribeMountTargets", FileSystemId=identifier, subject=f"file system {identifier}")


def name_it(target: Target, raw: Raw, after: FileSystem, marks: Mapping[str, str]) -> Raw:
    """Says in one call what a file system that a restore made is: its name, our tags, and these marks.

    Gives it as it is then: the tags that the restore copied would tell that it is in use already.
    """
    wanted = {**written(after.tags, target.context.commit), "Name": after.name, **marks}
    have = reader.tags_of(raw)
    put = {key: value for key, value in wanted.items() if have.get(key) != value}
    if not put or reader.is_active(raw):
        return raw
    identifier = raw["FileSystemId"]
    target.write(EFS, "TagResource", subject=f"file system {after.name}", ResourceId=identifier, Tags=to_upper(put))
    return {**raw, "Tags": to_upper({**have, **put})}


def not_ready(name: str, what: str) -> WaitingError:
    return WaitingError(
        "MH-AWS-026",
        f"AWS is not done with {what} of {name}"
        if "file system" not in what
        else f"AWS is not done with {what} {name}",
        after=10.0,
        fix="Nothing to do: it takes a minute or two",
    )


def delete(target: Target, before: FileSystem) -> WriteResult:
    """Deletes every file system of this name, retired ones too, each after its mount targets.

    Raises WaitingError while a mount target is still going.
    """
    for raw in find(target, before.name):
        remove(target, raw, before.name)
    return target.result("deleted with everything in it")


def delete_retired(target: Target, name: str) -> WriteResult:
    """Deletes what restores took the place of; the one in use stays.

    An older one that is still tagged active is of the past too: its restore died before it said so. Where none is
    active nothing is deleted, for nobody knows which one is of the past.
    """
    several = find(target, name)
    used = reader.active_of(several)
    gone = [raw for raw in several if used is not None and raw["FileSystemId"] != used["FileSystemId"]]
    for raw in gone:
        remove(target, raw, name)
    return target.result(f"{', '.join(raw['FileSystemId'] for raw in gone) or 'nothing'} deleted")


def remove(target: Target, raw: Raw, name: str) -> None:
    """Deletes one file system. Raises WaitingError while a mount target is still going."""
    identifier, subject = raw["FileSystemId"], f"file system {name}"
    target.check_ours(Kind.FILE_SYSTEM, name, reader.tags_of(raw))
    for item in _targets(target, identifier):
        if item.get("LifeCycleState") not in ("deleting", "deleted"):
            target.try_write(
                NOT_FOUND | CHANGING, EFS, "DeleteMountTarget", subject=subject, MountTargetId=item["MountTargetId"]
            )
    if _targets(target, identifier):
        raise WaitingError(
            "MH-AWS-026", f"AWS is not done with deleting a mount target of {name}", after=10.0, fix="Nothing to do"
        )
    answer = target.try_write(IN_USE | NOT_FOUND, EFS, "DeleteFileSystem", subject=subject, FileSystemId=identifier)
    if not isinstance(answer, dict) and answer.code in IN_USE:
        raise WaitingError(
            "MH-AWS-026", f"AWS does not let go of the file system {name} yet", after=10.0, fix="Nothing to do"
        )
