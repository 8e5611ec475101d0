"""Molthub's own controller as a Fargate service of the base stack, where `--with-controller` asks for it.

One task at a time (0/100): the lease would keep two apart, and one is enough. Its database and its mirror of the
repository lie on an encrypted file system, reached as uid 1000 through an access point, over TLS and with the task's
own role. It owns this environment and no other, with the reconciler's policies, or through the reconciler's role where
the manifest names that (`spec.aws.roleArn`). It can be called by nobody, and calls out on 443, and on 22 for ssh. Its
service and its roles are named otherwise than `molthub-*` and instances' roles: the reconciler's rights to write end
before them.

Its settings are outputs of the stack, from which `controller_in` reads them again: CloudFormation takes a template as
a whole, so whoever left the controller out of the next one would take it away.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from molthub.aws.bootstrap.control import place_of
from molthub.aws.bootstrap.network import subnets
from molthub.aws.bootstrap.parts import Json, Part, attribute, named, output, policy, ref, resource, trust
from molthub.aws.permissions.policy import reconciler_policies
from molthub.provider.bootstrap import BaseSpec, ControllerSpec
from molthub.resources.identity import EnvironmentNames

HOME = "/var/lib/molthub"
USER = "1000"
HTTPS, SSH = 443, 22
CPU, MEMORY = "512", "1024"
RETENTION_DAYS = 90
STOP_SECONDS = 120
TMP_MIB = 128

_TASKS = "ecs-tasks.amazonaws.com"


def controller(spec: BaseSpec, names: EnvironmentNames) -> Part:
    """Everything of the controller; nothing when it runs elsewhere."""
    wanted = spec.controller
    if wanted is None:
        return Part()
    group = f"/molthub/{spec.fleet}/controller/{names.controller_role}"
    resources = {
        **_state(spec, names),
        **_roles(spec, names, wanted, group),
        "ControllerGroup": _security_group(spec, wanted),
        "ControllerLogs": resource(
            "AWS::Logs::LogGroup",
            keep=True,
            LogGroupName=group,
            RetentionInDays=RETENTION_DAYS,
            KmsKeyId=attribute("Key", "Arn"),
        ),
        "ControllerTask": _task(spec, names, wanted),
        "Controller": _service(spec, names),
    }
    outputs = {
        "Controller": output(attribute("Controller", "Name"), "The ECS service of the controller"),
        "ControllerImage": output(wanted.image, "What it runs"),
        "ControllerRepo": output(wanted.repo, "What it follows"),
    }
    if wanted.ref is not None:
        outputs["ControllerRef"] = output(wanted.ref, "The branch it follows")
    if wanted.git_secret is not None:
        outputs["ControllerGitSecret"] = output(wanted.git_secret, "What it reads Git with")
    if wanted.root_keys:
        outputs["ControllerRootKeys"] = output(wanted.root_keys, "Who may sign the first access policy")
    return Part(resources, outputs)


def controller_in(outputs: Mapping[str, str]) -> ControllerSpec | None:
    """The controller that a stack with these outputs has; the inverse of `controller`."""
    if "Controller" not in outputs:
        return None
    return ControllerSpec(
        outputs["ControllerImage"],
        outputs["ControllerRepo"],
        ref=outputs.get("ControllerRef"),
        git_secret=outputs.get("ControllerGitSecret"),
        root_keys=outputs.get("ControllerRootKeys"),
    )


def is_ssh(repo: str) -> bool:
    """Whether git reaches it over ssh: `ssh://…`, or `git@host:path`."""
    return repo.startswith("ssh://") or "://" not in repo


def _private(spec: BaseSpec) -> list[Any]:
    return list(spec.subnet_ids) if spec.vpc_id is not None else subnets(spec, "Private")


def _security_group(spec: BaseSpec, wanted: ControllerSpec) -> Json:
    ports = (HTTPS, SSH) if is_ssh(wanted.repo) else (HTTPS,)
    return resource(
        "AWS::EC2::SecurityGroup",
        GroupDescription="The controller of Molthub: out to AWS and Git, in from nowhere",
        VpcId=spec.vpc_id or ref("Vpc"),
        SecurityGroupEgress=[
            {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "CidrIp": "0.0.0.0/0", "Description": "AWS and Git"}
            for port in ports
        ],
    )


def _state(spec: BaseSpec, names: EnvironmentNames) -> Json:
    """Losing it loses history and nothing else (what should run is in Git, what runs in AWS), so it has no backup."""
    targets = {
        f"ControllerFilesTarget{number}": resource(
            "AWS::EFS::MountTarget",
            FileSystemId=ref("ControllerFiles"),
            SubnetId=subnet,
            SecurityGroups=[attribute("StateServers", "GroupId")],
        )
        for number, subnet in enumerate(_private(spec), start=1)
    }
    files = resource(
        "AWS::EFS::FileSystem",
        keep=True,
        Encrypted=True,
        KmsKeyId=attribute("Key", "Arn"),
        FileSystemTags=named(f"{names.controller_role} files"),
        FileSystemPolicy=policy(
            {
                "Sid": "OnlyTheControllerOverTls",
                "Effect": "Allow",
                "Principal": {"AWS": attribute("ControllerRole", "Arn")},
                "Action": ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"],
                "Condition": {"Bool": {"aws:SecureTransport": "true"}},
            }
        ),
    )
    access = resource(
        "AWS::EFS::AccessPoint",
        FileSystemId=ref("ControllerFiles"),
        PosixUser={"Uid": USER, "Gid": USER},
        RootDirectory={
            "Path": "/controller",
            "CreationInfo": {"OwnerUid": USER, "OwnerGid": USER, "Permissions": "0700"},
        },
    )
    return {"ControllerFiles": files, "ControllerAccess": access, **targets}


def _roles(spec: BaseSpec, names: EnvironmentNames, wanted: ControllerSpec, group: str) -> Json:
    of_this_account = {"StringEquals": {"aws:SourceAccount": spec.account_id}}
    parts = len(reconciler_policies(place_of(spec, names)))
    reconcile = policy(
        {
            "Sid": "AsReconciler",
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Resource": attribute("Reconciler", "Arn"),
        }
    )
    task = resource(
        "AWS::IAM::Role",
        RoleName=names.controller_role,
        Path=names.role_path,
        Description=f"Molthub {spec.key}: the controller itself, with the rights of the reconciler",
        AssumeRolePolicyDocument=trust(_TASKS, **of_this_account),
        ManagedPolicyArns=[ref(f"ReconcilerPolicy{number}") for number in range(1, parts + 1)],
        Policies=[{"PolicyName": "as-reconciler", "PolicyDocument": reconcile}],
    )
    start = resource(
        "AWS::IAM::Role",
        Path=names.role_path,
        Description=f"Molthub {spec.key}: starts the controller (image, log, its Git secret)",
        AssumeRolePolicyDocument=trust(_TASKS, **of_this_account),
        Policies=[{"PolicyName": "start", "PolicyDocument": _start(spec, wanted, group)}],
    )
    return {"ControllerRole": task, "ControllerStartRole": start}


def _start(spec: BaseSpec, wanted: ControllerSpec, group: str) -> Json:
    here = "arn:${AWS::Partition}:{service}:" + f"{spec.region}:{spec.account_id}:"
    statements: list[Json] = [
        {"Sid": "Registry", "Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"},
        {
            "Sid": "Image",
            "Effect": "Allow",
            "Action": ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            "Resource": "arn:${AWS::Partition}:ecr:*:*:repository/*",
        },
        {
            "Sid": "Log",
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": here.replace("{service}", "logs") + f"log-group:{group}:*",
        },
    ]
    if wanted.git_secret is not None:
        via = {"StringEquals": {"kms:ViaService": f"secretsmanager.{spec.region}.amazonaws.com"}}
        statements += [
            {
                "Sid": "GitSecret",
                "Effect": "Allow",
                "Action": "secretsmanager:GetSecretValue",
                "Resource": wanted.git_secret,
            },
            {
                "Sid": "GitSecretsKey",
                "Effect": "Allow",
                "Action": "kms:Decrypt",
                "Resource": attribute("Key", "Arn"),
                "Condition": via,
            },
        ]
    return policy(*statements)


def _command(spec: BaseSpec, wanted: ControllerSpec) -> list[str]:
    followed = ["--ref", wanted.ref] if wanted.ref else []
    return ["controller", "run", "--repo", wanted.repo, *followed, "--environment", str(spec.key)]


def _container(spec: BaseSpec, wanted: ControllerSpec) -> Json:
    variable = "MOLTHUB_GIT_KEY" if is_ssh(wanted.repo) else "MOLTHUB_GIT_TOKEN"
    secrets = [{"Name": variable, "ValueFrom": wanted.git_secret}] if wanted.git_secret is not None else None
    container: Json = {
        "Name": "controller",
        "Image": wanted.image,
        "Essential": True,
        "Command": _command(spec, wanted),
        "Environment": [
            {"Name": "HOME", "Value": HOME},
            {"Name": "MOLTHUB_CACHE_DIR", "Value": f"{HOME}/mirror"},
            {"Name": "MOLTHUB_DATABASE_URL", "Value": f"sqlite:///{HOME}/molthub.db"},
            *([{"Name": "MOLTHUB_ROOT_KEYS", "Value": wanted.root_keys}] if wanted.root_keys else []),
        ],
        "User": f"{USER}:{USER}",
        "ReadonlyRootFilesystem": True,
        "StopTimeout": STOP_SECONDS,
        "MountPoints": [{"SourceVolume": "files", "ContainerPath": HOME, "ReadOnly": False}],
        "LinuxParameters": {
            "Capabilities": {"Drop": ["ALL"]},
            "InitProcessEnabled": True,
            "Tmpfs": [{"ContainerPath": "/tmp", "Size": TMP_MIB}],  # noqa: S108 - inside the container
        },
        "LogConfiguration": {
            "LogDriver": "awslogs",
            "Options": {
                "awslogs-group": ref("ControllerLogs"),
                "awslogs-region": spec.region,
                "awslogs-stream-prefix": "controller",
            },
        },
    }
    if secrets is not None:
        container["Secrets"] = secrets
    return container


def _task(spec: BaseSpec, names: EnvironmentNames, wanted: ControllerSpec) -> Json:
    volume = {
        "Name": "files",
        "EFSVolumeConfiguration": {
            "FilesystemId": ref("ControllerFiles"),
            "TransitEncryption": "ENABLED",
            "AuthorizationConfig": {"AccessPointId": ref("ControllerAccess"), "IAM": "ENABLED"},
        },
    }
    return resource(
        "AWS::ECS::TaskDefinition",
        Family=names.controller_role,
        RequiresCompatibilities=["FARGATE"],
        NetworkMode="awsvpc",
        Cpu=CPU,
        Memory=MEMORY,
        TaskRoleArn=attribute("ControllerRole", "Arn"),
        ExecutionRoleArn=attribute("ControllerStartRole", "Arn"),
        ContainerDefinitions=[_container(spec, wanted)],
        Volumes=[volume],
    )


def _service(spec: BaseSpec, names: EnvironmentNames) -> Json:
    made = resource(
        "AWS::ECS::Service",
        ServiceName=names.controller_role,
        Cluster=spec.cluster or ref("Cluster"),
        TaskDefinition=ref("ControllerTask"),
        DesiredCount=1,
        LaunchType="FARGATE",
        AvailabilityZoneRebalancing="DISABLED",
        DeploymentConfiguration={
            "MinimumHealthyPercent": 0,
            "MaximumPercent": 100,
            "DeploymentCircuitBreaker": {"Enable": True, "Rollback": True},
        },
        NetworkConfiguration={
            "AwsvpcConfiguration": {
                "AssignPublicIp": "DISABLED",
                "Subnets": _private(spec),
                "SecurityGroups": [attribute("ControllerGroup", "GroupId"), attribute("StateClients", "GroupId")],
            }
        },
    )
    made["DependsOn"] = [f"ControllerFilesTarget{number}" for number, _ in enumerate(_private(spec), start=1)]
    return made
