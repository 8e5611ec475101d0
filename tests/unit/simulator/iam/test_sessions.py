"""Whose session a key is, what an unknown operation asks for, and what a boundary means to a task."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from molthub.aws.permissions.operations import RECONCILER
from molthub.simulator.iam.asks.book import ASKS
from tests.fakes.aws_objects import TRUST
from tests.fakes.simulator import ACCOUNT, TestSimulator

ROLE = f"arn:aws:iam::{ACCOUNT}:role/looker"


def statement(*actions: str, resource: str = "*") -> str:
    allowed = {"Effect": "Allow", "Action": list(actions), "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [allowed]})


@pytest.fixture
def looker(simulator: TestSimulator) -> Any:
    """An ECS client of a key that belongs to a role, which may list clusters."""
    iam = simulator.client("iam")
    iam.create_role(RoleName="looker", AssumeRolePolicyDocument=TRUST)
    iam.put_role_policy(RoleName="looker", PolicyName="look", PolicyDocument=statement("ecs:ListClusters"))
    simulator.control.act_as("AKIALOOKER", ROLE)
    return simulator.client("ecs", access_key="AKIALOOKER")


def test_every_operation_the_reconciler_calls_is_known() -> None:
    called = {f"{service}:{name}" for service, rows in RECONCILER.items() for name in rows}
    assert sorted(called - ASKS.keys()) == [], "say in molthub/simulator/iam/asks what these ask IAM for"


def test_a_session_may_what_its_role_may_now(simulator: TestSimulator, looker: Any) -> None:
    assert looker.list_clusters()["clusterArns"]
    simulator.client("iam").delete_role_policy(RoleName="looker", PolicyName="look")
    with pytest.raises(ClientError) as caught:
        looker.list_clusters()
    assert caught.value.response["Error"] == {
        "Code": "AccessDeniedException",
        "Message": f"User: arn:aws:sts::{ACCOUNT}:assumed-role/looker/bound is not authorized to perform: "
        "ecs:ListClusters on resource: * because no identity-based policy allows the ecs:ListClusters action",
    }
    (asked, refused) = simulator.control.decisions()
    assert (asked["allowed"], refused["allowed"]) == (True, False)
    assert asked["context"]["aws:principalarn"] == [ROLE]


def test_a_session_of_a_deleted_role_may_nothing(simulator: TestSimulator, looker: Any) -> None:
    iam = simulator.client("iam")
    iam.delete_role_policy(RoleName="looker", PolicyName="look")
    iam.delete_role(RoleName="looker")
    with pytest.raises(ClientError, match="no identity-based policy allows"):
        looker.list_clusters()


def test_an_operation_nobody_described_is_denied(looker: Any) -> None:
    with pytest.raises(ClientError, match="the simulator does not know what it asks IAM for"):
        looker.create_cluster(clusterName="x")


def test_the_accounts_own_keys_may_everything(simulator: TestSimulator) -> None:
    simulator.client("ecs").create_cluster(clusterName="x")
    assert simulator.control.decisions() == []


def test_a_managed_policy_counts_in_its_default_version(simulator: TestSimulator, looker: Any) -> None:
    iam = simulator.client("iam")
    iam.delete_role_policy(RoleName="looker", PolicyName="look")
    arn = iam.create_policy(PolicyName="p", PolicyDocument=statement("ecs:ListClusters"))["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="looker", PolicyArn=arn)
    assert looker.list_clusters()["clusterArns"]
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=statement("s3:GetObject"), SetAsDefault=True)
    with pytest.raises(ClientError, match="no identity-based policy allows"):
        looker.list_clusters()


def test_a_boundary_that_is_not_there_allows_nothing(simulator: TestSimulator, looker: Any) -> None:
    iam = simulator.client("iam")
    boundary = iam.create_policy(PolicyName="b", PolicyDocument=statement("ecs:ListClusters"))["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName="looker", PermissionsBoundary=boundary)
    assert looker.list_clusters()["clusterArns"]
    iam.delete_policy(PolicyArn=boundary)
    with pytest.raises(ClientError, match="because no permissions boundary allows the ecs:ListClusters action"):
        looker.list_clusters()
