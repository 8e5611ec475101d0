"""Who an instance is, and the names that follow from it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

HASH_LENGTH = 10
SLUG_LENGTH = 40
VAULT_SLUG_LENGTH = 36
"""AWS Backup takes names of at most 50 characters."""
TARGET_GROUP_SLUG = 18
"""A target group's name has at most 32 characters: `mh-`, this, `-` and the hash."""


@dataclass(frozen=True, slots=True, order=True)
class EnvironmentKey:
    """A workspace's environment within one fleet: `acme/prod`."""

    workspace: str
    environment: str

    def __str__(self) -> str:
        return f"{self.workspace}/{self.environment}"


@dataclass(frozen=True, slots=True, order=True)
class Identity:
    """An instance for ever, however it is renamed. All four parts are hashed into every AWS name."""

    fleet: str
    workspace: str
    environment: str
    id: str

    @property
    def key(self) -> EnvironmentKey:
        return EnvironmentKey(self.workspace, self.environment)

    def __str__(self) -> str:
        return f"{self.workspace}/{self.environment}/{self.id}"


@dataclass(frozen=True, slots=True)
class Names:
    """The deterministic AWS names of one instance (lengths and alphabets: docs/architecture.md, "Names")."""

    service: str
    family: str
    security_group: str
    log_group: str
    task_role: str
    execution_role: str
    role_path: str
    gateway_secret: str
    target_group: str
    file_system: str


def short_hash(*parts: str) -> str:
    """Hex digest over the parts, each with its length, so that `a-b`+`c` and `a`+`b-c` never collide."""
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()[:HASH_LENGTH]


def slug(text: str) -> str:
    """Lower-case letters, digits and single hyphens, at most SLUG_LENGTH, no hyphen at the edges."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower())[:SLUG_LENGTH].strip("-")


def names_of(identity: Identity) -> Names:
    """The AWS names of an instance: a readable slug and a hash of the whole identity."""
    digest = short_hash(identity.fleet, identity.workspace, identity.environment, identity.id)
    base = f"{slug(f'{identity.workspace}-{identity.environment}-{identity.id}')}-{digest}"
    return Names(
        service=f"molthub-{base}",
        family=f"molthub-{base}",
        security_group=f"molthub-{base}",
        log_group=f"/molthub/{identity.fleet}/{base}",
        task_role=f"mh-{base}-task",
        execution_role=f"mh-{base}-exec",
        role_path=f"/molthub/{identity.fleet}/",
        gateway_secret=f"molthub/{identity.fleet}/{base}/gateway",
        target_group=f"mh-{slug(identity.id)[:TARGET_GROUP_SLUG].strip('-')}-{digest}",
        file_system=f"molthub-{base}",
    )


@dataclass(frozen=True, slots=True)
class EnvironmentNames:
    """The deterministic AWS names of what an environment's instances share."""

    stack: str
    cluster: str
    bucket: str
    backup_vault: str
    backup_role: str
    boundary: str
    reconciler_role: str
    controller_role: str
    role_path: str


def names_of_environment(fleet: str, key: EnvironmentKey, *, account: str, region: str) -> EnvironmentNames:
    """The AWS names of an environment's stack and what is in it.

    Bucket names are one space for all of AWS and at most 63 characters: hash, account and region make this one ours.
    """
    digest = short_hash(fleet, key.workspace, key.environment)
    base = f"{slug(f'{key.workspace}-{key.environment}')}-{digest}"
    return EnvironmentNames(
        stack=f"molthub-{base}",
        cluster=f"molthub-{base}",
        bucket=f"molthub-{digest}-{account}-{region}",
        backup_vault=f"mh-{slug(f'{key.workspace}-{key.environment}')[:VAULT_SLUG_LENGTH].strip('-')}-{digest}",
        backup_role=f"mh-{base}-bak",
        boundary=f"mh-{base}-boundary",
        reconciler_role=f"mh-{base}-rec",
        controller_role=f"mh-{base}-ctl",
        role_path=f"/molthub/{fleet}/",
    )


def host_of(instance_id: str, domain: str) -> str:
    """The host name of an instance with a webhook: its id, so that a renamed one keeps it."""
    return f"{instance_id}.{domain}"


def gateway_version_id(identity: Identity) -> str:
    """The version id of a gateway secret as Molthub first makes it.

    Secrets Manager uses the request token of CreateSecret (32 to 64 characters) as the version's id, so the
    version is known before the secret exists: a second plan after the first apply is empty.
    """
    text = "".join(f"{len(part)}:{part}" for part in (identity.fleet, identity.workspace, identity.environment))
    return hashlib.sha256(f"gateway:{text}{identity.id}".encode()).hexdigest()[:32]


TAG_FLEET = "molthub:fleet"
TAG_WORKSPACE = "molthub:workspace"
TAG_ENVIRONMENT = "molthub:environment"
TAG_INSTANCE = "molthub:instance"
TAG_COMMIT = "molthub:commit"
TAG_PROTECTED = "molthub:deletion-protection"
TAG_STATE = "molthub:state"
"""On a file system: whether it is the one in use, or one that a restore took the place of."""
TAG_RESTORED = "molthub:restored-from"
"""On a file system made by a restore: the recovery point. Not compared."""
TAG_OF, TAG_BEFORE, TAG_REVISION = "molthub:of", "molthub:before", "molthub:revision"
"""On a recovery point: what it was made of, before what, and the revision in service then."""
TAG_FINAL = "molthub:final"
"""On a file system that is about to go, and on the recovery point made for that: which deletion it is. A manifest that
comes back takes it off the file system again, before anything runs on it."""
STATE_ACTIVE, STATE_RETIRED = "active", "retired"
RESERVED_TAG_PREFIXES = ("aws:", "molthub:")


def identity_tags(identity: Identity) -> dict[str, str]:
    """The tags that make an AWS object ours and say whose it is."""
    return {
        TAG_FLEET: identity.fleet,
        TAG_WORKSPACE: identity.workspace,
        TAG_ENVIRONMENT: identity.environment,
        TAG_INSTANCE: identity.id,
    }


def identity_from_tags(tags: dict[str, str]) -> Identity | None:
    """The identity that an object's tags claim, or None when a part is missing."""
    parts = [tags.get(name) for name in (TAG_FLEET, TAG_WORKSPACE, TAG_ENVIRONMENT, TAG_INSTANCE)]
    fleet, workspace, environment, instance = parts
    if fleet is None or workspace is None or environment is None or instance is None:
        return None
    return Identity(fleet, workspace, environment, instance)
