"""Who may change what, as people write it (conventions: models.py)."""
# ruff: noqa: N815 -- fields are named as people write them, so that no alias can drift from its name

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from molthub.manifest.fields import EMAIL_PATTERN, SCOPE_PATTERN, Model, SlugName

PublicKey = Annotated[str, Field(min_length=1, max_length=65536)]
Email = Annotated[str, Field(pattern=EMAIL_PATTERN, max_length=254)]


class AccessMode(StrEnum):
    """How it is told who made a commit."""

    SIGNATURES = "signatures"
    CLAIMED_AUTHOR = "claimed-author"
    OPEN = "open"


class Role(StrEnum):
    """What somebody may do, each including those before it."""

    VIEWER = "VIEWER"
    OPERATOR = "OPERATOR"
    ADMIN = "ADMIN"
    OWNER = "OWNER"

    @property
    def rank(self) -> int:
        return list(Role).index(self)

    def covers(self, other: Role) -> bool:
        """Whether this role may do what that one may."""
        return self.rank >= other.rank


class AccessMetadata(Model):
    name: SlugName = Field(description="A name for the policy; nothing depends on it.", examples=["access"])


class Person(Model):
    name: SlugName = Field(description="What bindings and messages call them.", examples=["ana"])
    emails: list[Email] = Field(
        default_factory=list,
        max_length=20,
        description="The addresses they commit with. Looked at only in mode `claimed-author`, and for commits that a "
        "host signs and vouches for.",
        examples=[["ana@example.com"]],
    )
    keys: list[PublicKey] = Field(
        default_factory=list,
        max_length=20,
        description="Their public signing keys: lines such as `ssh-ed25519 AAAA…`, or armored GPG public keys.",
    )


class Group(Model):
    name: SlugName = Field(description="What bindings call it; no person has this name.", examples=["operators"])
    members: list[SlugName] = Field(min_length=1, max_length=200, description="Names of people.", examples=[["ben"]])


class Host(Model):
    name: SlugName = Field(description="What messages call it.", examples=["github"])
    keys: list[PublicKey] = Field(
        min_length=1, max_length=20, description="The public keys it signs merges and edits in the browser with."
    )
    vouchesForAuthor: bool = Field(
        default=False,
        description="Whether a commit with its signature counts as its author's, by the email address. Only for a "
        "host that lets nobody commit under another's address.",
    )


class Binding(Model):
    role: Role = Field(
        strict=False, description="`VIEWER`, `OPERATOR`, `ADMIN` or `OWNER`; each may do what those before it may."
    )
    subjects: list[SlugName] = Field(
        min_length=1, max_length=200, description="Names of people and groups.", examples=[["ana"]]
    )
    scope: list[Annotated[str, Field(pattern=SCOPE_PATTERN, max_length=81)]] | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="Workspaces (`acme`) and environments (`acme/prod`) it holds in; the whole fleet without.",
        examples=[["acme/prod"]],
    )


class AccessSpec(Model):
    mode: AccessMode = Field(
        default=AccessMode.SIGNATURES,
        strict=False,
        description="`signatures`: who signed a commit made it. `claimed-author`: whoever it names as its author did, "
        "which anybody can write. `open`: everybody who can push may do everything but change this policy.",
    )
    people: list[Person] = Field(min_length=1, max_length=1000, description="Everybody with a role.")
    groups: list[Group] = Field(default_factory=list, max_length=200, description="Names for several people.")
    hosts: list[Host] = Field(
        default_factory=list, max_length=20, description="Code hosts that sign commits. Their keys have no role."
    )
    bindings: list[Binding] = Field(
        min_length=1, max_length=1000, description="Who has which role where. At least one OWNER of the whole fleet."
    )


class AccessPolicy(Model):
    """Who may change what: one file, `access.yaml`, at the root of the repository."""

    apiVersion: Literal["molthub/v1"] = Field(description="Always `molthub/v1`.")
    kind: Literal["AccessPolicy"] = Field(description="Always `AccessPolicy`.")
    metadata: AccessMetadata = Field(description="Its name.")
    spec: AccessSpec = Field(description="People, and what they may do.")
