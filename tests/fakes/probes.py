"""A cloud that answers the doctor: `molthub.provider.probes.CloudProbes`, in good health unless a test says not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from molthub.errors import MolthubError
from molthub.provider.probes import Caller, Denial, QuotaKind
from molthub.resources.foundation import Foundation
from molthub.resources.observation import SecretFacts
from tests.fakes.clock import START

ANA = Caller("123456789012", "arn:aws:iam::123456789012:user/ana")

WHOLE = Foundation(
    "molthub-acme-prod",
    "vpc-1",
    ("subnet-1",),
    stack="molthub-acme-prod",
    boundary="arn:boundary",
    kms_key="arn:key",
    bucket="molthub-0123456789",
    state_clients="sg-1",
    state_servers="sg-2",
    backup_vault="molthub-acme-prod",
    backup_role="arn:backup",
)


@dataclass(slots=True)
class FakeProbes:
    """Each field is an answer; a MolthubError in its place is raised."""

    who: Caller | MolthubError = ANA
    time: datetime | None = START
    enabled: bool = True
    reads: dict[str, MolthubError | None] = field(default_factory=lambda: dict.fromkeys(("ec2", "ecs", "iam")))
    denials: tuple[Denial, ...] | None = ()
    limits: dict[QuotaKind, float | MolthubError] = field(
        default_factory=lambda: {QuotaKind.VCPUS: 6.0, QuotaKind.ROLES: 1000.0, QuotaKind.GROUPS: 2500.0}
    )
    stand: Foundation | MolthubError = WHOLE
    bucket: str | None = "molthub-0123456789"
    held: dict[str, SecretFacts | None] = field(default_factory=dict)
    stored: dict[str, bool] = field(default_factory=dict)

    def caller(self) -> Caller:
        if isinstance(self.who, MolthubError):
            raise self.who
        return self.who

    def server_time(self) -> datetime | None:
        return self.time

    def region_enabled(self) -> bool:
        return self.enabled

    def foundation(self) -> Foundation:
        if isinstance(self.stand, MolthubError):
            raise self.stand
        return self.stand

    def lease_bucket(self) -> str | None:
        return self.bucket

    def services(self) -> Mapping[str, MolthubError | None]:
        return self.reads

    def denied(self) -> tuple[Denial, ...] | None:
        return self.denials

    def quota(self, kind: QuotaKind) -> float:
        limit = self.limits[kind]
        if isinstance(limit, MolthubError):
            raise limit
        return limit

    def secrets(self, sources: Iterable[str]) -> Mapping[str, SecretFacts | None]:
        return {source: self.held.get(source, SecretFacts(source, "arn", "v1")) for source in sources}

    def has_image(self, image: str) -> bool | None:
        return self.stored.get(image)
