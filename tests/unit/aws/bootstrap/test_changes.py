"""A change set as people read it: the order, the words, and where to look twice."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from molthub.aws.bootstrap.changes import KEPT, changes_of
from molthub.aws.bootstrap.following import Ended, failed
from molthub.cli.views.bootstrap import plan
from molthub.errors import InvalidInputError
from molthub.provider.bootstrap import Progress, Proposal


def _raw(action: str, name: str, kind: str, *properties: str, replacement: str = "") -> dict[str, Any]:
    details = [{"Target": {"Attribute": "Properties", "Name": item}} for item in properties]
    change = {"Action": action, "LogicalResourceId": name, "ResourceType": f"AWS::{kind}", "Details": details}
    return {"Type": "Resource", "ResourceChange": change | ({"Replacement": replacement} if replacement else {})}


RAW = [
    _raw("Add", "Balancer1", "ElasticLoadBalancingV2::LoadBalancer"),
    _raw("Modify", "BalancerGroup", "EC2::SecurityGroup", "SecurityGroupIngress", replacement="False"),
    _raw("Modify", "FlowLogs", "Logs::LogGroup", "RetentionInDays", replacement="False"),
    _raw("Modify", "Subnet", "EC2::Subnet", "VpcId", replacement="Conditional"),
    _raw("Modify", "Vpc", "EC2::VPC", "CidrBlock", replacement="True"),
    _raw("Remove", "Bucket", "S3::Bucket"),
]


def test_the_plan_tells_what_hurts_first_and_why() -> None:
    text = plan("acme/prod", Proposal("id", "stack", first=False, changes=changes_of(RAW)), colour=False)
    assert text.splitlines() == [
        "Changes for acme/prod:",
        "",
        "    - delete  Bucket (AWS::S3::Bucket)",
        f"      ! {KEPT}",
        "  -/+ REPLACE Subnet (AWS::EC2::Subnet): VpcId; AWS may find that it need not be replaced",
        "      ! tasks that run in it must be gone first",
        "  -/+ REPLACE Vpc (AWS::EC2::VPC): CidrBlock",
        "      ! everything that runs in it loses its network",
        "    ~ update  BalancerGroup (AWS::EC2::SecurityGroup): SecurityGroupIngress",
        "      ! who may reach what changes",
        "    ~ update  FlowLogs (AWS::Logs::LogGroup): RetentionInDays",
        "    + create  Balancer1 (AWS::ElasticLoadBalancingV2::LoadBalancer)",
        "",
        "Plan: 1 to create, 2 to update, 2 to REPLACE, 1 to delete.",
    ]


def test_tags_alone_are_no_reason_to_look_twice() -> None:
    """Every resource of the stack gets them anew when one of the stack's own tags changes."""
    tags = {"Target": {"Attribute": "Tags"}}
    (role, group) = (
        _raw("Modify", name, kind, *properties, replacement="False")
        for name, kind, properties in (("R", "IAM::Role", ()), ("G", "EC2::SecurityGroup", ("SecurityGroupIngress",)))
    )
    for raw in (role, group):
        raw["ResourceChange"]["Details"].append(tags)
    assert {item.name: item.careful for item in changes_of([role, group])} == {
        "R": "",
        "G": "who may reach what changes",
    }


def _event(name: str, reason: str) -> Progress:
    return Progress(datetime(2026, 11, 23, tzinfo=UTC), name, "AWS::EC2::EIP", "CREATE_FAILED", reason, failed=True)


def test_a_failure_names_each_cause_the_first_one_first() -> None:
    ended = Ended("ROLLBACK_COMPLETE", (_event("NatAddress1", "limit exceeded"), _event("NatAddress2", "again")))
    error = failed(ended, about="acme/prod", verb="create")
    assert isinstance(error, InvalidInputError)
    start = "AWS could not create the stack of acme/prod and took back what it had done: "
    assert [item.message for item in error.diagnostics] == [
        f"{start}NatAddress1 (AWS::EC2::EIP): limit exceeded",
        f"{start}NatAddress2 (AWS::EC2::EIP): again",
    ]


def test_an_update_that_cannot_be_undone_is_a_persons_to_mend() -> None:
    error = failed(Ended("UPDATE_ROLLBACK_FAILED", (_event("Vpc", "in use"),)), about="acme/prod", verb="update")
    assert error.ref == "MH-BASE-007"
    assert "Continue update rollback" in error.diagnostic.fix
