"""Who is calling: the role behind an access key, and what it may do, read from moto at every call.

Keys got by sts:AssumeRole belong to their role, and so do keys that the control path binds to one. Every other key is
the account's own: it may do everything.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from molthub.simulator.backend import MotoWorld
from molthub.simulator.iam.evaluator import Document, Rights
from molthub.simulator.iam.matching import Context

NOTHING: Document = {"Version": "2012-10-17", "Statement": []}


@dataclass(frozen=True, slots=True)
class Principal:
    """A session of a role. arn: of the session, as AWS names it in its refusals."""

    arn: str
    role: Any

    def context(self, region: str) -> dict[str, tuple[str, ...]]:
        """The condition keys that every request of this session has."""
        tags: dict[str, tuple[str, ...]] = {
            f"aws:principaltag/{key.lower()}": (value,) for key, value in tags_of(self.role.tags).items()
        }
        return tags | {
            "aws:principalarn": (str(self.role.arn),),
            "aws:principalaccount": (str(self.role.account_id),),
            "aws:principaltype": ("AssumedRole",),
            "aws:requestedregion": (region,),
            "aws:securetransport": ("true",),
        }


class Principals:
    """The sessions of one world. Used under the global lock only."""

    def __init__(self, world: MotoWorld) -> None:
        self._world = world
        self._bound: dict[str, str] = {}

    def bind(self, access_key: str, role_arn: str) -> None:
        """From now on this key is a session of that role."""
        self._bound[access_key] = role_arn

    def of(self, access_key: str, account: str) -> Principal | None:
        """The session behind a key, or None for the account's own keys. A role that is gone may do nothing."""
        if access_key in self._bound:
            role_arn, name = self._bound[access_key], "bound"
        else:
            sts = self._world.backend("sts", account, "aws")
            session = sts.get_assumed_role_from_access_key(access_key)
            if session is None:
                return None
            role_arn, name = session.role_arn, session.session_name
        role = find_role(self._world, role_arn)
        who = f"arn:aws:sts::{role_arn.split(':')[4]}:assumed-role/{role_arn.rpartition('/')[2]}/{name}"
        return Principal(who, role if role is not None else _Gone(role_arn))


@dataclass(frozen=True, slots=True)
class _Gone:
    """A deleted role whose sessions live on without a right."""

    arn: str
    tags: tuple[()] = ()

    @property
    def account_id(self) -> str:
        return self.arn.split(":")[4]


def rights_of(world: MotoWorld, role: Any) -> Rights:
    """A role's inline and attached policies and its boundary. A boundary that does not exist allows nothing."""
    if isinstance(role, _Gone):
        return Rights((NOTHING,))
    versions = (version for policy in role.managed_policies.values() for version in policy.versions)
    attached = [parsed(version.document) for version in versions if version.is_default]
    policies = [*(parsed(text) for text in role.policies.values()), *attached]
    return Rights(policies, _boundary(world, role))


def _boundary(world: MotoWorld, role: Any) -> Document | None:
    arn = role.permissions_boundary_arn
    if not arn:
        return None
    policy = world.backend("iam", role.account_id, "aws").managed_policies.get(arn)
    if policy is None:
        return NOTHING
    return next(parsed(version.document) for version in policy.versions if version.is_default)


def parsed(document: Any) -> Document:
    """A policy, as text or already read."""
    read: Document = json.loads(document) if isinstance(document, str) else document
    return read


def find_role(world: MotoWorld, arn: str) -> Any | None:
    """moto's role, or None."""
    parts = arn.split(":")
    if len(parts) != 6:  # noqa: PLR2004 - the parts of an ARN
        return None
    roles = world.backend("iam", parts[4], "aws").roles.values()
    return next((role for role in roles if role.arn == arn), None)


def tags_of(held: Any) -> dict[str, str]:
    """Tags in any of moto's spellings."""
    if isinstance(held, dict):
        return {key: value["Value"] if isinstance(value, dict) else value for key, value in held.items()}
    return {str(tag.get("Key", tag.get("key"))): str(tag.get("Value", tag.get("value", ""))) for tag in held or ()}


def resource_tags(tags: dict[str, str], *prefixes: str) -> Context:
    """The condition keys of an existing object's tags, in AWS's spelling and the service's own."""
    return {
        f"{prefix}:resourcetag/{key}".lower(): (value,) for prefix in ("aws", *prefixes) for key, value in tags.items()
    }


def request_tags(tags: dict[str, str]) -> Context:
    """The condition keys of tags in the request."""
    if not tags:
        return {}
    return {f"aws:requesttag/{key}".lower(): (value,) for key, value in tags.items()} | {"aws:tagkeys": tuple(tags)}
