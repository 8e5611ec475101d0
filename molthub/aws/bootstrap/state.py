"""What Moltbots with persistent state share: who may reach whose NFS, and where backups lie.

The file systems themselves are each instance's own. Two groups, so that a file system names one group and not every
Moltbot: tasks join `clients`, mount targets join `servers`.
"""

from __future__ import annotations

from molthub.aws.bootstrap.endpoints import NOWHERE
from molthub.aws.bootstrap.parts import Json, Part, attribute, output, policy, ref, resource, tags_of, trust
from molthub.provider.bootstrap import BaseSpec
from molthub.resources.identity import EnvironmentNames

NFS = 2049


def state(spec: BaseSpec, names: EnvironmentNames) -> Part:
    vpc = spec.vpc_id or ref("Vpc")
    resources = {**_groups(vpc), **_backups(spec, names)}
    outputs = {
        "StateClients": output(attribute("StateClients", "GroupId"), "Group of tasks with a file system"),
        "StateServers": output(attribute("StateServers", "GroupId"), "Group of file systems' mount targets"),
        "BackupVault": output(ref("BackupVault"), "Vault of file systems' backups"),
        "BackupRole": output(attribute("BackupRole", "Arn"), "Role that backs up and restores"),
    }
    return Part(resources, outputs)


def _groups(vpc: object) -> Json:
    nfs: Json = {"IpProtocol": "tcp", "FromPort": NFS, "ToPort": NFS}
    return {
        "StateClients": resource(
            "AWS::EC2::SecurityGroup",
            GroupDescription="Tasks with a file system: NFS to the mount targets and nothing else",
            VpcId=vpc,
            SecurityGroupEgress=[
                {
                    **nfs,
                    "DestinationSecurityGroupId": attribute("StateServers", "GroupId"),
                    "Description": "NFS to file systems",
                }
            ],
        ),
        "StateServers": resource(
            "AWS::EC2::SecurityGroup",
            GroupDescription="Mount targets of file systems: NFS from tasks that have one",
            VpcId=vpc,
            SecurityGroupEgress=[NOWHERE],
        ),
        "StateServersIngress": resource(
            "AWS::EC2::SecurityGroupIngress",
            **nfs,
            GroupId=attribute("StateServers", "GroupId"),
            SourceSecurityGroupId=attribute("StateClients", "GroupId"),
            Description="NFS from tasks with a file system",
        ),
    }


def _backing_up(spec: BaseSpec, names: EnvironmentNames) -> Json:
    """What AWS Backup may do with the environment's file systems, and with nothing else of the account.

    StartBackupJob knows no resource but the vault, so it is here that another's state is kept from being copied. The
    actions are those of AWS's own two policies for the service that EFS needs (AWS managed policy reference:
    AWSBackupServiceRolePolicyForBackup, …ForRestores). A restored file system may have no tags yet, so what a restore
    does is refused only on those with another's.
    """
    here = f"{spec.region}:{spec.account_id}"
    files = f"arn:*:elasticfilesystem:{here}:file-system/*"
    ours = {f"aws:ResourceTag/{key}": value for key, value in tags_of(spec).items()}
    return policy(
        _may(["elasticfilesystem:Backup", "elasticfilesystem:DescribeTags"], files, StringEquals=ours),
        _may(
            ["elasticfilesystem:DeleteFileSystem", "elasticfilesystem:Restore", "elasticfilesystem:TagResource"],
            files,
            StringEqualsIfExists=ours,
        ),
        _may(["elasticfilesystem:CreateFileSystem", "elasticfilesystem:DescribeFileSystems", "tag:GetResources"], "*"),
        _may(
            ["backup:CopyIntoBackupVault", "backup:DescribeBackupVault", "backup:TagResource"],
            [f"arn:*:backup:{here}:{item}" for item in (f"backup-vault:{names.backup_vault}", "recovery-point:*")],
        ),
        # The key's own policy holds these to services, and grants to AWS's own resources.
        _may(["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"], attribute("Key", "Arn")),
    )


def _may(actions: list[str], on: str | list[str] | Json, **condition: Json) -> Json:
    statement: Json = {"Effect": "Allow", "Action": actions, "Resource": on}
    return statement | ({"Condition": condition} if condition else {})


def _backups(spec: BaseSpec, names: EnvironmentNames) -> Json:
    return {
        "BackupVault": resource(
            "AWS::Backup::BackupVault",
            keep=True,
            BackupVaultName=names.backup_vault,
            EncryptionKeyArn=attribute("Key", "Arn"),
        ),
        "BackupRole": resource(
            "AWS::IAM::Role",
            RoleName=names.backup_role,
            Path=names.role_path,
            Description=f"Molthub {spec.key}: AWS Backup for file systems",
            AssumeRolePolicyDocument=trust("backup.amazonaws.com", StringEquals={"aws:SourceAccount": spec.account_id}),
            Policies=[{"PolicyName": "own-file-systems", "PolicyDocument": _backing_up(spec, names)}],
        ),
    }
