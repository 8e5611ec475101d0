"""EFS: file systems by their Name tag and our tags, with what belongs to each, projected onto FileSystem.

EFS lists file systems and access points of the whole account by 100; mount targets and the policy take a call for
each file system. The security groups of all mount targets come from their network interfaces in one.

Of one name there may be several: the newest that is tagged `active` counts, the others were retired by a restore.
A restore copies the tags of its source, `active` with them. So one that a restore made counts only when it also names
the recovery point that its creation token was made of: the restore's own step writes that, and nothing copies it.
Backup and lifecycle policies are not read: AWS backs nothing up unless asked, and moves nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from concurrent.futures import Executor
from datetime import datetime
from typing import Any

from molthub.aws.api import Api, Refusal
from molthub.aws.arns import Names, Store
from molthub.aws.readers.reading import KindRead, each
from molthub.aws.tags import compared, from_upper
from molthub.resources.identity import STATE_ACTIVE, TAG_FINAL, TAG_FLEET, TAG_RESTORED, TAG_STATE, short_hash
from molthub.resources.normal import canonical_policy, normalise
from molthub.resources.observation import StateFacts
from molthub.resources.types import AccessPoint, FileSystem

Raw = Mapping[str, Any]
EFS = "efs"
NO_POLICY = frozenset({"PolicyNotFound"})
NOT_THERE = frozenset({"FileSystemNotFound"})
INTERFACES_PER_FILTER = 200
AVAILABLE = "available"
RESTORE_TOKEN = "molthub-restore-"  # noqa: S105 - how creation tokens begin


def list_all(api: Api) -> list[Raw]:
    """Every file system of the account and region that is not being deleted."""
    items = api.items(EFS, "DescribeFileSystems", subject="the account's file systems")
    return [raw for raw in items if raw.get("LifeCycleState") not in ("deleting", "deleted")]


def of_fleet(raws: Iterable[Raw], fleet: str, prefix: str) -> dict[str, list[Raw]]:
    """Those of a fleet whose name begins with the prefix, by name: the active one first, then newest first."""
    found: dict[str, list[Raw]] = {}
    for raw in raws:
        tags = tags_of(raw)
        name = tags.get("Name", "")
        if tags.get(TAG_FLEET) == fleet and name.startswith(prefix):
            found.setdefault(name, []).append(raw)
    for several in found.values():
        several.sort(key=_rank, reverse=True)
    return found


def _rank(raw: Raw) -> tuple[bool, datetime]:
    return is_active(raw), raw["CreationTime"]


def is_active(raw: Raw) -> bool:
    tags = tags_of(raw)
    return tags.get(TAG_STATE) == STATE_ACTIVE and not _only_copied(raw, tags)


def _only_copied(raw: Raw, tags: Mapping[str, str]) -> bool:
    """Whether a restore made it, and its tags are still those of what was backed up."""
    token = str(raw.get("CreationToken", ""))
    return token.startswith(RESTORE_TOKEN) and not token.startswith(restore_token(tags.get(TAG_RESTORED, "")))


def restore_token(point: str) -> str:
    """How the creation tokens of file systems that are made of this recovery point (ARN) begin."""
    return f"{RESTORE_TOKEN}{short_hash(point)}-"


def active_of(several: Iterable[Raw]) -> Raw | None:
    """The one in use of those of one name, as `of_fleet` orders them."""
    first = next(iter(several), None)
    return first if first is not None and is_active(first) else None


def read(api: Api, found: Mapping[str, list[Raw]], pool: Executor) -> KindRead:
    """The active file system of each name with `mountTargets`, `accessPoints`, `policy`; the others as `retired`."""
    result = KindRead()
    active = {name: raw for name, several in found.items() if (raw := active_of(several)) is not None}
    if not active:
        return KindRead(retired={name: several for name, several in found.items() if several})
    points = list_access_points(api)
    done, result.failed = each(pool, active, lambda name: details(api, active[name]))
    groups = _groups(api, [target for parts in done.values() for target in parts["mountTargets"]])
    for name, parts in done.items():
        raw = active[name]
        targets = [
            {**target, "SecurityGroups": groups.get(target.get("NetworkInterfaceId"), ())}
            for target in parts["mountTargets"]
        ]
        own = [point for point in points if point["FileSystemId"] == raw["FileSystemId"]]
        whole = {**raw, "mountTargets": targets, "policy": parts["policy"], "accessPoints": own}
        result.add({name: whole}, tags_of)
    result.retired = {name: [raw for raw in several if raw is not active.get(name)] for name, several in found.items()}
    return result


def details(api: Api, raw: Raw) -> dict[str, Any]:
    """What takes a call of its own: `mountTargets` and `policy` (text, or None)."""
    identifier, subject = raw["FileSystemId"], f"file system {raw['FileSystemId']}"
    targets = api.items(EFS, "DescribeMountTargets", FileSystemId=identifier, subject=subject)
    answer = api.expecting(NO_POLICY, EFS, "DescribeFileSystemPolicy", FileSystemId=identifier, subject=subject)
    policy = None if isinstance(answer, Refusal) else answer["Policy"]
    return {"mountTargets": targets, "policy": policy}


def list_access_points(api: Api) -> list[Raw]:
    """Every access point of the account and region that is not being deleted."""
    items = api.items(EFS, "DescribeAccessPoints", subject="the account's access points")
    return [raw for raw in items if raw.get("LifeCycleState") not in ("deleting", "deleted")]


def read_whole(api: Api, raw: Raw) -> Raw:
    """One file system with everything that belongs to it."""
    parts = details(api, raw)
    groups = _groups(api, parts["mountTargets"])
    targets = [
        {**target, "SecurityGroups": groups.get(target.get("NetworkInterfaceId"), ())}
        for target in parts["mountTargets"]
    ]
    points = [point for point in list_access_points(api) if point["FileSystemId"] == raw["FileSystemId"]]
    return {**raw, "mountTargets": targets, "policy": parts["policy"], "accessPoints": points}


def _groups(api: Api, targets: list[Raw]) -> dict[str, tuple[str, ...]]:
    """Security groups by network interface. One that EC2 does not tell of yet is left out."""
    wanted = sorted({target["NetworkInterfaceId"] for target in targets if target.get("NetworkInterfaceId")})
    found: dict[str, tuple[str, ...]] = {}
    for start in range(0, len(wanted), INTERFACES_PER_FILTER):
        filters = [{"Name": "network-interface-id", "Values": wanted[start : start + INTERFACES_PER_FILTER]}]
        for raw in api.items("ec2", "DescribeNetworkInterfaces", Filters=filters, subject="mount targets"):
            found[raw["NetworkInterfaceId"]] = tuple(group["GroupId"] for group in raw.get("Groups") or ())
    return found


def store_of(raw: Raw, points: Iterable[Raw]) -> Store:
    """What revisions that name this file system are written and read with. points: of whatever file system."""
    own = [point for point in points if point["FileSystemId"] == raw["FileSystemId"]]
    return Store(raw["FileSystemId"], {project_point(point).name: point["AccessPointId"] for point in own})


def tags_of(raw: Raw) -> dict[str, str]:
    return from_upper(raw.get("Tags"))


def project_facts(raw: Raw, retired: Iterable[Raw]) -> StateFacts:
    """What EFS itself knows of a state. retired: the others of the same name.

    A restore whose process died before the former one was retired is not over: it is not told of yet.
    """
    others = list(retired)
    unfinished = any(is_active(item) for item in others)
    return StateFacts(
        file_system=raw["FileSystemId"],
        size=(raw.get("SizeInBytes") or {}).get("Value"),
        restored_from=None if unfinished else tags_of(raw).get(TAG_RESTORED),
        retired=tuple(item["FileSystemId"] for item in others),
        final=tags_of(raw).get(TAG_FINAL, ""),
    )


def project_file_system(raw: Raw, names: Names) -> FileSystem:
    """Our type of a whole file system, normalised. The Name tag is its name and no tag of ours."""
    targets = raw["mountTargets"]
    tags = tags_of(raw)
    tags.pop(TAG_RESTORED, None)
    return normalise(
        FileSystem(
            name=tags.pop("Name", ""),
            kms_key=raw.get("KmsKeyId") or None,
            policy=_policy(raw.get("policy"), names),
            subnets=tuple(target["SubnetId"] for target in targets),
            security_groups=tuple(group for target in targets for group in target["SecurityGroups"]),
            access_points=tuple(project_point(point) for point in raw["accessPoints"]),
            encrypted=bool(raw.get("Encrypted")),
            performance=raw.get("PerformanceMode") or "generalPurpose",
            throughput=raw.get("ThroughputMode") or "bursting",
            tags=compared(tags),
        )
    )


def project_point(raw: Raw) -> AccessPoint:
    """Our type of an access point. What it lacks reads as root, so that it shows as drift."""
    user = raw.get("PosixUser") or {}
    root = raw.get("RootDirectory") or {}
    made = root.get("CreationInfo") or {}
    name = from_upper(raw.get("Tags")).get("Name") or raw.get("Name") or raw["AccessPointId"]
    mode = str(made.get("Permissions", ""))
    return AccessPoint(name, root.get("Path") or "/", user.get("Uid", 0), user.get("Gid", 0), mode)


def _policy(text: str | None, names: Names) -> str:
    if text is None:
        return ""
    symbolic = names.symbolise(text)
    try:
        return canonical_policy(json.loads(symbolic))
    except ValueError:
        return symbolic
