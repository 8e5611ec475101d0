"""EFS: file systems and access points by id, tags at birth, the key of an encrypted one, the network of a mount target.

Mount targets ask EC2 for their network interfaces as well (EFS API reference). A mount target is judged
by the file system it is of. Describing without an id looks at all of the account.
"""

from __future__ import annotations

from collections.abc import Mapping

from molthub.simulator.iam.asks.view import Asking, View, tagged, tagging, untagging
from molthub.simulator.iam.evaluator import Ask
from molthub.simulator.iam.matching import Context

EFS = "elasticfilesystem"
KEY_ACTIONS = ("kms:DescribeKey", "kms:CreateGrant")


def _arn(view: View, identifier: str) -> str:
    """Of a file system or access point by its id, its ARN, or "" for all file systems."""
    plain = identifier.rpartition("/")[2]
    kind = "access-point" if plain.startswith("fsap-") else "file-system"
    return view.arn(EFS, f"{kind}/{plain or '*'}")


def _tags(view: View, identifier: str) -> Context:
    plain = identifier.rpartition("/")[2]
    return tagged(dict(view.moto("efs").tagging_service.get_tag_dict_for_resource(plain)))


def _mounted(view: View) -> str:
    """The file system that the request is about: named, or that of its mount target."""
    target = view.moto("efs").mount_targets_by_id.get(view.params.get("MountTargetId", ""))
    return str(target.file_system_id) if target is not None else str(view.params.get("FileSystemId", ""))


def _on_file_system(name: str) -> Asking:
    def asks(view: View) -> list[Ask]:
        identifier = _mounted(view)
        return [Ask(f"{EFS}:{name}", _arn(view, identifier), _tags(view, identifier))]

    return asks


def _describe_access_points(view: View) -> list[Ask]:
    """By access point or file system; without either, all of the account are looked at."""
    named = [str(view.params[key]) for key in ("AccessPointId", "FileSystemId") if view.params.get(key)]
    if named:
        return [Ask(f"{EFS}:DescribeAccessPoints", _arn(view, item), _tags(view, item)) for item in named]
    return [Ask(f"{EFS}:DescribeAccessPoints", view.arn(EFS, f"{kind}/*")) for kind in ("access-point", "file-system")]


def _on_access_point(name: str) -> Asking:
    def asks(view: View) -> list[Ask]:
        identifier = view.params["AccessPointId"]
        return [Ask(f"{EFS}:{name}", _arn(view, identifier), _tags(view, identifier))]

    return asks


def _at_birth(view: View, arn: str) -> list[Ask]:
    wanted = tagging(view.params.get("Tags", ()))
    context = {**wanted, f"{EFS}:createaction": (view.call.operation,)}
    return [Ask(f"{EFS}:TagResource", arn, context)] if wanted else []


def _create(view: View) -> list[Ask]:
    encrypted = str(bool(view.params.get("Encrypted"))).lower()
    context = {**tagging(view.params.get("Tags", ())), f"{EFS}:encrypted": (encrypted,)}
    asks = [Ask(f"{EFS}:CreateFileSystem", "*", context), *_at_birth(view, view.arn(EFS, "file-system/*"))]
    key = str(view.params.get("KmsKeyId", ""))
    through = {"kms:viaservice": (f"{EFS}.{view.call.region}.amazonaws.com",)}
    return [*asks, *(Ask(action, key, through) for action in KEY_ACTIONS if key.startswith("arn:aws:kms:"))]


def _create_access_point(view: View) -> list[Ask]:
    identifier = view.params["FileSystemId"]
    context = {**_tags(view, identifier), **tagging(view.params.get("Tags", ()))}
    asks = [Ask(f"{EFS}:CreateAccessPoint", _arn(view, identifier), context)]
    return [*asks, *_at_birth(view, view.arn(EFS, "access-point/*"))]


def _on_interface(name: str, action: str) -> Asking:
    """What EFS asks EC2 for the interface of an existing mount target."""

    def asks(view: View) -> list[Ask]:
        target = view.moto("efs").mount_targets_by_id.get(view.params["MountTargetId"])
        interface = target.network_interface_id if target is not None else "*"
        vpc = {"ec2:vpc": (view.arn("ec2", f"vpc/{target.vpc_id}"),)} if target is not None else {}
        return [*_on_file_system(name)(view), Ask(action, view.arn("ec2", f"network-interface/{interface}"), vpc)]

    return asks


def _create_mount_target(view: View) -> list[Ask]:
    subnet = view.params["SubnetId"]
    zones = view.moto("ec2").subnets.values()
    vpc = next((zone[subnet].vpc_id for zone in zones if subnet in zone), "")
    context = {"ec2:vpc": (view.arn("ec2", f"vpc/{vpc}"),)}
    groups = [f"security-group/{item}" for item in view.params.get("SecurityGroups", ())]
    made = [
        Ask("ec2:CreateNetworkInterface", view.arn("ec2", what), context)
        for what in ("network-interface/*", f"subnet/{subnet}", *groups)
    ]
    looking = ("ec2:DescribeSubnets", "ec2:DescribeNetworkInterfaces")
    return [*_on_file_system("CreateMountTarget")(view), *(Ask(action, "*") for action in looking), *made]


def _tag(view: View) -> list[Ask]:
    identifier = view.params["ResourceId"]
    context = {**_tags(view, identifier), **tagging(view.params["Tags"])}
    return [Ask(f"{EFS}:TagResource", _arn(view, identifier), context)]


def _untag(view: View) -> list[Ask]:
    identifier = view.params["ResourceId"]
    context = {**_tags(view, identifier), **untagging(view.params["TagKeys"])}
    return [Ask(f"{EFS}:UntagResource", _arn(view, identifier), context)]


_ON_FILE_SYSTEM = (
    *("DeleteFileSystem", "DescribeFileSystemPolicy", "DescribeFileSystems"),
    *("DescribeLifecycleConfiguration", "DescribeMountTargets", "PutFileSystemPolicy", "PutLifecycleConfiguration"),
    *("UpdateFileSystem", "UpdateFileSystemProtection"),
)

ASKS: Mapping[str, Asking] = {
    **{f"efs:{name}": _on_file_system(name) for name in _ON_FILE_SYSTEM},
    "efs:CreateAccessPoint": _create_access_point,
    "efs:CreateFileSystem": _create,
    "efs:CreateMountTarget": _create_mount_target,
    "efs:DeleteAccessPoint": _on_access_point("DeleteAccessPoint"),
    "efs:DeleteMountTarget": _on_interface("DeleteMountTarget", "ec2:DeleteNetworkInterface"),
    "efs:DescribeAccessPoints": _describe_access_points,
    "efs:ModifyMountTargetSecurityGroups": _on_interface(
        "ModifyMountTargetSecurityGroups", "ec2:ModifyNetworkInterfaceAttribute"
    ),
    "efs:TagResource": _tag,
    "efs:UntagResource": _untag,
}
