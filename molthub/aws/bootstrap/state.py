"""What Moltbots with persistent state share: who may reach whose NFS, and where backups lie.

The file systems themselves are each instance's own. Two groups, so that a file system names one group and not every
Moltbot: tasks join `clients`, mount targets join `servers`.
"""

from __future__ import annotations

from molthub.aws.bootstrap.endpoints import NOWHERE
from molthub.aws.bootstrap.parts import Json, Part, attribute, output, policy, ref, resource, trust
from molthub.provider.bootstrap import BaseSpec
from molthub.resources.identity import EnvironmentNames

NFS = 2049
_MANAGED = "arn:${AWS::Partition}:iam::aws:policy/service-role/"


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


def _of_others(fleet: str) -> Json:
    """Whoever may pass the role gets no copy of another's state: StartBackupJob knows no resource but the vault."""
    return {
        "Effect": "Deny",
        "Action": "elasticfilesystem:Backup",
        "Resource": "*",
        "Condition": {"StringNotEquals": {"aws:ResourceTag/molthub:fleet": fleet}},
    }


def _backups(spec: BaseSpec, names: EnvironmentNames) -> Json:
    """AWS's own policies for the role: they change with the service, and name what each kind of backup needs.

    Theirs are for every file system of the account, so others' are denied.
    """
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
            ManagedPolicyArns=[
                f"{_MANAGED}AWSBackupServiceRolePolicyForBackup",
                f"{_MANAGED}AWSBackupServiceRolePolicyForRestores",
            ],
            Policies=[{"PolicyName": "own-file-systems", "PolicyDocument": policy(_of_others(spec.fleet))}],
        ),
    }
