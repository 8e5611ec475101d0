"""What somebody would try who holds the reconciler's session and nothing else. Every one of these must be denied."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from molthub.resources.identity import TAG_ENVIRONMENT, TAG_FLEET, TAG_WORKSPACE
from tests.fakes.balancers import make_listeners
from tests.fakes.foundation import lay_foundation
from tests.fakes.guarded import ROLE_ARN, TRUST
from tests.fakes.places import BOUNDARY, FLEET
from tests.fakes.simulator import ACCOUNT, REGION
from tests.fakes.stage import AWS, Stage

Json = dict[str, Any]
PATH = f"/molthub/{FLEET}/"
DOCUMENT = json.dumps({"Version": "2012-10-17", "Statement": [TRUST]})
EVERYTHING = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
TASKS = {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
TASK_TRUST = json.dumps({"Version": "2012-10-17", "Statement": [TASKS]})
ADMIN = f"arn:aws:iam::{ACCOUNT}:policy/admin"
OTHER_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0f0f0f0f-0000-4000-8000-1234567890ab"
Tags = tuple[Json, ...]


def _tags(fleet: str, environment: str) -> Tags:
    pairs = {TAG_FLEET: fleet, TAG_WORKSPACE: "acme", TAG_ENVIRONMENT: environment}
    return tuple({"key": key, "value": value} for key, value in pairs.items())


OURS, OTHERS = _tags(FLEET, "prod"), _tags("another-fleet", "prod")
NEXT = _tags(FLEET, "prod-eu")
"""Of another environment of the fleet, whose names begin as ours do."""
CONTAINER = {"name": "moltbot", "image": "registry.example.com/evil:1", "essential": True}
DEFINITION: Json = {
    "networkMode": "awsvpc",
    "requiresCompatibilities": ["FARGATE"],
    "cpu": "256",
    "memory": "512",
    "containerDefinitions": [CONTAINER],
}
NEXT_ROLE, NEXT_LOGS = "mh-acme-prod-eu-bot-0123456789-task", f"/molthub/{FLEET}/acme-prod-eu-bot-0123456789"
NEXT_SECRET = f"molthub/{FLEET}/acme-prod-eu-bot-0123456789/gateway"
_OWN, _OTHER = f"molthub/{FLEET}/acme-prod-bot/gateway", "molthub/another-fleet/bot/gateway"
CLUSTER, NETWORK = AWS["cluster"], {"awsvpcConfiguration": {"subnets": AWS["subnetIds"][:1]}}


@dataclass(frozen=True, slots=True)
class Attack:
    """One call that must be denied. action: what for."""

    name: str
    service: str
    operation: str
    action: str
    params: Callable[[Json], Json]

    def __str__(self) -> str:
        return self.name


def upper(tags: Tags) -> list[Json]:
    return [{"Key": tag["key"], "Value": tag["value"]} for tag in tags]


def _plain(tags: Tags) -> dict[str, str]:
    return {tag["key"]: tag["value"] for tag in tags}


def neighbourhood(stage: Stage) -> Json:
    """Things in the account that are none of the reconciler's, by what the attacks call them; made by the account."""
    iam, ec2, ecs, sm = (stage.client(name) for name in ("iam", "ec2", "ecs", "secretsmanager"))
    iam.create_policy(PolicyName="admin", PolicyDocument=EVERYTHING)
    iam.create_role(RoleName="admin", AssumeRolePolicyDocument=TASK_TRUST)
    role = {"Path": PATH, "AssumeRolePolicyDocument": TASK_TRUST, "Tags": upper(OURS)}
    iam.create_role(RoleName="mh-acme-prod-free-task", **role)
    iam.create_role(RoleName="mh-acme-prod-bound-task", **role, PermissionsBoundary=BOUNDARY)
    found: Json = {}
    neighbours: dict[str, Tags] = {"theirs": OTHERS, "next": NEXT, "untagged": (), "ours": OURS}
    for name, tags in neighbours.items():
        group = ec2.create_security_group(GroupName=f"molthub-{name}", Description="x", VpcId=AWS["vpcId"])["GroupId"]
        if tags:
            ec2.create_tags(Resources=[group], Tags=upper(tags))
        found[f"{name}-group"] = group
        definition = ecs.register_task_definition(family=f"molthub-{name}", **DEFINITION)["taskDefinition"]
        service = ecs.create_service(
            cluster=CLUSTER,
            serviceName=f"molthub-{name}",
            taskDefinition=definition["taskDefinitionArn"],
            desiredCount=0,
            launchType="FARGATE",
            networkConfiguration=NETWORK,
            **({"tags": [*tags]} if tags else {}),
        )["service"]
        found |= {f"{name}-service": service["serviceArn"], f"{name}-definition": definition["taskDefinitionArn"]}
    listed = ecs.list_service_deployments(cluster=CLUSTER, service="molthub-theirs")["serviceDeployments"]
    found["theirs-deployment"] = listed[0]["serviceDeploymentArn"]
    ecs.create_cluster(clusterName="another-cluster")
    for name in ("molthub/another-fleet/bot/gateway", f"molthub/{FLEET}/model"):
        sm.create_secret(Name=name, SecretString="dummy")
    sm.create_secret(Name=_OWN, SecretString="dummy", Tags=upper(OURS))
    _next_door(stage)
    stage.client("s3").create_bucket(Bucket="acme-customers", CreateBucketConfiguration={"LocationConstraint": REGION})
    stage.client("s3").put_object(Bucket="acme-customers", Key="list.csv", Body=b"ana")
    stage.client("logs").create_log_group(logGroupName="/molthub/another-fleet/bot")
    efs = stage.client("efs")
    for name, tags in neighbours.items():
        made = efs.create_file_system(CreationToken=name, Encrypted=True, Tags=upper(tags))
        found[f"{name}-files"] = made["FileSystemId"]
    found |= _theirs_backed_up(stage, found["theirs-files"])
    group = ec2.create_security_group(GroupName="website", Description="x", VpcId=AWS["vpcId"])["GroupId"]
    (listener,) = make_listeners(stage.client, AWS["subnetIds"], group, count=1, name="website", tags={})
    found["listener"] = listener.arn
    found["another-vpc"] = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    return found


def _theirs_backed_up(stage: Stage, file_system: str) -> Json:
    """Another fleet's recovery point, and what a backup or restore takes."""
    foundation = lay_foundation(stage.client, cluster=CLUSTER, vpc_id=AWS["vpcId"], subnet_ids=tuple(AWS["subnetIds"]))
    resource = f"arn:aws:elasticfilesystem:{REGION}:{ACCOUNT}:file-system/{file_system}"
    whole = {"BackupVaultName": foundation.backup_vault, "ResourceArn": resource, "IamRoleArn": foundation.backup_role}
    start = stage.client("backup").start_backup_job
    points = {
        name: start(**whole, RecoveryPointTags=_plain(tags)) for name, tags in (("theirs", OTHERS), ("next", NEXT))
    }
    return {"backup": whole} | {f"{name}-point": made["RecoveryPointArn"] for name, made in points.items()}


def _next_door(stage: Stage) -> None:
    """What another environment of the fleet has by name, and a listener that is nobody's."""
    role = {"Path": PATH, "AssumeRolePolicyDocument": TASK_TRUST, "PermissionsBoundary": BOUNDARY}
    stage.client("iam").create_role(RoleName=NEXT_ROLE, **role, Tags=upper(NEXT))
    stage.client("secretsmanager").create_secret(Name=NEXT_SECRET, SecretString="dummy", Tags=upper(NEXT))
    stage.client("logs").create_log_group(logGroupName=NEXT_LOGS, tags=_plain(NEXT))


def _just(**params: Any) -> Callable[[Json], Json]:
    return lambda _: params


def _iam(name: str, operation: str, **params: Any) -> Attack:
    words = operation.split("_")
    return Attack(name, "iam", operation, "iam:" + "".join(word.capitalize() for word in words), _just(**params))


_NEW: Json = {
    "RoleName": "mh-acme-prod-new-task",
    "Path": PATH,
    "AssumeRolePolicyDocument": TASK_TRUST,
    "Tags": upper(OURS),
}
_POLICY: Json = {"PolicyName": "more", "PolicyDocument": EVERYTHING}
_SELF = ROLE_ARN.rpartition("/")[2]

ROLES = [
    _iam("a role without a boundary", "create_role", **_NEW),
    _iam("a role with another boundary", "create_role", **_NEW, PermissionsBoundary=ADMIN),
    _iam("a role outside the path", "create_role", **{**_NEW, "Path": "/"}, PermissionsBoundary=BOUNDARY),
    _iam("a role in another fleet", "create_role", **{**_NEW, "Path": "/molthub/x/"}, PermissionsBoundary=BOUNDARY),
    _iam("a role of another name", "create_role", **{**_NEW, "RoleName": "mh-x-rec"}, PermissionsBoundary=BOUNDARY),
    _iam("rights for a foreign role", "put_role_policy", RoleName="admin", **_POLICY),
    _iam("rights for itself", "put_role_policy", RoleName=_SELF, **_POLICY),
    _iam("rights for an unbounded role", "put_role_policy", RoleName="mh-acme-prod-free-task", **_POLICY),
    _iam("no boundary any more", "delete_role_permissions_boundary", RoleName="mh-acme-prod-bound-task"),
    _iam(
        "a wider boundary",
        "put_role_permissions_boundary",
        RoleName="mh-acme-prod-bound-task",
        PermissionsBoundary=ADMIN,
    ),
    _iam("a boundary on itself", "put_role_permissions_boundary", RoleName=_SELF, PermissionsBoundary=BOUNDARY),
    _iam("trust of a foreign role", "update_assume_role_policy", RoleName="admin", PolicyDocument=DOCUMENT),
    _iam("trust of its own role", "update_assume_role_policy", RoleName=_SELF, PolicyDocument=DOCUMENT),
    _iam("a managed policy", "attach_role_policy", RoleName="mh-acme-prod-bound-task", PolicyArn=ADMIN),
    _iam("a managed policy for itself", "attach_role_policy", RoleName=_SELF, PolicyArn=ADMIN),
    _iam("another version of the boundary", "create_policy_version", PolicyArn=BOUNDARY, PolicyDocument=EVERYTHING),
    _iam("an older version of the boundary", "set_default_policy_version", PolicyArn=BOUNDARY, VersionId="v1"),
    _iam("no boundary for anybody", "delete_policy", PolicyArn=BOUNDARY),
    _iam("a policy", "create_policy", **_POLICY),
    _iam("a user", "create_user", UserName="eve"),
    _iam("a foreign role's end", "delete_role", RoleName="admin"),
    _iam("a tag on itself", "tag_role", RoleName=_SELF, Tags=upper(OURS)),
    Attack(
        "another role's session",
        "sts",
        "assume_role",
        "sts:AssumeRole",
        _just(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/admin", RoleSessionName="eve"),
    ),
]


def _sm(name: str, operation: str, **params: Any) -> Attack:
    action = "secretsmanager:" + "".join(word.capitalize() for word in operation.split("_"))
    return Attack(name, "secretsmanager", operation, action, _just(**params))


_PERSONS = f"molthub/{FLEET}/model"

SECRETS = [
    _sm("its own secret's value", "get_secret_value", SecretId=_OWN),
    _sm("a linked secret's value", "get_secret_value", SecretId="acme/prod/model"),
    _sm("many secrets' values", "batch_get_secret_value", SecretIdList=[_OWN]),
    _sm("a value for a linked secret", "put_secret_value", SecretId="acme/prod/model", SecretString="x"),
    _sm("a value for a secret of the fleet", "put_secret_value", SecretId=_PERSONS, SecretString="x"),
    _sm("another fleet's secret's end", "delete_secret", SecretId=_OTHER),
    _sm("a secret anywhere", "create_secret", Name="acme/prod/new", SecretString="x"),
    _sm("a tag on a linked secret", "tag_resource", SecretId="acme/prod/model", Tags=upper(OURS)),
    Attack(
        "a secret under a foreign key",
        "secretsmanager",
        "update_secret",
        "kms:GenerateDataKey",
        _just(SecretId=_OWN, KmsKeyId=OTHER_KEY),
    ),
]


def _ecs(name: str, operation: str, params: Callable[[Json], Json], action: str = "") -> Attack:
    own = "ecs:" + "".join(word.capitalize() for word in operation.split("_"))
    return Attack(name, "ecs", operation, action or own, params)


def _service(name: str, tags: Tags = (), *, cluster: str = CLUSTER, **more: Any) -> Callable[[Json], Json]:
    whole = {"desiredCount": 0, "launchType": "FARGATE", "networkConfiguration": NETWORK, "tags": list(tags), **more}
    return lambda them: {
        "cluster": cluster,
        "serviceName": name,
        "taskDefinition": them["theirs-definition"],
        **whole,
    }


def _definition(role: str, *, family: str = "molthub-new", tag: Tags = OURS) -> Callable[[Json], Json]:
    arn = f"arn:aws:iam::{ACCOUNT}:role{role}"
    return _just(family=family, taskRoleArn=arn, tags=[*tag], **DEFINITION)


TASK_ROLE = f"{PATH}mh-acme-prod-bound-task"

CONTAINERS = [
    _ecs("another fleet's service's end", "delete_service", _just(cluster=CLUSTER, service="molthub-theirs")),
    _ecs("an untagged service's end", "delete_service", _just(cluster=CLUSTER, service="molthub-untagged")),
    _ecs(
        "another fleet's service's count",
        "update_service",
        _just(cluster=CLUSTER, service="molthub-theirs", desiredCount=0),
    ),
    _ecs(
        "another fleet's service made ours",
        "tag_resource",
        lambda them: {"resourceArn": them["theirs-service"], "tags": [*OURS]},
    ),
    _ecs(
        "another fleet's service's tags",
        "untag_resource",
        lambda them: {"resourceArn": them["theirs-service"], "tagKeys": ["molthub:fleet"]},
    ),
    _ecs(
        "another fleet's rollout's end",
        "stop_service_deployment",
        lambda them: {"serviceDeploymentArn": them["theirs-deployment"], "stopType": "ROLLBACK"},
    ),
    _ecs("a service without our tag", "create_service", _service("molthub-new")),
    _ecs("a service with another's tag", "create_service", _service("molthub-new", OTHERS)),
    _ecs("a service of another name", "create_service", _service("web", OURS)),
    _ecs("a service in another cluster", "create_service", _service("molthub-new", OURS, cluster="another-cluster")),
    _ecs("what runs in another cluster", "list_services", _just(cluster="another-cluster")),
    _ecs("an administrator's task", "register_task_definition", _definition("/admin"), "iam:PassRole"),
    _ecs(
        "its own rights for a task",
        "register_task_definition",
        _definition(f"{PATH}{_SELF}"),
        "iam:PassRole",
    ),
    _ecs("a definition of another family", "register_task_definition", _definition(TASK_ROLE, family="web")),
    _ecs("a definition with another's tag", "register_task_definition", _definition(TASK_ROLE, tag=OTHERS)),
    _ecs(
        "a task by itself",
        "run_task",
        lambda them: {"cluster": CLUSTER, "taskDefinition": them["theirs-definition"]},
    ),
]


def _group(name: str, operation: str, which: str, **params: Any) -> Attack:
    action = "ec2:" + "".join(word.capitalize() for word in operation.split("_"))
    return Attack(name, "ec2", operation, action, lambda them: {"GroupId": them[which], **params})


_OPEN = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]


def _new_group(tags: Tags, vpc: str | None = None) -> Callable[[Json], Json]:
    born = [{"ResourceType": "security-group", "Tags": upper(tags)}]
    return lambda them: {
        "GroupName": "molthub-new",
        "Description": "x",
        "VpcId": them[vpc] if vpc else AWS["vpcId"],
        "TagSpecifications": born,
    }


NETWORKS = [
    _group("another fleet's group's end", "delete_security_group", "theirs-group"),
    _group("an untagged group's end", "delete_security_group", "untagged-group"),
    _group("a hole in another's group", "authorize_security_group_ingress", "theirs-group", IpPermissions=_OPEN),
    _group("a way out of another's group", "authorize_security_group_egress", "untagged-group", IpPermissions=_OPEN),
    Attack(
        "another's group made ours",
        "ec2",
        "create_tags",
        "ec2:CreateTags",
        lambda them: {"Resources": [them["theirs-group"]], "Tags": upper(OURS)},
    ),
    Attack("a group with another's tag", "ec2", "create_security_group", "ec2:CreateSecurityGroup", _new_group(OTHERS)),
    Attack(
        "a group in another network",
        "ec2",
        "create_security_group",
        "ec2:CreateSecurityGroup",
        _new_group(OURS, "another-vpc"),
    ),
    Attack(
        "another fleet's logs' end",
        "logs",
        "delete_log_group",
        "logs:DeleteLogGroup",
        _just(logGroupName="/molthub/another-fleet/bot"),
    ),
    Attack(
        "logs kept shorter elsewhere",
        "logs",
        "put_retention_policy",
        "logs:PutRetentionPolicy",
        _just(logGroupName="/molthub/another-fleet/bot", retentionInDays=1),
    ),
]

OBJECT: Json = {"Bucket": "acme-customers", "Key": "list.csv"}
BUCKETS = [
    Attack("a file of somebody's", "s3", "get_object", "s3:GetObject", _just(**OBJECT)),
    Attack("a file put beside it", "s3", "put_object", "s3:PutObject", _just(**OBJECT, Body=b"x")),
    Attack("a file's end", "s3", "delete_object", "s3:DeleteObject", _just(**OBJECT)),
    Attack("the files of a bucket", "s3", "list_objects_v2", "s3:ListBucket", _just(Bucket=OBJECT["Bucket"])),
]


def _files(name: str, operation: str, which: str, **params: Any) -> Attack:
    member = "ResourceId" if operation == "tag_resource" else "FileSystemId"
    action = "elasticfilesystem:" + "".join(word.capitalize() for word in operation.split("_"))
    return Attack(name, "efs", operation, action, lambda them: {member: them[which], **params})


FILES = [
    _files("somebody's file system made ours", "tag_resource", "untagged-files", Tags=upper(OURS)),
    _files("another fleet's file system made ours", "tag_resource", "theirs-files", Tags=upper(OURS)),
    _files("another fleet's file system's end", "delete_file_system", "theirs-files"),
    _files("an untagged file system's end", "delete_file_system", "untagged-files"),
    _files("everybody on another fleet's file system", "put_file_system_policy", "theirs-files", Policy=EVERYTHING),
]


def _backup(role: str | None = None, tags: Tags = OURS) -> Callable[[Json], Json]:
    more = {"RecoveryPointTags": _plain(tags)} | ({"IamRoleArn": role} if role else {})
    return lambda them: {**them["backup"], **more}


BACKUPS = [
    Attack(
        "another fleet's state in our hands",
        "backup",
        "start_restore_job",
        "backup:StartRestoreJob",
        lambda them: {
            "RecoveryPointArn": them["theirs-point"],
            "IamRoleArn": them["backup"]["IamRoleArn"],
            "Metadata": {},
            "CopySourceTagsToRestoredResource": True,
        },
    ),
    Attack("a backup with another's tag", "backup", "start_backup_job", "backup:TagResource", _backup(tags=OTHERS)),
    Attack(
        "an administrator's backup",
        "backup",
        "start_backup_job",
        "iam:PassRole",
        _backup(f"arn:aws:iam::{ACCOUNT}:role/admin"),
    ),
    Attack(
        "another fleet's backup's end",
        "backup",
        "delete_recovery_point",
        "backup:DeleteRecoveryPoint",
        lambda them: {"BackupVaultName": them["backup"]["BackupVaultName"], "RecoveryPointArn": them["theirs-point"]},
    ),
]

_DOOR = {"awsvpcConfiguration": {"subnets": AWS["subnetIds"][:1], "assignPublicIp": "ENABLED"}}
OPEN = [
    _ecs("a public address", "create_service", _service("molthub-new", OURS, networkConfiguration=_DOOR)),
    _ecs("a shell into tasks", "create_service", _service("molthub-new", OURS, enableExecuteCommand=True)),
    _ecs(
        "a public address later",
        "update_service",
        _just(cluster=CLUSTER, service="molthub-ours", networkConfiguration=_DOOR),
    ),
    _ecs(
        "a shell into tasks later",
        "update_service",
        _just(cluster=CLUSTER, service="molthub-ours", enableExecuteCommand=True),
    ),
]

_ITS = {"RoleName": NEXT_ROLE}
NEXT_DOOR = [
    _iam(
        "our boundary on the next environment's role",
        "put_role_permissions_boundary",
        **_ITS,
        PermissionsBoundary=BOUNDARY,
    ),
    _iam("trust of the next environment's role", "update_assume_role_policy", **_ITS, PolicyDocument=DOCUMENT),
    _iam("rights for the next environment's role", "put_role_policy", **_ITS, **_POLICY),
    _iam("the next environment's role made ours", "tag_role", **_ITS, Tags=upper(OURS)),
    _iam("the next environment's role's end", "delete_role", **_ITS),
    _iam(
        "a role of the next environment", "create_role", **{**_NEW, "Tags": upper(NEXT)}, PermissionsBoundary=BOUNDARY
    ),
    _sm("the next environment's secret's end", "delete_secret", SecretId=NEXT_SECRET),
    _sm("a value for the next environment's secret", "put_secret_value", SecretId=NEXT_SECRET, SecretString="x"),
    _sm("the next environment's secret made ours", "tag_resource", SecretId=NEXT_SECRET, Tags=upper(OURS)),
    _files("the next environment's file system's end", "delete_file_system", "next-files"),
    _files("the next environment's file system made ours", "tag_resource", "next-files", Tags=upper(OURS)),
    Attack(
        "the next environment's logs' end",
        "logs",
        "delete_log_group",
        "logs:DeleteLogGroup",
        _just(logGroupName=NEXT_LOGS),
    ),
    _group("the next environment's group's end", "delete_security_group", "next-group"),
    _group(
        "a hole in the next environment's group", "authorize_security_group_ingress", "next-group", IpPermissions=_OPEN
    ),
    _ecs("the next environment's service's end", "delete_service", _just(cluster=CLUSTER, service="molthub-next")),
    _ecs(
        "the next environment's service's count",
        "update_service",
        _just(cluster=CLUSTER, service="molthub-next", desiredCount=0),
    ),
    _ecs("a service as the next environment's", "create_service", _service("molthub-new", NEXT)),
    Attack(
        "a rule on somebody's listener",
        "elbv2",
        "create_rule",
        "elasticloadbalancing:CreateRule",
        lambda them: {
            "ListenerArn": them["listener"],
            "Priority": 1,
            "Conditions": [{"Field": "path-pattern", "Values": ["/login"]}],
            "Actions": [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}],
            "Tags": upper(OURS),
        },
    ),
    Attack(
        "the next environment's state in our hands",
        "backup",
        "start_restore_job",
        "backup:StartRestoreJob",
        lambda them: {
            "RecoveryPointArn": them["next-point"],
            "IamRoleArn": them["backup"]["IamRoleArn"],
            "Metadata": {},
            "CopySourceTagsToRestoredResource": True,
        },
    ),
]

ATTACKS = [*NEXT_DOOR, *OPEN, *BACKUPS, *BUCKETS, *FILES, *ROLES, *SECRETS, *CONTAINERS, *NETWORKS]
