"""What AWS denies to the reconciler's session comes out as one clear line, and is not taken for anything else."""

from __future__ import annotations

import json

import pytest

from molthub.errors import StallingError
from molthub.resources.types import Kind
from tests.fakes.aws_objects import TRUST
from tests.fakes.aws_world import BOT, ENVIRONMENT_VARIABLES, AwsWorld, aws_world, create
from tests.fakes.simulator import ACCOUNT, TestSimulator


@pytest.fixture
def world(simulator: TestSimulator, monkeypatch: pytest.MonkeyPatch) -> AwsWorld:
    return aws_world(simulator, monkeypatch)


def deny(world: AwsWorld, action: str) -> None:
    """From now on the provider's credentials are a role's that may do everything but this."""
    allowed = {"Effect": "Allow", "NotAction": action, "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam = world.client("iam")
    iam.create_role(RoleName="lesser", AssumeRolePolicyDocument=TRUST)
    iam.put_role_policy(RoleName="lesser", PolicyName="lesser", PolicyDocument=document)
    world.control.act_as(ENVIRONMENT_VARIABLES["AWS_ACCESS_KEY_ID"], f"arn:aws:iam::{ACCOUNT}:role/lesser")


def made_but_for_the_service(world: AwsWorld) -> None:
    desired = world.desired()
    for kind in Kind:
        if kind is not Kind.SERVICE and desired.get(kind) is not None:
            world.perform(create(desired, kind))


def test_a_service_that_may_not_be_made_waits_for_no_role(world: AwsWorld) -> None:
    made_but_for_the_service(world)
    deny(world, "ecs:CreateService")
    with pytest.raises(StallingError) as caught:
        world.perform(create(world.desired(), Kind.SERVICE))
    name = f"arn:aws:ecs:eu-west-1:{ACCOUNT}:service/molthub-acme-prod/"
    assert str(caught.value).startswith(f"error: MH-AWS-003 AWS denies ecs:CreateService on {name}")
    assert "Allow ecs:CreateService to the role Molthub works with" in str(caught.value)


def test_a_read_that_is_denied_is_unknown_and_not_absent(world: AwsWorld) -> None:
    world.make(world.desired())
    deny(world, "ec2:DescribeSecurityGroups")
    seen = world.observe(sweep=True).instances[BOT]
    assert [failure.kind for failure in seen.failures] == [Kind.SECURITY_GROUP, Kind.SERVICE]
    assert "AWS denies ec2:DescribeSecurityGroups" in seen.failures[0].message


def test_where_all_roles_may_not_be_listed_each_is_read_by_name(world: AwsWorld) -> None:
    world.make(world.desired())
    deny(world, "iam:GetAccountAuthorizationDetails")
    assert world.observe(sweep=True).instances[BOT].failures == ()
