"""AWS in memory for the fleet of cast.py: everything applied, in good health, with secrets, logs and probes."""

from __future__ import annotations

from datetime import timedelta

from molthub.apply.types import Outcome
from molthub.cli.context import Roots
from molthub.pipeline.doctor.here import Pull
from molthub.planning.types import Action, Change
from molthub.provider.protocols import Location, WriteContext
from molthub.resources.foundation import Foundation, Listener
from molthub.resources.identity import TAG_FLEET, EnvironmentKey, Identity, names_of
from molthub.resources.observation import SecretFacts
from molthub.resources.types import Kind
from tests.fakes import cast
from tests.fakes.clock import START
from tests.fakes.fleet import FakeFleet, identity
from tests.fakes.logs import FakeLogs, line
from tests.fakes.probes import FakeProbes
from tests.fakes.provider import FakeProvider, Script
from tests.fakes.secret_store import FakeSecretStore

SECRETS = {
    "acme/prod/model": '{"anthropic": "a", "openai": "b"}',
    "acme/prod/support-bot": '{"SLACK_BOT_TOKEN": "a", "SLACK_APP_TOKEN": "b", "HOOK_TOKEN": "c"}',
    "acme/prod/release-bot": '{"HOOK_TOKEN": "a"}',
    "acme/prod/concierge": '{"TELEGRAM_BOT_TOKEN": "a"}',
    "acme/dev/trial-bot": '{"TELEGRAM_BOT_TOKEN": "b"}',
    "acme/dev/old-bot": '{"TELEGRAM_BOT_TOKEN": "c"}',
    "acme/prod/old-bot": '{"TELEGRAM_BOT_TOKEN": "d"}',
}
IAM = "arn:aws:iam::123456789012"
LISTENER = Listener(1, "arn:listener", "arn:balancer", "molthub-1.eu-west-1.elb.amazonaws.com", "Z32O12XQLNTSW2")


class FleetOfCast(FakeFleet):
    """A provider is furnished when it is made."""

    def provider_at(self, key: EnvironmentKey, location: Location) -> FakeProvider:
        provider = super().provider_at(key, location)
        if provider.foundation is None:
            provider.foundation = _foundation(f"molthub-{key.workspace}-{key.environment}")
            for name in SECRETS:
                provider.secrets[name] = SecretFacts(name, f"arn:aws:secretsmanager:::secret:{name}", "v1")
        return provider


def _foundation(name: str) -> Foundation:
    return Foundation(
        cluster=name,
        vpc_id="vpc-0a1b2c3d4e5f60718",
        subnet_ids=("subnet-0a1b2c3d4e5f60718",),
        stack=name,
        boundary=f"{IAM}:policy/{name}",
        kms_key="arn:aws:kms:eu-west-1:123456789012:key/1b2c3d4e-0000-4000-8000-1234567890ab",
        state_clients="sg-1",
        state_servers="sg-2",
        bucket="molthub-0123456789",
        backup_vault=name,
        backup_role=f"{IAM}:role/{name}-backup",
        gate_members="sg-3",
        listeners=(LISTENER,),
    )


def _roll_out(provider: FakeProvider, name: Identity) -> None:
    """One rollout that goes on for a while."""
    service = provider.resources(name).service
    assert service is not None
    provider.script(name, Script(polls=200))
    again = Change(Action.UPDATE, Kind.SERVICE, service.name, service, service, restarts=True, force=True)
    provider.perform(again, WriteContext(name, provider.instances[name].commit or ""))


def roots(commit: str) -> Roots:
    """Made once, before the first call is forked. commit: what everything is tagged with."""
    cloud, store = FleetOfCast(), FakeSecretStore()
    cloud.commit(files=cast.documents())
    results = cloud.apply()
    assert {result.outcome for result in results.values()} == {Outcome.APPLIED}, results
    for provider in cloud.places.values():
        for name, instance in provider.instances.items():
            instance.commit = commit
            store.hold(names_of(name).gateway_secret, "a")
    for name, value in SECRETS.items():
        store.hold(name, value, tags={TAG_FLEET: "acme-bots"})
    _roll_out(cloud.prod, identity("concierge"))
    logs = FakeLogs([line(START - timedelta(minutes=minute), f"line {minute}") for minute in range(1, 40)])
    return Roots(
        providers=lambda: cloud.provider_at,
        now=cloud.clock.now,
        clock=lambda: cloud.clock,
        secrets=store.factory,
        probes=lambda: lambda key, _location, _fleet: FakeProbes(stand=_foundation(str(key).replace("/", "-"))),
        registries=lambda: lambda _image: Pull.PRESENT,
        logs=lambda: logs,
    )
