"""What `molthub doctor` asks of a cloud. Reads only, and each question stands alone.

Contract for every method: it raises only MolthubErrors, and no message holds a credential or a secret.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from molthub.errors import MolthubError
from molthub.provider.protocols import Location
from molthub.resources.foundation import Foundation
from molthub.resources.identity import EnvironmentKey
from molthub.resources.observation import SecretFacts


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose credentials are in use. name: as the cloud says it (an ARN)."""

    account: str
    name: str


@dataclass(frozen=True, slots=True, order=True)
class Denial:
    """An action that the policies of the credentials do not allow, and on what."""

    action: str
    resource: str


class QuotaKind(StrEnum):
    """The quotas that bind a fleet first."""

    VCPUS = "Fargate vCPUs running at once"
    ROLES = "IAM roles in the account"
    GROUPS = "security groups in the region"


class CloudProbes(Protocol):
    """One environment's place on one cloud, with the credentials that `apply` would use."""

    def caller(self) -> Caller:
        """Whose credentials these are; of whatever account."""
        ...

    def server_time(self) -> datetime | None:
        """The cloud's own clock as its last answer to `caller` told it, a refusal too; None when it told nothing."""
        ...

    def region_enabled(self) -> bool:
        """Whether the account may use the region."""
        ...

    def foundation(self) -> Foundation:
        """What the environment stands on; its `stack` is None where there is none and the manifest names the rest.

        Raises MH-AWS-024 where neither says it.
        """
        ...

    def lease_bucket(self) -> str | None:
        """Name of the bucket with the environment's lease, after a look at it there; None for no such bucket."""
        ...

    def services(self) -> Mapping[str, MolthubError | None]:
        """One harmless read of each service that Molthub uses: its name → None, or why it failed."""
        ...

    def denied(self) -> tuple[Denial, ...] | None:
        """What `apply` needs and the policies do not allow; None when the credentials may not ask that."""
        ...

    def quota(self, kind: QuotaKind) -> float:
        """The limit that applies to the account."""
        ...

    def secrets(self, sources: Iterable[str]) -> Mapping[str, SecretFacts | None]:
        """Secrets by name or ARN as given; None for one that is not there."""
        ...

    def has_image(self, image: str) -> bool | None:
        """Whether the cloud's own registry holds it; None for an image of another registry."""
        ...


ProbesFactory = Callable[[EnvironmentKey, Location, str], CloudProbes]
"""Chosen by the composition root: for an environment, its location, and the fleet's name."""
