"""A furnished AWS with shared load balancers and a hosted zone, as `molthub bootstrap` leaves it, for webhook bots."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from molthub.aws.clients import Clients, Sessions
from molthub.aws.provider import AwsProvider
from molthub.aws.readers.task_definitions import TaskDefinitionCache
from molthub.desired.render import RenderFacts, render
from molthub.provider.protocols import Query
from molthub.resources.foundation import Foundation
from molthub.resources.identity import EnvironmentKey, Identity, names_of
from molthub.resources.observation import Observation
from molthub.resources.types import ResourceSet
from tests.builders import INGRESS, loaded_environment, loaded_instance, merged
from tests.fakes.aws_world import BOT, ENVIRONMENT_VARIABLES, FLEET, KEY, LINKED, LOCATION, AwsWorld
from tests.fakes.balancers import make_gates, make_listeners
from tests.fakes.rich_fleet import WEBHOOK
from tests.fakes.simulator import ENVIRONMENT, SUBNETS, VPC, TestSimulator

DOMAIN = INGRESS["domain"]
ZONE = "Z0123456789ABC"


class StandingProvider(AwsProvider):
    """A provider whose environment stands on this foundation."""

    foundation: Foundation

    def _stands_on(self, _fleet: str, _key: EnvironmentKey) -> Foundation:
        return self.foundation


class IngressWorld(AwsWorld):
    """The world of one webhook bot: two load balancers, a zone, the gates' group."""

    zone = ZONE
    identity = BOT
    names = names_of(BOT)
    host = f"{BOT.id}.{DOMAIN}"
    foundation: Foundation

    def fresh_provider(self) -> AwsProvider:
        return standing(self.foundation) if hasattr(self, "foundation") else super().fresh_provider()

    def refurnish(self) -> None:
        """An empty account with two listeners that refuse everything, and a zone."""
        super().refurnish()
        group = make_gates(self.client, VPC)
        listeners = make_listeners(self.client, SUBNETS, group, count=2)
        self.control.seed(environments=[{**ENVIRONMENT, "hostedZoneId": ZONE, "domain": DOMAIN}])
        self.foundation = Foundation(
            LOCATION.cluster, LOCATION.vpc_id, LOCATION.subnet_ids, gate_members=group, listeners=listeners
        )
        self.provider = self.fresh_provider()
        self.control.reset_counters()

    def desired(self, *, listener: int = 0, **overrides: Any) -> ResourceSet:
        """What the webhook bot should be, on one of the listeners."""
        instance = loaded_instance(**merged({"spec": WEBHOOK}, overrides))
        facts = self.observe(identity=instance.identity(FLEET)).secrets
        environment = loaded_environment(spec={"aws": ENVIRONMENT, "ingress": {**INGRESS, "hostedZoneId": self.zone}})
        where = self.foundation.listeners[listener]
        versions = {name: fact.version_id for name, fact in facts.items()}
        known = RenderFacts(versions, foundation=self.foundation, listener=where)
        return render(instance, environment, fleet=FLEET, facts=known).resources

    def observe(self, *, identity: Identity = BOT, sweep: bool = False) -> Observation:
        return self.provider.observe(self.query(identity, sweep=sweep, hosts={identity: f"{identity.id}.{DOMAIN}"}))

    def query(self, identity: Identity, *, sweep: bool, hosts: Mapping[Identity, str]) -> Query:
        only = None if sweep else frozenset({identity})
        wanted = frozenset({identity}) if hosts else frozenset()
        return Query(FLEET, KEY, only=only, desired=wanted, secrets=frozenset(LINKED), zone=self.zone, hosts=hosts)


def standing(foundation: Foundation, clients: Clients | None = None) -> AwsProvider:
    made = StandingProvider(LOCATION, clients or Clients(Sessions(), LOCATION), cache=TaskDefinitionCache())
    made.foundation = foundation
    return made


def ingress_world(simulator: TestSimulator, monkeypatch: pytest.MonkeyPatch) -> IngressWorld:
    for name, value in ENVIRONMENT_VARIABLES.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", simulator.endpoint_url)
    world = IngressWorld(simulator)
    world.refurnish()
    return world
