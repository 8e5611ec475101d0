"""A read that failed is Unknown for its kind and for what depends on it; never absence, and the others go on."""

import pytest

from molthub.aws.clients import Clients, Sessions
from molthub.aws.provider import AwsProvider
from molthub.aws.readers.task_definitions import TaskDefinitionCache
from molthub.provider.protocols import Location, Query
from molthub.resources.types import Kind
from tests.fakes.aws_meddling import refusing
from tests.fakes.aws_world import BOT, FLEET, KEY, LINKED, LOCATION, AwsWorld, aws_world, differences
from tests.fakes.simulator import TestSimulator

SECRET_USERS = {Kind.TASK_ROLE, Kind.EXECUTION_ROLE, Kind.TASK_DEFINITION, Kind.SERVICE}


@pytest.fixture
def world(simulator: TestSimulator, monkeypatch: pytest.MonkeyPatch) -> AwsWorld:
    found = aws_world(simulator, monkeypatch)
    found.deploy(found.desired())
    return found


@pytest.mark.parametrize("sweep", [True, False])
@pytest.mark.parametrize(
    ("operations", "unknown"),
    [
        (["describe_services"], {Kind.SERVICE, Kind.TASK_DEFINITION}),
        (["describe_task_definition"], {Kind.SERVICE, Kind.TASK_DEFINITION}),
        (["describe_security_groups"], {Kind.SECURITY_GROUP, Kind.SERVICE}),
        (["get_account_authorization_details", "list_roles", "get_role"], {Kind.TASK_ROLE, Kind.EXECUTION_ROLE}),
        (["describe_log_groups"], {Kind.LOG_GROUP}),
        (["get_resources", "list_tags_for_resource"], {Kind.LOG_GROUP}),
        (["list_secrets", "describe_secret"], {Kind.SECRET} | SECRET_USERS),
    ],
)
def test_unknown_is_not_absent(world: AwsWorld, operations: list[str], unknown: set[Kind], sweep: bool) -> None:
    desired = world.seen().resources
    world.provider = refusing(LOCATION, *operations, code="InternalServiceError")
    observation = world.observe(sweep=sweep)
    seen = observation.instances[BOT]
    assert {failure.kind for failure in seen.failures} == unknown
    # A definition that cannot be read hides no instance.
    assert observation.complete is (sweep and operations == ["describe_task_definition"])
    assert all(seen.resources.get(kind) is None for kind in unknown)
    assert all(seen.resources.get(kind) == desired.get(kind) for kind in set(Kind) - unknown)
    assert {failure.ref for failure in seen.failures} == {"MH-AWS-012"}


def test_a_sweep_that_cannot_list_services_is_unknown(world: AwsWorld) -> None:
    world.provider = refusing(LOCATION, "list_services")
    observation = world.observe(sweep=True)
    assert [failure.kind for failure in observation.failures] == [Kind.SERVICE]
    assert observation.failures[0].message == f"AWS denies ecs:ListServices for cluster {LOCATION.cluster}"
    assert {failure.kind for failure in observation.instances[BOT].failures} == {Kind.SERVICE, Kind.TASK_DEFINITION}


def test_denied_account_details_fall_back_to_single_roles(world: AwsWorld) -> None:
    desired = world.seen().resources
    world.provider = refusing(LOCATION, "get_account_authorization_details", code="AccessDenied")
    observation = world.observe(sweep=True)
    assert observation.complete
    assert differences(observation.instances[BOT].resources, desired) == {}


def test_a_whole_sweep_is_complete_and_a_named_look_is_not(world: AwsWorld) -> None:
    assert world.observe(sweep=True).complete
    assert not world.observe().complete


def test_a_linked_secret_that_cannot_be_read_is_unknown_and_a_missing_one_is_absent(world: AwsWorld) -> None:
    other = "arn:aws:secretsmanager:eu-west-1:210987654321:secret:shared-AbCdEf"
    query = Query(FLEET, KEY, only=frozenset({BOT}), secrets=frozenset({*LINKED, other, "not/there"}))
    observation = world.provider.observe(query)
    assert set(LINKED) <= set(observation.secrets)
    assert "not/there" not in observation.secrets
    assert "not/there" not in observation.secret_failures
    denied = refusing(LOCATION, "describe_secret").observe(query)
    assert other in denied.secret_failures
    assert denied.secret_failures[other].message == f"AWS denies secretsmanager:DescribeSecret for secret {other}"


def test_the_wrong_account_is_said_before_anything_is_read(world: AwsWorld) -> None:
    elsewhere = Location("210987654321", LOCATION.region, LOCATION.cluster, LOCATION.vpc_id, LOCATION.subnet_ids)
    provider = AwsProvider(elsewhere, Clients(Sessions(), elsewhere), cache=TaskDefinitionCache())
    world.control.reset_counters()
    observation = provider.observe(Query(FLEET, KEY, desired=frozenset({BOT})))
    message = "The Environment is in account 210987654321, but the credentials belong to account 123456789012"
    assert {failure.message for failure in observation.instances[BOT].failures} == {message}
    assert {failure.kind for failure in observation.failures} == set(Kind)
    assert [call["operation"] for call in world.control.calls()] == ["GetCallerIdentity"]
