"""A furnished AWS for integration tests: the simulator, the real provider, real manifests, plain boto3 to meddle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from molthub.aws.provider import AwsProvider
from molthub.desired.render import RenderFacts, render
from molthub.errors import WaitingError
from molthub.planning.types import Action, Change
from molthub.provider.protocols import Location, Query, WriteContext, WriteResult
from molthub.resources.foundation import Foundation
from molthub.resources.identity import EnvironmentKey, Identity
from molthub.resources.normal import leaves
from molthub.resources.observation import Observation, ObservedInstance, Rollout, RolloutState
from molthub.resources.types import Kind, Resource, ResourceSet
from tests.builders import loaded_environment, loaded_instance
from tests.fakes.foundation import lay_foundation
from tests.fakes.shared_clients import shared_provider_factory
from tests.fakes.simulator import ACCOUNT, CLUSTER, ENVIRONMENT, REGION, SUBNETS, VPC, TestSimulator

FLEET = "acme-bots"
KEY = EnvironmentKey("acme", "prod")
COMMIT = "c0ffee" + "0" * 34
LOCATION = Location(ACCOUNT, REGION, CLUSTER, VPC, SUBNETS)
LINKED = ("acme/prod/model", "acme/prod/support-bot")
BOT = Identity(FLEET, "acme", "prod", "support-bot")
ENVIRONMENT_VARIABLES = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": LOCATION.region,
}


class AwsWorld:
    """One simulated environment with one provider working in it."""

    def __init__(self, simulator: TestSimulator) -> None:
        self.simulator = simulator
        self.control = simulator.control
        self.provider = self.fresh_provider()
        self.foundation: Foundation | None = None

    def fresh_provider(self) -> AwsProvider:
        """A provider as a new process would have it: nothing cached, nothing known."""
        provider = shared_provider_factory()(KEY, LOCATION)
        assert isinstance(provider, AwsProvider)
        return provider

    def refurnish(self) -> None:
        """An empty account with the environment and the linked secrets; counters at zero, time standing still."""
        self.control.reset()
        self.control.set_speed(0.001)
        self.control.seed(environments=[ENVIRONMENT], secrets=LINKED)
        self.control.reset_counters()

    def lay_foundation(self) -> None:
        """What persistent state stands on."""
        self.foundation = lay_foundation(self.client, cluster=CLUSTER, vpc_id=VPC, subnet_ids=SUBNETS)
        self.control.reset_counters()

    def client(self, service: str) -> Any:
        """Plain boto3, for looking and for meddling."""
        return self.simulator.client(service)

    def desired(self, **overrides: Any) -> ResourceSet:
        """What the manifest of the support bot, with these overrides, should be on AWS."""
        instance = loaded_instance(**overrides)
        facts = self.observe(identity=instance.identity(FLEET)).secrets
        versions = {name: fact.version_id for name, fact in facts.items()}
        environment = loaded_environment(spec={"aws": ENVIRONMENT})
        return render(
            instance, environment, fleet=FLEET, facts=RenderFacts(versions, foundation=self.foundation)
        ).resources

    def observe(self, *, identity: Identity = BOT, sweep: bool = False) -> Observation:
        only = None if sweep else frozenset({identity})
        query = Query(FLEET, KEY, only=only, desired=frozenset({identity}), secrets=frozenset(LINKED))
        return self.provider.observe(query)

    def seen(self, *, identity: Identity = BOT, sweep: bool = False) -> ObservedInstance:
        return self.observe(identity=identity, sweep=sweep).instances[identity]

    def perform(self, change: Change, *, identity: Identity = BOT) -> WriteResult:
        return self.provider.perform(change, WriteContext(identity, COMMIT))

    def make(self, desired: ResourceSet, *, identity: Identity = BOT) -> list[WriteResult]:
        """Performs the creation of everything, in order."""
        return [self.perform(create(desired, kind), identity=identity) for kind in kinds_of(desired)]

    def settle(self, rollout_id: str, *, identity: Identity = BOT, step: float = 10.0) -> Rollout:
        """Lets simulated time pass until the rollout is over."""
        for _ in range(200):
            rollout = self.provider.rollout(identity, rollout_id)
            if rollout.state is not RolloutState.IN_PROGRESS:
                return rollout
            self.control.advance(step)
        raise AssertionError(f"{rollout} never ends")

    def deploy(self, desired: ResourceSet, *, identity: Identity = BOT) -> Rollout:
        """Creates everything and waits for the rollout."""
        rollout_id = self.make(desired, identity=identity)[-1].rollout_id
        assert rollout_id is not None
        return self.settle(rollout_id, identity=identity)

    def remove(self, present: ResourceSet, *, identity: Identity = BOT) -> None:
        """Performs the deletion of everything, in order, letting time pass while AWS is not ready."""
        for kind in reversed(Kind):
            resource = present.get(kind)
            if resource is not None:
                change = Change(Action.DELETE, kind, kind.value, resource, None)
                self.patiently(change, identity=identity)

    def patiently(self, change: Change, *, identity: Identity = BOT) -> WriteResult:
        for _ in range(100):
            try:
                return self.perform(change, identity=identity)
            except WaitingError as error:
                self.control.advance(error.after)
        raise AssertionError(f"{change.kind} never gets ready")

    def writes(self) -> list[str]:
        """The write calls since the counters were reset."""
        return [f"{call['service']}:{call['operation']}" for call in self.control.calls() if call["write"]]


def kinds_of(resources: ResourceSet) -> list[Kind]:
    """The kinds it holds, in the order they are created."""
    return [kind for kind in Kind if resources.get(kind) is not None]


def create(desired: ResourceSet, kind: Kind) -> Change:
    resource = desired.get(kind)
    assert resource is not None
    return Change(Action.CREATE, kind, kind.value, None, resource)


def update(before: Resource | None, after: Resource | None, kind: Kind, *, force: bool = False) -> Change:
    return Change(Action.UPDATE, kind, kind.value, before, after, force=force)


def differences(have: ResourceSet, want: ResourceSet) -> dict[str, tuple[Any, Any]]:
    """Every leaf that differs: `kind.path` → (have, want)."""
    found: dict[str, tuple[Any, Any]] = {}
    for kind in Kind:
        one, other = have.get(kind), want.get(kind)
        left: Mapping[str, Any] = leaves(one) if one else {}
        right: Mapping[str, Any] = leaves(other) if other else {}
        for path in left.keys() | right.keys():
            if left.get(path) != right.get(path):
                found[f"{kind}.{path}"] = (left.get(path), right.get(path))
    return found


def aws_world(simulator: TestSimulator, monkeypatch: pytest.MonkeyPatch) -> AwsWorld:
    """A world in an emptied simulator that holds the environment and the linked secrets. Time stands still in it
    but for `control.advance`."""
    for name, value in ENVIRONMENT_VARIABLES.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", simulator.endpoint_url)
    world = AwsWorld(simulator)
    world.refurnish()
    return world
