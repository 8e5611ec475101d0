"""AWS::ECS task definitions and services, AWS::EFS: what a container that keeps files is made of."""

from __future__ import annotations

import json
from typing import Any

from molthub.simulator.cloudformation.calling import Caller, NotYetError
from molthub.simulator.cloudformation.kinds.kind import Json, Kind, Made, Wanted
from molthub.simulator.cloudformation.state import Resource

_SPELT = {"EFSVolumeConfiguration": "efsVolumeConfiguration", "FilesystemId": "fileSystemId", "IAM": "iam"}
"""Names that differ from ECS's API by more than their first letter."""

_TAGS = frozenset({"Tags"})


def _as_ecs(value: Any) -> Any:
    """Properties as ECS's API spells them."""
    if isinstance(value, dict):
        return {_SPELT.get(key, key[:1].lower() + key[1:]): _as_ecs(item) for key, item in value.items()}
    return [_as_ecs(item) for item in value] if isinstance(value, list) else value


def _ecs_tags(wanted: Wanted) -> list[Json]:
    return [{"key": key, "value": value} for key, value in sorted(wanted.tags.items())]


def _register(call: Caller, wanted: Wanted) -> Made:
    given = {key: value for key, value in wanted.properties.items() if key not in _TAGS}
    made = call("ecs", "RegisterTaskDefinition", **_as_ecs(given), tags=_ecs_tags(wanted))["taskDefinition"]
    return made["taskDefinitionArn"], {"TaskDefinitionArn": made["taskDefinitionArn"]}


def _deregister(call: Caller, held: Resource) -> None:
    call("ecs", "DeregisterTaskDefinition", taskDefinition=held.id)


def _create_service(call: Caller, wanted: Wanted) -> Made:
    given = {key: value for key, value in wanted.properties.items() if key not in _TAGS}
    service = call("ecs", "CreateService", **_as_ecs(given), tags=_ecs_tags(wanted))["service"]
    return service["serviceArn"], {"Name": service["serviceName"], "ServiceArn": service["serviceArn"]}


def _update_service(call: Caller, held: Resource, wanted: Wanted) -> None:
    left_out = _TAGS | {"ServiceName", "LaunchType", "Cluster"}
    given = {key: value for key, value in wanted.properties.items() if key not in left_out}
    call("ecs", "UpdateService", cluster=wanted.properties["Cluster"], service=held.id, **_as_ecs(given))


def _delete_service(call: Caller, held: Resource) -> None:
    """Gone when its tasks are."""
    cluster = held.properties["Cluster"]
    found = call("ecs", "DescribeServices", cluster=cluster, services=[held.id])["services"]
    status = found[0]["status"] if found else "INACTIVE"
    if status == "ACTIVE":
        call("ecs", "DeleteService", cluster=cluster, service=held.id, force=True)
    if status != "INACTIVE":
        raise NotYetError


def _create_files(call: Caller, wanted: Wanted) -> Made:
    """Made when it is available; until then its policy cannot be put."""
    given, token = wanted.properties, f"{wanted.stack}-{wanted.name}"[-64:]
    found = call("efs", "DescribeFileSystems", CreationToken=token)["FileSystems"]
    if not found:
        tags = [*given.get("FileSystemTags", ()), *wanted.tag_list]
        key = given["KmsKeyId"]
        call("efs", "CreateFileSystem", CreationToken=token, Encrypted=given["Encrypted"], KmsKeyId=key, Tags=tags)
        raise NotYetError
    if found[0]["LifeCycleState"] != "available":
        raise NotYetError
    _put_policy(call, found[0]["FileSystemId"], given)
    return found[0]["FileSystemId"], {"FileSystemId": found[0]["FileSystemId"], "Arn": found[0]["FileSystemArn"]}


def _put_policy(call: Caller, files: str, given: Json) -> None:
    if "FileSystemPolicy" in given:
        call("efs", "PutFileSystemPolicy", FileSystemId=files, Policy=json.dumps(given["FileSystemPolicy"]))


def _update_files(call: Caller, held: Resource, wanted: Wanted) -> None:
    _put_policy(call, held.id, wanted.properties)


def _delete_files(call: Caller, held: Resource) -> None:
    call("efs", "DeleteFileSystem", FileSystemId=held.id)


def _create_target(call: Caller, wanted: Wanted) -> Made:
    target = call("efs", "CreateMountTarget", **wanted.properties)["MountTargetId"]
    return target, {"Id": target}


def _delete_target(call: Caller, held: Resource) -> None:
    """Gone when its network interface is."""
    found = call("efs", "DescribeMountTargets", FileSystemId=held.properties["FileSystemId"])["MountTargets"]
    state = next((item["LifeCycleState"] for item in found if item["MountTargetId"] == held.id), None)
    if state == "available":
        call("efs", "DeleteMountTarget", MountTargetId=held.id)
    if state is not None:
        raise NotYetError


def _create_access(call: Caller, wanted: Wanted) -> Made:
    given = wanted.properties
    user = {key: int(value) for key, value in given["PosixUser"].items()}
    root = given["RootDirectory"]
    info = {key: value if key == "Permissions" else int(value) for key, value in root["CreationInfo"].items()}
    made = call(
        "efs",
        "CreateAccessPoint",
        ClientToken=f"{wanted.stack}-{wanted.name}"[-64:],
        FileSystemId=given["FileSystemId"],
        PosixUser=user,
        RootDirectory={"Path": root["Path"], "CreationInfo": info},
        Tags=wanted.tag_list,
    )
    return made["AccessPointId"], {"AccessPointId": made["AccessPointId"], "Arn": made["AccessPointArn"]}


def _delete_access(call: Caller, held: Resource) -> None:
    call("efs", "DeleteAccessPoint", AccessPointId=held.id)


_DEFINITION = (
    *("ContainerDefinitions", "Cpu", "ExecutionRoleArn", "Family", "Memory", "NetworkMode"),
    *("RequiresCompatibilities", "TaskRoleArn", "Volumes"),
)
_POINT = ("FileSystemId", "PosixUser", "RootDirectory")
KINDS: dict[str, Kind] = {
    "AWS::ECS::TaskDefinition": Kind(_register, _deregister, fixed=frozenset(_DEFINITION)),
    "AWS::ECS::Service": Kind(
        _create_service, _delete_service, _update_service, frozenset({"Cluster", "ServiceName"}), 90
    ),
    "AWS::EFS::FileSystem": Kind(_create_files, _delete_files, _update_files, frozenset({"Encrypted", "KmsKeyId"}), 20),
    "AWS::EFS::MountTarget": Kind(
        _create_target, _delete_target, fixed=frozenset({"FileSystemId", "SubnetId"}), seconds=90
    ),
    "AWS::EFS::AccessPoint": Kind(_create_access, _delete_access, fixed=frozenset(_POINT)),
}
