"""What a cloud is asked to make for an Environment before anything runs in it: the shared things, as one stack.

The verbs of `molthub bootstrap`. An implementation plans (a change set), asks nobody, makes, follows and unmakes;
the command line shows, asks and reports. Errors are MolthubErrors, as in protocols.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from molthub.manifest.environment import Nat
from molthub.resources.foundation import Foundation
from molthub.resources.identity import EnvironmentKey


@dataclass(frozen=True, slots=True)
class IngressSpec:
    """The shared load balancers.

    certificate  ARN in ACM
    subnet_ids   public subnets of an existing VPC; () where the stack makes its own
    requests_per_five_minutes  of one address, beyond which WAF blocks it; None: no web ACL
    hosted_zone  id of the Route 53 zone that the reconciler may put host names into; None: it writes none
    domain       that these are below
    """

    certificate: str
    load_balancers: int
    allow_from: tuple[str, ...]
    requests_per_five_minutes: int | None = None
    subnet_ids: tuple[str, ...] = ()
    hosted_zone: str | None = None
    domain: str | None = None


@dataclass(frozen=True, slots=True)
class ControllerSpec:
    """Molthub's own controller, run in the environment.

    image       of Molthub, by tag or digest
    repo        URL of the fleet repository: https, or ssh in either spelling
    ref         the branch to follow; None: the repository's own HEAD
    git_secret  full ARN of the secret with the token (https) or the deploy key (ssh); None for a public repository
    root_keys   SSH public keys that may sign the first access policy, with commas between; None: none are set
    """

    image: str
    repo: str
    ref: str | None = None
    git_secret: str | None = None
    root_keys: str | None = None


@dataclass(frozen=True, slots=True)
class BaseSpec:
    """What an Environment's manifest says of its base.

    cluster, vpc_id, subnet_ids  existing ones to use instead of making them; None and ()
    nat, cidr, zones  of the VPC to make
    retention_days    of the flow logs
    controller        to run there; None: it runs elsewhere, or not at all
    """

    fleet: str
    key: EnvironmentKey
    account_id: str
    region: str
    cluster: str | None = None
    vpc_id: str | None = None
    subnet_ids: tuple[str, ...] = ()
    nat: Nat = Nat.SINGLE
    cidr: str = "10.64.0.0/16"
    zones: int = 2
    retention_days: int = 365
    ingress: IngressSpec | None = None
    controller: ControllerSpec | None = None


class Verb(StrEnum):
    """What becomes of one resource of the stack."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class ResourceChange:
    """One line of the plan.

    name, kind  logical id and type (`Vpc`, `AWS::EC2::VPC`); id: what it is on the cloud now, "" when it is new
    properties  what changes; careful: why somebody should look twice (state would be lost, or access opened)
    maybe       the cloud knows only while it works whether the resource is replaced
    """

    verb: Verb
    name: str
    kind: str
    id: str = ""
    properties: tuple[str, ...] = ()
    careful: str = ""
    maybe: bool = False


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change set, made and not yet carried out.

    first    there is no stack yet, and declining must leave none
    partial  the whole does not go into one: load balancers and controller come with the next
    """

    id: str
    stack: str
    first: bool
    changes: tuple[ResourceChange, ...]
    partial: bool = False


class Standing(StrEnum):
    """How the stack stands before anything is done.

    BUSY       something is under way, of another run: follow it
    FAILED_FIRST  the first creation was rolled back: nothing is left but the stack's name, which must be removed
    LEFTOVER   a change set was never carried out, and there is nothing else
    STUCK      rolling back failed: a person must act
    """

    ABSENT = "absent"
    READY = "ready"
    BUSY = "busy"
    FAILED_FIRST = "failed-first"
    LEFTOVER = "leftover"
    STUCK = "stuck"
    DELETE_FAILED = "delete-failed"


@dataclass(frozen=True, slots=True)
class StackState:
    """standing, and the cloud's own word for it (`CREATE_COMPLETE`), with its reason."""

    standing: Standing
    status: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """One thing that happened. name "" is the stack itself; failed: with the reason in AWS's words."""

    at: datetime
    name: str
    kind: str
    status: str
    reason: str = ""
    failed: bool = False


@dataclass(frozen=True, slots=True)
class QuotaCheck:
    """One quota. needed: by what is about to be made.

    limit  None: it could not be read, and why says so; used None: counting it says nothing
    """

    name: str
    needed: int
    used: int | None
    limit: int | None
    why: str = ""

    @property
    def enough(self) -> bool:
        """Whether there is room; what could not be read counts as fine."""
        return self.limit is None or (self.used or 0) + self.needed <= self.limit


@dataclass(frozen=True, slots=True)
class Remains:
    """What stays after destroying, each with its reason."""

    things: tuple[tuple[str, str], ...] = field(default=())


Follow = Callable[[Progress], None]
Cancelled = Callable[[], bool]


class Base(Protocol):
    """The base of one Environment. Every method may be called again after a crash or an interruption."""

    def state(self) -> StackState:
        """How the stack stands now."""
        ...

    def controller(self) -> ControllerSpec | None:
        """Molthub's own controller, as it was last made here; None where none is."""
        ...

    def quotas(self) -> tuple[QuotaCheck, ...]:
        """Whether the account has room for what the stack makes and for a few Moltbots."""
        ...

    def propose(self) -> Proposal | None:
        """A change set from what is to what should be; None when nothing changes, and nothing is left behind then."""
        ...

    def discard(self, proposal: Proposal) -> None:
        """Remove a change set that was declined, and a stack that is nothing but it."""
        ...

    def carry_out(self, proposal: Proposal, follow: Follow, cancelled: Cancelled) -> None:
        """Execute the change set and follow it to its end. Raises a StallingError with the root causes when it failed,
        or when somebody else changed the stack meanwhile, and a WaitingError when `cancelled` while AWS goes on."""
        ...

    def resume(self, follow: Follow, cancelled: Cancelled) -> None:
        """Follow what is under way to its end."""
        ...

    def clear(self, follow: Follow, cancelled: Cancelled) -> None:
        """Remove a stack that holds nothing: FAILED_FIRST or LEFTOVER."""
        ...

    def finish(self) -> tuple[str, ...]:
        """Do what a stack cannot (termination protection, the default security group, waking a controller that a
        destroy left stopped). What was done, in words."""
        ...

    def foundation(self) -> Foundation:
        """What was made, as the provider will read it."""
        ...

    def outputs(self) -> dict[str, str]:
        """The stack's outputs."""
        ...

    def destroy(self, follow: Follow, cancelled: Cancelled) -> Remains:
        """Delete the stack and what it holds. The caller has made sure that no instance is left."""
        ...

    def holds(self) -> tuple[str, ...]:
        """What forbids destroying: state that would be lost (backups), in words."""
        ...

    def delete_held(self, cancelled: Cancelled) -> None:
        """Delete that for good, and wait until it is gone; the caller was asked for it in so many words."""
        ...


BaseFactory = Callable[[BaseSpec], Base]
"""Chosen by the composition root."""
