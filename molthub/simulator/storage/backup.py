"""AWS Backup for EFS: jobs that take their time, recovery points with tags, restores into a new file system.

One job at a time for each file system; a retry with the same idempotency token is the same job; a recovery point
holds what the file system held when its job began. Sources: the AWS Backup API reference and botocore's model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from molthub.simulator.paging import page
from molthub.simulator.refusals import MalformedRequestError, RefusalError
from molthub.simulator.storage.state import Job, Json, Point, Storage, Stores
from molthub.simulator.wire import Call

MOST_ITEMS = 1000
DELETION_SECONDS = 10.0
RESTORE_METADATA = ("file-system-id", "Encrypted", "PerformanceMode", "CreationToken", "newFileSystem")
"""What a restore of a file system must be told ("Restore an Amazon EFS file system")."""


class Backup:
    """Answers AWS Backup's operations for one account and region; vaults are moto's."""

    def __init__(self, stores: Stores, account: str, region: str) -> None:
        self._stores = stores
        self._account, self._region = account, region
        self._storage: Storage = stores.of(account, region)
        self._efs = stores.efs(account, region)
        self._vaults = stores.moto.backend("backup", account, region).vaults

    def call(self, call: Call) -> Json | None:
        """The answer; None for the operations that are moto's (vaults, plans). Raises a refusal."""
        self._finish()
        operation = OPERATIONS.get(call.operation)
        if operation is None:
            if call.operation == "ListTags" and ":recovery-point:" in call.params.get("ResourceArn", ""):
                return {"Tags": dict(self._point(call.params["ResourceArn"]).tags)}
            if call.operation in {"DescribeBackupVault", "DeleteBackupVault"}:
                return self._counted(call)
            return None
        return operation(self, call.params)

    def _counted(self, call: Call) -> Json | None:
        """A vault and how much it holds, which moto does not count. Only an empty one can be deleted."""
        name = call.params["BackupVaultName"]
        held = sum(point.vault == name for point in self._storage.points.values())
        if held and call.operation == "DeleteBackupVault":
            message = f"Backup vault cannot be deleted (contains {held} recovery points)"
            raise RefusalError("InvalidRequestException", message)
        if name not in self._vaults or call.operation == "DeleteBackupVault":
            return None
        return {**self._vaults[name].to_list_dict(), "NumberOfRecoveryPoints": held}

    def _finish(self) -> None:
        """What jobs that ended since the last look have made; and points whose deletion is over go."""
        now = self._stores.now()
        for point in [point for point in self._storage.points.values() if point.gone_at and now >= point.gone_at]:
            del self._storage.points[point.arn]
        for job in self._storage.restores.values():
            if now >= job.ends and job.outcome == "COMPLETED" and job.created is None:
                job.created = self._made(job)

    # -- backups -----------------------------------------------------------------------------------------------

    def start_backup_job(self, params: Json) -> Json:
        self._vault(params["BackupVaultName"])
        self._check_role(params["IamRoleArn"])
        resource = params["ResourceArn"]
        token = params.get("IdempotencyToken")
        same = next((job for job in self._storage.backups.values() if token and job.token == token), None)
        if same is None:
            same = self._begin(params, self._file_system(resource), token)
        return {
            "BackupJobId": same.id,
            "RecoveryPointArn": same.point,
            "CreationDate": self._stores.date_of(same.began),
        }

    def _begin(self, params: Json, fs: Any, token: str | None) -> Job:
        now, timings = self._stores.now(), self._stores.timings
        resource = fs.file_system_arn
        busy = [job.ends for job in self._storage.backups.values() if job.resource == resource and job.ends > now]
        began = max([now, *busy])  # AWS lets the second job wait for the first one
        fails = self._fails("backup")
        arn = f"arn:aws:backup:{self._region}:{self._account}:recovery-point:{self._stores.next_id()}"
        job = Job(
            id=self._stores.next_id(),
            token=token,
            began=began,
            ends=began + timings.backup,
            outcome="FAILED" if fails else "COMPLETED",
            resource=resource,
            vault=params["BackupVaultName"],
            point="" if fails else arn,
            role=params["IamRoleArn"],
            message="Insufficient privileges to perform this action." if fails else "",
        )
        self._storage.backups[job.id] = job
        if not fails:
            marks = list(self._storage.marks.get(fs.file_system_id, ()))
            source_tags = self._efs.tagging_service.get_tag_dict_for_resource(fs.file_system_id)
            tags = {**source_tags, **params.get("RecoveryPointTags", {})}
            settings = {"kms": fs.kms_key_id, "encrypted": fs.encrypted, "throughput": fs.throughput_mode}
            self._storage.points[arn] = Point(
                arn, resource, job.vault, began, job.ends, marks, tags, settings, dict(source_tags)
            )
        return job

    def _fails(self, what: str) -> bool:
        left = self._storage.fail.get(what, 0)
        self._storage.fail[what] = max(0, left - 1)
        return left > 0

    def describe_backup_job(self, params: Json) -> Json:
        return self._backup_job(self._job(self._storage.backups, params["BackupJobId"]))

    def list_backup_jobs(self, params: Json) -> Json:
        vault, resource, state = (params.get(key) for key in ("ByBackupVaultName", "ByResourceArn", "ByState"))
        after = _moment(params.get("ByCreatedAfter"))
        found = [self._backup_job(job) for job in self._storage.backups.values()]
        found = [
            item
            for item in found
            if vault in (None, item["BackupVaultName"])
            and resource in (None, item["ResourceArn"])
            and state in (None, item["State"])
            and (after is None or item["CreationDate"] > after)
        ]
        chosen, following = _paged(found, params, "BackupJobId")
        return {"BackupJobs": chosen} | ({"NextToken": following} if following else {})

    def _backup_job(self, job: Job) -> Json:
        state = job.state(self._stores.now())
        found = {
            "AccountId": self._account,
            "BackupJobId": job.id,
            "BackupVaultName": job.vault,
            "RecoveryPointArn": job.point if state != "CREATED" else "",
            "ResourceArn": job.resource,
            "ResourceType": "EFS",
            "CreationDate": self._stores.date_of(job.began),
            "State": state,
            "StatusMessage": job.message if state == "FAILED" else "",
            "PercentDone": "100.0" if state == "COMPLETED" else "0.0",
            "IamRoleArn": job.role,
        }
        if self._stores.now() >= job.ends:
            found["CompletionDate"] = self._stores.date_of(job.ends)
        return {key: value for key, value in found.items() if value != ""}

    # -- recovery points ---------------------------------------------------------------------------------------

    def list_points(self, params: Json) -> Json:
        self._vault(params["BackupVaultName"])
        resource = params.get("ByResourceArn")
        found = [
            self._describe(point)
            for point in self._storage.points.values()
            if point.vault == params["BackupVaultName"] and resource in (None, point.resource)
        ]
        chosen, following = _paged(found, params, "RecoveryPointArn")
        return {"RecoveryPoints": chosen} | ({"NextToken": following} if following else {})

    def _describe(self, point: Point) -> Json:
        ready = self._stores.now() >= point.ready
        found: Json = {
            "RecoveryPointArn": point.arn,
            "BackupVaultName": point.vault,
            "ResourceArn": point.resource,
            "ResourceType": "EFS",
            "Status": "DELETING" if point.gone_at else "COMPLETED" if ready else "CREATING",
            "CreationDate": self._stores.date_of(point.began),
            "BackupSizeInBytes": 6144 + 4096 * len(point.marks),
            "IsEncrypted": True,
        }
        return found | ({"CompletionDate": self._stores.date_of(point.ready)} if ready else {})

    def describe_point(self, params: Json) -> Json:
        return self._describe(self._point(params["RecoveryPointArn"]))

    def delete_point(self, params: Json) -> Json:
        """It takes a while, as AWS says: until then the point is listed as DELETING, and its vault is not empty."""
        point = self._point(params["RecoveryPointArn"])
        if point.gone_at is None:
            point.gone_at = self._stores.now() + DELETION_SECONDS
        return {}

    # -- restores ----------------------------------------------------------------------------------------------

    def start_restore_job(self, params: Json) -> Json:
        point = self._point(params["RecoveryPointArn"])
        token, metadata = params.get("IdempotencyToken"), params["Metadata"]
        same = next((job for job in self._storage.restores.values() if token and job.token == token), None)
        if same is None:
            self._check_role(params.get("IamRoleArn", ""))
            self._check_metadata(metadata, point)
            same = self._begin_restore(params, point, token)
        return {"RestoreJobId": same.id}

    def _check_metadata(self, metadata: Json, point: Point) -> None:
        missing = [key for key in RESTORE_METADATA if key not in metadata]
        if missing:
            message = f"Restore metadata is missing: {', '.join(missing)}"
            raise MalformedRequestError("InvalidParameterValueException", message)
        if metadata["file-system-id"] != point.resource.rpartition("/")[2]:
            raise MalformedRequestError("InvalidParameterValueException", "file-system-id is not the backed up one")
        if metadata["Encrypted"] == "true" and not metadata.get("KmsKeyId"):
            raise MalformedRequestError("InvalidParameterValueException", "KmsKeyId is required when Encrypted")
        if self._stores.now() < point.ready or point.gone_at:
            raise RefusalError("InvalidRequestException", "The recovery point is not in a state to be restored.")

    def _begin_restore(self, params: Json, point: Point, token: str | None) -> Job:
        now = self._stores.now()
        fails = self._fails("restore")
        job = Job(
            id=self._stores.next_id(),
            token=token,
            began=now,
            ends=now + self._stores.timings.restore,
            outcome="FAILED" if fails else "COMPLETED",
            resource=point.resource,
            vault=point.vault,
            point=point.arn,
            role=params.get("IamRoleArn", ""),
            message="Restore failed: the role may not do that." if fails else "",
            metadata=dict(params["Metadata"]),
            copy_tags=bool(params.get("CopySourceTagsToRestoredResource")),
        )
        self._storage.restores[job.id] = job
        return job

    def _made(self, job: Job) -> str:
        """The new file system of a restore that is done, or the one that has its creation token already."""
        metadata, point = job.metadata, self._storage.points.get(job.point)
        for fs in self._efs.file_systems_by_id.values():
            if fs.creation_token == metadata["CreationToken"]:
                return str(fs.file_system_arn)
        copied = point.source_tags if job.copy_tags and point is not None else {}
        made = self._efs.create_file_system(
            creation_token=metadata["CreationToken"],
            performance_mode=metadata["PerformanceMode"],
            encrypted=metadata["Encrypted"] == "true",
            kms_key_id=metadata.get("KmsKeyId"),
            throughput_mode="elastic" if point is None else point.settings["throughput"],
            provisioned_throughput_in_mibps=None,
            availability_zone_name=None,
            backup=False,
            tags=[{"Key": key, "Value": value} for key, value in copied.items()],
        )
        made.creation_time = self._stores.date_of(job.ends)
        self._storage.marks[made.file_system_id] = [] if point is None else list(point.marks)
        return str(made.file_system_arn)

    def describe_restore_job(self, params: Json) -> Json:
        return self._restore_job(self._job(self._storage.restores, params["RestoreJobId"]))

    def list_restore_jobs(self, params: Json) -> Json:
        found = [self._restore_job(job) for job in self._storage.restores.values()]
        chosen, following = _paged(found, params, "RestoreJobId")
        return {"RestoreJobs": chosen} | ({"NextToken": following} if following else {})

    def _restore_job(self, job: Job) -> Json:
        state = job.state(self._stores.now())
        found = {
            "AccountId": self._account,
            "RestoreJobId": job.id,
            "RecoveryPointArn": job.point,
            "CreationDate": self._stores.date_of(job.began),
            "Status": "PENDING" if state == "CREATED" else state,
            "StatusMessage": job.message if state == "FAILED" else "",
            "PercentDone": "100.00%" if state == "COMPLETED" else "0.00%",
            "ResourceType": "EFS",
            "CreatedResourceArn": job.created or "",
        }
        return {key: value for key, value in found.items() if value != ""}

    # -- what is asked for -------------------------------------------------------------------------------------

    def _vault(self, name: str) -> None:
        if name not in self._vaults:
            raise RefusalError("ResourceNotFoundException", f"Backup vault {name} does not exist")

    def _file_system(self, arn: str) -> Any:
        fs = self._efs.file_systems_by_id.get(arn.rpartition("/")[2])
        if fs is None:
            raise RefusalError("ResourceNotFoundException", f"Resource {arn} does not exist")
        return fs

    def _check_role(self, arn: str) -> None:
        roles = self._stores.moto.backend("iam", self._account, "aws").roles.values()
        role = next((item for item in roles if item.arn == arn), None)
        if role is None or "backup.amazonaws.com" not in str(role.assume_role_policy_document):
            message = f"IAM Role {arn} cannot be assumed by AWS Backup"
            raise RefusalError("InvalidParameterValueException", message)

    def _point(self, arn: str) -> Point:
        point = self._storage.points.get(arn)
        if point is None:
            raise RefusalError("ResourceNotFoundException", f"Recovery point {arn} does not exist")
        return point

    @staticmethod
    def _job(jobs: Mapping[str, Job], identifier: str) -> Job:
        job = jobs.get(identifier)
        if job is None:
            raise RefusalError("ResourceNotFoundException", f"Job {identifier} does not exist")
        return job


OPERATIONS: Mapping[str, Callable[[Backup, Json], Json]] = {
    "DeleteRecoveryPoint": Backup.delete_point,
    "DescribeBackupJob": Backup.describe_backup_job,
    "DescribeRecoveryPoint": Backup.describe_point,
    "DescribeRestoreJob": Backup.describe_restore_job,
    "ListBackupJobs": Backup.list_backup_jobs,
    "ListRecoveryPointsByBackupVault": Backup.list_points,
    "ListRestoreJobs": Backup.list_restore_jobs,
    "StartBackupJob": Backup.start_backup_job,
    "StartRestoreJob": Backup.start_restore_job,
}


def _paged(items: list[Json], params: Json, key: str) -> tuple[list[Json], str | None]:
    return page(
        sorted(items, key=lambda item: str(item[key])),
        key=lambda item: item[key],
        token=params.get("NextToken"),
        limit=min(int(params.get("MaxResults", MOST_ITEMS)), MOST_ITEMS),
        bad_token="InvalidParameterValueException",  # noqa: S106 - an error code
    )


def _moment(value: Any) -> float | None:
    """A date of a query string as seconds since 1970."""
    if value is None:
        return None
    text = str(value)
    try:
        return float(text)
    except ValueError:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
