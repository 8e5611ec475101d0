"""Persistent state: one encrypted file system per instance, two directories of it, and who may reach them.

Both of the Moltbot's directories are access points: they are made on first use with the right owner, and whoever
comes through them is uid 1000. Only the init step sees the root, to put in place what a restore from a backup left
beside them (AWS Backup restores into a directory of its own).
"""

from __future__ import annotations

from typing import Any

from molthub.desired.payload import UID
from molthub.desired.tags import pairs
from molthub.resources.foundation import FROM_STACK, Foundation
from molthub.resources.identity import STATE_ACTIVE, TAG_STATE, Identity, names_of
from molthub.resources.normal import canonical_policy
from molthub.resources.types import AccessPoint, FileSystem, FileVolume, Pairs

STATE, KEYS, ROOT = "state", "keys", "state-root"
"""Names of the volumes; those of the access points are the same, and their directories are called by them."""

ROOT_DIR = "/mnt/molthub-state"
"""Where the init step sees the root of the file system."""

CLIENT_ACTIONS = (
    "elasticfilesystem:ClientMount",
    "elasticfilesystem:ClientRootAccess",
    "elasticfilesystem:ClientWrite",
)


def symbol(identity: Identity) -> str:
    """The ARN of the instance's active file system, as policies name it."""
    return f"${{file-system:{names_of(identity).file_system}}}"


def file_system(identity: Identity, *, foundation: Foundation, role_arn: str, tags: Pairs) -> FileSystem:
    """The instance's file system. role_arn: of the one role that may mount it."""
    return FileSystem(
        name=names_of(identity).file_system,
        kms_key=foundation.kms_key,
        policy=canonical_policy(_policy(identity, role_arn)),
        subnets=foundation.subnet_ids,
        security_groups=(foundation.state_servers or FROM_STACK,),
        access_points=tuple(AccessPoint(name, f"/{name}", UID, UID) for name in (KEYS, STATE)),
        tags=pairs({**dict(tags), TAG_STATE: STATE_ACTIVE}),
    )


def _policy(identity: Identity, role_arn: str) -> dict[str, Any]:
    """Two denials, for in one account an allow elsewhere is enough: no plain text, and nobody but the task's role.

    A role as principal must exist when a policy is put, and a deleted one turns into an id; its ARN as a condition
    holds whether it is there or not.
    """
    resource = [symbol(identity)]
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "OnlyEncrypted",
                "Effect": "Deny",
                "Principal": {"AWS": ["*"]},
                "Action": ["*"],
                "Resource": resource,
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
            {
                "Sid": "OnlyThisMoltbot",
                "Effect": "Deny",
                "Principal": {"AWS": ["*"]},
                "Action": list(CLIENT_ACTIONS),
                "Resource": resource,
                "Condition": {"ArnNotEquals": {"aws:PrincipalArn": role_arn}},
            },
        ],
    }


def file_volumes(identity: Identity) -> tuple[FileVolume, ...]:
    """The volumes of a task that keeps its state."""
    name = names_of(identity).file_system
    return (FileVolume(KEYS, name, KEYS), FileVolume(STATE, name, STATE), FileVolume(ROOT, name))
