"""What has our name but not our tag is seen as foreign, blocks a write, and is never touched."""

from collections.abc import Callable
from typing import Any

import pytest

from molthub.errors import StallingError
from molthub.planning.types import Action, Change
from molthub.resources.identity import names_of
from molthub.resources.types import Kind
from tests.fakes.aws_world import BOT, LOCATION, AwsWorld, aws_world, create
from tests.fakes.simulator import TestSimulator

NAMES = names_of(BOT)
TRUST = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}'


@pytest.fixture
def world(simulator: TestSimulator, monkeypatch: pytest.MonkeyPatch) -> AwsWorld:
    return aws_world(simulator, monkeypatch)


def log_group(world: AwsWorld) -> None:
    world.client("logs").create_log_group(logGroupName=NAMES.log_group)


def secret(world: AwsWorld) -> None:
    world.client("secretsmanager").create_secret(Name=NAMES.gateway_secret, SecretString="{}")


def security_group(world: AwsWorld) -> None:
    world.client("ec2").create_security_group(GroupName=NAMES.security_group, Description="mine", VpcId=LOCATION.vpc_id)


def task_role(world: AwsWorld) -> None:
    world.client("iam").create_role(RoleName=NAMES.task_role, AssumeRolePolicyDocument=TRUST)


def execution_role(world: AwsWorld) -> None:
    tags = [{"Key": "molthub:fleet", "Value": "theirs"}]
    world.client("iam").create_role(RoleName=NAMES.execution_role, AssumeRolePolicyDocument=TRUST, Tags=tags)


def service(world: AwsWorld) -> None:
    world.deploy(world.desired())
    ecs = world.client("ecs")
    arn = ecs.describe_services(cluster=LOCATION.cluster, services=[NAMES.service])["services"][0]["serviceArn"]
    ecs.untag_resource(resourceArn=arn, tagKeys=["molthub:fleet"])


CASES: list[tuple[Kind, Callable[[AwsWorld], Any], str, str]] = [
    (Kind.LOG_GROUP, log_group, NAMES.log_group, "it has no tag molthub:fleet"),
    (Kind.SECRET, secret, NAMES.gateway_secret, "it has no tag molthub:fleet"),
    (Kind.SECURITY_GROUP, security_group, NAMES.security_group, "it has no tag molthub:fleet"),
    (Kind.TASK_ROLE, task_role, NAMES.task_role, "it has no tag molthub:fleet"),
    (Kind.EXECUTION_ROLE, execution_role, NAMES.execution_role, "its tag molthub:fleet says theirs"),
    (Kind.SERVICE, service, NAMES.service, "it has no tag molthub:fleet"),
]


@pytest.mark.parametrize(("kind", "make", "name", "reason"), CASES, ids=[case[0].value for case in CASES])
def test_foreign(world: AwsWorld, kind: Kind, make: Callable[[AwsWorld], Any], name: str, reason: str) -> None:
    desired = world.desired()
    make(world)
    world.control.reset_counters()
    for sweep in (False, True):
        seen = world.seen(sweep=sweep)
        assert [(item.kind, item.name, item.reason) for item in seen.foreign] == [(kind, name, reason)]
        assert seen.resources.get(kind) is None
    message = f"The {kind} {name} exists but is not ours: {reason}"
    with pytest.raises(StallingError, match=message):
        world.perform(create(desired, kind))
    with pytest.raises(StallingError, match=message):
        world.perform(Change(Action.DELETE, kind, name, desired.get(kind), None))
    assert [write for write in world.writes() if not write.startswith("secretsmanager:Create")] == []


def test_the_whole_sweep_leaves_other_fleets_alone(world: AwsWorld) -> None:
    """Objects of another fleet with names like ours belong to no instance of ours."""
    tags = [{"Key": f"molthub:{name}", "Value": value} for name, value in THEIRS.items()]
    world.client("iam").create_role(RoleName="mh-acme-prod-x-task", AssumeRolePolicyDocument=TRUST, Tags=tags)
    world.client("secretsmanager").create_secret(Name="molthub/theirs/x/gateway", SecretString="{}", Tags=tags)
    assert set(world.observe(sweep=True).instances) == {BOT}


THEIRS = {"fleet": "theirs", "workspace": "acme", "environment": "prod", "instance": "x"}


def test_a_copied_tag_alone_makes_no_instance(world: AwsWorld) -> None:
    """Our tags on an object whose name does not follow from them: somebody copied them."""
    tags = [{"Key": f"molthub:{name}", "Value": value} for name, value in (THEIRS | {"fleet": BOT.fleet}).items()]
    world.client("iam").create_role(RoleName="mh-acme-prod-copy", AssumeRolePolicyDocument=TRUST, Tags=tags)
    assert set(world.observe(sweep=True).instances) == {BOT}
