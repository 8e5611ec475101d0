"""What the controller follows: the fleet at the head it last saw, swapped as a whole, never changed in place."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from molthub.controller.judging import Stopped
from molthub.errors import Diagnostic
from molthub.manifest.documents import FleetDocuments
from molthub.pipeline.actions.types import ACTION_TRAILER, INSTANCE_TRAILER, RECONCILE
from molthub.pipeline.places import location_of
from molthub.pipeline.types import CheckedFleet, Collaborators
from molthub.planning.deletion import DeletionVerdict
from molthub.provider.protocols import Provider
from molthub.resources.identity import EnvironmentKey, Identity
from molthub.source.types import CommitInfo


@dataclass(frozen=True, slots=True)
class Head:
    """One commit, loaded and checked.

    generation  grows with each head the controller takes up
    judged_on   the day (UTC) the guardrails judged it: a waiver ends by itself
    freeze      why nothing at all may be written at this head
    stopped     what access stops at this head
    """

    commit: str
    checked: CheckedFleet
    generation: int
    judged_on: date
    freeze: tuple[Diagnostic, ...] = ()
    stopped: Stopped = ()


@dataclass(slots=True)
class World:
    """Shared by the loop and the workers.

    touched   identity → generation of the newest head that changed it: a worker still waiting for an older one
              is pre-empted
    decided   what the last full plan decided about deletions and renames, valid for one generation
    """

    head: Head | None = None
    touched: dict[Identity, int] = field(default_factory=dict)
    decided: DeletionVerdict | None = None
    decided_generation: int = -1
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take_up(self, head: Head, changed: frozenset[Identity]) -> None:
        """Make a new head the one that is followed."""
        with self.lock:
            self.head = head
            for identity in changed:
                self.touched[identity] = head.generation

    def superseded(self, identity: Identity, generation: int) -> bool:
        """Whether a newer head than this generation changed the identity."""
        with self.lock:
            return self.touched.get(identity, 0) > generation

    def decide(self, decisions: DeletionVerdict, generation: int) -> None:
        """Keep what a full plan decided."""
        with self.lock:
            self.decided = decisions
            self.decided_generation = generation

    def decided_at(self, generation: int) -> DeletionVerdict | None:
        """What was decided, when it was of this generation."""
        with self.lock:
            return self.decided if self.decided_generation == generation else None

    def holds_deletions_back(self) -> bool:
        """Whether the last full plan kept something from being deleted; a new commit may confirm it."""
        with self.lock:
            return self.decided is not None and any(self.decided.removals.values())


def affected(old: FleetDocuments | None, new: FleetDocuments, paths: frozenset[str]) -> frozenset[Identity]:
    """The identities that differ between two trees, given the paths that do: a changed Environment or Fleet
    expands to all its instances. Identities that are only in the old tree are among them."""
    found: set[Identity] = set()
    for documents in (old, new):
        if documents is None:
            continue
        if documents.fleet is not None and documents.fleet.path in paths:
            found |= documents.instances.keys()
        environments = _changed_environments(documents, paths)
        found |= {
            identity
            for identity, loaded in documents.instances.items()
            if loaded.path in paths or identity.key in environments
        }
    return frozenset(found)


def provider_of(world: World, collaborators: Collaborators, identity: Identity) -> Provider | None:
    """The provider of the instance's environment; None when the head has no such environment."""
    documents = world.head.checked.documents if world.head is not None else None
    environment = documents.environments.get(identity.key) if documents is not None else None
    if documents is None or documents.fleet is None or environment is None:
        return None
    return collaborators.providers(identity.key, location_of(environment, documents.fleet.model.metadata.name))


def ended_pauses(documents: FleetDocuments, since: datetime, now: datetime) -> frozenset[Identity]:
    """Whose pause was in force at `since` and is over now."""
    pauses = {identity: loaded.model.spec.lifecycle.paused for identity, loaded in documents.instances.items()}
    return frozenset(
        identity for identity, pause in pauses.items() if pause and pause.holds(since) and not pause.holds(now)
    )


def asked_for(commits: Iterable[CommitInfo], instances: Iterable[Identity]) -> frozenset[Identity]:
    """The instances that commits of `molthub reconcile` ask to look at, by their trailers."""
    named = {
        name
        for commit in commits
        if RECONCILE in commit.trailers.get(ACTION_TRAILER.lower(), ())
        for name in commit.trailers.get(INSTANCE_TRAILER.lower(), ())
    }
    return frozenset(identity for identity in instances if str(identity) in named)


def _changed_environments(documents: FleetDocuments, paths: frozenset[str]) -> set[EnvironmentKey]:
    return {key for key, loaded in documents.environments.items() if loaded.path in paths}
