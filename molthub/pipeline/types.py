"""What goes through the pipeline, and the collaborators it is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from molthub.errors import Diagnostic
from molthub.guard.engine import GuardRule, Verdicts
from molthub.manifest.documents import FleetDocuments, LoadedInstance
from molthub.pipeline.access import Access, AccessGate
from molthub.planning.deletion import DeletionVerdict
from molthub.planning.types import InstancePlan, Plan
from molthub.provider.protocols import ProviderFactory
from molthub.resources.foundation import Foundation
from molthub.resources.identity import EnvironmentKey, Identity
from molthub.resources.observation import ObservedInstance
from molthub.source.protocol import FleetSource
from molthub.source.types import Snapshot

Rules = Sequence[GuardRule]


@dataclass(frozen=True, slots=True)
class Collaborators:
    """Handed down by the composition roots; nothing below finds them by itself."""

    rules: Rules
    providers: ProviderFactory
    now: Callable[[], datetime]
    source: FleetSource | None = None
    access: AccessGate | None = None

    def access_at(self, commit: str | None) -> Access | None:
        """What access says of a commit; None for a working tree, and where nobody asks."""
        return self.access.at(commit) if self.access is not None and commit is not None else None


@dataclass(frozen=True, slots=True)
class Scope:
    """Which part of the fleet is meant; empty means all.

    instances   `workspace/environment/name`, or just the name where it is unique
    identities  instances meant by identity: the controller's way, also for ones whose manifest is gone
    """

    environments: frozenset[EnvironmentKey] = frozenset()
    instances: frozenset[str] = frozenset()
    identities: frozenset[Identity] = frozenset()


@dataclass(frozen=True, slots=True)
class CheckedFleet:
    """A loaded tree with the guardrails' word on each instance. Needs no cloud: this is all of `validate`."""

    snapshot: Snapshot
    documents: FleetDocuments
    verdicts: Mapping[Identity, Verdicts]

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """Every error of the tree and of its instances, in path order."""
        own = [item for item in self.documents.diagnostics if item.severity.value == "error"]
        ruled = [item for verdict in self.verdicts.values() for item in verdict.errors]
        return (*own, *ruled)


@dataclass(frozen=True, slots=True)
class InstanceView:
    """One instance, whole: what should be, what is, and what would be done. `status` is made of these.

    foundation  what its environment stands on; None when that could not be read
    """

    identity: Identity
    name: str
    loaded: LoadedInstance | None
    observed: ObservedInstance | None
    plan: InstancePlan
    foundation: Foundation | None = None


@dataclass(frozen=True, slots=True)
class PlannedFleet:
    """A plan with everything it was made from: what `plan` prints, `status` reads and `apply` executes.

    views      one per instance that is wanted or exists, ordered by identity
    decisions  the deletion guard's word on every environment that was looked at whole
    access     what access says of the commit; None for a working tree, and where nobody asks
    """

    checked: CheckedFleet
    plan: Plan
    views: tuple[InstanceView, ...]
    decisions: DeletionVerdict
    access: Access | None = None
