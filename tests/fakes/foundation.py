"""What `molthub bootstrap` makes for persistent state, made by hand in a simulated account."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from molthub.resources.foundation import Foundation
from molthub.resources.identity import EnvironmentKey, names_of_environment
from tests.fakes.stage import AWS, Stage

Client = Callable[[str], Any]
NAMES = names_of_environment("acme-bots", EnvironmentKey("acme", "prod"), account="123456789012", region="eu-west-1")
BACKUP_ROLE, VAULT = NAMES.backup_role, NAMES.backup_vault
NFS = {"IpProtocol": "tcp", "FromPort": 2049, "ToPort": 2049}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "backup.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ],
}


def lay_foundation(client: Client, *, cluster: str, vpc_id: str, subnet_ids: tuple[str, ...]) -> Foundation:
    """A key, two security groups that let NFS through, a vault and its role. client: boto3's, by service."""
    ec2 = client("ec2")
    clients, servers = (
        ec2.create_security_group(GroupName=f"state-{name}", Description=f"state {name}", VpcId=vpc_id)["GroupId"]
        for name in ("clients", "servers")
    )
    ec2.authorize_security_group_egress(
        GroupId=clients, IpPermissions=[{**NFS, "UserIdGroupPairs": [{"GroupId": servers}]}]
    )
    ec2.authorize_security_group_ingress(
        GroupId=servers, IpPermissions=[{**NFS, "UserIdGroupPairs": [{"GroupId": clients}]}]
    )
    key = client("kms").create_key()["KeyMetadata"]["Arn"]
    client("backup").create_backup_vault(BackupVaultName=VAULT, EncryptionKeyArn=key)
    role = client("iam").create_role(
        RoleName=BACKUP_ROLE, Path="/molthub/acme-bots/", AssumeRolePolicyDocument=json.dumps(TRUST)
    )
    return Foundation(
        cluster=cluster,
        vpc_id=vpc_id,
        subnet_ids=subnet_ids,
        kms_key=key,
        state_clients=clients,
        state_servers=servers,
        backup_vault=VAULT,
        backup_role=role["Role"]["Arn"],
    )


def publish(
    client: Client, foundation: Foundation, *, stack: str, advance: Callable[[float], None], fleet: str = "acme-bots"
) -> None:
    """A stack that tells of it, as the environment's own would."""
    told = {
        "KmsKey": foundation.kms_key,
        "StateClients": foundation.state_clients,
        "StateServers": foundation.state_servers,
        "BackupVault": foundation.backup_vault,
        "BackupRole": foundation.backup_role,
    }
    template = {
        "Resources": {"Log": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/stack"}}},
        "Outputs": {name: {"Value": value} for name, value in told.items()},
    }
    made = client("cloudformation")
    made.create_change_set(
        StackName=stack,
        ChangeSetName="first",
        ChangeSetType="CREATE",
        TemplateBody=json.dumps(template),
        Tags=[{"Key": "molthub:fleet", "Value": fleet}],
    )
    advance(60)
    made.execute_change_set(StackName=stack, ChangeSetName="first")


def found(stage: Stage) -> None:
    """The stage's environment with what persistent state needs, and with the stack that tells of it, finished."""
    foundation = lay_foundation(
        stage.client, cluster=AWS["cluster"], vpc_id=AWS["vpcId"], subnet_ids=tuple(AWS["subnetIds"])
    )
    publish(stage.client, foundation, stack=NAMES.stack, advance=stage.control.advance)
    stage.control.advance(300)
