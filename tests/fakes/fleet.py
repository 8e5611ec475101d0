"""A whole fleet in memory: a source, a provider per environment, and the pipeline's steps on top."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from molthub.apply.settings import ApplySettings
from molthub.apply.types import InstanceResult
from molthub.events.types import Event
from molthub.pipeline.applier import apply_fleet
from molthub.pipeline.engine import check
from molthub.pipeline.planner import plan_fleet
from molthub.pipeline.types import Collaborators, PlannedFleet, Scope
from molthub.policies.registry import builtin_rules
from molthub.provider.protocols import Location
from molthub.resources.identity import EnvironmentKey, Identity
from molthub.resources.observation import SecretFacts
from tests.builders import tree
from tests.fakes.clock import FakeClock
from tests.fakes.provider import FakeProvider
from tests.fakes.source import FakeSource

PROD = EnvironmentKey("acme", "prod")


class FakeFleet:
    """`commit(...)` documents, `plan()`, `apply()`. Every linked secret of the builders exists."""

    def __init__(self) -> None:
        self.source = FakeSource()
        self.clock = FakeClock()
        self.places: dict[tuple[EnvironmentKey, str, str], FakeProvider] = {}
        self.events: list[Event] = []
        self.collaborators = Collaborators(
            rules=builtin_rules(), providers=self.provider_at, now=self.clock.now, source=self.source
        )

    def provider_at(self, key: EnvironmentKey, location: Location) -> FakeProvider:
        place = (key, location.region, location.cluster)
        if place not in self.places:
            provider = FakeProvider(key, now=self.clock.now)
            for name in ("acme/prod/model", "acme/prod/support-bot"):
                provider.secrets[name] = SecretFacts(name, f"arn:aws:secretsmanager:::secret:{name}", "v1")
            self.places[place] = provider
        return self.places[place]

    @property
    def prod(self) -> FakeProvider:
        return next(provider for (key, _, _), provider in self.places.items() if key == PROD)

    def commit(self, *documents: Mapping[str, Any], files: Mapping[str, bytes] | None = None, **trailers: str) -> str:
        content = dict(tree(*documents)) if documents else {}
        content.update(files or {})
        return self.source.commit_tree(content, **trailers)

    def plan(self, scope: Scope | None = None, **more: Any) -> PlannedFleet:
        snapshot = self.source.snapshot(self.source.head)
        checked = check(snapshot, rules=self.collaborators.rules, now=self.clock.now())
        return plan_fleet(checked, self.collaborators, scope=scope, **more)

    def apply(self, scope: Scope | None = None) -> dict[str, InstanceResult]:
        planned = self.plan(scope)
        settings = ApplySettings(commit=self.source.head, actor="test")
        results = apply_fleet(
            planned, self.collaborators, settings=settings, report=self.events.append, clock=self.clock
        )
        return {result.name: result for result in results}


def identity(name: str = "support-bot", environment: str = "prod") -> Identity:
    return Identity("acme-bots", "acme", environment, name)
