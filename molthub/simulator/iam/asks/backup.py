"""AWS Backup: jobs by vault and recovery point, tags of recovery points at birth, and the role that is passed.

StartBackupJob knows no resource but the vault: what may be backed up is up to the role that does it (service
authorization reference). Jobs are described and listed for the whole account.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from molthub.simulator.iam.asks.view import Asking, View, on_everything, tagged
from molthub.simulator.iam.evaluator import Ask
from molthub.simulator.iam.principals import request_tags

SERVICE = "backup.amazonaws.com"
_JOBS = ("DescribeBackupJob", "DescribeRestoreJob", "ListBackupJobs", "ListRestoreJobs")


def _passed(view: View) -> list[Ask]:
    arn = view.params.get("IamRoleArn")
    return [Ask("iam:PassRole", arn, {"iam:passedtoservice": (SERVICE,)})] if arn else []


def _start_backup(view: View) -> list[Ask]:
    tags = request_tags(dict(view.params.get("RecoveryPointTags", {})))
    birth = [Ask("backup:TagResource", view.arn("backup", "recovery-point:*"), tags)] if tags else []
    vault = view.arn("backup", f"backup-vault:{view.params['BackupVaultName']}")
    return [Ask("backup:StartBackupJob", vault, tags), *birth, *_passed(view)]


def _points(view: View) -> list[Ask]:
    vault = view.arn("backup", f"backup-vault:{view.params['BackupVaultName']}")
    return [Ask("backup:ListRecoveryPointsByBackupVault", vault)]


def _on_point(name: str, member: str) -> Asking:
    def asks(view: View) -> list[Ask]:
        arn = view.params[member]
        point: Any = view.world.stores.of(view.account, view.call.region).points.get(arn)
        return [Ask(f"backup:{name}", arn, tagged(dict(point.tags) if point is not None else {}))]

    return asks


def _start_restore(view: View) -> list[Ask]:
    return [*_on_point("StartRestoreJob", "RecoveryPointArn")(view), *_passed(view)]


ASKS: Mapping[str, Asking] = {
    **{f"backup:{name}": on_everything(f"backup:{name}") for name in _JOBS},
    "backup:ListRecoveryPointsByBackupVault": _points,
    "backup:ListTags": _on_point("ListTags", "ResourceArn"),
    "backup:StartBackupJob": _start_backup,
    "backup:StartRestoreJob": _start_restore,
}
