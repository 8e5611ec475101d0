"""Two providers behind one harness: what a contract test may do to a cloud besides calling its provider.

    memory   tests/fakes/provider.py: a provider in memory
    aws      molthub/aws against the simulator, over HTTP

A third provider joins by giving a World of its own to `WORLDS` in test_provider.py; docs/providers.md tells how.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol

from molthub.aws.provider import AwsProvider, aws_provider_factory
from molthub.desired.render import RenderFacts, render
from molthub.provider.protocols import Provider
from molthub.resources.identity import names_of
from molthub.resources.observation import ForeignObject, ReadFailure, SecretFacts
from molthub.resources.types import Kind, ResourceSet
from tests.builders import loaded_environment, loaded_instance
from tests.fakes.aws_meddling import CrashError, Dying, meddled
from tests.fakes.aws_world import BOT, FLEET, KEY, LINKED, LOCATION, AwsWorld
from tests.fakes.documents import MemoryDocuments
from tests.fakes.provider import CrashError as MemoryCrashError
from tests.fakes.provider import FakeProvider, Script, failing
from tests.fakes.simulator import ENVIRONMENT

BUCKET = "molthub-0123456789-123456789012-eu-west-1"
GOOD, BAD = "ghcr.io/openclaw/openclaw:2026.9.6", "ghcr.io/openclaw/openclaw:2026.9.8"
FAILS = ReadFailure(Kind.LOG_GROUP, "MH-AWS-003", "denied")


class World(Protocol):
    """One empty environment that holds the linked secrets, and a provider of it."""

    provider: Provider
    crash: type[BaseException]

    def fresh(self) -> Provider:
        """A provider as another process would make it: nothing cached, nothing known."""
        ...

    def pass_time(self) -> None:
        """Some seconds pass in the cloud."""
        ...

    def next_rollout_fails(self) -> None:
        """The next rollout of the image BAD fails through its own fault."""
        ...

    def dying(self, at: int, *, after_effect: bool) -> Provider:
        """A provider whose process dies (`crash`) in its at-th write, before its effect or after it."""
        ...

    def somebody_else_has_the_log_group(self) -> None: ...

    def log_groups_cannot_be_read(self) -> None: ...


class MemoryWorld:
    """The provider in memory."""

    crash: type[BaseException] = MemoryCrashError

    def __init__(self) -> None:
        self.provider = FakeProvider(KEY, default=Script(polls=1))
        self.provider.secrets = {name: SecretFacts(name, f"arn:aws:secretsmanager:::{name}", "v1") for name in LINKED}
        self.provider.shared = MemoryDocuments()

    def fresh(self) -> Provider:
        return self.provider

    def pass_time(self) -> None:
        """Its rollouts and waits count looks, not seconds."""

    def next_rollout_fails(self) -> None:
        self.provider.script(BOT, failing("container gateway exited with code 1"))

    def dying(self, at: int, *, after_effect: bool) -> Provider:
        self.provider.crash_at(at, after_effect=after_effect)
        return self.provider

    def somebody_else_has_the_log_group(self) -> None:
        self.provider.foreign[BOT] = (ForeignObject(Kind.LOG_GROUP, names_of(BOT).log_group, "no tag"),)

    def log_groups_cannot_be_read(self) -> None:
        self.provider.unreadable[BOT] = (FAILS,)


class AwsSimulated:
    """The AWS adapter. `behind` has the simulator."""

    crash: type[BaseException] = CrashError

    def __init__(self, behind: AwsWorld) -> None:
        self.behind = behind
        behind.control.seed(environments=[{**ENVIRONMENT, "bucket": BUCKET}])
        self.provider = self.fresh()

    def fresh(self) -> AwsProvider:
        made = aws_provider_factory()(KEY, replace(LOCATION, bucket=BUCKET))
        assert isinstance(made, AwsProvider)
        return made

    def pass_time(self) -> None:
        self.behind.control.advance(15.0)

    def next_rollout_fails(self) -> None:
        self.behind.control.add_image_rule(BAD, "crash")

    def dying(self, at: int, *, after_effect: bool) -> Provider:
        return meddled(LOCATION, Dying(at, after_effect=after_effect))

    def somebody_else_has_the_log_group(self) -> None:
        self.behind.client("logs").create_log_group(logGroupName=names_of(BOT).log_group)

    def log_groups_cannot_be_read(self) -> None:
        self.behind.control.add_fault("access-denied", operation="logs:DescribeLogGroups", times=None)


def desired(world: World, observed: Any, image: str = GOOD) -> ResourceSet:
    """What the support bot should be, given the secrets' versions that an observation told."""
    versions = {name: fact.version_id for name, fact in observed.secrets.items()}
    instance = loaded_instance(spec={"runtime": {"image": image}})
    environment = loaded_environment(spec={"aws": ENVIRONMENT})
    return render(instance, environment, fleet=FLEET, facts=RenderFacts(versions)).resources
