"""The simulated CloudFormation: change sets, events over time, rollback, and nothing skipped."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from molthub.aws.bootstrap.template import template
from molthub.simulator.cloudformation.kinds.table import KINDS
from tests.fakes.bases import VARIANTS
from tests.fakes.simulator import TestSimulator

TAGS = [{"Key": "molthub:fleet", "Value": "acme-bots"}]
Json = dict[str, Any]


def _vpc(block: str = "10.1.0.0/16") -> Json:
    return {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": block}}


def _subnet(block: str = "10.1.1.0/24") -> Json:
    zone = {"Fn::Select": [0, {"Fn::GetAZs": ""}]}
    properties = {"VpcId": {"Ref": "Vpc"}, "CidrBlock": block, "AvailabilityZone": zone}
    return {"Type": "AWS::EC2::Subnet", "Properties": properties}


def _group(*blocks: str) -> Json:
    rules = [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": block} for block in blocks]
    given = {"GroupDescription": "a group", "VpcId": {"Ref": "Vpc"}, "SecurityGroupIngress": rules}
    return {"Type": "AWS::EC2::SecurityGroup", "Properties": given}


def _template(**resources: Json) -> Json:
    return {"Resources": resources, "Outputs": {"VpcId": {"Value": {"Fn::Sub": "${Vpc} of ${AWS::StackName}"}}}}


class Stacks:
    """Plain CloudFormation calls, waiting by pushing the clock."""

    def __init__(self, simulator: TestSimulator) -> None:
        self.simulator = simulator
        self.client = simulator.client("cloudformation")

    def propose(self, template: Json, *, kind: str = "UPDATE", **changes: Any) -> Json:
        request: Json = {
            "StackName": "base",
            "ChangeSetName": "change",
            "ChangeSetType": kind,
            "TemplateBody": json.dumps(template),
            "Tags": TAGS,
        }
        self.client.create_change_set(**(request | changes))
        self.simulator.control.advance(5)
        found: Json = self.client.describe_change_set(StackName="base", ChangeSetName="change")
        return found

    def execute(self) -> Json:
        self.client.execute_change_set(StackName="base", ChangeSetName="change")
        self.simulator.control.advance(3000)
        return self.stack()

    def stack(self) -> Json:
        found: Json = self.client.describe_stacks(StackName="base")["Stacks"][0]
        return found

    def failures(self) -> dict[str, str]:
        events = self.client.describe_stack_events(StackName="base")["StackEvents"]
        return {
            item["LogicalResourceId"]: item["ResourceStatusReason"]
            for item in events
            if item["ResourceStatus"].endswith("_FAILED")
        }


@pytest.fixture
def stacks(simulator: TestSimulator) -> Stacks:
    return Stacks(simulator)


def test_a_stack_is_made_changed_and_deleted(stacks: Stacks) -> None:
    proposed = stacks.propose(_template(Vpc=_vpc(), Group=_group("192.0.2.0/24")), kind="CREATE")
    assert stacks.stack()["StackStatus"] == "REVIEW_IN_PROGRESS"
    assert [item["ResourceChange"]["Action"] for item in proposed["Changes"]] == ["Add", "Add"]
    made = stacks.execute()
    assert made["StackStatus"] == "CREATE_COMPLETE"
    vpc = made["Outputs"][0]["OutputValue"].removesuffix(" of base")
    found = stacks.simulator.client("ec2").describe_vpcs(VpcIds=[vpc])["Vpcs"][0]
    assert {"Key": "molthub:fleet", "Value": "acme-bots"} in found["Tags"]

    same = stacks.propose(_template(Vpc=_vpc(), Group=_group("192.0.2.0/24")))
    assert (same["Status"], same["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert same["StatusReason"].startswith("The submitted information didn't contain changes.")
    stacks.client.delete_change_set(StackName="base", ChangeSetName="change")

    stacks.propose(_template(Vpc=_vpc(), Group=_group("198.51.100.0/24")))
    assert stacks.execute()["StackStatus"] == "UPDATE_COMPLETE"
    stacks.client.delete_stack(StackName="base")
    stacks.simulator.control.advance(600)
    with pytest.raises(ClientError, match="Stack with id base does not exist"):
        stacks.stack()
    with pytest.raises(ClientError, match=r"InvalidVpcID\.NotFound"):
        stacks.simulator.client("ec2").describe_vpcs(VpcIds=[vpc])


def test_what_is_replaced_takes_along_what_refers_to_it(stacks: Stacks) -> None:
    stacks.propose(_template(Vpc=_vpc(), Subnet=_subnet()), kind="CREATE")
    before = stacks.execute()["Outputs"][0]["OutputValue"]
    changed = stacks.propose(_template(Vpc=_vpc("10.2.0.0/16"), Subnet=_subnet()))
    found = {item["ResourceChange"]["LogicalResourceId"]: item["ResourceChange"] for item in changed["Changes"]}
    assert found["Vpc"]["Replacement"] == "True"
    assert found["Subnet"]["Replacement"] == "Conditional"
    assert found["Subnet"]["Details"][0]["Evaluation"] == "Dynamic"
    stacks.client.delete_change_set(StackName="base", ChangeSetName="change")
    stacks.propose(_template(Vpc=_vpc("10.2.0.0/16"), Subnet=_subnet("10.2.1.0/24")))
    after = stacks.execute()
    assert after["StackStatus"] == "UPDATE_COMPLETE"
    assert after["Outputs"][0]["OutputValue"] != before


def test_a_failed_creation_rolls_back_and_says_why(stacks: Stacks) -> None:
    stacks.simulator.control.add_fault("access-denied", operation="ec2:CreateSubnet")
    stacks.propose(_template(Vpc=_vpc(), Subnet=_subnet()), kind="CREATE")
    assert stacks.execute()["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "(Service: ec2, Error Code: UnauthorizedOperation)" in stacks.failures()["Subnet"]
    vpcs = stacks.simulator.client("ec2").describe_vpcs(Filters=[{"Name": "cidr", "Values": ["10.1.0.0/16"]}])
    assert vpcs["Vpcs"] == []
    with pytest.raises(ClientError, match="ROLLBACK_COMPLETE state and can not be updated"):
        stacks.propose(_template(Vpc=_vpc()))


def test_a_failed_update_leaves_what_was(stacks: Stacks) -> None:
    stacks.propose(_template(Vpc=_vpc(), Group=_group("192.0.2.0/24")), kind="CREATE")
    before = stacks.execute()
    stacks.simulator.control.add_fault("access-denied", operation="ec2:CreateSubnet")
    stacks.propose(_template(Vpc=_vpc(), Group=_group("198.51.100.0/24"), Subnet=_subnet()))
    after = stacks.execute()
    assert after["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert after["Outputs"] == before["Outputs"]
    groups = stacks.simulator.client("ec2").describe_security_groups(
        Filters=[{"Name": "tag:molthub:fleet", "Values": ["acme-bots"]}]
    )["SecurityGroups"]
    assert [item["IpPermissions"][0]["IpRanges"][0]["CidrIp"] for item in groups] == ["192.0.2.0/24"]


def test_a_protected_stack_stays(stacks: Stacks) -> None:
    stacks.propose(_template(Vpc=_vpc()), kind="CREATE")
    stacks.execute()
    stacks.client.update_termination_protection(StackName="base", EnableTerminationProtection=True)
    with pytest.raises(ClientError, match="cannot be deleted while TerminationProtection is enabled"):
        stacks.client.delete_stack(StackName="base")


def test_what_cannot_be_deleted_keeps_what_it_needs(stacks: Stacks) -> None:
    stacks.propose(_template(Vpc=_vpc(), Subnet=_subnet()), kind="CREATE")
    stacks.execute()
    stacks.simulator.control.add_fault("access-denied", operation="ec2:DeleteSubnet")
    stacks.client.delete_stack(StackName="base")
    stacks.simulator.control.advance(600)
    assert stacks.stack()["StackStatus"] == "DELETE_FAILED"
    assert stacks.failures().keys() == {"Subnet", "base"}
    assert len(stacks.client.describe_stack_resources(StackName="base")["StackResources"]) == 2


def test_an_unknown_type_and_a_named_role_without_the_capability_are_refused(stacks: Stacks) -> None:
    stacks.simulator.expect_violations()
    with pytest.raises(ClientError, match="does not know the resource type AWS::EC2::Instance"):
        stacks.propose({"Resources": {"Machine": {"Type": "AWS::EC2::Instance"}}}, kind="CREATE")
    trust = {"Version": "2012-10-17", "Statement": []}
    role = {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "x", "AssumeRolePolicyDocument": trust}}
    with pytest.raises(ClientError, match=r"Requires capabilities : \[CAPABILITY_NAMED_IAM\]"):
        stacks.propose({"Resources": {"Role": role}}, kind="CREATE")
    circle = {name: {"Type": "AWS::EC2::InternetGateway", "DependsOn": other} for name, other in ("AB", "BA")}
    with pytest.raises(ClientError, match="Circular dependency"):
        stacks.propose({"Resources": circle}, kind="CREATE")


@pytest.mark.parametrize("kind", KINDS)
def test_what_replaces_is_what_aws_schemas_say(kind: str) -> None:
    """`fixed` against the resource schemas that cfn-lint carries (createOnlyProperties)."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("eu-west-1", kind).schema
    fixed = {path.rpartition("/properties/")[2].partition("/")[0] for path in schema.get("createOnlyProperties", [])}
    known = KINDS[kind].fixed
    assert known <= fixed, f"{kind}: {sorted(known - fixed)} can change in place"
    ours = [item for spec in VARIANTS.values() for item in template(spec)["Resources"].values()]
    used = {name for item in ours if item["Type"] == kind for name in item.get("Properties", {})}
    assert fixed & used <= known, f"{kind}: {sorted(fixed & used - known)} replace it, too"


def test_a_template_too_large_for_the_request_is_taken_from_s3(stacks: Stacks) -> None:
    """The version that the URL names, not the newest."""
    objects = stacks.simulator.client("s3")
    objects.create_bucket(Bucket="theirs", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    objects.put_bucket_versioning(Bucket="theirs", VersioningConfiguration={"Status": "Enabled"})
    large = _template(Vpc=_vpc()) | {"Metadata": {"Padding": "x" * 51_200}}
    version = objects.put_object(Bucket="theirs", Key="t.json", Body=json.dumps(large).encode())["VersionId"]
    objects.put_object(Bucket="theirs", Key="t.json", Body=b"another's")
    stacks.client.create_change_set(
        StackName="base",
        ChangeSetName="change",
        ChangeSetType="CREATE",
        TemplateURL=f"https://theirs.s3.eu-west-1.amazonaws.com/t.json?versionId={version}",
    )
    stacks.simulator.control.advance(5)
    assert stacks.execute()["StackStatus"] == "CREATE_COMPLETE"
