"""A cloud that holds exactly what the manifests of the base say: what a plan without credentials is made against.

It answers as a Provider does, so that a preview goes the whole way of a real plan: the same differ, deletion guard,
protection, moves and pauses. What only an account knows stands there as a word of its own, the same on both sides, so
that it never looks like a change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from molthub.desired.render import RenderFacts, linked_secrets, manifest_foundation, render
from molthub.errors import Diagnostic
from molthub.manifest.documents import LoadedEnvironment, LoadedInstance
from molthub.pipeline import ingress
from molthub.pipeline.compare.types import Comparison
from molthub.pipeline.places import location_of
from molthub.planning.types import Change
from molthub.provider.documents import SharedDocuments
from molthub.provider.protocols import Location, ProviderFactory, Query, WriteContext, WriteResult
from molthub.resources.foundation import FROM_STACK, Foundation, Listener
from molthub.resources.identity import EnvironmentKey, Identity, names_of
from molthub.resources.observation import (
    Observation,
    ObservedInstance,
    ReadFailure,
    Rollout,
    SecretFacts,
    StateFacts,
    StoppedTask,
    Task,
)
from molthub.resources.types import ResourceSet, Service

UNCOMPARABLE, PLAIN_SECRET = "MH-CI-005", "MH-CI-006"
SEEN_LATER = "`molthub plan` without --base tells what would be done: it looks at AWS itself"
NOT_LOOKED_AT = "not-looked-at"
"""Stands for a secret's version: the same on both sides, so that only another secret is a change."""


def uncomparable(comparison: Comparison) -> dict[Identity, Diagnostic]:
    """Affected instances of which the base says nothing that could be compared, and why."""
    found: dict[Identity, Diagnostic] = {}
    for identity, verdict in comparison.before.verdicts.items():
        if any(item.ref.startswith("MH-SEC-") for item in verdict.errors):
            message = (
                f"{identity} is not compared: at the base a guardrail on secrets stops it, and nothing is repeated"
            )
            fix = "Make another secret if it was one: Git keeps the old"
            found[identity] = Diagnostic(PLAIN_SECRET, message, fix=fix, subject=str(identity))
    now = comparison.now.documents.instances
    for file in comparison.before.documents.invalid:
        if file.path not in comparison.paths:
            continue  # as unusable now as then: its own plan says so
        named = (file.workspace, file.environment, file.id or file.name)
        for identity, loaded in now.items():
            if loaded.path == file.path or named == (identity.workspace, identity.environment, identity.id):
                message = f"{identity} is not compared: at the base its manifest {file.path} could not be used"
                found[identity] = Diagnostic(UNCOMPARABLE, message, fix=SEEN_LATER, subject=str(identity))
    return found


def baselines(
    comparison: Comparison, now: Callable[[], datetime], unknown: Mapping[Identity, Diagnostic]
) -> ProviderFactory:
    """Providers that answer from the base's manifests. unknown: what `uncomparable` found."""
    return lambda key, location: Baseline(comparison, key, location, now(), unknown)


def assumed_foundation(environment: LoadedEnvironment) -> Foundation:
    """What `molthub bootstrap` makes for this Environment, taken as made, with a word in place of each name."""
    aws, wanted = environment.model.spec.aws, environment.model.spec.ingress
    count = wanted.loadBalancers if wanted is not None else 0
    return replace(
        manifest_foundation(environment.model),
        boundary=FROM_STACK,
        kms_key=f"arn:aws:kms:{aws.region}:{aws.accountId}:key/{FROM_STACK}",  # permissions take it apart
        state_clients=FROM_STACK,
        state_servers=FROM_STACK,
        backup_vault=FROM_STACK,
        backup_role=FROM_STACK,
        gate_members=FROM_STACK if wanted is not None else None,
        listeners=tuple(_listener(number) for number in range(1, count + 1)),
    )


def _listener(number: int) -> Listener:
    named = FROM_STACK if number == 1 else f"{FROM_STACK} {number}"
    return Listener(number=number, arn=named, load_balancer=named, dns_name=named, zone_id=named)


@dataclass(frozen=True, slots=True)
class Baseline:
    """One environment at one place, as if the base had been applied. A Provider that can only be read."""

    comparison: Comparison
    key: EnvironmentKey
    location: Location
    now: datetime
    unknown: Mapping[Identity, Diagnostic]

    def observe(self, query: Query) -> Observation:
        """Every instance that the base holds here, or those of them that are asked for."""
        environment = self._environment(query.fleet)
        found: dict[Identity, ObservedInstance] = {}
        if environment is not None:
            found.update(self._instances(environment, query))
        wanted = self.comparison.now.documents.environments.get(self.key)
        return Observation(
            key=self.key,
            instances=found,
            secrets={name: SecretFacts(name, "", NOT_LOOKED_AT) for name in query.secrets},
            foundation=assumed_foundation(wanted) if wanted is not None else None,
        )

    def _environment(self, fleet: str) -> LoadedEnvironment | None:
        """None where the base has none, or has it in another account, region or cluster: nothing of it is here."""
        documents = self.comparison.before.documents
        environment = documents.environments.get(self.key)
        if environment is None or documents.fleet is None or documents.fleet.model.metadata.name != fleet:
            return None
        there, here = location_of(environment, fleet), self.location
        same = (there.account_id, there.region, there.cluster) == (here.account_id, here.region, here.cluster)
        return environment if same else None

    def _instances(self, environment: LoadedEnvironment, query: Query) -> Iterator[tuple[Identity, ObservedInstance]]:
        documents = self.comparison.before.documents
        foundation = assumed_foundation(environment)
        nothing = Observation(self.key, {}, {}, foundation=foundation)
        listeners = ingress.listeners_of(environment, documents.instances, nothing)
        for identity, loaded in documents.instances.items():
            if (
                identity.key != self.key
                or identity in self.unknown
                or (query.only is not None and identity not in query.only)
            ):
                continue
            if identity not in self.comparison.affected and identity not in listeners:
                yield identity, _untouched(identity, environment)
            else:
                pause = loaded.model.spec.lifecycle.paused
                facts = RenderFacts(
                    secret_versions=dict.fromkeys(linked_secrets(loaded), NOT_LOOKED_AT),
                    paused=pause is not None and pause.holds(self.now),
                    foundation=foundation,
                    listener=listeners.get(identity),
                )
                yield identity, self._instance(identity, loaded, environment, facts)
        for identity, why in self.unknown.items():
            if identity.key == self.key and (query.only is None or identity in query.only):
                yield identity, _unread(identity, why.ref, why.message)

    def _instance(
        self, identity: Identity, loaded: LoadedInstance, environment: LoadedEnvironment, facts: RenderFacts
    ) -> ObservedInstance:
        try:
            resources = render(loaded, environment, fleet=identity.fleet, facts=facts).resources
        except Exception:  # noqa: BLE001 - a bug that one manifest meets stops no neighbour
            return _unread(identity, UNCOMPARABLE, f"{identity} cannot be rendered as it is at the base")
        spec = loaded.model.spec
        return ObservedInstance(
            identity,
            resources=resources,
            protected=spec.lifecycle.deletionProtection,
            state=StateFacts(file_system=FROM_STACK) if spec.state.persistent else None,
        )

    def failed_rollouts(self, identity: Identity) -> tuple[Rollout, ...]:  # noqa: ARG002 - the protocol's
        """None: what failed before is not in the manifests."""
        return ()

    def stopped_tasks(self, identity: Identity) -> tuple[StoppedTask, ...]:  # noqa: ARG002 - the protocol's
        """None: manifests have no tasks."""
        return ()

    def tasks(self, identity: Identity) -> tuple[Task, ...]:  # noqa: ARG002 - the protocol's
        """None: no manifest tells what runs."""
        return ()

    def documents(self) -> SharedDocuments | None:
        return None

    def perform(self, change: Change, context: WriteContext) -> WriteResult:
        raise _read_only(change, context)

    def rollout(self, identity: Identity, rollout_id: str) -> Rollout:
        raise _read_only(identity, rollout_id)

    def stop_rollout(self, identity: Identity, rollout_id: str) -> None:
        raise _read_only(identity, rollout_id)

    def tidy(self, context: WriteContext) -> WriteResult:
        raise _read_only(context)


def _untouched(identity: Identity, environment: LoadedEnvironment) -> ObservedInstance:
    """One that nothing is planned for: that it is there is all the deletion guard asks. Rendering it takes 1 ms."""
    service = Service(names_of(identity).service, environment.model.spec.aws.cluster or FROM_STACK, "", 1, (), ())
    return ObservedInstance(identity, resources=ResourceSet(service=service))


def _unread(identity: Identity, ref: str, message: str) -> ObservedInstance:
    return ObservedInstance(identity, failures=(ReadFailure(None, ref, message),))


def _read_only(*_: object) -> AssertionError:
    return AssertionError("a preview is never applied")
