"""What an environment stands on, read from its manifest and its stack."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from molthub.aws.api import Api
from molthub.aws.foundation import completed, given, read_foundation
from molthub.errors import StallingError
from molthub.provider.protocols import Location
from molthub.resources.foundation import Foundation, Listener

STACK = "molthub-acme-prod-19eec8d0eb"
EMPTY = Location("123456789012", "eu-west-1", "", "", (), stack=STACK)
NAMED = Location("123456789012", "eu-west-1", "shared", "vpc-1", ("subnet-1",), stack=STACK)
OUTPUTS = {
    "Cluster": STACK,
    "VpcId": "vpc-2",
    "SubnetIds": "subnet-2,subnet-3",
    "Boundary": "arn:boundary",
    "KmsKey": "arn:key",
    "Bucket": "bucket",
    "StateClients": "sg-1",
    "StateServers": "sg-2",
    "BackupVault": "vault",
    "BackupRole": "arn:role",
    "EndpointsOnly": "true",
    "GateMembers": "sg-3",
    "Listener1": "arn:listener1|arn:balancer1|one.example.com|Z1",
    "Listener2": "arn:listener2|arn:balancer2|two.example.com|Z2",
}


class FakeCloudFormation:
    """Answers DescribeStacks with one stack, or an error."""

    def __init__(
        self,
        *,
        status: str = "CREATE_COMPLETE",
        fleet: str = "acme-bots",
        error: str = "",
        outputs: dict[str, str] = OUTPUTS,
    ) -> None:
        self.status, self.fleet, self.error, self.outputs = status, fleet, error, outputs
        self.asked: list[str] = []

    def client(self, _service: str) -> FakeCloudFormation:
        return self

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803
        self.asked.append(StackName)
        if self.error:
            code, _, message = self.error.partition(": ")
            raise ClientError({"Error": {"Code": code, "Message": message}}, "DescribeStacks")
        outputs = [{"OutputKey": key, "OutputValue": value} for key, value in self.outputs.items()]
        tags = [{"Key": "molthub:fleet", "Value": self.fleet}]
        return {"Stacks": [{"StackStatus": self.status, "Outputs": outputs, "Tags": tags}]}


def _read(fake: FakeCloudFormation, location: Location) -> Foundation:
    return read_foundation(Api(fake), location, fleet="acme-bots", about="acme/prod")


ABSENT = f"ValidationError: Stack with id {STACK} does not exist"


def test_everything_comes_from_the_stack_where_the_manifest_names_nothing() -> None:
    fake = FakeCloudFormation()
    found = _read(fake, EMPTY)
    assert found == Foundation(
        cluster=STACK,
        vpc_id="vpc-2",
        subnet_ids=("subnet-2", "subnet-3"),
        stack=STACK,
        boundary="arn:boundary",
        kms_key="arn:key",
        bucket="bucket",
        state_clients="sg-1",
        state_servers="sg-2",
        backup_vault="vault",
        backup_role="arn:role",
        gate_members="sg-3",
        listeners=(
            Listener(1, "arn:listener1", "arn:balancer1", "one.example.com", "Z1"),
            Listener(2, "arn:listener2", "arn:balancer2", "two.example.com", "Z2"),
        ),
        endpoints_only=True,
    )
    assert fake.asked == [STACK]
    assert completed(EMPTY, found).is_complete


def test_the_manifest_goes_before_the_stack() -> None:
    found = _read(FakeCloudFormation(), NAMED)
    assert (found.cluster, found.vpc_id, found.subnet_ids) == ("shared", "vpc-1", ("subnet-1",))
    assert found.boundary == "arn:boundary"


def test_without_a_stack_the_manifests_own_words_are_enough() -> None:
    assert _read(FakeCloudFormation(error=ABSENT), NAMED) == given(NAMED)
    assert _read(FakeCloudFormation(), Location("1", "r", "c", "v", ("s",))) == Foundation("c", "v", ("s",))


@pytest.mark.parametrize(
    "fake",
    [
        FakeCloudFormation(error=ABSENT),
        *(FakeCloudFormation(status=f"{word}_COMPLETE") for word in ("ROLLBACK", "DELETE")),
    ],
    ids=["absent", "rolled back", "deleted"],
)
def test_neither_is_said_with_the_way_out(fake: FakeCloudFormation) -> None:
    with pytest.raises(StallingError) as caught:
        _read(fake, EMPTY)
    assert caught.value.ref == "MH-AWS-024"
    assert "molthub bootstrap --environment acme/prod" in caught.value.diagnostic.fix


def test_a_denied_read_is_no_absence_even_when_everything_is_named() -> None:
    denied = "AccessDenied: User: x is not authorized to perform: cloudformation:DescribeStacks on resource: y"
    with pytest.raises(StallingError, match="AWS denies cloudformation:DescribeStacks"):
        _read(FakeCloudFormation(error=denied), NAMED)


def test_another_validation_error_is_no_absence() -> None:
    with pytest.raises(StallingError, match="MH-AWS-010"):
        _read(FakeCloudFormation(error="ValidationError: 1 validation error detected"), NAMED)


def test_a_stack_of_another_fleet_is_not_ours() -> None:
    with pytest.raises(StallingError, match="exists but is not ours"):
        _read(FakeCloudFormation(fleet="globex-bots"), EMPTY)


@pytest.mark.parametrize(
    ("outputs", "name"),
    [
        ({key: value for key, value in OUTPUTS.items() if key != "Cluster"}, "Cluster"),
        (OUTPUTS | {"SubnetIds": ""}, "SubnetIds"),
        (OUTPUTS | {"Listener2": "arn:listener2|arn:balancer2|two.example.com"}, "Listener2"),
        (OUTPUTS | {"Listener1": "arn:listener1||one.example.com|Z1"}, "Listener1"),
    ],
    ids=["missing", "empty", "cut", "hollow"],
)
def test_a_stack_that_says_half_is_no_foundation(outputs: dict[str, str], name: str) -> None:
    """Somebody deployed another template over it."""
    with pytest.raises(StallingError) as told:
        _read(FakeCloudFormation(outputs=outputs), EMPTY)
    assert str(told.value.diagnostic.message) == (
        f"The stack {STACK} does not say its output {name}, or not as Molthub wrote it"
    )
    assert told.value.ref == "MH-AWS-025"
