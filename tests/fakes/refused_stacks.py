"""What CloudFormation, bucket policies and service-linked roles refuse: rows of the table in docs/simulator.md."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.fakes.simulator import ENVIRONMENT, TestSimulator

Json = dict[str, Any]
Attempt = Callable[[TestSimulator], object]

STACK = "base"
WAY: Json = {"Way": {"Type": "AWS::EC2::InternetGateway"}}
ROLE: Json = {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "x", "AssumeRolePolicyDocument": {"Statement": []}}}
LARGE = 51_200


def _propose(
    simulator: TestSimulator, resources: Json = WAY, *, kind: str = "CREATE", name: str = "first", **beside: Any
) -> None:
    simulator.client("cloudformation").create_change_set(
        StackName=STACK,
        ChangeSetName=name,
        ChangeSetType=kind,
        TemplateBody=json.dumps({"Resources": resources, **beside}),
    )
    simulator.control.advance(5)


def _make(simulator: TestSimulator) -> Any:
    """A stack that is there; its client."""
    _propose(simulator)
    stacks = simulator.client("cloudformation")
    stacks.execute_change_set(StackName=STACK, ChangeSetName="first")
    simulator.control.advance(60)
    return stacks


def _text(simulator: TestSimulator, text: str) -> None:
    simulator.client("cloudformation").create_change_set(
        StackName=STACK, ChangeSetName="first", ChangeSetType="CREATE", TemplateBody=text
    )


def _from(simulator: TestSimulator, url: str, **beside: str) -> None:
    simulator.client("cloudformation").create_change_set(
        StackName=STACK, ChangeSetName="first", ChangeSetType="CREATE", TemplateURL=url, **beside
    )


def _circle(simulator: TestSimulator) -> None:
    pairs = (("A", "B"), ("B", "A"))
    _propose(simulator, {one: {"Type": "AWS::EC2::InternetGateway", "DependsOn": other} for one, other in pairs})


def _created_twice(simulator: TestSimulator) -> None:
    _make(simulator)
    _propose(simulator, name="second")


def _proposed_twice(simulator: TestSimulator) -> None:
    _propose(simulator)
    _propose(simulator)


def _no_change_executed(simulator: TestSimulator) -> None:
    stacks = _make(simulator)
    _propose(simulator, kind="UPDATE", name="same")
    stacks.execute_change_set(StackName=STACK, ChangeSetName="same")


def _rolled_back(simulator: TestSimulator) -> None:
    simulator.control.add_fault("access-denied", operation="ec2:CreateInternetGateway")
    _make(simulator)
    _propose(simulator, kind="UPDATE", name="second")


def _protected(simulator: TestSimulator) -> None:
    stacks = _make(simulator)
    stacks.update_termination_protection(StackName=STACK, EnableTerminationProtection=True)
    stacks.delete_stack(StackName=STACK)


def _retained(simulator: TestSimulator) -> None:
    _make(simulator).delete_stack(StackName=STACK, RetainResources=["Way"])


def _linked_twice(simulator: TestSimulator) -> None:
    for _ in range(2):
        simulator.client("iam").create_service_linked_role(AWSServiceName="ecs.amazonaws.com")


def _denied_by_its_policy(simulator: TestSimulator) -> None:
    simulator.control.seed(environments=[{**ENVIRONMENT, "bucket": "molthub-bucket"}])
    objects = simulator.client("s3")
    nobody = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::molthub-bucket/*"}
    document = {"Version": "2012-10-17", "Statement": [nobody]}
    objects.put_bucket_policy(Bucket="molthub-bucket", Policy=json.dumps(document))
    objects.put_object(Bucket="molthub-bucket", Key="lease.json", Body=b"1")


MALFORMED: dict[str, tuple[Attempt, str]] = {
    "template-size": (lambda s: _text(s, " " * (LARGE + 1)), "Member must have length less than or equal to 51200"),
    "template-sources": (
        lambda s: _from(s, "https://b.s3.eu-west-1.amazonaws.com/t", TemplateBody="{}"),
        "Specify exactly one of 'TemplateBody' and 'TemplateUrl'",
    ),
    "template-url": (lambda s: _from(s, "https://example.com/t.json"), "TemplateURL must be a supported URL."),
    "template-format": (lambda s: _text(s, "Resources"), "Template format error"),
    "template-circle": (_circle, "Circular dependency"),
    "template-output": (
        lambda s: _propose(s, Outputs={"Vpc": {"Value": {"Ref": "Vpc"}}}),
        "Unresolved resource dependencies [Vpc] in the Outputs block of the template",
    ),
}
REFUSED: dict[str, tuple[Attempt, str]] = {
    "template-object": (
        lambda s: _from(s, "https://molthub-nobodys.s3.eu-west-1.amazonaws.com/t.json?versionId=1"),
        "S3 error: The specified bucket does not exist",
    ),
    "stack-exists": (_created_twice, "already exists and cannot be created again"),
    "stack-missing": (lambda s: _propose(s, kind="UPDATE"), "Stack [base] does not exist"),
    "stack-rolled-back": (_rolled_back, "is in ROLLBACK_COMPLETE state and can not be updated."),
    "stack-capability": (lambda s: _propose(s, {"Role": ROLE}), "InsufficientCapabilitiesException"),
    "stack-protected": (_protected, "cannot be deleted while TerminationProtection is enabled"),
    "stack-retain": (_retained, "RetainResources can only be specified on DELETE_FAILED stacks"),
    "change-set-exists": (_proposed_twice, "AlreadyExistsException"),
    "change-set-gone": (
        lambda s: s.client("cloudformation").describe_change_set(StackName=_stack(s), ChangeSetName="none"),
        "ChangeSetNotFound",
    ),
    "change-set-failed": (_no_change_executed, "InvalidChangeSetStatus"),
    "service-role-exists": (_linked_twice, "has been taken in this account"),
    "bucket-policy": (_denied_by_its_policy, "AccessDenied"),
}


def _stack(simulator: TestSimulator) -> str:
    _make(simulator)
    return STACK
