"""What Molthub asks of a cloud. The engine above knows only these protocols; `molthub/aws` implements them.

Contract for every method:
- it may be called from several threads at once;
- it raises only `MolthubError`s: StallingError (a person must act), TransientError (back off), WaitingError
  (come back later); a message never holds a secret;
- `observe` does not raise for a failed read: it reports it as a ReadFailure, because absence must never be
  concluded from a failure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from molthub.planning.types import Change
from molthub.provider.documents import SharedDocuments
from molthub.resources.identity import EnvironmentKey, Identity
from molthub.resources.observation import Observation, Rollout, StoppedTask, Task

Guard = Callable[[], None]
"""Called before each single write, every attempt of it included; raises when this process may write no more.

StallingError: somebody else writes there now. TransientError: the lease may have run out, and may yet be renewed.
"""


def unguarded() -> None:
    """The guard of an environment without a lease."""


@dataclass(frozen=True, slots=True)
class Location:
    """Where an environment lives. Immutable while it has instances.

    stack    name of the environment's CloudFormation stack (`molthub bootstrap` makes it)
    bucket   name of the bucket that stack has for the environment's shared documents
    cluster, vpc_id, subnet_ids  as the manifest names them; "" and () where they are found in the stack
    """

    account_id: str
    region: str
    cluster: str
    vpc_id: str
    subnet_ids: tuple[str, ...]
    stack: str = ""
    bucket: str = ""
    role_arn: str | None = None
    external_id: str | None = None

    @property
    def is_complete(self) -> bool:
        """Whether the manifest names everything that an instance runs in."""
        return bool(self.cluster and self.vpc_id and self.subnet_ids)


@dataclass(frozen=True, slots=True)
class Query:
    """What to observe: one environment of one fleet.

    only         these instances (cheap, by name), or None for the full sweep by tag and name
    desired      identities the manifests hold: looked for by deterministic name even when untagged
    secrets      linked secrets whose facts are needed: names, or full ARNs
    zone         the Route 53 zone that holds the environment's host names, None for none
    hosts        identity → host name that the manifests want in it
    """

    fleet: str
    key: EnvironmentKey
    only: frozenset[Identity] | None = None
    desired: frozenset[Identity] = frozenset()
    secrets: frozenset[str] = frozenset()
    zone: str | None = None
    hosts: Mapping[Identity, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WriteContext:
    """What every write carries: whose it is, from which commit, and whether it may still be made."""

    identity: Identity
    commit: str
    guard: Guard = unguarded


@dataclass(frozen=True, slots=True)
class WriteResult:
    """What a write did. rollout_id: the deployment to follow, when the write started one.

    wrote is False when the write found its work already done (adopted after a crash).
    stays: after a delete, what is left of the thing all the same and until when, for people; "" for nothing.
    unsaved: it was a backup that is not required, and it failed.
    """

    wrote: bool
    detail: str = ""
    rollout_id: str | None = None
    stays: str = ""
    unsaved: bool = False


class Provider(Protocol):
    """One environment on one cloud."""

    def observe(self, query: Query) -> Observation:
        """Read the environment in batches. Makes no write."""
        ...

    def perform(self, change: Change, context: WriteContext) -> WriteResult:
        """Carry out one change, idempotently: performing it twice, or after a crash, ends in the same state.

        Raises WaitingError while AWS is not ready for it (a draining service, a group still held by an
        interface, a role not yet usable): the same call later goes on from there.
        """
        ...

    def rollout(self, identity: Identity, rollout_id: str) -> Rollout:
        """The state of one deployment, with its cause when it failed."""
        ...

    def failed_rollouts(self, identity: Identity) -> tuple[Rollout, ...]:
        """Deployments of the service that failed or were rolled back, newest first, from the cloud's own history."""
        ...

    def stopped_tasks(self, identity: Identity) -> tuple[StoppedTask, ...]:
        """The service's tasks that are over, oldest first, as far as the cloud remembers (AWS: about an hour)."""
        ...

    def tasks(self, identity: Identity) -> tuple[Task, ...]:
        """The instance's tasks that run or are on their way, the longest running first; () without a service.

        Costs calls of its own, so it is asked for one instance at a time, when a person looks at it closely.
        """
        ...

    def stop_rollout(self, identity: Identity, rollout_id: str) -> None:
        """Ask the cloud to end a deployment now and roll back; a rollout already over is left alone."""
        ...

    def tidy(self, context: WriteContext) -> WriteResult:
        """Clear away what completed rollouts left behind and nothing can go back to: old revisions.

        Called after a rollout of the instance completed, and only then. It may do nothing, or a part: nothing depends
        on it, a failure is ignored, and the next rollout's call finds what is left.
        """
        ...

    def documents(self) -> SharedDocuments | None:
        """Where this environment's writers and readers leave each other word; None when it has no such place.

        Raises a MolthubError when that cannot be told.
        """
        ...


ProviderFactory = Callable[[EnvironmentKey, Location], Provider]
"""Chosen by the composition roots. One provider per environment; it checks account and region at first use."""
