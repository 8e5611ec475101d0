"""What AWS refuses of file systems, their parts, backups and restores: an attempt a row of the docs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.fakes.aws_objects import TRUST
from tests.fakes.foundation import TRUST as BACKUP_TRUST
from tests.fakes.simulator import ACCOUNT, REGION, SUBNETS, VPC, TestSimulator

Attempt = Callable[[TestSimulator], object]
VAULT = "molthub-acme-prod"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0f0f0f0f-1111-2222-3333-444455556666"
NOWHERE = f"arn:aws:elasticfilesystem:{REGION}:{ACCOUNT}:file-system/fs-0123456789abcdef0"
HOUR = 3600.0


def _files(simulator: TestSimulator, token: str = "bot", *, wait: bool = True, **changes: Any) -> str:
    made = simulator.raw_client("efs").create_file_system(CreationToken=token, **changes)
    if wait:
        simulator.control.advance(HOUR)
    return str(made["FileSystemId"])


def _twice(simulator: TestSimulator) -> None:
    _files(simulator)
    _files(simulator)


def _target(simulator: TestSimulator, files: str, subnet: str = SUBNETS[0], **changes: Any) -> str:
    made = simulator.client("efs").create_mount_target(FileSystemId=files, SubnetId=subnet, **changes)
    return str(made["MountTargetId"])


def _targets_twice(simulator: TestSimulator) -> None:
    files = _files(simulator)
    _target(simulator, files)
    _target(simulator, files)


def _groups(simulator: TestSimulator, count: int) -> list[str]:
    ec2 = simulator.client("ec2")
    return [
        ec2.create_security_group(GroupName=f"files-{index}", Description="files", VpcId=VPC)["GroupId"]
        for index in range(count)
    ]


def _change_new_target(simulator: TestSimulator) -> None:
    target = _target(simulator, _files(simulator))
    simulator.client("efs").modify_mount_target_security_groups(MountTargetId=target, SecurityGroups=[])


def _delete_mounted(simulator: TestSimulator) -> None:
    files = _files(simulator)
    _target(simulator, files)
    simulator.client("efs").delete_file_system(FileSystemId=files)


def _throughput_twice(simulator: TestSimulator) -> None:
    files = _files(simulator)
    for mode in ("elastic", "bursting"):
        simulator.client("efs").update_file_system(FileSystemId=files, ThroughputMode=mode)


def _points_twice(simulator: TestSimulator) -> None:
    files = _files(simulator)
    for _ in range(2):
        simulator.client("efs").create_access_point(ClientToken="one", FileSystemId=files)


def _policy(simulator: TestSimulator, **statement: Any) -> None:
    """A policy with one statement; `Principal` and `Action` are there unless they are said to be None."""
    whole = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "elasticfilesystem:ClientMount"} | statement
    kept = {key: value for key, value in whole.items() if value is not None}
    _policy_text(simulator, json.dumps({"Version": "2012-10-17", "Statement": [kept]}))


def _policy_text(simulator: TestSimulator, text: str) -> None:
    simulator.client("efs").put_file_system_policy(FileSystemId=_files(simulator), Policy=text)


def _no_policy(simulator: TestSimulator) -> None:
    simulator.client("efs").describe_file_system_policy(FileSystemId=_files(simulator))


def _vault(simulator: TestSimulator) -> None:
    simulator.client("backup").create_backup_vault(BackupVaultName=VAULT, EncryptionKeyArn=KEY)


def _role(simulator: TestSimulator, trust: str) -> str:
    made = simulator.client("iam").create_role(RoleName="backup", AssumeRolePolicyDocument=trust)
    return str(made["Role"]["Arn"])


def _back_up(simulator: TestSimulator, *, trust: str | None = None, resource: str | None = None) -> str:
    """The recovery point of a backup that has just begun."""
    _vault(simulator)
    started = simulator.client("backup").start_backup_job(
        BackupVaultName=VAULT,
        ResourceArn=resource or NOWHERE.rpartition("/")[0] + "/" + _files(simulator),
        IamRoleArn=_role(simulator, trust or json.dumps(BACKUP_TRUST)),
    )
    return str(started["RecoveryPointArn"])


def _restore(simulator: TestSimulator, *, early: bool = False, point: str | None = None, **changes: str | None) -> None:
    """A restore of a backup. changes: metadata; None leaves one out."""
    made = _back_up(simulator)
    if not early:
        simulator.control.advance(HOUR)
    files = simulator.client("efs").describe_file_systems()["FileSystems"][0]["FileSystemId"]
    metadata = {
        "file-system-id": files,
        "newFileSystem": "true",
        "Encrypted": "false",
        "PerformanceMode": "generalPurpose",
        "CreationToken": "restored",
    } | changes
    simulator.client("backup").start_restore_job(
        RecoveryPointArn=point or made,
        IamRoleArn=f"arn:aws:iam::{ACCOUNT}:role/backup",
        Metadata={key: value for key, value in metadata.items() if value is not None},
    )


def _efs(operation: str, **params: Any) -> Attempt:
    return lambda simulator: getattr(simulator.client("efs"), operation)(**params)


def _unknown_vault(simulator: TestSimulator) -> None:
    simulator.client("backup").list_recovery_points_by_backup_vault(BackupVaultName="none")


def _vault_with_a_point(simulator: TestSimulator) -> None:
    _back_up(simulator)
    simulator.control.advance(HOUR)
    simulator.client("backup").delete_backup_vault(BackupVaultName=VAULT)


MALFORMED: dict[str, tuple[Attempt, str]] = {
    "files-key": (lambda s: _files(s, KmsKeyId=KEY), "KmsKeyId requires Encrypted to be true."),
    "files-by-both": (
        _efs("describe_file_systems", CreationToken="bot", FileSystemId="fs-0123456789abcdef0"),
        "FileSystemId and CreationToken are mutually exclusive.",
    ),
    "targets-of-nothing": (_efs("describe_mount_targets"), "Exactly one of FileSystemId"),
    "files-policy-syntax": (lambda s: _policy_text(s, "{"), "InvalidPolicyException"),
    "files-policy-members": (lambda s: _policy(s, Principal=None), "Missing required field Principal or Action."),
    "files-policy-elsewhere": (lambda s: _policy(s, Resource=NOWHERE), "Policy names another resource"),
    "restore-metadata": (lambda s: _restore(s, CreationToken=None), "Restore metadata is missing: CreationToken"),
    "restore-of-another": (lambda s: _restore(s, **{"file-system-id": "fs-0"}), "file-system-id is not the backed up"),
    "restore-key": (lambda s: _restore(s, Encrypted="true"), "KmsKeyId is required when Encrypted"),
}

REFUSED: dict[str, tuple[Attempt, str]] = {
    "files-exist": (_twice, "FileSystemAlreadyExists"),
    "files-missing": (_efs("describe_file_systems", FileSystemId="fs-0123456789abcdef0"), "FileSystemNotFound"),
    "files-new": (
        lambda s: _target(s, _files(s, wait=False)),
        "IncorrectFileSystemLifeCycleState",
    ),
    "files-in-use": (_delete_mounted, "FileSystemInUse"),
    "files-throughput": (_throughput_twice, "TooManyRequests"),
    "files-policy-missing": (_no_policy, "PolicyNotFound"),
    "files-policy-role": (
        lambda s: _policy(s, Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:role/nobody"}),
        "Policy contains invalid Principal block.",
    ),
    "target-exists": (_targets_twice, "MountTargetConflict"),
    "target-subnet": (lambda s: _target(s, _files(s), "subnet-0123456789abcdef0"), "SubnetNotFound"),
    "target-group": (lambda s: _target(s, _files(s), SecurityGroups=["sg-0123456789abcdef0"]), "SecurityGroupNotFound"),
    "target-groups": (lambda s: _target(s, _files(s), SecurityGroups=_groups(s, 6)), "SecurityGroupLimitExceeded"),
    "target-new": (_change_new_target, "IncorrectMountTargetState"),
    "target-missing": (_efs("delete_mount_target", MountTargetId="fsmt-0123456789abcdef0"), "MountTargetNotFound"),
    "point-exists": (_points_twice, "AccessPointAlreadyExists"),
    "point-missing": (_efs("delete_access_point", AccessPointId="fsap-0123456789abcdef0"), "AccessPointNotFound"),
    "vault-with-points": (_vault_with_a_point, "Backup vault cannot be deleted"),
    "vault-missing": (_unknown_vault, "Backup vault none does not exist"),
    "backup-of-nothing": (lambda s: _back_up(s, resource=NOWHERE), "does not exist"),
    "backup-role": (lambda s: _back_up(s, trust=TRUST), "cannot be assumed by AWS Backup"),
    "restore-of-nothing": (
        lambda s: _restore(s, point=f"arn:aws:backup:{REGION}:{ACCOUNT}:recovery-point:none"),
        "Recovery point arn:aws:backup",
    ),
    "restore-early": (lambda s: _restore(s, early=True), "The recovery point is not in a state to be restored."),
}
