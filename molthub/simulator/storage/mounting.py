"""Whether a task can mount its file systems: they are there, reachable on the network, and let the task's role in.

Wordings: "Troubleshooting Amazon EFS volumes" and "Stopped tasks error codes" of the ECS developer guide.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Any

from molthub.simulator.iam.conditions import holds
from molthub.simulator.storage.state import Json, Stores

NFS = 2049
Allows = Callable[[Any, str, str], bool]
"""(moto's role, action, resource) → whether the role's own policies and boundary allow it."""

_UTILS = "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: "
_CODE = " : unsuccessful EFS utils command execution; code: "
DENIED = f"{_UTILS}b'mount.nfs4: access denied by server while mounting 127.0.0.1:/'{_CODE}32"
TIMEOUT = f"{_UTILS}Mount attempt 1/3 failed due to timeout after 15 sec, wait 0 sec before next attempt.{_CODE}32"
NO_DIRECTORY = (
    f"{_UTILS}mount.nfs4: mounting 127.0.0.1:/ failed, reason given by server: No such file or directory{_CODE}32"
)


class Mounts:
    """Judges the mounts of tasks in one account and region."""

    def __init__(self, stores: Stores, account: str, region: str, allows: Allows) -> None:
        self._stores = stores
        self._storage = stores.of(account, region)
        self._efs = stores.efs(account, region)
        self._ec2 = stores.moto.backend("ec2", account, region)
        self._allows = allows

    def problem(self, content: Json, *, role: Any, subnet: str, groups: Sequence[str]) -> str | None:
        """The first reason why a task of this definition cannot start, in AWS's words."""
        for volume in content.get("volumes", ()):
            settings = volume.get("efsVolumeConfiguration")
            if settings is None:
                continue
            problem = self._unreachable(settings, subnet, groups) or self._refused(settings, role)
            if problem is not None:
                return problem
        return None

    def leave_mark(self, content: Json, mark: str) -> None:
        """A gateway of this definition ran: what it holds is what this image made of it."""
        for volume in content.get("volumes", ()):
            identifier = volume.get("efsVolumeConfiguration", {}).get("fileSystemId")
            held = self._storage.marks.get(identifier) if identifier else None
            if held is not None and mark not in held:
                held.append(mark)

    def _unreachable(self, settings: Json, subnet: str, groups: Sequence[str]) -> str | None:
        fs = self._efs.file_systems_by_id.get(settings["fileSystemId"])
        if fs is None:
            name = f"{settings['fileSystemId']}.efs.{self._efs.region_name}.amazonaws.com"
            return f'{_UTILS}Failed to resolve "{name}" - check that your file system ID is correct.{_CODE}1'
        zone = next((zone[subnet].availability_zone for zone in self._ec2.subnets.values() if subnet in zone), None)
        target = next((item for item in fs.iter_mount_targets() if item.availability_zone_name == zone), None)
        if target is None or not self._stores.is_ready(self._storage, target.mount_target_id):
            name = f"{settings['fileSystemId']}.efs.{self._efs.region_name}.amazonaws.com"
            return f'{_UTILS}Failed to resolve "{name}" - check that your file system ID is correct.{_CODE}1'
        servers = target.security_groups or []
        out = any(_lets(rule, servers) for rule in self._rules(groups, "egress_rules"))
        into = any(_lets(rule, groups) for rule in self._rules(servers, "ingress_rules"))
        return None if out and into else TIMEOUT

    def _rules(self, groups: Iterable[str], attribute: str) -> list[Any]:
        known = {identifier: group for vpc in self._ec2.groups.values() for identifier, group in vpc.items()}
        return [rule for group in groups if group in known for rule in getattr(known[group], attribute)]

    def _refused(self, settings: Json, role: Any) -> str | None:
        authorisation = settings.get("authorizationConfig", {})
        point = authorisation.get("accessPointId")
        if point is not None:
            known = self._efs.access_points.get(point)
            if known is None or known.file_system_id != settings["fileSystemId"]:
                return DENIED
        elif settings.get("rootDirectory", "/") != "/":
            return NO_DIRECTORY
        fs = self._efs.file_systems_by_id[settings["fileSystemId"]]
        with_iam = authorisation.get("iam") == "ENABLED"
        secure = settings.get("transitEncryption") == "ENABLED"
        for action in ("elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"):
            if not self._may(fs, action, role if with_iam else None, secure=secure):
                return DENIED
        return None

    def _may(self, fs: Any, action: str, role: Any, *, secure: bool) -> bool:
        """A file system without a policy lets everybody in; with one, IAM decides, and a denial wins."""
        if not fs.file_system_policy:
            return True
        context = {"aws:securetransport": (str(secure).lower(),)}
        context |= {"aws:principalarn": (role.arn,)} if role is not None else {}
        allowed = role is not None and self._allows(role, action, fs.file_system_arn)
        for statement in json.loads(fs.file_system_policy)["Statement"]:
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            if any(fnmatchcase(action, pattern) for pattern in actions) and holds(
                statement.get("Condition", {}), context
            ):
                if statement["Effect"] == "Deny":
                    return False
                allowed = True
        return bool(allowed)


def _lets(rule: Any, peers: Sequence[str]) -> bool:
    """Whether a security group rule lets NFS through to, or from, any of these groups (or anywhere)."""
    if rule.ip_protocol not in ("tcp", "-1"):
        return False
    if rule.ip_protocol == "tcp" and not (rule.from_port <= NFS <= rule.to_port):
        return False
    if (rule.source_group or {}).get("GroupId") in peers:
        return True
    return bool(rule.ip_range) and rule.ip_range.get("CidrIp") == "0.0.0.0/0"
