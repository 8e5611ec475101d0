"""A full drift check of 1,000 instances costs at most 160 calls, and finds what was planted in it."""

import dataclasses

import pytest

from molthub.aws.provider import AwsProvider
from molthub.aws.readers.task_definitions import TaskDefinitionCache
from molthub.provider.protocols import Location, Query
from molthub.resources.identity import Identity, names_of
from molthub.resources.normal import canonical_policy, normalise
from molthub.resources.types import Kind, ResourceSet
from tests.fakes.aws_fleet import FakeFleet
from tests.fakes.resource_sets import KEY, bot, resource_set, without_ingress

COUNT = 1000
BUDGET = 160
LOCATION = Location("123456789012", "eu-west-1", "molthub-acme-prod", "vpc-0a1b", ("subnet-0a", "subnet-0b"))
LINKED = ("acme/prod/model",)
TRUST = canonical_policy(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}}]}
)


def desired(identity: Identity) -> ResourceSet:
    whole = without_ingress(resource_set(identity))
    assert whole.task_role is not None
    assert whole.execution_role is not None
    secret = canonical_policy({"Statement": {"Resource": f"${{secret:{names_of(identity).gateway_secret}}}"}})
    execution = dataclasses.replace(whole.execution_role, trust=TRUST, inline_policies=(("molthub", secret),))
    task = dataclasses.replace(whole.task_role, trust=TRUST)
    return dataclasses.replace(whole, task_role=normalise(task), execution_role=normalise(execution))


@pytest.fixture(scope="module")
def instances() -> dict[Identity, ResourceSet]:
    bots = [bot(f"bot-{number:04}") for number in range(COUNT)]
    return {identity: desired(identity) for identity in bots}


def test_at_most_160_calls_and_three_planted_drifts_found(instances: dict[Identity, ResourceSet]) -> None:
    fleet = FakeFleet(instances, LINKED)
    cache = TaskDefinitionCache()
    provider = AwsProvider(LOCATION, fleet, cache=cache)  # type: ignore[arg-type]
    query = Query("acme-bots", KEY, desired=frozenset(instances), secrets=frozenset(LINKED))
    cold = provider.observe(query)
    # 10 + 100 services, 1 groups, 1 file systems, 2 + 2 roles, 20 + 10 log groups and
    # tags, 11 secrets; and each definition once.
    assert provider.api.total == 157 + COUNT
    assert cold.complete
    assert all(cold.instances[identity].resources == wanted for identity, wanted in instances.items())

    one, two, three = (names_of(bot(f"bot-{number:04}")) for number in (7, 500, 999))
    fleet.services[one.service]["desiredCount"] = 0
    fleet.groups[two.security_group]["IpPermissions"] = [
        {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ]
    fleet.roles[three.task_role]["AttachedManagedPolicies"] = [{"PolicyName": "a", "PolicyArn": "arn:a"}]
    warm = AwsProvider(LOCATION, fleet, cache=cache)  # type: ignore[arg-type]
    seen = warm.observe(query)
    assert warm.api.total <= BUDGET
    found = {
        (identity.id, kind)
        for identity, wanted in instances.items()
        for kind in Kind
        if seen.instances[identity].resources.get(kind) != wanted.get(kind)
    }
    assert found == {
        ("bot-0007", Kind.SERVICE),
        ("bot-0500", Kind.SECURITY_GROUP),
        ("bot-0999", Kind.TASK_ROLE),
    }


def test_instances_are_discovered_without_any_manifest(instances: dict[Identity, ResourceSet]) -> None:
    some = dict(list(instances.items())[:30])
    provider = AwsProvider(LOCATION, FakeFleet(some, LINKED), cache=TaskDefinitionCache())  # type: ignore[arg-type]
    seen = provider.observe(Query("acme-bots", KEY))
    assert set(seen.instances) == set(some)
    assert all(seen.instances[identity].resources == wanted for identity, wanted in some.items())
