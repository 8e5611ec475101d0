"""EFS: what Molthub calls of it, as strict as AWS and as slow.

Sources: the EFS API reference (states, conflicts, limits) and botocore's model. A mount target takes about a minute,
there is one in a zone, and a file system that has any cannot be deleted.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from molthub.simulator.paging import page
from molthub.simulator.refusals import MalformedRequestError, RefusalError
from molthub.simulator.storage.state import Json, Storage, Stores
from molthub.simulator.wire import Call

CONFLICT, NOT_FOUND = 409, 404
MOST_ITEMS = 100
MOST_GROUPS = 5
MOST_POLICY = 20_000
DAY = 86_400.0


class Efs:
    """Answers EFS's operations for one account and region."""

    def __init__(self, stores: Stores, account: str, region: str) -> None:
        self._stores = stores
        self._storage: Storage = stores.of(account, region)
        self._efs = stores.efs(account, region)
        self._ec2 = stores.moto.backend("ec2", account, region)

    def call(self, call: Call) -> Json:
        """The answer. Raises a refusal."""
        operation = OPERATIONS.get(call.operation)
        if operation is None:
            message = f"the simulator does not emulate {call.name}"
            raise MalformedRequestError("UnsupportedOperation", message, ref="MH-SIM-003")
        self._forget_gone()
        return operation(self, call.params)

    def _forget_gone(self) -> None:
        now = self._stores.now()
        self._storage.going = {key: item for key, item in self._storage.going.items() if item[1] > now}

    # -- file systems ------------------------------------------------------------------------------------------

    def create_file_system(self, params: Json) -> Json:
        token = params["CreationToken"]
        there = next((fs for fs in self._efs.file_systems_by_id.values() if fs.creation_token == token), None)
        if there is not None:
            message = f"File system '{there.file_system_id}' already exists with creation token '{token}'"
            raise RefusalError("FileSystemAlreadyExists", message, status=CONFLICT)
        if params.get("KmsKeyId") and not params.get("Encrypted"):
            raise MalformedRequestError("BadRequest", "KmsKeyId requires Encrypted to be true.")
        made = self._efs.create_file_system(
            creation_token=token,
            performance_mode=params.get("PerformanceMode", "generalPurpose"),
            encrypted=params.get("Encrypted", False),
            kms_key_id=params.get("KmsKeyId"),
            throughput_mode=params.get("ThroughputMode", "bursting"),
            provisioned_throughput_in_mibps=params.get("ProvisionedThroughputInMibps"),
            availability_zone_name=params.get("AvailabilityZoneName"),
            backup=params.get("Backup", False),
            tags=params.get("Tags", []),
        )
        made.creation_time = self._stores.date_of(self._stores.now())
        self._storage.ready[made.file_system_id] = self._stores.now() + self._stores.timings.file_system
        self._storage.marks.setdefault(made.file_system_id, [])
        return self.describe(made)

    def describe(self, fs: Any) -> Json:
        """A FileSystemDescription."""
        identifier = fs.file_system_id
        tags = self._efs.list_tags_for_resource(identifier)
        targets = len(fs._mount_targets) + sum(1 for item in self._going_of(identifier))  # noqa: SLF001 - moto's
        size = 6144 + 4096 * len(self._storage.marks.get(identifier, ()))
        found = {
            "OwnerId": fs.owner_id,
            "CreationToken": fs.creation_token,
            "FileSystemId": identifier,
            "FileSystemArn": fs.file_system_arn,
            "CreationTime": fs.creation_time,
            "LifeCycleState": "available" if self._stores.is_ready(self._storage, identifier) else "creating",
            "Name": next((tag["Value"] for tag in tags if tag["Key"] == "Name"), None),
            "NumberOfMountTargets": targets,
            "SizeInBytes": {"Value": size, "ValueInIA": 0, "ValueInStandard": size},
            "PerformanceMode": fs.performance_mode,
            "Encrypted": bool(fs.encrypted),
            "KmsKeyId": fs.kms_key_id,
            "ThroughputMode": fs.throughput_mode,
            "Tags": tags,
        }
        return {key: value for key, value in found.items() if value is not None}

    def describe_file_systems(self, params: Json) -> Json:
        token, identifier = params.get("CreationToken"), params.get("FileSystemId")
        if token and identifier:
            raise MalformedRequestError("BadRequest", "FileSystemId and CreationToken are mutually exclusive.")
        found = [self.file_system(identifier)] if identifier else list(self._efs.file_systems_by_id.values())
        items = [self.describe(fs) for fs in found if token is None or fs.creation_token == token]
        chosen, following = _marked(items, params, "FileSystemId")
        return {"FileSystems": chosen} | ({"NextMarker": following} if following else {})

    def update_file_system(self, params: Json) -> Json:
        fs = self._available(params["FileSystemId"])
        changed = self._storage.throughput_changed.get(fs.file_system_id)
        if changed is not None and self._stores.now() < changed + DAY:
            raise RefusalError("TooManyRequests", "The throughput mode was changed in the last 24 hours.", status=429)
        fs.throughput_mode = params.get("ThroughputMode", fs.throughput_mode)
        self._storage.throughput_changed[fs.file_system_id] = self._stores.now()
        return self.describe(fs)

    def delete_file_system(self, params: Json) -> Json:
        fs = self.file_system(params["FileSystemId"])
        if self.describe(fs)["NumberOfMountTargets"]:
            raise RefusalError(
                "FileSystemInUse", "File system is in use: delete all of its mount targets first.", status=CONFLICT
            )
        for point in [p for p in self._efs.access_points.values() if p.file_system_id == fs.file_system_id]:
            self._efs.delete_access_point(point.access_point_id)
        self._efs.delete_file_system(fs.file_system_id)
        self._storage.marks.pop(fs.file_system_id, None)
        return {}

    def file_system(self, identifier: str) -> Any:
        """moto's object. AWS takes an ARN as well."""
        fs = self._efs.file_systems_by_id.get(identifier.rpartition("/")[2])
        if fs is None:
            raise RefusalError("FileSystemNotFound", f"File system '{identifier}' does not exist.", status=NOT_FOUND)
        return fs

    def _available(self, identifier: str) -> Any:
        fs = self.file_system(identifier)
        if not self._stores.is_ready(self._storage, fs.file_system_id):
            message = "File system lifecycle state is not 'available'."
            raise RefusalError("IncorrectFileSystemLifeCycleState", message, status=CONFLICT)
        return fs

    # -- policy and tags ---------------------------------------------------------------------------------------

    def put_file_system_policy(self, params: Json) -> Json:
        fs = self._available(params["FileSystemId"])
        text = params["Policy"]
        if len(text) > MOST_POLICY:
            raise MalformedRequestError("InvalidPolicyException", "Policy is longer than 20000 characters.")
        for statement in _statements(text):
            self._check_statement(statement, fs)
        self._efs.put_file_system_policy(fs.file_system_id, text, False)  # noqa: FBT003 - moto's
        return {"FileSystemId": fs.file_system_id, "Policy": text}

    def _check_statement(self, statement: Json, fs: Any) -> None:
        if "Principal" not in statement or "Action" not in statement:
            raise MalformedRequestError("InvalidPolicyException", "Missing required field Principal or Action.")
        for resource in _listed(statement.get("Resource", fs.file_system_arn)):
            if resource not in ("*", fs.file_system_arn):
                raise MalformedRequestError("InvalidPolicyException", f"Policy names another resource: {resource}")
        for principal in _listed((statement["Principal"] or {}).get("AWS", [])):
            known = [role.arn for role in self._roles()]
            if ":role/" in principal and principal not in known:
                raise RefusalError("InvalidPolicyException", "Policy contains invalid Principal block.")

    def _roles(self) -> list[Any]:
        return list(self._stores.moto.backend("iam", self._efs.account_id, "aws").roles.values())

    def describe_file_system_policy(self, params: Json) -> Json:
        fs = self.file_system(params["FileSystemId"])
        if not fs.file_system_policy:
            raise RefusalError("PolicyNotFound", "Policy does not exist.", status=NOT_FOUND)
        return {"FileSystemId": fs.file_system_id, "Policy": fs.file_system_policy}

    def tag_resource(self, params: Json) -> Json:
        self._efs.tagging_service.tag_resource(self._tagged(params["ResourceId"]), params["Tags"])
        return {}

    def untag_resource(self, params: Json) -> Json:
        self._efs.tagging_service.untag_resource_using_names(self._tagged(params["ResourceId"]), params["TagKeys"])
        return {}

    def _tagged(self, identifier: str) -> str:
        if identifier.rpartition("/")[2].startswith("fsap-"):
            return str(self._access_point(identifier).access_point_id)
        return str(self.file_system(identifier).file_system_id)

    # -- mount targets -----------------------------------------------------------------------------------------

    def create_mount_target(self, params: Json) -> Json:
        fs = self._available(params["FileSystemId"])
        subnet = next(
            (zone[params["SubnetId"]] for zone in self._ec2.subnets.values() if params["SubnetId"] in zone), None
        )
        if subnet is None:
            raise RefusalError("SubnetNotFound", f"The subnet ID '{params['SubnetId']}' does not exist")
        groups = params.get("SecurityGroups", [])
        self._check_groups(groups)
        zones = {item["AvailabilityZoneName"] for item in self._targets_of(fs.file_system_id)}
        if subnet.availability_zone in zones:
            raise RefusalError("MountTargetConflict", "mount target already exists in this AZ", status=CONFLICT)
        if any(item["VpcId"] != subnet.vpc_id for item in self._targets_of(fs.file_system_id)):
            message = "requested subnet for new mount target is not in the same VPC as existing mount targets"
            raise RefusalError("MountTargetConflict", message, status=CONFLICT)
        made = self._efs.create_mount_target(fs.file_system_id, subnet.id, None, groups)
        self._storage.ready[made.mount_target_id] = self._stores.now() + self._stores.timings.mount_target
        return self._describe_target(made)

    def _check_groups(self, groups: list[str]) -> None:
        known = {group for vpc in self._ec2.groups.values() for group in vpc}
        if len(groups) > MOST_GROUPS:
            raise RefusalError("SecurityGroupLimitExceeded", "The maximum number of security groups has been reached.")
        for group in groups:
            if group not in known:
                raise RefusalError("SecurityGroupNotFound", f"The security group '{group}' does not exist")

    def _describe_target(self, target: Any) -> Json:
        info = target.info_json()
        names = ("OwnerId", "MountTargetId", "FileSystemId", "SubnetId", "IpAddress", "NetworkInterfaceId")
        places = ("AvailabilityZoneId", "AvailabilityZoneName", "VpcId")
        ready = self._stores.is_ready(self._storage, target.mount_target_id)
        return {name: info[name] for name in (*names, *places)} | {
            "LifeCycleState": "available" if ready else "creating"
        }

    def _targets_of(self, identifier: str) -> list[Json]:
        fs = self._efs.file_systems_by_id[identifier]
        return [*(self._describe_target(target) for target in fs.iter_mount_targets()), *self._going_of(identifier)]

    def _going_of(self, identifier: str) -> list[Json]:
        return [item for item, _ in self._storage.going.values() if item["FileSystemId"] == identifier]

    def describe_mount_targets(self, params: Json) -> Json:
        asked = [params.get(key) for key in ("FileSystemId", "MountTargetId", "AccessPointId")]
        if sum(item is not None for item in asked) != 1:
            raise MalformedRequestError("BadRequest", "Exactly one of FileSystemId, MountTargetId, AccessPointId.")
        if params.get("FileSystemId"):
            found = self._targets_of(self.file_system(params["FileSystemId"]).file_system_id)
        elif params.get("MountTargetId"):
            found = [self._describe_target(self._mount_target(params["MountTargetId"]))]
        else:
            found = self._targets_of(self._access_point(params["AccessPointId"]).file_system_id)
        chosen, following = _marked(found, params, "MountTargetId")
        return {"MountTargets": chosen} | ({"NextMarker": following} if following else {})

    def modify_groups(self, params: Json) -> Json:
        target = self._mount_target(params["MountTargetId"])
        if not self._stores.is_ready(self._storage, target.mount_target_id):
            raise RefusalError(
                "IncorrectMountTargetState", "The mount target is not in the correct state.", status=CONFLICT
            )
        self._check_groups(params.get("SecurityGroups", []))
        self._efs.modify_mount_target_security_groups(target.mount_target_id, params.get("SecurityGroups", []))
        return {}

    def delete_mount_target(self, params: Json) -> Json:
        target = self._mount_target(params["MountTargetId"])
        description = {**self._describe_target(target), "LifeCycleState": "deleting"}
        self._efs.delete_mount_target(target.mount_target_id)
        until = self._stores.now() + self._stores.timings.mount_target_goes
        self._storage.going[target.mount_target_id] = (description, until)
        return {}

    def _mount_target(self, identifier: str) -> Any:
        target = self._efs.mount_targets_by_id.get(identifier)
        if target is None:
            raise RefusalError("MountTargetNotFound", f"Mount target '{identifier}' does not exist.", status=NOT_FOUND)
        return target

    # -- access points -----------------------------------------------------------------------------------------

    def create_access_point(self, params: Json) -> Json:
        fs = self._available(params["FileSystemId"])
        token = params["ClientToken"]
        there = next((p for p in self._efs.access_points.values() if p.client_token == token), None)
        if there is not None:
            message = f"Access point '{there.access_point_id}' already exists with this client token"
            raise RefusalError("AccessPointAlreadyExists", message, status=CONFLICT)
        made = self._efs.create_access_point(
            client_token=token,
            tags=params.get("Tags", []),
            file_system_id=fs.file_system_id,
            posix_user=params.get("PosixUser"),
            root_directory=params.get("RootDirectory"),
        )
        self._storage.ready[made.access_point_id] = self._stores.now() + self._stores.timings.access_point
        return self._describe_point(made)

    def _describe_point(self, point: Any) -> Json:
        ready = self._stores.is_ready(self._storage, point.access_point_id)
        described = {**point.info_json(), "LifeCycleState": "available" if ready else "creating"}
        return {key: value for key, value in described.items() if value is not None}

    def describe_access_points(self, params: Json) -> Json:
        if params.get("AccessPointId"):
            found = [self._access_point(params["AccessPointId"])]
        else:
            only = self.file_system(params["FileSystemId"]).file_system_id if params.get("FileSystemId") else None
            found = [p for p in self._efs.access_points.values() if only in (None, p.file_system_id)]
        items = sorted((self._describe_point(point) for point in found), key=lambda item: str(item["AccessPointId"]))
        chosen, following = page(
            items,
            key=lambda item: item["AccessPointId"],
            token=params.get("NextToken"),
            limit=params.get("MaxResults", MOST_ITEMS),
            bad_token="BadRequest",  # noqa: S106 - an error code
        )
        return {"AccessPoints": chosen} | ({"NextToken": following} if following else {})

    def _access_point(self, identifier: str) -> Any:
        point = self._efs.access_points.get(identifier.rpartition("/")[2])
        if point is None:
            raise RefusalError("AccessPointNotFound", f"Access point '{identifier}' does not exist.", status=NOT_FOUND)
        return point

    def delete_access_point(self, params: Json) -> Json:
        self._efs.delete_access_point(self._access_point(params["AccessPointId"]).access_point_id)
        return {}


OPERATIONS: Mapping[str, Callable[[Efs, Json], Json]] = {
    "CreateAccessPoint": Efs.create_access_point,
    "CreateFileSystem": Efs.create_file_system,
    "CreateMountTarget": Efs.create_mount_target,
    "DeleteAccessPoint": Efs.delete_access_point,
    "DeleteFileSystem": Efs.delete_file_system,
    "DeleteMountTarget": Efs.delete_mount_target,
    "DescribeAccessPoints": Efs.describe_access_points,
    "DescribeFileSystemPolicy": Efs.describe_file_system_policy,
    "DescribeFileSystems": Efs.describe_file_systems,
    "DescribeMountTargets": Efs.describe_mount_targets,
    "ModifyMountTargetSecurityGroups": Efs.modify_groups,
    "PutFileSystemPolicy": Efs.put_file_system_policy,
    "TagResource": Efs.tag_resource,
    "UntagResource": Efs.untag_resource,
    "UpdateFileSystem": Efs.update_file_system,
}


def _marked(items: list[Json], params: Json, key: str) -> tuple[list[Json], str | None]:
    """One page by EFS's markers: at most 100 whatever is asked for."""
    return page(
        sorted(items, key=lambda item: str(item[key])),
        key=lambda item: item[key],
        token=params.get("Marker"),
        limit=min(params.get("MaxItems", MOST_ITEMS), MOST_ITEMS),
        bad_token="BadRequest",  # noqa: S106 - an error code
    )


def _statements(text: str) -> list[Json]:
    try:
        found = json.loads(text)["Statement"]
    except (ValueError, KeyError, TypeError) as error:
        raise MalformedRequestError("InvalidPolicyException", "Policy is not valid JSON.") from error
    return _listed(found)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
