"""What a stack cannot do itself: things of the account, and what would stand in the way of deleting.

Service-linked roles are the account's: a stack that makes one fails where it is there already, and takes it away from
everybody when it goes. The default security group comes with the VPC, with rules that no template can remove.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from molthub.aws.api import Api, Refusal
from molthub.errors import StallingError
from molthub.provider.bootstrap import BaseSpec

SERVICES = ("ecs.amazonaws.com", "elasticfilesystem.amazonaws.com", "backup.amazonaws.com")
WITH_INGRESS = "elasticloadbalancing.amazonaws.com"
BATCH = 1000
"""Objects in one DeleteObjects."""


def ensure_service_roles(api: Api, spec: BaseSpec) -> None:
    """Make the service-linked roles that are not there. AWS calls one that is there an invalid input."""
    wanted = SERVICES if spec.ingress is None else (*SERVICES, WITH_INGRESS)
    for service in wanted:
        answer = api.expecting(
            frozenset({"InvalidInput"}), "iam", "CreateServiceLinkedRole", subject=service, AWSServiceName=service
        )
        if isinstance(answer, Refusal) and "taken" not in answer.words:
            raise answer.error


def empty_default_group(api: Api, group_id: str) -> bool:
    """Remove every rule of the VPC's default security group; whether there was any."""
    groups = api.call("ec2", "DescribeSecurityGroups", subject=group_id, GroupIds=[group_id])["SecurityGroups"]
    ingress, egress = groups[0].get("IpPermissions", []), groups[0].get("IpPermissionsEgress", [])
    if ingress:
        api.call("ec2", "RevokeSecurityGroupIngress", subject=group_id, GroupId=group_id, IpPermissions=ingress)
    if egress:
        api.call("ec2", "RevokeSecurityGroupEgress", subject=group_id, GroupId=group_id, IpPermissions=egress)
    return bool(ingress or egress)


def wake(api: Api, cluster: str, service: str) -> bool:
    """Want one task of a service that nobody wants any; whether that was so. One that is not there is not woken."""
    missing = frozenset({"ClusterNotFoundException"})
    answer = api.expecting(missing, "ecs", "DescribeServices", subject=service, cluster=cluster, services=[service])
    found = [] if isinstance(answer, Refusal) else answer["services"]
    asleep = any(item["status"] == "ACTIVE" and item["desiredCount"] == 0 for item in found)
    if asleep:
        api.call("ecs", "UpdateService", subject=service, cluster=cluster, service=service, desiredCount=1)
    return asleep


def empty_bucket(api: Api, bucket: str, account: str) -> int:
    """Delete every version of every object; how many. A bucket that is not there is empty.

    Raises MH-BASE-015 for a version that S3 keeps: it answers that with success, and would be asked for ever.
    """
    where: dict[str, Any] = {"Bucket": bucket, "ExpectedBucketOwner": account}
    count = 0
    while batch := list(_versions(api, where)):
        answer = api.call("s3", "DeleteObjects", subject=bucket, Delete={"Objects": batch, "Quiet": True}, **where)
        if kept := answer.get("Errors"):
            raise _kept(bucket, kept[0])
        count += len(batch)
    return count


def _kept(bucket: str, error: dict[str, Any]) -> StallingError:
    why = f"{error.get('Code', '')}: {error.get('Message', '')}"
    return StallingError(
        "MH-BASE-015",
        f"S3 does not delete {error.get('Key', 'an object')} of the bucket {bucket} ({why})",
        fix="Take away what holds it (a bucket policy, an object lock), then run it again",
    )


def _versions(api: Api, where: dict[str, Any]) -> Iterator[dict[str, str]]:
    answer = api.expecting(
        frozenset({"NoSuchBucket"}), "s3", "ListObjectVersions", subject=where["Bucket"], MaxKeys=BATCH, **where
    )
    if isinstance(answer, Refusal):
        return
    for raw in (*answer.get("Versions", ()), *answer.get("DeleteMarkers", ())):
        yield {"Key": raw["Key"], "VersionId": raw["VersionId"]}


def backups_held(api: Api, vault: str) -> int:
    """How many recovery points a vault holds; 0 where there is no vault."""
    missing = frozenset(
        {"ResourceNotFoundException", "AccessDeniedException"}
    )  # Backup says denied of an unknown vault
    answer = api.expecting(missing, "backup", "DescribeBackupVault", subject=vault, BackupVaultName=vault)
    if isinstance(answer, Refusal) and answer.code == "AccessDeniedException" and "not authorized" in answer.words:
        raise answer.error
    return 0 if isinstance(answer, Refusal) else int(answer.get("NumberOfRecoveryPoints", 0))


def delete_backups(api: Api, vault: str) -> int:
    """Begins to delete every recovery point of a vault, for good; how many are there still. AWS takes its time."""
    subject = f"vault {vault}"
    points = api.items("backup", "ListRecoveryPointsByBackupVault", BackupVaultName=vault, subject=subject)
    for point in points:
        if point.get("Status") == "DELETING":
            continue
        api.call(
            "backup",
            "DeleteRecoveryPoint",
            subject=subject,
            BackupVaultName=vault,
            RecoveryPointArn=point["RecoveryPointArn"],
        )
    return len(points)
