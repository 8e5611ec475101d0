"""Reading what an environment stands on: the manifest's own words first, its stack's outputs for the rest.

One DescribeStacks for each observation. A stack that could not be read, denied included, makes everything Unknown,
also where the manifest names cluster and network itself: without the stack's word nobody knows whether roles carry a
boundary and secrets a key, and taking their absence for a fact would take them away.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from molthub.aws.api import Api, Refusal
from molthub.aws.errors import foreign, incomplete_stack, not_bootstrapped
from molthub.provider.protocols import Location
from molthub.resources.foundation import Foundation, Listener
from molthub.resources.identity import TAG_FLEET

LISTENER_SEPARATOR = "|"
"""Between the parts of a listener's output, in the order of `Listener`'s fields after its number."""

LISTENER_PARTS = 4

UNFINISHED = frozenset(
    {"REVIEW_IN_PROGRESS", "CREATE_IN_PROGRESS", "CREATE_FAILED", "ROLLBACK_IN_PROGRESS", "ROLLBACK_FAILED"}
    | {"ROLLBACK_COMPLETE", "DELETE_IN_PROGRESS", "DELETE_FAILED", "DELETE_COMPLETE"}
)
"""Stacks that no environment stands on: never finished, or on their way out."""


def read_foundation(api: Api, location: Location, *, fleet: str, about: str) -> Foundation:
    """The foundation of the environment `about` (`acme/prod`).

    Raises MH-AWS-024 when there is no stack to say what the manifest leaves out, MH-AWS-025 when it does not say it,
    and whatever the read raises.
    """
    outputs = _outputs(api, location, fleet)
    if outputs is None and location.is_complete:
        return given(location)
    if outputs is None:
        raise not_bootstrapped(about)
    return _merged(location, outputs)


def given(location: Location) -> Foundation:
    """The foundation as far as the manifest names it."""
    return Foundation(location.cluster, location.vpc_id, location.subnet_ids)


def completed(location: Location, foundation: Foundation) -> Location:
    """The location with everything that readers and writers ask it for."""
    return replace(location, cluster=foundation.cluster, vpc_id=foundation.vpc_id, subnet_ids=foundation.subnet_ids)


def describe_stack(api: Api, name: str) -> dict[str, Any] | None:
    """The stack as CloudFormation tells it; None when there is none (its answer is then a ValidationError)."""
    answer = api.expecting(
        frozenset({"ValidationError"}), "cloudformation", "DescribeStacks", subject=f"stack {name}", StackName=name
    )
    if isinstance(answer, Refusal):
        if "does not exist" in answer.words:
            return None
        raise answer.error
    stacks: list[dict[str, Any]] = answer["Stacks"]
    return stacks[0] if stacks else None


def outputs_of(stack: Mapping[str, Any]) -> dict[str, str]:
    return {item["OutputKey"]: item["OutputValue"] for item in stack.get("Outputs", ())}


def check_ours(stack: Mapping[str, Any], name: str, *, fleet: str) -> None:
    """Raises MH-AWS-013 for another fleet's stack, or nobody's. One that is only proposed has no tags yet."""
    tags = {tag["Key"]: tag["Value"] for tag in stack.get("Tags", ())}
    if stack["StackStatus"] != "REVIEW_IN_PROGRESS" and tags.get(TAG_FLEET) != fleet:
        raise foreign("stack", name, f"its tag {TAG_FLEET} is {tags.get(TAG_FLEET, 'missing')}")


def _outputs(api: Api, location: Location, fleet: str) -> dict[str, str] | None:
    """None where there is no finished stack."""
    stack = describe_stack(api, location.stack) if location.stack else None
    if stack is None or stack["StackStatus"] in UNFINISHED:
        return None
    check_ours(stack, location.stack, fleet=fleet)
    return outputs_of(stack)


def _merged(location: Location, outputs: Mapping[str, str]) -> Foundation:
    def said(name: str) -> str:
        if not outputs.get(name):
            raise incomplete_stack(location.stack, name)
        return outputs[name]

    return Foundation(
        cluster=location.cluster or said("Cluster"),
        vpc_id=location.vpc_id or said("VpcId"),
        subnet_ids=location.subnet_ids or tuple(said("SubnetIds").split(",")),
        stack=location.stack,
        boundary=outputs.get("Boundary"),
        kms_key=outputs.get("KmsKey"),
        bucket=outputs.get("Bucket"),
        state_clients=outputs.get("StateClients"),
        state_servers=outputs.get("StateServers"),
        backup_vault=outputs.get("BackupVault"),
        backup_role=outputs.get("BackupRole"),
        gate_members=outputs.get("GateMembers"),
        listeners=_listeners(location.stack, outputs),
        endpoints_only=outputs.get("EndpointsOnly") == "true",
    )


def _listeners(stack: str, outputs: Mapping[str, str]) -> tuple[Listener, ...]:
    found = []
    number = 1
    while text := outputs.get(f"Listener{number}"):
        parts = text.split(LISTENER_SEPARATOR)
        if len(parts) != LISTENER_PARTS or not all(parts):
            raise incomplete_stack(stack, f"Listener{number}")
        found.append(Listener(number, *parts))
        number += 1
    return tuple(found)
