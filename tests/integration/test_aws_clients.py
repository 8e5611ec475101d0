"""Credentials as boto3 finds them, and roles assumed with credentials that refresh themselves."""

import dataclasses

import pytest

from molthub.aws.clients import CONFIG, Clients, Sessions
from molthub.aws.provider import aws_provider_factory
from molthub.errors import StallingError
from molthub.provider.protocols import Query
from tests.fakes.aws_world import BOT, FLEET, KEY, LOCATION, AwsWorld, aws_world
from tests.fakes.simulator import TestSimulator

TRUST = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}'
ROLE = f"arn:aws:iam::{LOCATION.account_id}:role/molthub/{FLEET}/reconciler"


@pytest.fixture
def world(simulator: TestSimulator, monkeypatch: pytest.MonkeyPatch) -> AwsWorld:
    return aws_world(simulator, monkeypatch)


def test_retries_and_connections_are_pinned() -> None:
    assert CONFIG.retries == {"mode": "standard", "total_max_attempts": 4}
    assert CONFIG.max_pool_connections == 32


def test_a_role_is_assumed_before_anything_else(world: AwsWorld) -> None:
    world.client("iam").create_role(RoleName="reconciler", Path=f"/molthub/{FLEET}/", AssumeRolePolicyDocument=TRUST)
    everything = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
    world.client("iam").put_role_policy(RoleName="reconciler", PolicyName="everything", PolicyDocument=everything)
    location = dataclasses.replace(LOCATION, role_arn=ROLE, external_id="shared-secret-of-two-parties")
    world.control.reset_counters()
    observation = aws_provider_factory()(KEY, location).observe(Query(FLEET, KEY, desired=frozenset({BOT})))
    assert observation.failures == ()
    operations = [call["operation"] for call in world.control.calls()]
    assert operations[:2] == ["AssumeRole", "GetCallerIdentity"]
    assert operations.count("AssumeRole") == 1
    assert operations.count("GetCallerIdentity") == 1


def test_without_credentials_it_says_so(world: AwsWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for location in (LOCATION, dataclasses.replace(LOCATION, role_arn=ROLE)):
        with pytest.raises(StallingError, match="MH-AWS-001 There are no AWS credentials"):
            Clients(Sessions(), location).client("ecs")


def test_the_region_is_the_environments_whatever_the_surroundings_say(
    world: AwsWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    assert Clients(Sessions(), LOCATION).client("ecs").meta.region_name == "eu-west-1"


def test_providers_are_shared_and_clients_made_once(world: AwsWorld) -> None:
    factory = aws_provider_factory()
    assert factory(KEY, LOCATION) is factory(KEY, LOCATION)
    clients = Clients(Sessions(), LOCATION)
    assert clients.client("ecs") is clients.client("ecs")
