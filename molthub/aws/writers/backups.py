"""Backups of a stopped state, and restores that take its place.

Both are jobs of AWS Backup, found again by their idempotency token: it is made of what the job is for and of how many
of the same failed before, so a crash starts no second job and a failure is no verdict for ever.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from molthub.aws.api import Refusal
from molthub.aws.readers import file_systems as reader
from molthub.aws.readers import services
from molthub.aws.readers.backups import PointTags, list_points, points_of
from molthub.aws.tags import to_upper
from molthub.aws.writers import file_systems
from molthub.aws.writers.target import Target
from molthub.errors import MolthubError, StallingError, WaitingError
from molthub.provider.protocols import WriteResult
from molthub.resources.identity import (
    STATE_RETIRED,
    TAG_BEFORE,
    TAG_COMMIT,
    TAG_FINAL,
    TAG_OF,
    TAG_RESTORED,
    TAG_REVISION,
    TAG_STATE,
    identity_tags,
    short_hash,
)
from molthub.resources.observation import RecoveryPoint
from molthub.resources.types import FINAL, Backup, Restore

Raw = Mapping[str, Any]
LOST = ("FAILED", "ABORTED", "EXPIRED", "PARTIAL")
LOOK_AGAIN = 15.0
ATTEMPTS = 2
"""Jobs that may fail before the Moltbot is started again as it was."""


def back_up(target: Target, wanted: Backup) -> WriteResult:
    """Starts the backup of the active file system once nothing runs, and waits (WaitingError) until it is completed."""
    raw = reader.active_of(file_systems.find(target, wanted.file_system))
    if raw is None:
        return target.result("")
    named = wanted.service
    service = services.describe_one(target.api, target.location.cluster, named) if named else None
    if service is not None and service.get("status") == services.ACTIVE and _runs(service):
        raise WaitingError("MH-BACK-007", f"{wanted.service} is still stopping", after=5.0, fix="Nothing to do: wait")
    arn = target.lookup.account.file_system_arn(raw["FileSystemId"])
    final = _deletion(target, wanted, raw, arn) if wanted.before == FINAL else ""
    job = _job(target, wanted, arn, service, final=final)
    state = job.get("State", "CREATED")
    if state == "COMPLETED":
        point = f"recovery point {job['RecoveryPointArn']}"
        return target.result(point, stays=f"the last backup, {point}" if wanted.before == FINAL else "")
    if state not in LOST:
        raise WaitingError(
            "MH-BACK-007", f"the backup of {wanted.file_system} is under way", after=LOOK_AGAIN, fix="Nothing to do"
        )
    if wanted.required:
        raise backup_failed(wanted, job)
    why = job.get("StatusMessage") or state
    detail = f"WARNING: the backup failed and is not required, so nothing can be restored after this: {why}"
    return dataclasses.replace(target.result(detail), unsaved=True)


def _deletion(target: Target, wanted: Backup, raw: Raw, arn: str) -> str:
    """Which deletion this is, marked on the file system once nothing runs on it: an older last backup is none of it."""
    held = reader.tags_of(raw).get(TAG_FINAL, "")
    if held:
        return held
    there = sorted(p["RecoveryPointArn"] for p in list_points(target.api, wanted.vault) if p.get("ResourceArn") == arn)
    mark = short_hash(target.context.commit, arn, *there)
    target.write(
        "efs",
        "TagResource",
        subject=f"file system {wanted.file_system}",
        ResourceId=raw["FileSystemId"],
        Tags=to_upper({TAG_FINAL: mark}),
    )
    return mark


def _runs(service: Raw) -> bool:
    return bool(service.get("runningCount") or service.get("pendingCount"))


def _job(target: Target, wanted: Backup, arn: str, service: Raw | None, *, final: str) -> Raw:
    """The job of this backup, begun or found."""
    primary = services.primary(service) if service else None
    lost = _lost(target, arn, primary)
    tried = min(len(lost), ATTEMPTS - 1)
    purpose = short_hash(arn, wanted.of, wanted.before, str(primary["id"]) if primary else "", final)
    token = f"molthub-{purpose}-{tried}"
    tags = {**identity_tags(target.identity), TAG_OF: wanted.of, TAG_BEFORE: wanted.before}
    tags |= {TAG_COMMIT: target.context.commit, TAG_FINAL: final}
    tags |= {TAG_REVISION: service["taskDefinition"]} if service else {}
    answer = target.write(
        "backup",
        "StartBackupJob",
        subject=f"file system {wanted.file_system}",
        BackupVaultName=wanted.vault,
        ResourceArn=arn,
        IamRoleArn=wanted.role,
        IdempotencyToken=token,
        RecoveryPointTags={key: value for key, value in tags.items() if value},
    )
    job: Raw = target.api.call(
        "backup", "DescribeBackupJob", BackupJobId=answer["BackupJobId"], subject=f"file system {wanted.file_system}"
    )
    return job


def _lost(target: Target, arn: str, primary: Raw | None) -> list[Raw]:
    """Jobs that failed since what is in service was deployed: what is deployed anew may be tried anew."""
    jobs = target.api.items("backup", "ListBackupJobs", ByResourceArn=arn, subject="backup jobs")
    since = primary["createdAt"] if primary else None
    return [job for job in jobs if job.get("State") in LOST and (since is None or job["CreationDate"] > since)]


def backup_failed(wanted: Backup, job: Raw) -> MolthubError:
    why = job.get("StatusMessage") or job.get("State")
    after = "is deleted" if wanted.before == FINAL else "is upgraded"
    return StallingError(
        "MH-BACK-005",
        f"the backup of {wanted.file_system} failed, and nothing {after} without one: {why}",
        fix="Look at the job in AWS Backup; spec.state.backupBeforeUpgrade: bestEffort goes on without a backup",
    )


# -- restores ------------------------------------------------------------------------------------------------------


def restore(target: Target, wanted: Restore) -> WriteResult:
    """Makes a file system of a recovery point, furnishes it, and puts it in the place of the active one."""
    name = wanted.wanted.name
    several = file_systems.find(target, name)
    arn = target.lookup.account.file_system_arn
    points = points_of(target.api, PointTags(), wanted.vault, [arn(raw["FileSystemId"]) for raw in several])
    point = _chosen(points, wanted)
    if point is None:
        if wanted.point is not None:
            raise no_point(name, wanted.point)
        return target.result("there is no backup to go back to: the state stays as it is")
    made = _made_of(several, point)
    if made is not None and reader.is_active(made) and reader.active_of(several) == made:
        _retire(target, several, made)
        target.lookup.stores(target.fleet, [name])
        return target.result(f"{made['FileSystemId']} is in place")
    fresh = made or _restored(target, wanted, point)
    fresh = file_systems.name_it(target, fresh, wanted.wanted, {TAG_RESTORED: point.arn, TAG_STATE: STATE_RETIRED})
    file_systems.furnish(target, fresh, wanted.wanted)
    _retire(target, several, fresh)
    target.lookup.stores(target.fleet, [name])
    return target.result(f"{fresh['FileSystemId']} made of {point.arn} took its place")


def _chosen(points: tuple[RecoveryPoint, ...], wanted: Restore) -> RecoveryPoint | None:
    if wanted.point is not None:
        return next((point for point in points if point.arn == wanted.point), None)
    return next((point for point in points if (point.of, point.before) == (wanted.of, wanted.before)), None)


def _made_of(several: list[Raw], point: RecoveryPoint) -> Raw | None:
    """The file system that was made of this recovery point and is named already."""
    return next((raw for raw in several if reader.tags_of(raw).get(TAG_RESTORED) == point.arn), None)


def _restored(target: Target, wanted: Restore, point: RecoveryPoint) -> Raw:
    """The new file system, once its job is done. Its creation token says what it was made of.

    It has the tags of what was backed up, so it is this fleet's from the beginning: the reconciler may tag no other.
    """
    name = wanted.wanted.name
    jobs = [job for job in _restore_jobs(target) if job.get("RecoveryPointArn") == point.arn]
    done = [job for job in jobs if job.get("Status") == "COMPLETED" and job.get("CreatedResourceArn")]
    there = [raw for job in done if (raw := _created(target, job, name)) is not None]
    if there:
        return there[0]
    # Done with: what failed, and what was made and is gone again. AWS answers their tokens with the same jobs.
    spent = len(done) + sum(1 for job in jobs if job.get("Status") in ("FAILED", "ABORTED"))
    token = f"{reader.restore_token(point.arn)}{spent}"
    answer = target.write(
        "backup",
        "StartRestoreJob",
        subject=f"file system {name}",
        RecoveryPointArn=point.arn,
        IamRoleArn=wanted.role,
        IdempotencyToken=token,
        ResourceType="EFS",
        CopySourceTagsToRestoredResource=True,
        Metadata=_metadata(wanted, point, token),
    )
    job = target.api.call(
        "backup", "DescribeRestoreJob", RestoreJobId=answer["RestoreJobId"], subject=f"file system {name}"
    )
    if job.get("Status") in ("FAILED", "ABORTED"):
        raise StallingError(
            "MH-BACK-008",
            f"the restore of {name} failed: {job.get('StatusMessage') or job.get('Status')}",
            fix="Look at the job in AWS Backup; the state in service was left alone",
        )
    made = _created(target, job, name) if job.get("Status") == "COMPLETED" else None
    if made is None:
        raise WaitingError("MH-BACK-007", f"the restore of {name} is under way", after=LOOK_AGAIN, fix="Nothing to do")
    return made


def _created(target: Target, job: Raw, name: str) -> Raw | None:
    """The file system that a restore made; None when somebody deleted it, or AWS does not tell it yet."""
    identifier = str(job.get("CreatedResourceArn", "")).rpartition("/")[2]
    if not identifier:
        return None
    answer = target.api.expecting(
        frozenset({"FileSystemNotFound"}),
        "efs",
        "DescribeFileSystems",
        FileSystemId=identifier,
        subject=f"file system {name}",
    )
    found: list[Raw] = [] if isinstance(answer, Refusal) else answer["FileSystems"]
    return next(iter(found), None)


def _restore_jobs(target: Target) -> list[Raw]:
    return target.api.items("backup", "ListRestoreJobs", subject="restore jobs")


def _metadata(wanted: Restore, point: RecoveryPoint, token: str) -> dict[str, str]:
    found = {
        "file-system-id": point.file_system,
        "newFileSystem": "true",
        "Encrypted": str(wanted.wanted.encrypted).lower(),
        "PerformanceMode": wanted.wanted.performance,
        "CreationToken": token,
    }
    return found | ({"KmsKeyId": wanted.wanted.kms_key} if wanted.wanted.kms_key else {})


def _retire(target: Target, several: list[Raw], fresh: Raw) -> None:
    """The others are no longer in use. The fresh one was marked active before: two for a moment, never none."""
    for raw in several:
        if raw["FileSystemId"] != fresh["FileSystemId"] and reader.is_active(raw):
            target.write(
                "efs",
                "TagResource",
                subject=f"file system {raw['FileSystemId']}",
                ResourceId=raw["FileSystemId"],
                Tags=to_upper({TAG_STATE: STATE_RETIRED}),
            )


def no_point(name: str, arn: str) -> MolthubError:
    return StallingError(
        "MH-BACK-009",
        f"{arn} is no completed backup of {name}",
        fix="List the backups with `molthub restore INSTANCE --list`",
    )
